"""Rendering libraries of dry mono stems: many renditions of many pieces, one process per core, resumable."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError, MetadataError
from rebalance._base.files import StrPath, expanded, write_json
from rebalance._base.running import Failure, run_items
from rebalance._base.seeding import stream
from rebalance.synthesis.composition import named_score
from rebalance.synthesis.notation import (
    Score,
    arrange,
    chair_labelled,
    parse_ensemble,
    read_note_table,
    safe_name,
    write_note_table,
)
from rebalance.synthesis.performance import PlayedPart, perform, tempo_map
from rebalance.synthesis.rendering import SAMPLE_RATE, Plan, RenderSettings, draw_plan, dry_stem
from rebalance.synthesis.sound import Engine, active_rms, soundfont_engine
from rebalance.training.data._room_bank import simulate_rooms
from rebalance.training.data._stem_library import StemEntry, write_manifest, write_notes, write_stem

_RING_OUT_S = 1.0
_LEVEL = 0.05
_SILENCE = 1e-9
_PEAK = 0.98
_CENTS_PER_SEMITONE = 100.0
EVERY_ENSEMBLE: Mapping[tuple[str, ...], float] = {
    ("Violin", "Violin", "Viola", "Cello"): 4.0,
    ("Flute", "Oboe", "Clarinet", "Bassoon"): 4.0,
    ("Flute", "Sax", "Oboe", "Bassoon"): 3.0,
    ("Violin", "Clarinet", "Sax", "Bassoon"): 3.0,
    ("Flute", "Flute", "Clarinet", "Bassoon"): 1.0,
    ("Sax", "Sax", "Clarinet", "Bassoon"): 1.0,
    ("Viola", "Viola", "Violin", "Cello"): 1.0,
    ("Violin", "Viola", "Flute", "Cello"): 1.5,
    ("Oboe", "Violin", "Viola", "Cello"): 1.5,
    ("Clarinet", "Violin", "Viola", "Cello"): 1.5,
    ("Violin", "Oboe", "Clarinet", "Bassoon"): 1.5,
    ("Flute", "Violin", "Sax", "Cello"): 1.5,
    ("Flute", "Oboe", "Viola", "Bassoon"): 1.5,
    ("Flute", "Oboe", "Clarinet", "Sax", "Bassoon"): 2.0,
    ("Violin", "Violin", "Viola", "Viola", "Cello"): 1.0,
}
"""Ensembles and how often each is drawn, relative to the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Everything a training run needs on disk.

    Parameters
    ----------
    out
        Folder of all of it.
    pieces
        Lists of names of the music21 corpus, or of `rebalance.synthesis.composition.composed_pieces`, each list with a
        name of its own.
    libraries
        Stems to render by the name of their folder, each with the name of its list of pieces.
    halls
        Files of room responses to simulate by name, each with number of halls and seed.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.training.data import Library, Material
    >>> library = Library(pieces="quartets", fonts=("fluidr3",), family="fluid")
    >>> material = Material(
    ...     out=Path("data"),
    ...     pieces={"quartets": ("haydn/opus1no1/movement1",)},
    ...     libraries={"train-fluid": library},
    ...     halls={"rooms-train": (64, 1)},  # number of halls, seed
    ... )
    >>> material.libraries["train-fluid"].pieces in material.pieces
    True
    """

    out: Path
    pieces: dict[str, tuple[str, ...]]
    libraries: dict[str, Library]
    halls: dict[str, tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """One folder of stems: which pieces, and how; see `DrySettings`.

    Parameters
    ----------
    pieces
        Name of one of the material's lists of pieces.
    fonts, family, ensembles, renditions, longest_s, seed
        See `DrySettings`.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.training.data import Library
    >>> library = Library(pieces="quartets", fonts=("fluidr3",), family="fluid", renditions=1)
    >>> library.settings(Path("data/train")).longest_s
    150.0
    """

    pieces: str
    fonts: tuple[str, ...]
    family: str
    ensembles: tuple[tuple[tuple[str, ...], float], ...] = tuple(EVERY_ENSEMBLE.items())
    renditions: int = 2
    longest_s: float = 150.0
    seed: int = 0

    def settings(self, out: StrPath) -> DrySettings:
        """Return the settings for a folder."""
        out = expanded(out)
        return DrySettings(
            out=out,
            fonts=self.fonts,
            family=self.family,
            ensembles=self.ensembles,
            renditions=self.renditions,
            longest_s=self.longest_s,
            seed=self.seed,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DrySettings:
    """What a library is rendered from.

    Parameters
    ----------
    out
        Folder of the library.
    fonts
        Sources of sound, one drawn per stem; see `rebalance.synthesis.rendering.RenderSettings`.
    family
        What the entries name as their origin.
    ensembles
        What pieces are arranged for and how often each, all of which the fonts must be able to play.
    renditions
        How often every piece is rendered, each time with another ensemble.
    longest_s
        Where a rendition is cut.
    seed
        Seed of choice, sounds and playing.
    """

    out: Path
    fonts: tuple[str, ...]
    family: str
    ensembles: tuple[tuple[tuple[str, ...], float], ...] = tuple(EVERY_ENSEMBLE.items())
    renditions: int = 2
    longest_s: float = 150.0
    seed: int = 0


def render_library(pieces: Sequence[str], settings: DrySettings, *, jobs: int | None = None) -> tuple[Failure, ...]:
    """Render the dry stems of pieces; what is already there is kept.

    Parameters
    ----------
    pieces
        Names in the corpus, or of `rebalance.synthesis.composition.composed_pieces`.
    settings
        Soundfonts, ensembles, number of renditions and seed.
    jobs
        Processes; one per core when None.
    """
    work = functools.partial(_render_piece, settings)
    failures = run_items(tuple(pieces), work, title="rendering dry stems", jobs=jobs)
    entries = [entry for piece in pieces for entry in _finished(settings, piece)]
    write_manifest(settings.out, entries)
    return failures


def prepare_material(material: Material, *, jobs: int | None = None) -> tuple[Failure, ...]:
    """Render all libraries and simulate all halls that are not there yet.

    Parameters
    ----------
    material
        What to make, and where.
    jobs
        Processes; one per core when None.

    Raises
    ------
    ConfigError
        If a library names a list of pieces there is none of.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.training.data import Library, Material, prepare_material
    >>> library = Library(pieces="quartets", fonts=("fluidr3",), family="fluid")
    >>> material = Material(out=Path("data"), pieces={"chorales": ()}, libraries={"train": library}, halls={})
    >>> prepare_material(material)
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: library train: expected one of the lists chorales, got 'quartets'
    """
    failures: tuple[Failure, ...] = ()
    for name, library in material.libraries.items():
        if library.pieces not in material.pieces:
            known = ", ".join(material.pieces)
            raise ConfigError(where=f"library {name}", expected=f"one of the lists {known}", got=repr(library.pieces))
        settings = library.settings(material.out / name)
        failures += render_library(material.pieces[library.pieces], settings, jobs=jobs)
    for name, (n_halls, seed) in material.halls.items():
        path = material.out / f"{name}.npy"
        if not path.exists():
            simulate_rooms(path, n_halls=n_halls, seed=seed, jobs=jobs)
    return failures


def dry_stems(score: Score, plan: Plan, engine: Engine, *, longest_s: float) -> dict[str, NDArray[np.float32]]:
    """Return the stems of a rendition without room and without equaliser, each at one level.

    Returns
    -------
    stems
        By label, shape ``(n_samples,)``.
    """
    tempo = tempo_map(score, plan.annotations, rubato=plan.rubato, seed=plan.seed)
    n_samples = int(min(tempo.duration_s + _RING_OUT_S, longest_s) * SAMPLE_RATE)
    stems = {}
    for part in score.parts:
        voice = plan.voices[part.name]
        dry = dry_stem(perform(part, plan.annotations, tempo, voice.player), part, voice, engine, n_samples)
        scale = min(_LEVEL / max(active_rms(dry), _SILENCE), _PEAK / max(float(np.abs(dry).max()), _SILENCE))
        stems[part.name] = dry * np.float32(scale)
    return stems


def played_parts(score: Score, plan: Plan) -> tuple[PlayedPart, ...]:
    """Return what the players of a rendition do, in the order of the parts of the score."""
    tempo = tempo_map(score, plan.annotations, rubato=plan.rubato, seed=plan.seed)
    return tuple(perform(part, plan.annotations, tempo, plan.voices[part.name].player) for part in score.parts)


def note_table(played: PlayedPart) -> NDArray[np.float32]:
    """Return onset and end in samples and MIDI pitch of the notes of a player, shape ``(n_notes, 3)``."""
    rows = [
        (note.onset_s * SAMPLE_RATE, note.end_s * SAMPLE_RATE, note.pitch + note.detune_cents / _CENTS_PER_SEMITONE)
        for note in played.notes
    ]
    return np.array(rows, dtype=np.float32).reshape(-1, 3)


def _render_piece(settings: DrySettings, piece: str) -> None:
    """Render all renditions of one piece, then note that it is done."""
    if _manifest(settings, piece).exists():
        return
    score = _cached_score(settings.out, piece)
    entries: list[StemEntry] = []
    for number in range(settings.renditions):
        entries += _render_once(settings, score, piece, number)
    write_json(_manifest(settings, piece), [asdict(entry) for entry in entries])


def _render_once(settings: DrySettings, score: Score, piece: str, number: int) -> list[StemEntry]:
    """Render one rendition and return its entries."""
    name = f"{safe_name(piece)}_{number}"
    arranged, plan = _drawn(settings, score, piece, number)
    stems = dry_stems(arranged, plan, soundfont_engine(), longest_s=settings.longest_s)
    entries = []
    for part, played in zip(arranged.parts, played_parts(arranged, plan), strict=True):
        entry = StemEntry(
            rendition=f"{settings.family}/{name}",
            label=part.name,
            instrument=chair_labelled(part.name).instrument.name,
            family=settings.family,
            mean_pitch=part.mean_pitch,
            file=f"{name}/{part.name}.npy",
        )
        write_stem(settings.out, entry, stems[part.name])
        write_notes(settings.out, entry, note_table(played))
        entries.append(entry)
    return entries


def _drawn(settings: DrySettings, score: Score, piece: str, number: int) -> tuple[Score, Plan]:
    """Return the arrangement of a piece for one rendition, and how it is played."""
    name = f"{safe_name(piece)}_{number}"
    rng = stream(settings.seed, name, "ensemble")
    weights = np.array([weight for _, weight in settings.ensembles])
    chosen = int(rng.choice(len(weights), p=weights / weights.sum()))
    arranged = arrange(score, parse_ensemble(settings.ensembles[chosen][0])).score
    plan = draw_plan(arranged, RenderSettings(fonts=settings.fonts, room="dry"), name=name, seed=settings.seed)
    return arranged, plan


def _cached_score(out: Path, piece: str) -> Score:
    """Read or compose a piece, from the note table beside the stems where it was read before."""
    table = out.parent / "scores" / f"{safe_name(piece)}.json"
    if not table.exists():
        write_note_table(table, named_score(piece))
    return read_note_table(table)


def _manifest(settings: DrySettings, piece: str) -> Path:
    """Return where the finished stems of a piece are listed."""
    return settings.out / "pieces" / f"{safe_name(piece)}.json"


def _finished(settings: DrySettings, piece: str) -> list[StemEntry]:
    """Return the finished stems of a piece, none where it failed."""
    path = _manifest(settings, piece)
    if not path.exists():
        return []
    try:
        return [StemEntry(**row) for row in json.loads(path.read_text(encoding="utf-8"))]
    except (ValueError, TypeError) as error:
        raise MetadataError(where=path, expected="the stems of a piece", more=f": {error}") from error
