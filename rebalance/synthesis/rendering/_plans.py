"""Everything random about one rendition of a piece, drawn once, stored as JSON, and rendered as often as wanted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rebalance._base.configuration import structured
from rebalance._base.errors import ConfigError, MetadataError
from rebalance._base.files import StrPath, expanded, is_hidden, write_json
from rebalance._base.seeding import stream
from rebalance.synthesis.notation import Score, chair_labelled
from rebalance.synthesis.performance import (
    HUMANISING,
    AnnotationMode,
    Annotations,
    HumaniseName,
    Humanising,
    Player,
    annotate,
    draw_player,
)
from rebalance.synthesis.sound import SPACING_DEG, Hall, Layer, azimuths_deg, draw_hall, presets_of

PLAN_VERSION = 1
_BLEND_SHARE = 0.3  # of the stems mix two fonts when several are named
_BLEND_GAIN_DB = (-9.0, 0.0)
CORRELATION = (0.75, 0.87)
"""Range of the left/right correlation: that of coincident microphones in small halls is .7 to .9."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """One player's place in a rendition: who, with which sounds, where.

    Parameters
    ----------
    player
        Timing, tuning and dynamics of the player.
    layers
        Sounds that play together.
    azimuth_deg
        Direction, in degrees to the left of ahead.
    """

    player: Player
    layers: tuple[Layer, ...]
    azimuth_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One rendition of a piece.

    Parameters
    ----------
    name
        Of the rendition, safe for file names.
    score
        Name of the score.
    seed
        All draws below came from it.
    rubato
        Of the ensemble, as a share of the tempo.
    annotations
        Dynamics, tempo, articulations.
    hall
        The simulated room; None for measured or no room.
    correlation
        Of left and right, mean over the players; the angle between the virtual cardioids is set to reach it.
    response
        A measured B-format response; None for a simulated or no room.
    one_response
        The players share one response, turned to their places; else each has their own.
    voices
        By label of the player.

    Examples
    --------
    >>> from rebalance.synthesis.notation import Note, Part, Score
    >>> from rebalance.synthesis.rendering import RenderSettings, draw_plan
    >>> oboe = Part(name="Oboe", instrument=None, notes=(Note(onset_q=0.0, duration_q=4.0, pitch=72),))
    >>> plan = draw_plan(Score(name="study", parts=(oboe,)), RenderSettings(fonts=("fluidr3",)), name="study-1", seed=1)
    >>> plan.hall is None, plan.response is None, plan.voices["Oboe"].layers[0].source
    (False, True, 'fluidr3')
    """

    name: str
    score: str
    seed: int
    rubato: float
    annotations: Annotations
    hall: Hall | None
    response: str | None
    correlation: float
    one_response: bool
    voices: Mapping[str, Voice]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderSettings:
    """What a user chooses for all renditions of a run.

    Parameters
    ----------
    fonts
        Soundfonts by name or path, folders of single notes, SFZ files; each stem draws from them.
    humanise
        How much of a player is in it.
    room
        ``"halls"`` for simulated halls, ``"dry"`` for none, or a folder of B-format responses.
    one_response
        See `Plan`.
    spacing_deg
        Angle between neighbouring players.
    annotations
        How scores are annotated where players are more than a sequencer; see `annotate`.

    Raises
    ------
    ConfigError
        If there are no fonts.

    Examples
    --------
    >>> from rebalance.synthesis.rendering import RenderSettings
    >>> RenderSettings(fonts=("fluidr3",), room="dry").humanise
    'full'
    >>> RenderSettings(fonts=())
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: fonts: expected at least one, got none
    """

    fonts: tuple[str, ...]
    humanise: HumaniseName = "full"
    room: str = "halls"
    one_response: bool = False
    spacing_deg: float = SPACING_DEG
    annotations: AnnotationMode = "musical"

    def __post_init__(self) -> None:
        if not self.fonts:
            raise ConfigError(where="fonts", expected="at least one", got="none")


