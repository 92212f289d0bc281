"""What a remix made in training is worth to a listener: HAAQI over leaving the mixture alone, for one typical ear."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import AudioError
from rebalance.audio import Audio, amplitude_from_db, db_from_amplitude, resample, rms
from rebalance.haaqi import hear_reference
from rebalance.hearing import STANDARD_AUDIOGRAMS, MultibandCompressor, prescribe

_AUDIOGRAM = STANDARD_AUDIOGRAMS["N3"]
_FITTING = prescribe(_AUDIOGRAM)
_AID = MultibandCompressor(ratios=_FITTING.ratios, gains_db=_FITTING.gains_db)
_NOISE_SEED = 0


def haaqi_gain(mixture: Audio, true_edit: Audio, estimated_edit: Audio) -> float | None:
    """Return HAAQI of an estimated remix less that of the mixture, by the left ear of a moderate, sloping loss.

    All is brought to the level of the challenge first, by power without weighting: crops may be shorter than a gating
    block of loudness. A remix that cannot be heard has an index of 0.

    Parameters
    ----------
    mixture
        Shape ``(2, n_samples)``, 44.1 kHz.
    true_edit, estimated_edit
        What the true and the estimated remix add to it, same shape.

    Returns
    -------
    float or None
        None where there is nothing to compare with: the true remix or the mixture is silent or below the threshold.

    Raises
    ------
    AudioError
        If a sample is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.training import haaqi_gain
    >>> mixture = 0.05 * np.random.default_rng(0).standard_normal((2, 44_100))
    >>> softer = -0.5 * mixture
    >>> haaqi_gain(mixture, softer, softer) > haaqi_gain(mixture, softer, 0 * mixture)
    True
    """
    level = rms(mixture) * np.sqrt(len(mixture))
    reference = mixture + true_edit
    if not (level and reference[0].any()):
        return None
    to_level = amplitude_from_db(CAD2_TASK2.mixture_loudness_lufs) / level
    try:
        heard = hear_reference(
            _left_ear(to_level * reference),
            _AUDIOGRAM,
            rng=np.random.default_rng(_NOISE_SEED),
            sample_rate=CAD2_TASK2.haaqi_sample_rate,
            full_scale_db_spl=CAD2_TASK2.reference_level_db_spl - db_from_amplitude(rms(to_level * reference[0])),
        )
        untouched = heard.score(_left_ear(to_level * mixture)).value
    except AudioError:
        return None
    remixed = to_level * (mixture + estimated_edit)
    if not np.isfinite(remixed).all():
        raise AudioError("the network's estimates hold NaN or infinite samples", where="validation")
    if not remixed[0].any():
        return -untouched
    return heard.score(_left_ear(remixed)).value - untouched


def _left_ear(signal: Audio) -> NDArray[np.floating]:
    """Return what the left ear is given to hear, at the metric's rate."""
    amplified = _AID(signal[0])
    rate = CAD2_TASK2.haaqi_sample_rate
    left: NDArray[np.floating] = resample(amplified[None], CAD2_TASK2.mixture_sample_rate, rate)[0]
    return left
