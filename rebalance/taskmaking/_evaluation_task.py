"""An evaluation as the organisers made theirs: dry recordings of players, put into measured rooms."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2, Split
from rebalance._base.errors import AudioError, ConfigError, MetadataError
from rebalance._base.files import StrPath, expanded, write_json
from rebalance._base.in_order import finished_in_order, require_none_failed
from rebalance._base.running import Failure
from rebalance._base.seeding import stream
from rebalance.audio import read_audio, resample
from rebalance.datasets import Corpus, Piece
from rebalance.hearing import Listener
from rebalance.synthesis.rendering import CORRELATION, PieceStems, mix_down, write_piece
from rebalance.synthesis.sound import SPACING_DEG, azimuths_deg, convolve, decode_stereo, half_angle_for, read_response
from rebalance.taskmaking._scene_generation import DEFAULT_GAINS_PER_SEGMENT, DEFAULT_LISTENERS_PER_SCENE
from rebalance.taskmaking._task_writing import TaskSummary, write_task

# Parts of one piece were cut to one length by their makers; more than this apart they do not belong together.
_LENGTH_TOLERANCE_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSummary:
    """What the task was made of.

    Parameters
    ----------
    task
        Segments, scenes, listeners.
    unsuitable_pieces
        Names of pieces with an instrument the challenge has not, or with too few or too many players.
    failures
        Pieces that could not be put into a room, and why; the task is made of the others.
    """

    task: TaskSummary
    unsuitable_pieces: tuple[str, ...]
    failures: tuple[Failure, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The summary, to be printed."""
        return (*self.task.lines, f"pieces with other instruments or numbers of players: {len(self.unsuitable_pieces)}")


def write_evaluation_task(
    root: StrPath,
    corpora: Sequence[Corpus],
    responses: Sequence[StrPath],
    *,
    seed: int,
    split: Split = "test",
    spacing_deg: float = SPACING_DEG,
    gains_per_segment: int = DEFAULT_GAINS_PER_SEGMENT,
    listeners: Mapping[str, Listener] | None = None,
    listeners_per_scene: int | None = DEFAULT_LISTENERS_PER_SCENE,
    jobs: int | None = None,
    executor: Executor | None = None,
) -> EvaluationSummary:
    """Put the players of every suitable piece into a room and write the whole as one split of a task.

    Every piece gets one of the rooms, every player a direction of their own. Beside the metadata of the
    challenge, ``provenance.<split>.json`` says what the audio was made of.

    Parameters
    ----------
    root
        Folder of the task.
    corpora
        With a dry recording of every player.
    responses
        First-order B-format impulse responses (FuMa W X Y Z), any rate.
    seed
        Of rooms, seats, gains and listeners.
    split
        Which split to write.
    spacing_deg
        Angle between neighbours in degrees.
    gains_per_segment, listeners, listeners_per_scene, jobs, executor
        As for `write_task`.

    Raises
    ------
    ConfigError
        If there is no response, or evaluation material would become a training set unstamped.
    MetadataError
        If no piece suits the challenge.
    RebalanceError
        If no piece can be put into a room. One that cannot is left out and named in the summary.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.taskmaking import write_evaluation_task
    >>> write_evaluation_task(Path("task"), [], [], seed=1)
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: rooms: expected at least one B-format impulse response, got none

    Source: section A.3 of the CAD2-T2 data page. The organisers' choice of rooms and seats is not published.
    """
    root = expanded(root)
    rooms = tuple(expanded(response) for response in responses)
    if not rooms:
        raise ConfigError(where="rooms", expected="at least one B-format impulse response", got="none")
    _require_word(corpora, split)
    pieces = [piece for corpus in corpora for piece in corpus.pieces]
    suitable = [piece for piece in pieces if piece.is_of_challenge]
    if not suitable:
        raise MetadataError(
            where=f"{len(pieces)} pieces", expected="some with two to five players of the challenge's instruments"
        )
    render = functools.partial(
        render_recorded_piece, root=root, responses=rooms, split=split, seed=seed, spacing_deg=spacing_deg
    )
    stems, failures = finished_in_order(suitable, render, title="rooms", jobs=jobs, executor=executor, describe=_named)
    if not stems:
        require_none_failed(failures, title="rooms")
    summary = write_task(
        root,
        split,
        stems,
        seed=seed,
        gains_per_segment=gains_per_segment,
        listeners=listeners,
        listeners_per_scene=listeners_per_scene,
        jobs=jobs,
        executor=executor,
    )
    _write_provenance(root / "metadata" / f"provenance.{split}.json", corpora, rooms, seed)
    return EvaluationSummary(
        task=summary,
        unsuitable_pieces=tuple(piece.name for piece in pieces if piece not in suitable),
        failures=failures,
    )


