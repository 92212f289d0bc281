"""The envelope half of the nonlinear part: how the spectral shape changes over time, 20 to 125 changes a second."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve, firwin

from rebalance._base.errors import AudioError
from rebalance.haaqi._bands import N_BANDS, SAMPLE_RATE
from rebalance.haaqi._hair_cells import CELL_SAMPLES, NerveResponse

Rows: TypeAlias = NDArray[np.float64]

SILENCE_DB = 2.5
# Cepstral coefficients 1 to 5; the zeroth, the overall level, takes no part.
COEFFICIENTS = range(1, 6)
# Edges of the upper four of eight modulation bands; the last has no upper edge.
MODULATION_EDGES_HZ = (20.0, 32.0, 50.0, 80.0)
MODULATION_FILTER_ORDER = 128
VANISHING = 1e-30

_SEGMENT_RATE = SAMPLE_RATE / CELL_SAMPLES


def smoothed(nerve: NerveResponse) -> Rows:
    """Average the envelopes under raised-cosine windows of 8 ms, every 4 ms.

    Source: ``env_smooth`` of pyclarity; windows of full length start where their halves would.

    Returns
    -------
    Rows
        In dB over threshold, shape ``(n_bands, n_segments)``; the first and last window are half as long.
    """
    n_segments = nerve.motion.shape[1] // CELL_SAMPLES
    window = np.hanning(2 * CELL_SAMPLES)
    result = np.empty((N_BANDS, n_segments))
    result[:, :-1] = (nerve.rising[:, : n_segments - 1] + nerve.falling[:, 1:n_segments]) / window.sum()
    result[:, 0] = nerve.falling[:, 0] / window[CELL_SAMPLES:].sum()
    result[:, -1] = nerve.rising[:, n_segments - 1] / window[CELL_SAMPLES:].sum()
    return result


def audible_segments(reference: Rows) -> NDArray[np.intp]:
    """Return the segments in which the reference is loud enough to count.

    Parameters
    ----------
    reference
        Smoothed envelope in dB over threshold, shape ``(n_bands, n_segments)``.

    Raises
    ------
    AudioError
        If fewer than two are.
    """
    loudness = 20 * np.log10(np.sum(10 ** (reference / 20), axis=0) / len(reference))
    (segments,) = np.nonzero(loudness > SILENCE_DB)
    if len(segments) < 2:
        raise AudioError(
            f"the reference is below the listener's threshold: {len(segments)} of {len(loudness)} segments"
            " are audible, expected two or more",
            where="HAAQI",
        )
    return segments


def modulations(envelope: Rows, segments: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the modulations of the spectral shape over some segments.

    Source: ``melcor9`` of pyclarity, of which only the modulations above 20 Hz count.

    Parameters
    ----------
    envelope
        Smoothed, shape ``(n_bands, n_segments)``.
    segments
        Those to use, from `audible_segments` of the reference.

    Returns
    -------
    NDArray
        Centred, shape ``(n_modulation_bands, n_coefficients, n_used_segments)``.
    """
    cepstrum = _cepstral_basis() @ envelope[:, segments]
    cepstrum -= cepstrum.mean(axis=1, keepdims=True)
    filtered = fftconvolve(cepstrum[np.newaxis], _modulation_filters()[:, np.newaxis], mode="full", axes=2)
    half = MODULATION_FILTER_ORDER // 2
    inner = filtered[:, :, half : half + len(segments)]
    return np.asarray(inner - inner.mean(axis=2, keepdims=True))


def correlate_modulations(reference: NDArray[np.float64], processed: NDArray[np.float64]) -> float:
    """Return the mean magnitude of the correlations of two sets of modulations; 0 where one vanishes."""
    reference_energy = np.sum(reference**2, axis=2)
    processed_energy = np.sum(processed**2, axis=2)
    common = np.abs(np.sum(reference * processed, axis=2))
    vanishing = (reference_energy < VANISHING) | (processed_energy < VANISHING)
    scale = np.sqrt(np.where(vanishing, 1.0, reference_energy * processed_energy))
    return float(np.mean(np.where(vanishing, 0.0, common / scale)))


@lru_cache(maxsize=1)
def _cepstral_basis() -> NDArray[np.float64]:
    """Return half cosines over the bands, of unit norm, shape ``(n_coefficients, n_bands)``."""
    basis = np.cos(np.outer(COEFFICIENTS, np.arange(N_BANDS)) * np.pi / (N_BANDS - 1))
    return np.asarray(basis / np.linalg.norm(basis, axis=1, keepdims=True))


@lru_cache(maxsize=1)
def _modulation_filters() -> NDArray[np.float64]:
    """Return the linear-phase filters, shape ``(n_modulation_bands, order + 1)``."""
    nyquist = _SEGMENT_RATE / 2
    edges = [edge / nyquist for edge in MODULATION_EDGES_HZ]
    taps = MODULATION_FILTER_ORDER + 1
    passes = [firwin(taps, pair, window="hann", pass_zero=False) for pair in pairwise(edges)]
    return np.array([*passes, firwin(taps, edges[-1], window="hann", pass_zero=False)])
