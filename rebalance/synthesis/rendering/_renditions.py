"""Many renditions at once: which piece for which ensemble, on all cores, resumed after an interruption."""

from __future__ import annotations

import functools
import itertools
import json
import math
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import get_args

import numpy as np

from rebalance._base.challenge import Split
from rebalance._base.errors import ConfigError, MetadataError
from rebalance._base.files import StrPath, expanded, write_json
from rebalance._base.names import one_of
from rebalance._base.running import Failure, run_items
from rebalance._base.seeding import stream
from rebalance.synthesis.composition import named_score
from rebalance.synthesis.notation import (
    Piece,
    Score,
    arrange,
    ensemble_named,
    excerpt,
    read_note_table,
    read_score,
    safe_name,
    write_note_table,
)
from rebalance.synthesis.performance import ANNOTATION_MODES, DEFAULT_QUARTER_BPM, HumaniseName
from rebalance.synthesis.rendering._piece_stems import PieceStems, read_piece_stems, write_piece_stems
from rebalance.synthesis.rendering._plans import RenderSettings, draw_plan, write_plan
from rebalance.synthesis.rendering._rendering import render, write_piece
from rebalance.synthesis.sound import SPACING_DEG, EngineName, find_font, is_sample_source, soundfont_engine

DATASET = "RebalanceSynthetic"
MAX_EXCERPT_S = 180.0
MANIFEST = "piece.json"
ANNOTATIONS = "annotations.json"
NOTES = "notes.json"

DEFAULT_ENSEMBLES = ("strings", "winds", "mixed")
DEFAULT_FONTS: dict[Split, tuple[str, ...]] = {"train": ("fluidr3", "musescore"), "valid": ("timgm",)}

_SPLITS: tuple[Split, ...] = ("train", "valid")
_HOUR_S = 3600.0
_READ_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderRun:
    """Everything that decides what a run renders.

    Parameters
    ----------
    split, seed
        Of the task.
    ensembles
        By name, see `ensemble_named`; renditions take turns with them.
    settings
        Fonts, humanising, room.
    engine
        Plays the soundfonts; the best installed one when None.
    """

    split: Split
    seed: int
    ensembles: tuple[str, ...]
    settings: RenderSettings
    engine: EngineName | None = None


