"""A stretch of the recording and its stems as the page plays it: 16-bit numbers, each signal scaled to its own peak."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from rebalance.web.listening_room._recordings import StoredRecording
from rebalance.web.listening_room._separations import Separation

BLOCK_S = 5

_MAX_INT16 = 32_767.0


def block_length(stored: StoredRecording) -> int:
    """Return how many samples a block has, the last one excepted."""
    return BLOCK_S * stored.sample_rate


def encoded_block(separation: Separation, index: int) -> bytes | None:
    """Return a block, or None while it is not separated yet.

    Little endian: the number of signals, of channels and of samples (uint32), one scale per signal (float32), then
    signal by signal and channel by channel the samples (int16). A sample is its number times the scale.

    Raises
    ------
    IndexError
        If the recording is shorter.
    """
    stored = separation.stored
    start = index * block_length(stored)
    if not 0 <= start < stored.n_samples:
        raise IndexError(f"block {index}: the recording has {-(-stored.n_samples // block_length(stored))}")
    stop = min(start + block_length(stored), stored.n_samples)
    if separation.progress.n_ready < stop:
        return None
    signals = np.concatenate([stored.samples[None, :, start:stop], separation.stems()[:, :, start:stop]])
    return _encoded(signals)


def _encoded(signals: NDArray[np.float32]) -> bytes:
    """Encode signals ``(n_signals, n_channels, n_samples)``."""
    scales = (np.abs(signals).max(axis=(1, 2)) / _MAX_INT16).astype("<f4")
    divisors = np.where(scales > 0, scales, 1.0)[:, None, None]
    numbers = np.rint(signals / divisors).clip(-_MAX_INT16, _MAX_INT16).astype("<i2")
    return b"".join([struct.pack("<III", *signals.shape), scales.tobytes(), numbers.tobytes()])
