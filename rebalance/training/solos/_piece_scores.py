"""Judging a system by recorded pieces, cut into consecutive segments: SDR, SIR and SAR of every source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rebalance._base.errors import AudioError, MetadataError
from rebalance._base.files import StrPath, expanded
from rebalance.audio import Recording, read_audio, resample
from rebalance.datasets import Piece, load_corpus
from rebalance.separation import bss_eval, is_silent
from rebalance.training.solos._kept_arrays import kept_rows
from rebalance.video import player_stripes, players_in_video, stream_frames

SCORE_COLUMNS = ("piece", "segment", "n_sources", "instrument", "sdr", "sir", "sar")
_FRAME_PERIOD_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsemblePiece:
    """One recorded piece.

    Parameters
    ----------
    name
        Of the piece.
    players
        Instrument of every player, from left to right.
    mixture
        Shape ``(n_samples,)``.
    stems
        Of the players, shape ``(n_players, n_samples)``.
    frames
        The players' frames at the times of `frame_times_s`, ``(n_players, n_times, height, width, 3)``.
    frame_times_s
        In seconds, increasing.
    """

    name: str
    players: tuple[str, ...]
    mixture: NDArray[np.float32]
    stems: NDArray[np.float32]
    frames: NDArray[np.uint8]
    frame_times_s: NDArray[np.float64]

    @property
    def instruments(self) -> tuple[str, ...]:
        """The different instruments."""
        return tuple(dict.fromkeys(self.players))

    def players_at(self, times_s: Sequence[float]) -> NDArray[np.uint8]:
        """Return the players' frames nearest to some times; see `rebalance.separation.PlayersAt`."""
        nearest = [int(np.abs(self.frame_times_s - time_s).argmin()) for time_s in times_s]
        return self.frames[:, nearest]

    def merged(self, by_player: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return signals ``(n_players, n)`` summed by instrument: two players of one are one source."""
        places = [[place for place, other in enumerate(self.players) if other == name] for name in self.instruments]
        return np.stack([by_player[chosen].sum(axis=0, dtype=np.float32) for chosen in places])


System = Callable[[EnsemblePiece, NDArray[np.float32], NDArray[np.float32], float], NDArray[np.float32]]
"""From a piece, a segment of its mixture ``(n_samples,)``, the true sources ``(n_instruments, n_samples)``, which only
ideal masks may look at, and where the segment begins in seconds, to estimates ``(n_instruments, n_samples)``."""


def open_pieces(root: StrPath, *, sample_rate: int, keep_in: StrPath | None = None) -> tuple[EnsemblePiece, ...]:
    """Read the pieces of URMP, or of what is laid out like it, with their videos.

    Parameters
    ----------
    root
        Its folder.
    sample_rate
        To resample to, in Hz.
    keep_in
        Folder for the frames that were decoded; see `open_solos`.

    Raises
    ------
    MetadataError, AudioError
        If a piece has no mixture or no video, or the video ends before the sound, or the stems differ in length.

    Examples
    --------
    >>> import tempfile
    >>> from rebalance.synthesis.performers import EnsemblePlan, write_ensembles
    >>> from rebalance.training.solos import open_pieces
    >>> with tempfile.TemporaryDirectory() as root:
    ...     write_ensembles(root, EnsemblePlan(sizes=(2,), duration_s=2.0, fonts=(("timgm", 0),), side=32))
    ...     piece = open_pieces(root, sample_rate=11_025)[0]
    >>> piece.stems.shape, piece.players_at([0.0, 1.0, 2.0]).shape
    ((2, 22050), (2, 3, 32, 32, 3))
    """
    corpus = load_corpus("URMP", root, purpose="evaluation")
    folder = None if keep_in is None else expanded(keep_in)
    return tuple(_opened(piece, sample_rate, folder) for piece in corpus.pieces)


def score_system(
    system: System, pieces: Sequence[EnsemblePiece], *, segment_samples: int, sample_rate: int
) -> pd.DataFrame:
    """Return SDR, SIR and SAR of every source of every segment, a row each; see `SCORE_COLUMNS`.

    Segments follow one another from the beginning; what is left at the end is dropped. A segment counts only if all
    its true and all its estimated sources sound.

    Parameters
    ----------
    system
        The system to score: gives the estimates of a segment.
    pieces
        What it is judged by.
    segment_samples, sample_rate
        Length of a segment in samples, and sample rate in Hz.

    Raises
    ------
    AudioError
        If an estimate has another shape or is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.training.solos import EnsemblePiece, score_system
    >>> stems = np.random.default_rng(0).standard_normal((2, 9_000)).astype(np.float32)
    >>> piece = EnsemblePiece(
    ...     name="noise",
    ...     players=("Tuba", "Horn"),
    ...     mixture=stems.sum(axis=0),
    ...     stems=stems,
    ...     frames=np.zeros((2, 1, 8, 8, 3), np.uint8),
    ...     frame_times_s=np.zeros(1),
    ... )
    >>> mixture_as_estimate = lambda piece, mixture, sources, start_s: np.stack([mixture, mixture])
    >>> score_system(mixture_as_estimate, [piece], segment_samples=4_000, sample_rate=11_025).shape
    (4, 7)

    Source: Montesinos, Slizovskaia and Haro 2020, section IV, and the authors' evaluation code: BSS Eval with filters
    of 512 taps on pieces of 65,535 samples. Where two players play one instrument, their sum is its one true source;
    the released loader keeps the last of them.
    """
    rows: list[tuple[str, int, int, str, float, float, float]] = []
    for piece in pieces:
        sources = piece.merged(piece.stems)
        for segment in range(len(piece.mixture) // segment_samples):
            part = slice(segment * segment_samples, (segment + 1) * segment_samples)
            true = sources[:, part]
            estimates = system(piece, piece.mixture[part], true, part.start / sample_rate)
            if estimates.shape != true.shape or not np.isfinite(estimates).all():
                raise AudioError(where=piece.name, expected=f"finite estimates {true.shape}", got=str(estimates.shape))
            if any(is_silent(signal) for signal in (*true, *estimates)):
                continue
            scores = bss_eval(true[:, None], estimates[:, None])
            rows += [
                (piece.name, segment, len(true), name, each.sdr_db, each.sir_db, each.sar_db)
                for name, each in zip(piece.instruments, scores, strict=True)
                if each is not None
            ]
    return pd.DataFrame(rows, columns=list(SCORE_COLUMNS))


def _opened(piece: Piece, sample_rate: int, keep_in: Path | None) -> EnsemblePiece:
    """Read one piece."""
    if piece.mixture is None or piece.video is None:
        raise MetadataError(where=f"piece {piece.name}", expected="a mixture and a video", found="only stems")
    mixture, *stems = (
        _mono(read_audio(path), sample_rate) for path in (piece.mixture, *(part.stem for part in piece.parts))
    )
    if len(lengths := {len(signal) for signal in (mixture, *stems)}) > 1:
        raise MetadataError(
            where=f"piece {piece.name}", expected="stems as long as the mixture", got=str(sorted(lengths))
        )
    duration_s = len(mixture) / sample_rate
    players = players_in_video(piece.video, len(piece.parts), sound_s=duration_s)
    times_s = np.arange(0.0, min(duration_s, players.last_s) + 1e-9, _FRAME_PERIOD_S)
    shown = (
        player_stripes(frame[None], len(piece.parts))[:, 0] for frame in stream_frames(piece.video, times_s.tolist())
    )
    frames = kept_rows(keep_in, piece.video, f"{len(piece.parts)}-players", len(times_s), shown).swapaxes(0, 1)
    return EnsemblePiece(
        name=piece.name,
        players=tuple(part.instrument for part in piece.parts),
        mixture=mixture,
        stems=np.stack(stems),
        frames=frames,
        frame_times_s=times_s,
    )


def _mono(recording: Recording, sample_rate: int) -> NDArray[np.float32]:
    """Return the mean of the channels at another rate."""
    mean = recording.samples.mean(axis=0, keepdims=True)
    return np.asarray(resample(mean, recording.sample_rate, sample_rate)[0], dtype=np.float32)