def choose_run(
    *,
    split: str,
    seed: int,
    ensembles: Sequence[str] | None = None,
    fonts: Sequence[str] | None = None,
    humanise: str = "full",
    room: str = "halls",
    one_response: bool = False,
    spacing_deg: float = SPACING_DEG,
    engine: str | None = None,
    annotations: str = "musical",
) -> RenderRun:
    """Return the run a user's words describe; what is None is chosen by the split.

    Training defaults to Fluid R3 and MuseScore General, which share their recordings, validation to TimGM6mb,
    which has its own.

    Parameters
    ----------
    split
        ``"train"`` or ``"valid"``.
    seed
        Seed of all random draws.
    ensembles
        Labels of players joined by ``+``, or names of ensembles.
    fonts
        Sound fonts by name or path, or folders of recorded notes.
    humanise
        How players deviate from the score; one of `HumaniseName`.
    room
        ``"halls"`` for simulated halls, ``"dry"`` for none, or a folder of B-format responses.
    one_response
        Whether all players share one response, turned to their places.
    spacing_deg
        Angle between neighbours, in degrees.
    engine
        What plays the sound fonts; one of `EngineName`.
    annotations
        ``"musical"``, ``"published"``, ``"written"`` or ``"none"``.

    Raises
    ------
    ConfigError
        If a word is not known.

    Examples
    --------
    >>> from rebalance.synthesis.rendering import choose_run
    >>> run = choose_run(split="valid", seed=1, ensembles=["Flute,Cello"])
    >>> run.settings.fonts, run.settings.humanise
    (('timgm',), 'full')
    >>> choose_run(split="valid", seed=1, humanise="human")
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: humanise: expected one of none, published, full, got 'human'
    """
    for ensemble in ensembles or ():
        ensemble_named(ensemble, np.random.default_rng(0))
    chosen_split = one_of("split", split, _SPLITS)
    settings = RenderSettings(
        fonts=tuple(fonts or DEFAULT_FONTS[chosen_split]),
        humanise=one_of("humanise", humanise, get_args(HumaniseName)),
        room=room,
        one_response=one_response,
        spacing_deg=spacing_deg,
        annotations=one_of("annotations", annotations, ANNOTATION_MODES),
    )
    player = None if engine is None else one_of("engine", engine, get_args(EngineName))
    return RenderRun(
        split=chosen_split,
        seed=seed,
        ensembles=tuple(ensembles or DEFAULT_ENSEMBLES),
        settings=settings,
        engine=player,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """One excerpt of one piece for one ensemble.

    Parameters
    ----------
    name
        Safe for file names, unique within a run.
    table
        Note table of the whole piece.
    first_q, last_q
        The excerpt, in quarter notes.
    nominal_s
        Its duration at the written tempo.
    ensemble
        Its name.
    round_number
        How often every piece was played before, 0 the first time.
    """

    name: str
    table: Path
    first_q: float
    last_q: float
    nominal_s: float
    ensemble: str
    round_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOutcome:
    """The pieces that are there after a run, in order, and what failed."""

    pieces: tuple[PieceStems, ...]
    failures: tuple[Failure, ...]

    @property
    def duration_s(self) -> float:
        """Duration of all pieces together in seconds."""
        return sum(piece.duration_s for piece in self.pieces)


def render_pieces(
    out: StrPath,
    pieces: Sequence[Piece],
    run: RenderRun,
    *,
    hours: float | None = None,
    jobs: int | None = None,
    executor: Executor | None = None,
) -> RenderOutcome:
    """Render pieces for ensembles until there are enough hours of mixtures.

    A piece that is finished is not rendered again. Every process holds one rendition, of at most three minutes
    of music, at a time; longer pieces are cut into excerpts.

    Parameters
    ----------
    out
        Root of the task: writes ``audio/<split>/<rendition>/`` and ``scores/``.
    pieces
        Played in an order drawn from the seed, again and again with the next ensembles while hours are missing.
    run
        What decides the result.
    hours
        Of mixtures; None plays every piece once.
    jobs, executor
        Number of processes, all available cores when None; or an executor in their place.

    Raises
    ------
    ConfigError
        If the folder holds a run with other settings, nothing is to play, or an engine or font is missing.

    Examples
    --------
    >>> import tempfile
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from rebalance.audio import write_audio
    >>> from rebalance.synthesis.notation import Note, Part, Piece, Score, write_note_table
    >>> from rebalance.synthesis.rendering import choose_run, render_pieces
    >>> notes = tuple(Note(onset_q=float(at), duration_q=1.0, pitch=69 + at) for at in range(4))
    >>> parts = tuple(Part(name=name, instrument=None, notes=notes) for name in ("First", "Second"))
    >>> tone = 0.2 * np.sin(2 * np.pi * 440 * np.arange(44_100) / 44_100)
    >>> with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as executor:
    ...     table, fonts, out = (Path(folder, name) for name in ("study.json", "notes", "task"))
    ...     write_note_table(table, Score(name="study", parts=parts, quarter_bpm=240.0))
    ...     write_audio(fonts / "tone-A4.wav", tone[None], 44_100)
    ...     run = choose_run(split="valid", seed=1, ensembles=["Flute,Oboe"], fonts=[str(fonts)], room="dry")
    ...     outcome = render_pieces(out, [Piece(name="study", path=table)], run, executor=executor)
    >>> [list(piece.stems) for piece in outcome.pieces], outcome.failures
    ([['Flute', 'Oboe']], ())
    """
    out = expanded(out)
    if not pieces or (hours is not None and hours <= 0):
        raise ConfigError(
            where="render", expected="pieces and positive hours", got=f"{len(pieces)} pieces and {hours} hours"
        )
    soundfont_engine(run.engine)
    for font in run.settings.fonts:
        if not is_sample_source(font):
            find_font(font)
    _stamp(out, run)
    planned: list[Rendition] = []
    failures: dict[str, Failure] = {}
    planned_s = 0.0
    for rendition in _renditions(out, pieces, run, failures, jobs=jobs, executor=executor):
        if hours is None and rendition.round_number:
            break
        planned.append(rendition)
        planned_s += rendition.nominal_s
        if hours is not None and planned_s >= hours * _HOUR_S:
            break
    waiting = [rendition for rendition in planned if not manifest_path(out, run.split, rendition.name).is_file()]
    failed = run_items(
        waiting,
        functools.partial(render_rendition, out=out, run=run),
        title=f"render {run.split}",
        jobs=jobs,
        executor=executor,
        describe=_name_of,
    )
    done = (manifest_path(out, run.split, rendition.name) for rendition in planned)
    return RenderOutcome(
        pieces=tuple(read_piece_stems(manifest) for manifest in done if manifest.is_file()),
        failures=(*failures.values(), *failed),
    )


def render_rendition(rendition: Rendition, *, out: Path, run: RenderRun) -> str:
    """Render one rendition and write its stems, its annotations and, last, its manifest; return its name."""
    score = excerpt(read_note_table(rendition.table), rendition.first_q, rendition.last_q)
    ensemble = ensemble_named(rendition.ensemble, stream(run.seed, rendition.name, "ensemble"))
    arranged = arrange(score, ensemble).score
    plan = draw_plan(arranged, run.settings, name=rendition.name, seed=run.seed)
    folder = PurePosixPath(run.split) / rendition.name
    rendered = render(arranged, plan, soundfont_engine(run.engine))
    piece = write_piece(out / "audio", folder, rendered, name=rendition.name, dataset=DATASET)
    write_plan(out / "audio" / folder / ANNOTATIONS, plan)
    write_note_table(out / "audio" / folder / NOTES, arranged)
    write_piece_stems(manifest_path(out, run.split, rendition.name), piece)
    return rendition.name


def manifest_path(out: Path, split: Split, name: str) -> Path:
    """Return where the manifest of a rendition lies; it is written last."""
    return out / "audio" / split / name / MANIFEST


def _renditions(
    out: Path,
    pieces: Sequence[Piece],
    run: RenderRun,
    failures: dict[str, Failure],
    *,
    jobs: int | None,
    executor: Executor | None,
) -> Iterator[Rendition]:
    """Give renditions without end while any score can be read; scores are read as they are wanted."""
    order = [pieces[index] for index in stream(run.seed, run.split, "order").permutation(len(pieces)).tolist()]
    for round_number in itertools.count():
        turn = itertools.count(round_number)
        for first in range(0, len(order), _READ_AT_ONCE):
            batch = order[first : first + _READ_AT_ONCE]
            unread = [piece for piece in batch if not _table_path(out, piece).is_file() and piece.name not in failures]
            if unread:
                read = functools.partial(_read_piece, out=out)
                failed = run_items(
                    unread, read, title="read scores", jobs=jobs, executor=executor, describe=_name_of_piece
                )
                failures.update({failure.item: failure for failure in failed})
            for piece in batch:
                if piece.name not in failures:
                    yield from _of_piece(_table_path(out, piece), round_number, turn, run.ensembles)
        if len(failures) == len(order):
            return


def _of_piece(table: Path, round_number: int, turn: Iterator[int], ensembles: Sequence[str]) -> Iterator[Rendition]:
    """Give the renditions of one piece: its excerpts, none longer than three minutes at the written tempo."""
    score = read_note_table(table)
    ends_q = _excerpt_ends(score)
    for index, (first_q, last_q) in enumerate(itertools.pairwise([0.0, *ends_q])):
        ensemble = ensembles[next(turn) % len(ensembles)]
        tag = safe_name(ensemble.replace(",", "-"))
        yield Rendition(
            name=f"{score.name}-{index + 1}-{tag}-{round_number + 1}",
            table=table,
            first_q=first_q,
            last_q=last_q,
            nominal_s=score.seconds_at(last_q, DEFAULT_QUARTER_BPM) - score.seconds_at(first_q, DEFAULT_QUARTER_BPM),
            ensemble=ensemble,
            round_number=round_number,
        )


def _excerpt_ends(score: Score) -> list[float]:
    """Return where the excerpts end, in quarter notes: equal lengths in a tempo, none longer than three minutes."""
    bounds_q = [0.0, *(change.onset_q for change in score.tempo_changes if change.onset_q < score.end_q), score.end_q]
    bounds_s = [score.seconds_at(bound_q, DEFAULT_QUARTER_BPM) for bound_q in bounds_q]
    n_excerpts = max(1, math.ceil(bounds_s[-1] / MAX_EXCERPT_S))
    if len(bounds_q) == len((0.0, score.end_q)):
        return [(index + 1) * (score.end_q / n_excerpts) for index in range(n_excerpts)]
    inner_s = [bounds_s[-1] * (index + 1) / n_excerpts for index in range(n_excerpts - 1)]
    return [*np.interp(inner_s, bounds_s, bounds_q).tolist(), score.end_q]


def _read_piece(piece: Piece, *, out: Path) -> None:
    """Read a score and keep its note table."""
    score = named_score(piece.name) if piece.path is None else read_score(piece.path)
    write_note_table(_table_path(out, piece), replace(score, name=safe_name(piece.name)))


def _table_path(out: Path, piece: Piece) -> Path:
    """Return where the note table of a piece is kept."""
    return out / "scores" / f"{safe_name(piece.name)}.json"


def _stamp(out: Path, run: RenderRun) -> None:
    """Keep the settings of a run beside its output, and refuse to go on with others."""
    path = out / f"render.{run.split}.json"
    wanted = json.loads(json.dumps(asdict(run)))
    if not path.is_file():
        write_json(path, wanted)
        return
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise MetadataError(where=path, expected="the settings of a run", more=f": {error}") from error
    found.get("settings", {}).setdefault("annotations", "musical")  # unknown to runs begun before there was a choice
    different = sorted(key for key in wanted if found.get(key) != wanted[key])
    if different:
        key = different[0]
        raise ConfigError(
            f"{run.split} was begun with other settings: {key} was {found.get(key)!r}, now {wanted[key]!r};"
            " choose another folder",
            where=out,
        )


def _name_of(rendition: Rendition) -> str:
    return rendition.name


def _name_of_piece(piece: Piece) -> str:
    return piece.name
