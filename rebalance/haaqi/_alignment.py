"""Delays between the two signals: one for the whole signal, then one per band within 100 ms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy import fft

from rebalance._base.compiling import compiled_loosely
from rebalance._base.errors import AudioError
from rebalance.haaqi._bands import SAMPLE_RATE

Vector: TypeAlias = NDArray[np.float64]
Floats: TypeAlias = NDArray[np.floating]
Row: TypeAlias = NDArray[np.float32]
Rows: TypeAlias = NDArray[np.float32]
Delays: TypeAlias = NDArray[np.intp]

# The bulk alignment stops short of the delay it finds, to leave room for dispersion.
DISPERSION_S = 0.002
# What lies below this share of the reference's peak, at its start and its end, is no sound.
SILENCE_SHARE = 0.001
BAND_SEARCH_S = 0.1

_BAND_LAGS = round(BAND_SEARCH_S * SAMPLE_RATE)
_FFT_SIZE = 32_768
_STEP = _FFT_SIZE - 2 * _BAND_LAGS
# More than the error of the single-precision transforms, relative to the norms of both signals.
_COARSE_ERROR = 1e-6
_EXACT_BLOCK = 4096
# Beyond so many candidates a transform in double precision is the quicker judge.
_MAX_EXACT_LAGS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """First and last sample that belong to the sound."""

    first: int
    last: int

    @property
    def n_samples(self) -> int:
        """Length, both ends included."""
        return self.last - self.first + 1


def sounding_extent(reference: Vector) -> Extent:
    """Find where the reference starts and ends, silence left out.

    Source: ``input_align`` of pyclarity.

    Raises
    ------
    AudioError
        If it is silent throughout.
    """
    magnitude = np.abs(reference)
    peak = magnitude.max(initial=0.0)
    if peak == 0.0:
        raise AudioError("the reference is silent, expected sound to compare with", where="HAAQI")
    (above,) = np.nonzero(magnitude > SILENCE_SHARE * peak)
    return Extent(first=int(above[0]), last=int(above[-1]))


def bulk_aligned(reference: Vector, processed: Vector) -> Vector:
    """Shift the processed signal onto the reference, up to 2 ms of dispersion; zeros fill the gap.

    Source: ``input_align`` of pyclarity: the peak of the magnitude of the cross-covariance over all lags.

    Parameters
    ----------
    reference, processed
        Shape ``(n_samples,)``, equally long.
    """
    n = len(reference)
    size = fft.next_fast_len(2 * n - 1, real=True)
    spectrum = fft.rfft(reference - np.mean(reference), size)
    spectrum *= fft.rfft(processed - np.mean(processed), size).conj()
    circular = np.abs(fft.irfft(spectrum, size))
    # Lags from the most negative on, so that the earliest of equal peaks wins.
    covariance = np.concatenate((circular[size - n + 1 :], circular[:n]))
    lag = int(np.argmax(covariance)) - (n - 1)
    return shifted(processed, -lag - round(DISPERSION_S * SAMPLE_RATE))


def shifted(signal: Vector, delay: int) -> Vector:
    """Advance a signal by a delay in samples, or hold it back by a negative one; same length, zeros fill the gap."""
    moved = np.zeros_like(signal)
    if delay > 0:
        moved[: max(len(signal) - delay, 0)] = signal[delay:]
    else:
        moved[-delay:] = signal[: max(len(signal) + delay, 0)]
    return moved


def band_delays(reference: Rows, processed: Rows) -> Delays:
    """Find by how many samples each processed band lags the reference, shape ``(n_bands,)``.

    Source: ``envelope_align`` of pyclarity: the peak of the cross-correlation within 100 ms. Here single precision
    finds the lags that may hold it, and their exact sums decide between them.

    Parameters
    ----------
    reference, processed
        Envelopes or membrane motions, shape ``(n_bands, n_samples)``.
    """
    return np.array(
        [_band_delay(ours, theirs) for ours, theirs in zip(reference, processed, strict=True)], dtype=np.intp
    )


def _band_delay(reference: Row, processed: Row) -> int:
    """Find the lag of one band."""
    scale = float(np.sqrt(np.dot(reference, reference)) * np.sqrt(np.dot(processed, processed)))
    if scale == 0.0:
        return 0
    coarse = _correlation(reference, processed)
    (places,) = np.nonzero(coarse >= coarse.max() - _COARSE_ERROR * scale)
    if len(places) > _MAX_EXACT_LAGS:
        exact = _correlation(reference.astype(np.float64), processed.astype(np.float64))
        places = np.array([np.argmax(exact)])
    elif len(places) > 1:
        places = places[[np.argmax(_correlation_at(reference, processed, places - (_BAND_LAGS - 1)))]]
    return _BAND_LAGS - 1 - int(places[0])


def _correlation(reference: Floats, processed: Floats) -> Floats:
    """Correlate at the lags -2399 to 2400 in the signals' own precision, summed over the blocks of a transform."""
    n = len(reference)
    n_blocks = -(-n // _STEP)
    padded = np.zeros((n_blocks - 1) * _STEP + _FFT_SIZE, dtype=reference.dtype)
    padded[_BAND_LAGS - 1 : _BAND_LAGS - 1 + n] = reference
    blocks = np.zeros((n_blocks, _STEP), dtype=reference.dtype)
    blocks.ravel()[:n] = processed
    spectrum = fft.rfft(blocks, _FFT_SIZE, axis=1)
    np.conjugate(spectrum, out=spectrum)
    spectrum *= fft.rfft(sliding_window_view(padded, _FFT_SIZE)[::_STEP], axis=1)
    return np.asarray(fft.irfft(spectrum.sum(axis=0), _FFT_SIZE)[: 2 * _BAND_LAGS])


@compiled_loosely
def _correlation_at(reference: Row, processed: Row, lags: Delays) -> Vector:
    """Correlate at some lags in double precision."""
    n = len(reference)
    sums = np.zeros(len(lags))
    for start in range(0, n, _EXACT_BLOCK):
        stop = min(start + _EXACT_BLOCK, n)
        for k in range(len(lags)):
            lag = lags[k]
            total = 0.0
            for i in range(max(start, -lag), min(stop, n - lag)):
                total += np.float64(reference[i + lag]) * np.float64(processed[i])
            sums[k] += total
    return sums
