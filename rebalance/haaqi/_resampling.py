"""Signals brought to the model's 24 kHz."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.signal import cheby2, lfilter, resample_poly

from rebalance.haaqi._bands import SAMPLE_RATE

Vector = NDArray[np.float64]

# The band whose level is kept when the rate falls, as the -30 dB edge of a seventh-order Chebyshev low-pass.
_KEPT_BAND_HZ = 10_500.0
_KEPT_BAND_ORDER = 7
_KEPT_BAND_ATTENUATION_DB = 30.0


def at_model_rate(signal: Vector, sample_rate: float) -> Vector:
    """Resample one ear's signal to 24 kHz and give it the level it had; itself when it is at 24 kHz already.

    Source: ``resample_24khz`` of pyclarity. That one rounds rates to whole kHz, which changes the pitch of 44.1 kHz
    by 0.2 %; here the exact ratio is used.
    """
    if sample_rate == SAMPLE_RATE:
        return signal
    ratio = Fraction(SAMPLE_RATE) / Fraction(sample_rate)
    resampled = np.asarray(resample_poly(signal, ratio.numerator, ratio.denominator))
    if sample_rate < SAMPLE_RATE:
        before, after = _rms(signal), _rms(resampled)
    else:
        before, after = _band_rms(signal, sample_rate), _band_rms(resampled, SAMPLE_RATE)
    return resampled * (before / after) if after > 0 else resampled


def _band_rms(signal: Vector, sample_rate: float) -> float:
    """Return the RMS within the kept band."""
    edge = 2 * _KEPT_BAND_HZ / sample_rate
    numerator, denominator = cheby2(_KEPT_BAND_ORDER, _KEPT_BAND_ATTENUATION_DB, edge)
    return _rms(np.asarray(lfilter(numerator, denominator, signal)))


def _rms(signal: Vector) -> float:
    """Return the root mean square."""
    return float(np.sqrt(np.mean(signal**2)))
