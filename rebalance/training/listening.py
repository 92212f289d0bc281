"""What a remix made in training is worth to a listener: HAAQI over leaving the mixture alone, for one typical ear."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rebalance.audio import Audio, resample
from rebalance.audiogram import Fitting
from rebalance.challenge import CAD2_TASK2
from rebalance.decibels import db_from_amplitude, rms
from rebalance.errors import AudioError
from rebalance.haaqi import hear_reference
from rebalance.hearing_aid import amplify, prescribe
from rebalance.synthesis.listener_generation import STANDARD_AUDIOGRAMS

_AUDIOGRAM = STANDARD_AUDIOGRAMS["N3"]
_NOISE_SEED = 0


def haaqi_gain(mixture: Audio, true_edit: Audio, estimated_edit: Audio) -> float:
    """Return HAAQI of an estimated remix less that of the mixture, by the left ear of a moderate, sloping loss.

    Parameters
    ----------
    mixture
        Shape ``(2, n_samples)``, 44.1 kHz.
    true_edit, estimated_edit
        What the true and the estimated remix add to it, same shape.

    Returns
    -------
    float
        0 where there is nothing that can be scored.
    """
    reference = mixture + true_edit
    level = rms(reference[0])
    if not level:
        return 0.0
    fitting = Fitting(left=prescribe(_AUDIOGRAM), right=prescribe(_AUDIOGRAM))
    try:
        heard = hear_reference(
            _left_ear(reference, fitting),
            _AUDIOGRAM,
            rng=np.random.default_rng(_NOISE_SEED),
            sample_rate=CAD2_TASK2.haaqi_sample_rate,
            full_scale_db_spl=CAD2_TASK2.reference_level_db_spl - db_from_amplitude(level),
        )
        remixed, untouched = (heard.score(_left_ear(mixture + edit, fitting)) for edit in (estimated_edit, 0.0))
    except AudioError:
        return 0.0
    return remixed.value - untouched.value


def _left_ear(signal: Audio, fitting: Fitting) -> NDArray[np.floating]:
    """Return what the left ear is given to hear, at the metric's rate."""
    amplified = amplify(signal, fitting)
    left: NDArray[np.floating] = resample(amplified, CAD2_TASK2.mixture_sample_rate, CAD2_TASK2.haaqi_sample_rate)[0]
    return left
