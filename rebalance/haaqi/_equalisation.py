"""The reference's amplification, where the metric is to add it."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rebalance.haaqi._bands import SAMPLE_RATE
from rebalance.hearing import Audiogram, nal_r_filter

ReferenceAmplification: TypeAlias = Literal["none", "nal_r"]

_FILTER_ORDER = 140


def equalised(
    reference: NDArray[np.float64], audiogram: Audiogram, amplification: ReferenceAmplification
) -> NDArray[np.float64]:
    """Give the reference what a linear hearing aid would, or nothing when it carries its amplification already.

    Source: ``ear_model`` of pyclarity, which takes out twice the filter's delay: the reference comes 70 samples early
    and its last 70 samples fade out.

    Parameters
    ----------
    reference
        Shape ``(n_samples,)`` at 24 kHz.
    """
    if amplification == "none":
        return reference
    response = nal_r_filter(audiogram, sample_rate=SAMPLE_RATE, n_taps=_FILTER_ORDER + 1)
    return np.convolve(reference, response)[_FILTER_ORDER : _FILTER_ORDER + len(reference)]
