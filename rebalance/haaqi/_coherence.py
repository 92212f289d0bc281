"""The fine structure: short-time covariance of the membrane motions, weighted by the nerve's synchrony."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rebalance._base.compiling import compiled_in_order
from rebalance._base.errors import AudioError
from rebalance.haaqi._bands import SAMPLE_RATE, centre_frequencies_hz

Motion: TypeAlias = NDArray[np.float32]
Rows: TypeAlias = NDArray[np.float64]
Vector: TypeAlias = NDArray[np.float64]

SEGMENT_S = 0.016
SEARCH_S = 0.001
SILENCE_DB = 2.5
VANISHING = 1e-30
# Johnson (1980): synchrony falls off as a low-pass of this order and corner.
SYNCHRONY_ORDER = 5
SYNCHRONY_CORNER_HZ = 3500.0

_WINDOW_SAMPLES = round(SEGMENT_S * SAMPLE_RATE)
_HOP = _WINDOW_SAMPLES // 2
_LAGS = round(SEARCH_S * SAMPLE_RATE)
# A tile below this mean square stays out of the mean; a little under the threshold, which is applied later.
_WORTH_COMPARING = 0.99 * SILENCE_DB**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiles:
    """Covariances of the audible tiles, 0 for the others, and the reference's mean squares of all.

    Each of shape ``(n_bands, n_segments)``.
    """

    covariance: Rows
    reference_mean_square: Rows


def covary(reference: Motion, processed: Motion) -> Tiles:
    """Compare two motions tile by tile: windows of 16 ms every 8 ms, the best of all lags within 1 ms.

    Source: ``bm_covary`` of pyclarity; windows of full length start where their halves would.

    Parameters
    ----------
    reference, processed
        Motions with an envelope in dB over threshold and their noise, shape ``(n_bands, n_samples)``.
    """
    shape = (len(reference), reference.shape[1] // _HOP)
    covariance = np.empty(shape)
    mean_square = np.empty(shape)
    window = np.hanning(_WINDOW_SAMPLES)
    _covary(reference, processed, window, _lag_weights(), covariance, mean_square)
    return Tiles(covariance=covariance, reference_mean_square=2.0 * mean_square)


def synchronised_mean(tiles: Tiles) -> float:
    """Average the covariance over the audible tiles, weighted by the nerve's synchrony in each band.

    Source: ``ave_covary2`` of pyclarity, its fifth weighting.

    Raises
    ------
    AudioError
        If fewer than two segments or no tile at all is audible.
    """
    level_db = np.sqrt(tiles.reference_mean_square)
    loudness = 20 * np.log10(np.sum(10 ** (level_db / 20), axis=0) / len(level_db))
    audible = (level_db > SILENCE_DB) & (loudness > SILENCE_DB)
    n_segments = int(np.count_nonzero(loudness > SILENCE_DB))
    if n_segments < 2 or not audible.any():
        raise AudioError(
            f"the reference is below the listener's threshold: {n_segments} of {len(loudness)} segments and"
            f" {int(audible.sum())} of {audible.size} tiles are audible, expected two and one or more",
            where="HAAQI",
        )
    weights = _synchrony()[:, np.newaxis] * audible
    return float(np.sum(weights * tiles.covariance) / np.sum(weights))


@lru_cache(maxsize=1)
def _synchrony() -> Vector:
    """Return the weight of each band, shape ``(n_bands,)``."""
    corner = SYNCHRONY_CORNER_HZ ** (2 * SYNCHRONY_ORDER)
    return np.asarray(np.sqrt(corner / (corner + centre_frequencies_hz() ** (2 * SYNCHRONY_ORDER))))


@lru_cache(maxsize=1)
def _lag_weights() -> Rows:
    """Return what makes the correlation at each lag unbiased, for half and full windows, shape ``(2, n_lags)``.

    Plain sums: ``np.correlate`` gives another last digit where the window happens to lie differently in memory.
    """
    window = np.hanning(_WINDOW_SAMPLES)
    lags = np.abs(np.arange(-_LAGS, _LAGS + 1))
    parts = (window[_HOP:], window)
    return np.array([[1 / np.sum(part[lag:] * part[: len(part) - lag]) for lag in lags] for part in parts])


@compiled_in_order
def _covary(
    reference: Motion, processed: Motion, window: Vector, lag_weights: Rows, covariance: Rows, mean_square: Rows
) -> None:
    """Fill the covariance of the audible tiles and the mean square of all."""
    n_segments = covariance.shape[1]
    ours = np.zeros(_WINDOW_SAMPLES + 2 * _LAGS)
    theirs = np.zeros(_WINDOW_SAMPLES)
    products = np.empty(2 * _LAGS + 1)
    full_power = np.sum(window * window)
    half_power = np.sum(window[_HOP:] * window[_HOP:])
    for b in range(reference.shape[0]):
        for k in range(n_segments):
            half = k == 0 or k == n_segments - 1
            n = _HOP if half else 2 * _HOP
            power = half_power if half else full_power
            first = _HOP if k == 0 else 0
            ours[_LAGS + n :] = 0.0
            our_power = _window_tile(reference[b], k * _HOP, n, window, first, ours, _LAGS) / power
            mean_square[b, k] = our_power
            covariance[b, k] = 0.0
            if 2.0 * our_power > _WORTH_COMPARING:
                their_power = _window_tile(processed[b], k * _HOP, n, window, first, theirs, 0) / power
                if their_power > VANISHING:
                    _correlate_tile(ours, theirs, n, products)
                    peak = _weighted_peak(products, lag_weights[0 if half else 1])
                    covariance[b, k] = min(peak / np.sqrt(our_power * their_power), 1.0)


@compiled_in_order
def _window_tile(motion: Motion, start: int, n: int, window: Vector, first: int, tile: Vector, offset: int) -> float:
    """Window one tile, take out its mean, return its energy; `n` is a multiple of 4."""
    for i in range(n):
        tile[offset + i] = motion[start + i] * window[first + i]
    total_0 = total_1 = total_2 = total_3 = 0.0
    square_0 = square_1 = square_2 = square_3 = 0.0
    for i in range(offset, offset + n, 4):
        value_0, value_1, value_2, value_3 = tile[i], tile[i + 1], tile[i + 2], tile[i + 3]
        total_0, total_1, total_2, total_3 = total_0 + value_0, total_1 + value_1, total_2 + value_2, total_3 + value_3
        square_0 += value_0 * value_0
        square_1 += value_1 * value_1
        square_2 += value_2 * value_2
        square_3 += value_3 * value_3
    total = (total_0 + total_1) + (total_2 + total_3)
    mean = total / n
    for i in range(n):
        tile[offset + i] -= mean
    return (square_0 + square_1) + (square_2 + square_3) - total * mean


@compiled_in_order
def _correlate_tile(ours: Vector, theirs: Vector, n: int, products: Vector) -> None:
    """Fill the sums of products at all lags, from the most negative on, four samples to a pass; `n` as above."""
    n_lags = len(products)
    products[:] = 0.0
    for i in range(0, n, 4):
        value_0, value_1, value_2, value_3 = theirs[i], theirs[i + 1], theirs[i + 2], theirs[i + 3]
        ours_0, ours_1 = ours[i : i + n_lags], ours[i + 1 : i + 1 + n_lags]
        ours_2, ours_3 = ours[i + 2 : i + 2 + n_lags], ours[i + 3 : i + 3 + n_lags]
        for lag in range(n_lags):
            first_two = products[lag] + value_0 * ours_0[lag] + value_1 * ours_1[lag]
            products[lag] = first_two + value_2 * ours_2[lag] + value_3 * ours_3[lag]


@compiled_in_order
def _weighted_peak(products: Vector, weights: Vector) -> float:
    """Return the largest magnitude of the unbiased correlation."""
    peak = 0.0
    for lag in range(2 * _LAGS + 1):
        peak = max(peak, abs(products[lag] * weights[lag]))
    return peak
