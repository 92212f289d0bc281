"""The players of a whole recording tracked, silence taken for what it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rebalance.audio import Audio
from rebalance.separation.player_tracker import Posteriors, Tracker

_SILENT_DB = -60.0  # below the mean level of the recording
_FRAME_S = 0.1


def track_players(mixture: Audio, instruments: Sequence[str], tracker: Tracker, *, sample_rate: int) -> Posteriors:
    """Track the players of a recording; where that is silent, so are they.

    A tracker that is told of players looks for them in noise too: frames around which a tenth of a second of the
    recording lies 60 dB below its mean level become silent, and all frames of digital silence.

    Parameters
    ----------
    mixture
        Shape ``(n_channels, n_samples)``, one or two channels.
    instruments
        Of every player.
    tracker
        See `load_tracker`.
    sample_rate
        Of the mixture in Hz.

    Raises
    ------
    AudioError
        If the mixture is empty, not finite, or of another shape.
    ConfigError
        If an instrument is unknown or has too many voices.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.transcription import load_tracker, track_players
    >>> phase = 2 * np.pi * 440 * np.arange(22_050) / 44_100
    >>> tone = sum(0.05 / partial * np.sin(partial * phase) for partial in range(1, 9)).astype(np.float32)[None]
    >>> tone[:, 11_025:] = 0.0  # silent from a quarter of a second
    >>> posteriors = track_players(tone, ["Oboe"], load_tracker("default", device="cpu"), sample_rate=44_100)
    >>> silent = posteriors.frame_times_s > 0.35
    >>> float(posteriors.activity[0, silent].max())
    0.0
    """
    posteriors = tracker(mixture, instruments, sample_rate)
    silent = _silent_frames(mixture, posteriors.frame_times_s, sample_rate)
    if not silent.any():
        return posteriors
    values = posteriors.values.copy()
    values[:, silent] = 0.0
    values[:, silent, -1] = 1.0
    return replace(posteriors, values=values)


def _silent_frames(mixture: Audio, times_s: NDArray[np.float64], sample_rate: int) -> NDArray[np.bool_]:
    """Tell which frames are silent, ``(n_frames,)``."""
    energy = np.concatenate([[0.0], np.cumsum(np.square(mixture, dtype=np.float64).mean(axis=0))])
    half = max(int(_FRAME_S * sample_rate / 2), 1)
    centres = np.rint(times_s * sample_rate).astype(np.int64)
    first, last = (np.clip(centres + by, 0, mixture.shape[1]) for by in (-half, half))
    powers = (energy[last] - energy[first]) / np.maximum(last - first, 1)
    mean = energy[-1] / mixture.shape[1]
    return np.asarray(powers <= mean * 10 ** (_SILENT_DB / 10))
