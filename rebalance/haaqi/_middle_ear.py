"""The middle ear: a second-order high-pass at 350 Hz after a first-order low-pass at 5 kHz."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, lfilter

from rebalance.haaqi._bands import SAMPLE_RATE

LOW_PASS_HZ = 5000.0
HIGH_PASS_HZ = 350.0


def through_middle_ear(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Filter one ear's signal, shape ``(n_samples,)`` at 24 kHz.

    Source: Kates (1991); ``middle_ear`` of pyclarity.
    """
    (low_b, low_a), (high_b, high_a) = _filters()
    return np.asarray(lfilter(high_b, high_a, lfilter(low_b, low_a, signal)))


@lru_cache(maxsize=1)
def _filters() -> tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...]:
    """Design both filters once."""
    nyquist = SAMPLE_RATE / 2
    low_pass = butter(1, LOW_PASS_HZ / nyquist)
    high_pass = butter(2, HIGH_PASS_HZ / nyquist, "high")
    return low_pass, high_pass
