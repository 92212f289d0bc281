"""From pieces on disk to a task of the challenge: segments, scenes, listeners and every metadata file."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from rebalance._base.challenge import CAD2_TASK2, Split
from rebalance._base.errors import MetadataError
from rebalance._base.files import StrPath, expanded, plain_number, write_json
from rebalance._base.in_order import results_in_order
from rebalance._base.names import counted
from rebalance.hearing import Listener
from rebalance.synthesis.rendering import PieceStems
from rebalance.task import fittings_json, listeners_json
from rebalance.taskmaking._listener_generation import generate_listeners
from rebalance.taskmaking._random_mixing import draw_random_mixtures, write_random_mixture
from rebalance.taskmaking._scene_generation import (
    DEFAULT_GAINS_PER_SEGMENT,
    DEFAULT_LISTENERS_PER_SCENE,
    SceneSet,
    make_scenes,
    read_gain_table,
    write_scenes,
)
from rebalance.taskmaking._segmenting import Stretch, survey_piece

DEFAULT_N_LISTENERS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSummary:
    """What went into a task and what was left out.

    Parameters
    ----------
    n_segments, n_scenes, n_pairs, n_listeners
        What the task has; `n_segments` includes the random mixtures.
    n_random_mixtures
        Segments mixed from different pieces.
    rejected_segments
        Names of segments left out: silent for more than half of their time, or with fewer than two sources heard.
    faint_sources
        Sources left out because they are silent or nearly so: ``"anitrasdance_003 Viola"``.
    short_pieces
        Names of pieces shorter than one segment.
    sources_by_instrument
        How many sources each instrument has over all segments.
    """

    n_segments: int
    n_scenes: int
    n_pairs: int
    n_listeners: int
    n_random_mixtures: int
    rejected_segments: tuple[str, ...]
    faint_sources: tuple[str, ...]
    short_pieces: tuple[str, ...]
    sources_by_instrument: Mapping[str, int]

    @property
    def duration_s(self) -> float:
        """Duration of all segments together in seconds."""
        return self.n_segments * CAD2_TASK2.segment_duration_s

    @property
    def lines(self) -> tuple[str, ...]:
        """The summary, to be printed."""
        minutes = f"{self.duration_s / 60:.1f} min"
        counts = ", ".join(f"{name} {count}" for name, count in self.sources_by_instrument.items())
        silent = f"{len(self.rejected_segments)} silent segments, {len(self.faint_sources)} silent sources"
        return (
            f"{self.n_segments} segments ({minutes}), {self.n_random_mixtures} of them random mixtures",
            f"{self.n_scenes} scenes, {self.n_listeners} listeners, {self.n_pairs} pairs",
            f"sources: {counts}",
            f"left out: {silent}, {len(self.short_pieces)} pieces shorter than a segment",
        )


def write_task(
    root: StrPath,
    split: Split,
    pieces: Sequence[PieceStems],
    *,
    seed: int,
    gains_per_segment: int = DEFAULT_GAINS_PER_SEGMENT,
    listeners: Mapping[str, Listener] | None = None,
    listeners_per_scene: int | None = DEFAULT_LISTENERS_PER_SCENE,
    random_mixtures: int = 0,
    jobs: int | None = None,
    executor: Executor | None = None,
) -> TaskSummary:
    """Write one split of a task; other splits under the same root stay as they are.

    Pieces are cut into consecutive segments of 15 s. A segment that is silent for more than half of its
    time is left out, and so is a source that is silent in it or nearly so. The metadata of this split are
    replaced; ``gains.json`` and ``gains_meta.json``, which the splits share, are added to. Files appear
    whole or not at all, the scenes last.

    Parameters
    ----------
    root
        Folder that holds, or will hold, ``metadata``; the tracks lie in its ``audio``.
    split
        Which split to write.
    pieces
        Rendered pieces, their names all different.
    seed
        Of gains, listeners, who hears what, and random mixtures; nothing depends on the order of the work.
    gains_per_segment
        Scenes per segment, each with another gain pattern.
    listeners
        By name; twelve generated ones when None.
    listeners_per_scene
        How many hear each scene, never the same twice; all of them when None.
    random_mixtures
        How many segments to mix from strings and woodwinds of different pieces, beside the coherent ones.
    jobs, executor
        Number of processes, all available cores when None; or an executor in their place.

    Raises
    ------
    MetadataError
        If two pieces share a name, no segment is left, or metadata that are there already cannot be read.
    ConfigError
        If more gains, listeners or scenes are asked for than there are.
    RebalanceError
        If a piece cannot be cut or mixed: a track is missing or not as described, or more than five play at once.

    Examples
    --------
    >>> import tempfile
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from pathlib import Path, PurePosixPath
    >>> import numpy as np
    >>> from rebalance import load_task
    >>> from rebalance.synthesis.rendering import mix_down, write_piece
    >>> from rebalance.taskmaking import write_task
    >>> rng = np.random.default_rng(0)
    >>> stems = {label: rng.standard_normal((2, 16 * 44_100), np.float32) for label in ("Flute", "Cello")}
    >>> piece, folder = mix_down(stems, where="noises"), PurePosixPath("train/noises")
    >>> with tempfile.TemporaryDirectory() as root, ThreadPoolExecutor(1) as executor:
    ...     on_disk = write_piece(Path(root, "audio"), folder, piece, name="noises", dataset="Own")
    ...     summary = write_task(Path(root), "train", [on_disk], seed=1, executor=executor)
    ...     task = load_task(root, "train")
    >>> list(task.segments), len(task.listeners), len(task.scenes)
    (['noises_000'], 12, 4)
    """
    root = expanded(root)
    _require_different_names(pieces)
    people = generate_listeners(DEFAULT_N_LISTENERS, seed=seed, split=split) if listeners is None else listeners
    run_all = functools.partial(results_in_order, jobs=jobs, executor=executor)
    survey = functools.partial(survey_piece, audio_root=root / "audio")
    stretches = [found for piece in run_all(pieces, survey, title="cutting") for found in piece]
    usable = [stretch for stretch in stretches if stretch.is_usable]
    mix = functools.partial(write_random_mixture, audio_root=root / "audio", split=split)
    mixtures = run_all(draw_random_mixtures(usable, random_mixtures, seed=seed), mix, title="mixing")
    segments = [*map(_coherent, usable), *map(_whole, mixtures)]
    if not segments:
        raise MetadataError(
            where=root, expected="a segment in which two players are heard", found=_unusable(pieces, stretches)
        )
    scene_set = make_scenes(
        {segment.name: len(segment.tracks) for segment in segments},
        list(people),
        split,
        seed=seed,
        known_gains=read_gain_table(root / "metadata"),
        gains_per_segment=gains_per_segment,
        listeners_per_scene=listeners_per_scene,
    )
    _write_metadata(root / "metadata", split, segments, pieces, people, scene_set)
    return _summary(pieces, stretches, segments, scene_set, n_listeners=len(people), n_random_mixtures=len(mixtures))


def _unusable(pieces: Sequence[PieceStems], stretches: Sequence[Stretch]) -> str:
    """Say why no piece gave a segment."""
    n_short = len(pieces) - len({stretch.piece.name for stretch in stretches})
    short = f"{counted(n_short, 'piece')} shorter than {CAD2_TASK2.segment_duration_s:g} s"
    return f"{short} and {counted(len(stretches), 'segment')} with fewer"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Segment:
    """A segment as the metadata tell it.

    Parameters
    ----------
    tracks
        By label.
    mixture_target
        Where a tool that cuts and sums the sources would write their sum.
    """

    name: str
    dataset: str
    tracks: Mapping[str, PurePosixPath]
    mixture: PurePosixPath
    mixture_target: PurePosixPath
    start_s: float

    @property
    def sources_json(self) -> dict[str, Any]:
        """The sources, ``source_1`` .."""
        return {
            f"source_{number}": self._source_json(label, track)
            for number, (label, track) in enumerate(self.tracks.items(), 1)
        }

    @property
    def music_json(self) -> dict[str, Any]:
        """The entry of ``music.<split>.json``."""
        return {**self.sources_json, "mixture": self._source_json("Mixture", self.mixture)}

    @property
    def to_generate_json(self) -> dict[str, Any]:
        """The entry of ``music.<split>.to_generate.json``."""
        return {**self.sources_json, "mixture_target": {"track": self.mixture_target.as_posix()}}

    def _source_json(self, label: str, track: PurePosixPath) -> dict[str, Any]:
        return {
            "source_dataset": self.dataset,
            "instrument": label,
            "track": track.as_posix(),
            "start": plain_number(self.start_s),
            "duration": plain_number(CAD2_TASK2.segment_duration_s),
        }


def _coherent(stretch: Stretch) -> _Segment:
    """Return a segment cut from one piece."""
    return _Segment(
        name=stretch.name,
        dataset=stretch.piece.dataset,
        tracks=stretch.tracks,
        mixture=stretch.piece.mixture,
        mixture_target=stretch.piece.mixture.parent / f"{stretch.name}_mixture.flac",
        start_s=stretch.start_s,
    )


def _whole(piece: PieceStems) -> _Segment:
    """Return a segment that is all of a piece."""
    return _Segment(
        name=f"{piece.name}_000",
        dataset=piece.dataset,
        tracks=piece.stems,
        mixture=piece.mixture,
        mixture_target=piece.mixture,
        start_s=0.0,
    )


def _require_different_names(pieces: Sequence[PieceStems]) -> None:
    repeated = [name for name, count in Counter(piece.name for piece in pieces).items() if count > 1]
    if repeated:
        raise MetadataError(
            where="pieces", expected="different names", got=f"several called {', '.join(sorted(repeated))}"
        )


def _write_metadata(
    metadata: Path,
    split: Split,
    segments: Sequence[_Segment],
    pieces: Sequence[PieceStems],
    people: Mapping[str, Listener],
    scene_set: SceneSet,
) -> None:
    """Write every metadata file of a split; scenes that are there go first, for they refer to what is replaced."""
    from rebalance.hearing import prescribe

    fittings = {name: prescribe(listener) for name, listener in people.items()}
    (metadata / f"scenes.{split}.json").unlink(missing_ok=True)
    write_json(metadata / f"listeners.{split}.json", listeners_json(people))
    write_json(metadata / f"compressor_params.{split}.json", fittings_json(fittings))
    write_json(metadata / f"music.{split}.json", {segment.name: segment.music_json for segment in segments})
    write_json(metadata / f"music_tracks.{split}.json", _tracks_json(pieces, split))
    if split == "valid":
        to_generate = {segment.name: segment.to_generate_json for segment in segments}
        write_json(metadata / "music.valid.to_generate.json", to_generate)
    write_scenes(metadata, split, scene_set)


def _tracks_json(pieces: Sequence[PieceStems], split: Split) -> dict[str, Any]:
    """Return whole pieces, relative to the folder of the split as the official preparation reads them."""
    return {
        piece.name: {
            "dataset": piece.dataset,
            "stems_path": [_below(split, track) for track in piece.stems.values()],
            "mixture_path": _below(split, piece.mixture),
        }
        for piece in pieces
    }


def _below(split: Split, track: PurePosixPath) -> str:
    return track.relative_to(split).as_posix() if track.parts[0] == split else track.as_posix()


def _summary(
    pieces: Sequence[PieceStems],
    stretches: Sequence[Stretch],
    segments: Sequence[_Segment],
    scene_set: SceneSet,
    *,
    n_listeners: int,
    n_random_mixtures: int,
) -> TaskSummary:
    """Count what is there and what is not."""
    instruments = Counter(label.split("_")[0] for segment in segments for label in segment.tracks)
    surveyed = {stretch.piece.name for stretch in stretches}
    usable = [stretch for stretch in stretches if stretch.is_usable]
    return TaskSummary(
        n_segments=len(segments),
        n_scenes=len(scene_set.scenes),
        n_pairs=scene_set.n_pairs,
        n_listeners=n_listeners,
        n_random_mixtures=n_random_mixtures,
        rejected_segments=tuple(stretch.name for stretch in stretches if not stretch.is_usable),
        faint_sources=tuple(f"{stretch.name} {label}" for stretch in usable for label in stretch.faint_labels),
        short_pieces=tuple(piece.name for piece in pieces if piece.name not in surveyed),
        sources_by_instrument=dict(sorted(instruments.items())),
    )
