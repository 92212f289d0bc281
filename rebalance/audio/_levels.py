"""Conversions between amplitude ratios and decibels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def amplitude_from_db(level_db: float) -> float:
    """Return the amplitude ratio of a level in dB: ``10 ** (level / 20)``."""
    return float(10.0 ** (level_db / 20.0))


def db_from_amplitude(amplitude: float) -> float:
    """Return the level in dB of an amplitude ratio, minus infinity for zero."""
    return float(20.0 * np.log10(amplitude)) if amplitude > 0 else -np.inf


def rms(signal: NDArray[np.floating]) -> float:
    """Return the root mean square over all samples; 0 for an empty signal."""
    return float(np.sqrt(np.mean(np.square(signal)))) if signal.size else 0.0
