"""How an orchestra plays and sits: everything random about one song, drawn once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import get_args

from rebalance._base.errors import ConfigError
from rebalance._base.files import expanded
from rebalance._base.names import one_of
from rebalance._base.seeding import stream
from rebalance.synthesis.notation import ORCHESTRA, OrchestraTrack, Score
from rebalance.synthesis.performance import (
    ANNOTATION_MODES,
    HUMANISING,
    MANNERS,
    AnnotationMode,
    Articulation,
    HumaniseName,
    Technique,
    annotate,
    draw_player,
)
from rebalance.synthesis.rendering import Plan, Voice
from rebalance.synthesis.sound import (
    FONT_FAMILIES,
    TECHNIQUE_PROGRAMS,
    EngineName,
    Layer,
    Preset,
    Seat,
    draw_hall,
    is_sample_source,
    sample_source,
    soundfont_engine,
)

# An orchestra as it usually sits, first violins on the left; metres ahead of the middle microphone and to its left.
SEATS: Mapping[str, Seat] = MappingProxyType(
    {
        "Violin_1": Seat(ahead_m=2.0, left_m=2.5),
        "Violin_2": Seat(ahead_m=3.0, left_m=1.2),
        "Viola": Seat(ahead_m=3.0, left_m=-1.2),
        "Cello": Seat(ahead_m=2.0, left_m=-2.5),
        "Bass": Seat(ahead_m=3.5, left_m=-3.8),
        "Flute": Seat(ahead_m=4.5, left_m=0.8),
        "Piccolo": Seat(ahead_m=4.5, left_m=1.8),
        "Oboe": Seat(ahead_m=4.5, left_m=-0.8),
        "coranglais": Seat(ahead_m=4.5, left_m=-1.8),
        "Clarinet": Seat(ahead_m=5.5, left_m=0.8),
        "Bassoon": Seat(ahead_m=5.5, left_m=-0.8),
        "Horn": Seat(ahead_m=5.5, left_m=3.0),
        "Trumpet": Seat(ahead_m=6.5, left_m=-1.5),
        "Trombone": Seat(ahead_m=6.5, left_m=-3.0),
        "Tuba": Seat(ahead_m=6.5, left_m=-4.0),
        "Harp": Seat(ahead_m=3.5, left_m=4.0),
        "Timpani": Seat(ahead_m=7.5, left_m=0.0),
        "untunedpercussion": Seat(ahead_m=7.5, left_m=2.0),
        "Celeste": Seat(ahead_m=4.5, left_m=4.5),
        "Glockenspiel": Seat(ahead_m=7.0, left_m=3.0),
        "Marimba": Seat(ahead_m=7.0, left_m=4.0),
        "Vibraphone": Seat(ahead_m=7.0, left_m=4.5),
        "Xylophone": Seat(ahead_m=7.0, left_m=3.5),
        "TubularBells": Seat(ahead_m=7.5, left_m=1.0),
    }
)
_TECHNIQUES_OF_STRINGS: frozenset[Technique] = frozenset({"pizzicato", "tremolo"})
_MUTED_INSTRUMENT = "Trumpet"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrchestraSettings:
    """What a user chooses for all songs of an orchestral data set.

    Parameters
    ----------
    fonts
        Soundfonts by name or path, or folders of single notes with a folder for each instrument; each track draws
        one of those that can play it.
    annotations
        How the songs are annotated; see `annotate`.
    humanise
        How much of a player is in it besides.
    seed
        Of sounds, players and halls, and of the annotations unless it is 0.
    engine
        Plays the soundfonts; the best installed one when None.

    Raises
    ------
    ConfigError
        If there is no font.

    Examples
    --------
    >>> from rebalance.synthesis.orchestra import OrchestraSettings
    >>> OrchestraSettings(fonts=("fluidr3",)).annotations
    'published'
    """

    fonts: tuple[str, ...]
    annotations: AnnotationMode = "published"
    humanise: HumaniseName = "published"
    seed: int = 0
    engine: EngineName | None = None

    def __post_init__(self) -> None:
        if not self.fonts:
            raise ConfigError(where="fonts", expected="at least one", got="none")


def choose_orchestra(
    *,
    fonts: Sequence[str] | None = None,
    annotations: str | None = None,
    humanise: str | None = None,
    seed: int = 0,
    engine: str | None = None,
) -> OrchestraSettings:
    """Return the settings a user's words describe; what is None is as published, with the three free fonts.

    Parameters
    ----------
    fonts
        Soundfonts by name or path, and folders of recorded notes.
    annotations
        ``"published"``, ``"musical"``, ``"written"``, ``"none"`` or one of the ablations.
    humanise
        How far players stray from the score.
    seed
        Seed of all random draws.
    engine
        Player of soundfonts.

    Raises
    ------
    ConfigError
        If a word is not known.

    Examples
    --------
    >>> from rebalance.synthesis.orchestra import choose_orchestra
    >>> choose_orchestra(annotations="written").annotations
    'written'
    >>> choose_orchestra(annotations="none", humanise="human")
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: humanise: expected one of none, published, full, got 'human'
    """
    return OrchestraSettings(
        fonts=tuple(str(expanded(font)) for font in fonts or FONT_FAMILIES),
        annotations=one_of("annotations", annotations or "published", ANNOTATION_MODES),
        humanise=one_of("humanise", humanise or "published", get_args(HumaniseName)),
        seed=seed,
        engine=None if engine is None else one_of("engine", engine, get_args(EngineName)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Approximation:
    """An articulation that the sounds do not have: how many notes of a track it has, and what is heard instead.

    Parameters
    ----------
    track
        Name of the track.
    articulation
        As annotated.
    notes
        Number of notes of the track with this articulation.
    approximated_by
        Technique that is heard instead.
    """

    track: str
    articulation: Articulation
    notes: int
    approximated_by: str


def draw_orchestral_plan(score: Score, settings: OrchestraSettings, *, name: str) -> Plan:
    """Draw how a song is played.

    Parameters
    ----------
    score
        Its parts named by tracks of the orchestra; its own name seeds the published annotations.
    settings
        The user's choices.
    name
        Of the song, unique in the data set.

    Raises
    ------
    ConfigError
        If no font can play a track.

    Examples
    --------
    >>> from rebalance.synthesis.notation import Note, Part, Score
    >>> from rebalance.synthesis.orchestra import OrchestraSettings, draw_orchestral_plan
    >>> harp = Part(name="Harp", instrument=None, notes=(Note(onset_q=0.0, duration_q=4.0, pitch=72),))
    >>> score = Score(name="study", parts=(harp,))
    >>> plan = draw_orchestral_plan(score, OrchestraSettings(fonts=("fluidr3",)), name="study")
    >>> plan.voices["Harp"].layers[0].preset.program
    46
    """
    humanising = HUMANISING[settings.humanise]
    room = stream(settings.seed, name, "room")
    voices = {
        part.name: Voice(
            player=draw_player(humanising, settings.seed, name, part.name),
            layers=(_draw_layer(ORCHESTRA[part.name], settings, humanising.neighbour_semitones, name),),
            azimuth_deg=0.0,
        )
        for part in score.parts
    }
    return Plan(
        name=name,
        score=score.name,
        seed=settings.seed,
        rubato=humanising.rubato,
        annotations=annotate(score, settings.annotations, settings.seed),
        hall=draw_hall(room),
        response=None,
        correlation=0.0,
        one_response=False,
        voices=voices,
    )


def can_play(source: str, track: OrchestraTrack) -> bool:
    """Tell whether a source has sounds for a track: recorded notes only where they have a folder of its instrument.

    Parameters
    ----------
    source
        Name or path of a soundfont, or a folder of recorded notes.
    track
        One of the published tracks.

    Examples
    --------
    >>> import tempfile
    >>> from rebalance.synthesis.notation import ORCHESTRA
    >>> from rebalance.synthesis.orchestra import can_play
    >>> with tempfile.TemporaryDirectory() as empty:
    ...     can_play("fluidr3", ORCHESTRA["Tuba"]), can_play(empty, ORCHESTRA["Tuba"])
    (True, False)
    """
    if not is_sample_source(source):
        return True
    return sample_source(Path(source), track.instrument) != Path(source)


def offered_techniques(track: OrchestraTrack, layer: Layer, engine: EngineName | None = None) -> frozenset[Technique]:
    """Return the techniques that a layer has sounds of their own for.

    Strings have pizzicato and tremolo and the trumpet its mute where the font has these programs; nothing else in
    General MIDI has any.

    Parameters
    ----------
    track
        One of the published tracks.
    layer
        Soundfont preset or recorded notes of one track.
    engine
        Player of soundfonts; the first that is installed when None.

    Examples
    --------
    >>> import tempfile
    >>> from rebalance.synthesis.notation import ORCHESTRA
    >>> from rebalance.synthesis.orchestra import offered_techniques
    >>> from rebalance.synthesis.sound import Layer, Preset
    >>> with tempfile.TemporaryDirectory() as recorded_notes:
    ...     layer = Layer(source=recorded_notes, preset=Preset(program=41))
    ...     sorted(offered_techniques(ORCHESTRA["Viola"], layer))
    ['ordinary']
    """
    ordinary: frozenset[Technique] = frozenset({"ordinary"})
    if is_sample_source(layer.source):
        return ordinary
    wanted: frozenset[Technique] = _TECHNIQUES_OF_STRINGS if track.family == "strings" else frozenset()
    if track.instrument == _MUTED_INSTRUMENT:
        wanted = frozenset({"muted"})
    player = soundfont_engine(engine)
    return ordinary | {each for each in wanted if player.offers(layer.source, Preset(program=TECHNIQUE_PROGRAMS[each]))}


def approximations_of(plan: Plan, engine: EngineName | None = None) -> tuple[Approximation, ...]:
    """Return every articulation of a plan that is not heard as such.

    Parameters
    ----------
    plan
        Of a song.
    engine
        Player of soundfonts; the first that is installed when None.

    Examples
    --------
    >>> from rebalance.synthesis.notation import Note, Part, Score
    >>> from rebalance.synthesis.orchestra import OrchestraSettings, approximations_of, draw_orchestral_plan
    >>> horn = Part(name="Horn", instrument=None, notes=(Note(onset_q=0.0, duration_q=4.0, pitch=60),))
    >>> settings = OrchestraSettings(fonts=("fluidr3",), annotations="none")
    >>> approximations_of(draw_orchestral_plan(Score(name="call", parts=(horn,)), settings, name="call"))
    ()
    """
    found = []
    for track, articulations in plan.annotations.articulations.items():
        offered = offered_techniques(ORCHESTRA[track], plan.voices[track].layers[0], engine)
        for articulation in dict.fromkeys(articulations):
            manner = MANNERS[articulation]
            lacking = "" if manner.technique in offered else "the ordinary sound"
            by = ", ".join(filter(None, (manner.approximated_by, lacking)))
            if by:
                count = articulations.count(articulation)
                found.append(Approximation(track=track, articulation=articulation, notes=count, approximated_by=by))
    return tuple(found)


def _draw_layer(track: OrchestraTrack, settings: OrchestraSettings, reach: int, name: str) -> Layer:
    """Draw the sounds of one track among the fonts that can play it."""
    fonts = [font for font in settings.fonts if can_play(font, track)]
    if not fonts:
        raise ConfigError(f"none of the fonts plays {track.name}", where=", ".join(settings.fonts))
    rng = stream(settings.seed, name, track.name, "sounds")
    return Layer(
        source=fonts[int(rng.integers(len(fonts)))],
        preset=Preset(bank=track.bank, program=track.program),
        neighbour_semitones=0 if track.bank else int(rng.integers(-reach, reach + 1)),
    )