def draw_plan(score: Score, settings: RenderSettings, *, name: str, seed: int) -> Plan:
    """Draw one rendition of an arranged score.

    Parameters
    ----------
    score
        Every part named by the label of its player.
    settings
        The user's choices.
    name
        Of the rendition; renditions of different names differ under one seed.
    seed
        Same arguments, same plan.

    Raises
    ------
    ConfigError
        If the folder of responses holds none.

    Examples
    --------
    >>> from rebalance.synthesis.notation import Note, Part, Score
    >>> from rebalance.synthesis.rendering import RenderSettings, draw_plan
    >>> notes = (Note(onset_q=0.0, duration_q=4.0, pitch=72),)
    >>> parts = tuple(Part(name=label, instrument=None, notes=notes) for label in ("Flute", "Oboe"))
    >>> settings = RenderSettings(fonts=("fluidr3",), humanise="none", room="dry")
    >>> plan = draw_plan(Score(name="study", parts=parts), settings, name="study-1", seed=1)
    >>> {label: voice.azimuth_deg for label, voice in plan.voices.items()}
    {'Flute': 5.0, 'Oboe': -5.0}
    """
    humanising = HUMANISING[settings.humanise]
    labels = [part.name for part in score.parts]
    room = stream(seed, name, "room")
    response = _choose_response(settings.room, room) if settings.room not in {"halls", "dry"} else None
    places = azimuths_deg(len(labels), settings.spacing_deg)
    voices = {
        label: Voice(
            player=draw_player(humanising, seed, name, label),
            layers=_draw_layers(label, settings, humanising, seed, name),
            azimuth_deg=place,
        )
        for label, place in zip(labels, places, strict=True)
    }
    return Plan(
        name=name,
        score=score.name,
        seed=seed,
        rubato=humanising.rubato,
        annotations=annotate(score, settings.annotations if humanising.annotated else "written", seed),
        hall=draw_hall(room) if settings.room == "halls" else None,
        response=response,
        correlation=float(room.uniform(*CORRELATION)),
        one_response=settings.one_response,
        voices=voices,
    )


def write_plan(path: StrPath, plan: Plan) -> None:
    """Write a plan as JSON (``metadata/schema/annotations.schema.json``).

    Parameters
    ----------
    path
        Where to, a JSON file.
    plan
        The rendition.

    Examples
    --------
    >>> import json
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.synthesis.notation import Note, Part, Score
    >>> from rebalance.synthesis.rendering import RenderSettings, draw_plan, write_plan
    >>> oboe = Part(name="Oboe", instrument=None, notes=(Note(onset_q=0.0, duration_q=4.0, pitch=72),))
    >>> plan = draw_plan(Score(name="study", parts=(oboe,)), RenderSettings(fonts=("fluidr3",)), name="study-1", seed=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_plan(Path(folder) / "study-1.json", plan)
    ...     content = json.loads((Path(folder) / "study-1.json").read_text(encoding="utf-8"))
    >>> content["score"], content["seed"], list(content["voices"])
    ('study', 1, ['Oboe'])
    """
    path = expanded(path)
    write_json(path, {"version": PLAN_VERSION, **asdict(plan)})


def read_plan(path: StrPath) -> Plan:
    """Read a plan.

    Raises
    ------
    MetadataError
        If it is no plan of this version.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.synthesis.notation import Note, Part, Score
    >>> from rebalance.synthesis.rendering import RenderSettings, draw_plan, read_plan, write_plan
    >>> oboe = Part(name="Oboe", instrument=None, notes=(Note(onset_q=0.0, duration_q=4.0, pitch=72),))
    >>> plan = draw_plan(Score(name="study", parts=(oboe,)), RenderSettings(fonts=("fluidr3",)), name="study-1", seed=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_plan(Path(folder) / "study-1.json", plan)
    ...     read_plan(Path(folder) / "study-1.json") == plan
    True
    """
    path = expanded(path)
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        version = content.pop("version")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise MetadataError(where=path, expected="the annotations of a rendition", more=f": {error}") from error
    if version != PLAN_VERSION:
        raise MetadataError(where=path, expected=f"version {PLAN_VERSION}", got=repr(version))
    try:
        return structured(content, Plan, str(path))
    except ConfigError as error:
        raise MetadataError(str(error)) from error


def _draw_layers(
    label: str, settings: RenderSettings, humanising: Humanising, seed: int, name: str
) -> tuple[Layer, ...]:
    """Draw the sounds of one stem: one font, or sometimes two where several are named, and a preset of each."""
    rng = stream(seed, name, label, "sounds")
    instrument = chair_labelled(label).instrument
    order: Sequence[int] = rng.permutation(len(settings.fonts)).tolist()
    n_layers = 2 if len(settings.fonts) > 1 and humanising.annotated and rng.uniform() < _BLEND_SHARE else 1
    presets = presets_of(instrument)
    reach = humanising.neighbour_semitones
    layers: list[Layer] = []
    for index in order[:n_layers]:
        preset = presets[int(rng.integers(len(presets)))] if reach else presets[0]
        layers.append(
            Layer(
                source=settings.fonts[index],
                preset=preset,
                gain_db=0.0 if not layers else float(rng.uniform(*_BLEND_GAIN_DB)),
                neighbour_semitones=int(rng.integers(-reach, reach + 1)),
            )
        )
    return tuple(layers)


def _choose_response(folder: str, rng: Any) -> str:  # noqa: ANN401
    """Choose one of the responses in a folder."""
    root = expanded(folder)
    files = sorted(
        path
        for path in root.rglob("*")
        if path.suffix.lower() in {".wav", ".flac", ".amb"} and not is_hidden(path, root)
    )
    if not files:
        raise ConfigError(
            where=f"room {folder!r}", expected="'halls', 'dry' or a folder of B-format WAV files", found="none"
        )
    return str(files[int(rng.integers(len(files)))])
