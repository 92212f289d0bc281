"""What the page knows of every tenth of a second: the power of every signal and between them, and their peaks.

The loudness of a sum of signals depends on the powers of each and of every two together, once all are K-weighted. So
the page computes the integrated loudness for any gains, gates included, without hearing a sample.
"""

from __future__ import annotations

import numpy as np
import pyloudnorm
import scipy.signal
from numpy.typing import NDArray

HOPS_PER_S = 10

# Gain in dB, quality and frequency in Hz of the two filters of BS.1770, as pyloudnorm has them.
_K_WEIGHTING = ((4.0, 2.0**-0.5, 1500.0, "high_shelf"), (0.0, 0.5, 38.0, "high_pass"))
_HOPS_PER_BLOCK = 4
_ABSOLUTE_GATE_LUFS = -70.0
_RELATIVE_GATE_LU = 10.0
_OFFSET_LU = -0.691


class OverviewMeter:
    """Measures signals that arrive piece by piece.

    Parameters
    ----------
    n_signals, n_channels
        Number of signals, and of channels of each.
    sample_rate
        In Hz.
    """

    def __init__(self, n_signals: int, n_channels: int, sample_rate: int) -> None:
        stages = [pyloudnorm.IIRfilter(*stage[:3], sample_rate, stage[3]) for stage in _K_WEIGHTING]
        self._filters = [(stage.b, stage.a) for stage in stages]
        self._states = [np.zeros((n_signals, n_channels, len(b) - 1)) for b, _ in self._filters]
        self._hop = sample_rate // HOPS_PER_S
        self._rest = np.zeros((2, n_signals, n_channels, 0))

    def add(self, signals: NDArray[np.floating]) -> NDArray[np.float32]:
        """Measure the next piece ``(n_signals, n_channels, n)``.

        Returns
        -------
        NDArray
            One row per whole hop: the powers of the upper triangle, summed over channels, row by row; then the peaks.
        """
        weighted = signals.astype(np.float64)
        for index, (b, a) in enumerate(self._filters):
            weighted, self._states[index] = scipy.signal.lfilter(b, a, weighted, zi=self._states[index])
        both = np.concatenate([self._rest, np.stack([weighted, signals])], axis=-1)
        n_hops = both.shape[-1] // self._hop
        whole, self._rest = np.split(both, [n_hops * self._hop], axis=-1)
        hops = whole.reshape(*whole.shape[:-1], n_hops, self._hop)
        powers = np.einsum("icht,jcht->hij", hops[0], hops[0]) / self._hop
        upper = powers[:, *np.triu_indices(powers.shape[1])]
        peaks = np.abs(hops[1]).max(axis=(1, -1), initial=0.0).T
        return np.concatenate([upper, peaks], axis=1).astype(np.float32)


def row_length(n_signals: int) -> int:
    """Return how many numbers a row of an overview has."""
    return n_signals * (n_signals + 1) // 2 + n_signals


def hop_powers(rows: NDArray[np.float32], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the K-weighted power of a weighted sum of signals in every hop, ``(n_hops,)``."""
    i, j = np.triu_indices(len(weights))
    products = weights[i] * weights[j] * np.where(i == j, 1.0, 2.0)
    powers: NDArray[np.float64] = np.maximum(rows[:, : len(i)].astype(np.float64) @ products, 0.0)
    return powers


def integrated_loudness_lufs(powers: NDArray[np.float64]) -> float:
    """Return the integrated loudness of hops, minus infinity where none is above the gates.

    Source: ITU-R BS.1770-4, blocks of 0.4 s that overlap by three quarters.
    """
    if len(powers) < _HOPS_PER_BLOCK:
        return -np.inf
    blocks = np.convolve(powers, np.full(_HOPS_PER_BLOCK, 1.0 / _HOPS_PER_BLOCK), mode="valid")
    with np.errstate(divide="ignore"):
        levels = _OFFSET_LU + 10.0 * np.log10(blocks)
        above = blocks[levels >= _ABSOLUTE_GATE_LUFS]
        if not above.size:
            return -np.inf
        gate = _OFFSET_LU + 10.0 * np.log10(above.mean()) - _RELATIVE_GATE_LU
        kept = blocks[(levels > gate) & (levels > _ABSOLUTE_GATE_LUFS)]
        return float(_OFFSET_LU + 10.0 * np.log10(kept.mean())) if kept.size else -np.inf


def loudest_stretch(powers: NDArray[np.float64], n_hops: int) -> int:
    """Return the first hop of the loudest stretch of so many hops."""
    if len(powers) <= n_hops:
        return 0
    summed = np.concatenate([[0.0], np.cumsum(powers)])
    return int(np.argmax(summed[n_hops:] - summed[:-n_hops]))