def _named(piece: Piece) -> str:
    """Name a piece in a report of what failed."""
    return f"piece {piece.corpus} {piece.name}"


def render_recorded_piece(
    piece: Piece, *, root: Path, responses: Sequence[Path], split: Split, seed: int, spacing_deg: float = SPACING_DEG
) -> PieceStems:
    """Put the players of one piece into a room and write stems and mixture at the challenge's loudness.

    Which room, who sits where and how wide the microphones stand depend on the seed and the piece only.

    Raises
    ------
    AudioError
        If a recording or response cannot be used, or the parts differ in length.
    """
    rng = stream(seed, "room", piece.corpus, piece.name)
    response = read_response(responses[int(rng.integers(len(responses)))])
    azimuths = [float(angle) for angle in rng.permutation(azimuths_deg(len(piece.parts), spacing_deg))]
    half_angle = half_angle_for([response] * len(azimuths), azimuths, float(rng.uniform(*CORRELATION)))
    dry = _dry_stems(piece, n_tail=response.channels.shape[1])
    stems = {
        label: convolve(stem, decode_stereo(response, azimuth_deg=azimuth, half_angle_deg=half_angle))
        for (label, stem), azimuth in zip(dry.items(), azimuths, strict=True)
    }
    rendered = mix_down(stems, where=piece.name)
    folder = PurePosixPath(split) / piece.name
    return write_piece(root / "audio", folder, rendered, name=piece.name, dataset=piece.corpus)


def _dry_stems(piece: Piece, *, n_tail: int) -> dict[str, NDArray[np.float32]]:
    """Return the recordings as mono signals of one length at 44.1 kHz, with room for the last note to die away."""
    stems = {part.label: _mono(part.stem) for part in piece.parts}
    lengths = {len(stem) for stem in stems.values()}
    rate = CAD2_TASK2.mixture_sample_rate
    if max(lengths) - min(lengths) > _LENGTH_TOLERANCE_S * rate:
        got = ", ".join(f"{length / rate:.1f}" for length in sorted(lengths))
        raise AudioError(where=f"{piece.corpus} {piece.name}", expected="parts of one length", got=f"{got} s")
    n_samples = max(lengths) + n_tail
    return {label: np.pad(stem, (0, n_samples - len(stem))) for label, stem in stems.items()}


def _mono(path: Path) -> NDArray[np.float32]:
    """Return a recording as one channel at 44.1 kHz."""
    recording = read_audio(path)
    mono = recording.samples.mean(axis=0)
    return np.asarray(resample(mono, recording.sample_rate, CAD2_TASK2.mixture_sample_rate), dtype=np.float32)


def _require_word(corpora: Sequence[Corpus], split: Split) -> None:
    """Raise if evaluation material would become a training set without a stamp."""
    for corpus in corpora:
        if split == "train" and corpus.info.evaluation_material and not corpus.trains_on_evaluation_material:
            raise ConfigError(
                "no training set of it",
                where=f"{corpus.info.name} is evaluation material and was opened for {corpus.purpose}",
            )


def _write_provenance(path: Path, corpora: Sequence[Corpus], responses: Sequence[Path], seed: int) -> None:
    """Write what the audio was made of, and the stamp of each corpus."""
    write_json(
        path,
        {
            "seed": seed,
            "rooms": [response.name for response in responses],
            "corpora": [
                {
                    "name": corpus.info.name,
                    "licence": corpus.info.licence,
                    "citation": corpus.info.citation,
                    "origin": corpus.info.origin,
                    "evaluation_material": corpus.info.evaluation_material,
                    "trains_on_evaluation_material": corpus.trains_on_evaluation_material,
                }
                for corpus in corpora
            ],
        },
    )
