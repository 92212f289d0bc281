"""Cutting pieces into consecutive segments, those in which next to nothing is heard left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import MetadataError
from rebalance.audio import amplitude_from_db, db_from_amplitude, read_audio, rms
from rebalance.synthesis.rendering import PieceStems

# A frame sounds when it is less than 30 dB below the level mixtures are set to.
_FRAME_S = 0.4
_SOUNDING_DB = -70.0
_MIN_SOUNDING_SHARE = 0.5
# What a source this far below its mixture adds is heard by nobody; without it the sources still add up to -40 dB.
_FAINT_DB = -45.0
# Rounding error of a duration in seconds.
_SLACK_S = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """One segment's worth of a piece.

    Parameters
    ----------
    piece
        What it is cut from.
    number
        Counted from 0 within the piece, rejected ones included.
    labels
        The players heard in it, in the order of the piece.
    busy_labels
        Those who play for half of it or longer.
    faint_labels
        Players of the piece who are silent in it, or nearly so.
    mixture_sounds
        Whether the mixture sounds for half of it or longer.
    """

    piece: PieceStems
    number: int
    labels: tuple[str, ...]
    busy_labels: tuple[str, ...]
    faint_labels: tuple[str, ...]
    mixture_sounds: bool

    @property
    def name(self) -> str:
        """Name of the segment: ``anitrasdance_003``."""
        return f"{self.piece.name}_{self.number:03d}"

    @property
    def start_s(self) -> float:
        """Where it begins in the piece, in seconds."""
        return self.number * CAD2_TASK2.segment_duration_s

    @property
    def is_usable(self) -> bool:
        """Whether it can be a segment of the challenge: it sounds, and there are sources to balance."""
        return self.mixture_sounds and len(self.labels) in CAD2_TASK2.n_sources

    @property
    def tracks(self) -> dict[str, PurePosixPath]:
        """Track of every player heard in it, by label."""
        return {label: self.piece.stems[label] for label in self.labels}


def survey_piece(piece: PieceStems, audio_root: Path) -> tuple[Stretch, ...]:
    """Listen to every whole segment of a piece; what is left over at its end is not used.

    Raises
    ------
    AudioError
        If a track is missing, broken, shorter than the piece, not stereo or not at 44.1 kHz.
    MetadataError
        If a segment has more sources than the challenge allows.
    """
    n_segments = int((piece.duration_s + _SLACK_S) / CAD2_TASK2.segment_duration_s)
    return tuple(_survey(piece, number, audio_root) for number in range(n_segments))


def read_stretch(track: PurePosixPath, audio_root: Path, start_s: float) -> NDArray[np.float32]:
    """Return one segment's worth of a track, shape ``(2, n_samples)``."""
    return read_audio(
        audio_root / track,
        start_s=start_s,
        duration_s=CAD2_TASK2.segment_duration_s,
        expected_sample_rate=CAD2_TASK2.mixture_sample_rate,
        expected_channels=CAD2_TASK2.n_channels,
    ).samples


def sounding_share(samples: NDArray[np.floating]) -> float:
    """Return the share of frames of 0.4 s that sound, 0 to 1, of a signal of shape ``(n_channels, n_samples)``."""
    length = int(_FRAME_S * CAD2_TASK2.mixture_sample_rate)
    n_frames = max(samples.shape[1] // length, 1)
    frames = samples[:, : n_frames * length].reshape(samples.shape[0], n_frames, -1)
    levels = np.sqrt(np.mean(np.square(frames, dtype=np.float64), axis=(0, 2)))
    return float(np.mean(levels > amplitude_from_db(_SOUNDING_DB)))


def _survey(piece: PieceStems, number: int, audio_root: Path) -> Stretch:
    """Listen to one segment of a piece."""
    start_s = number * CAD2_TASK2.segment_duration_s
    mixture = read_stretch(piece.mixture, audio_root, start_s)
    stems = {label: read_stretch(track, audio_root, start_s) for label, track in piece.stems.items()}
    heard = _heard_labels(stems, rms(mixture))
    if len(heard) > max(CAD2_TASK2.n_sources):
        raise MetadataError(
            where=f"piece {piece.name}",
            expected=f"at most {max(CAD2_TASK2.n_sources)} players at once",
            got=f"{len(heard)}",
        )
    return Stretch(
        piece=piece,
        number=number,
        labels=heard,
        busy_labels=tuple(label for label in heard if sounding_share(stems[label]) >= _MIN_SOUNDING_SHARE),
        faint_labels=tuple(label for label in stems if label not in heard),
        mixture_sounds=sounding_share(mixture) >= _MIN_SOUNDING_SHARE,
    )


def _heard_labels(stems: Mapping[str, NDArray[np.float32]], mixture_rms: float) -> tuple[str, ...]:
    """Return the players that are not far below the mixture."""
    if not mixture_rms:
        return ()
    levels_db = {label: db_from_amplitude(rms(stem) / mixture_rms) for label, stem in stems.items()}
    return tuple(label for label, level_db in levels_db.items() if level_db > _FAINT_DB)
