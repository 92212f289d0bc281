"""Compressor settings for any audiogram, by a rule like CAMFIT.

Published: the gain for speech of 65 dB, and that even the minima of that speech, 38 dB below its mean,
shall be heard. The two fix two points of every band's input-output line, its ratio and its gain at any
level. Ours, because the generator of the challenge's settings was not published: no band gets more gain
than its loss, and a band is taken at the threshold of its centre frequency.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2
from rebalance.hearing._audiogram import Audiogram, EarFitting, Fitting, Listener


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bands:
    """What the rule knows of the challenge's six bands, from low to high, in dB.

    `speech_levels_db_spl`: the long-term average speech spectrum of Byrne et al. (1994), mean of male and
    female voices, its third octaves summed between the crossovers, for 65 dB SPL overall.
    `thresholds_db_spl`: 0 dB HL in the free field (ISO 226:2003). `intercepts_db`: Moore and Glasberg
    (1998); that of 5 kHz for 8 kHz.
    """

    speech_levels_db_spl: NDArray[np.float64]
    thresholds_db_spl: NDArray[np.float64]
    intercepts_db: NDArray[np.float64]


_BANDS = _Bands(
    speech_levels_db_spl=np.array([61.3, 61.4, 54.7, 49.8, 45.5, 44.9]),
    thresholds_db_spl=np.array([11.4, 4.4, 2.4, -1.3, -5.4, 12.6]),
    intercepts_db=np.array([-10.0, -8.0, 0.0, 1.0, 0.0, 1.0]),
)
_GAIN_PER_LOSS = 0.48
_SPEECH_RANGE_DB = 38.0
_MIN_OUTPUT_RANGE_DB = 13.0
_MAX_OUTPUT_DB_SPL = 100.0
_GAIN_LEVEL_DB_SPL = 65.0
_RATIO_LEVELS_DB_SPL = (55.0, 85.0)


@overload
def prescribe(person: Audiogram) -> EarFitting: ...
@overload
def prescribe(person: Listener) -> Fitting: ...
def prescribe(person: Audiogram | Listener) -> EarFitting | Fitting:
    """Prescribe compressor settings for the challenge's six bands.

    Gains are those for 65 dB SPL in a band; ratios come from the outputs at 55 and 85 dB and stay within 1
    and 6. More loss never means less of either; a band without loss gets 0 dB and a ratio of 1.

    Parameters
    ----------
    person
        One ear, or a listener with two.

    Returns
    -------
    EarFitting or Fitting
        Settings of that ear, or of both.

    Examples
    --------
    >>> from rebalance import Listener
    >>> from rebalance.hearing import prescribe
    >>> fitting = prescribe(Listener.of("me", left=[0] * 8, right=[60] * 8))
    >>> fitting.left.gains_db
    (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    >>> min(fitting.right.gains_db) > 0
    True

    Source: Moore and Glasberg (1998), "Use of a loudness model for hearing aid fitting: I"; Moore,
    Alcántara, Stone and Glasberg (1999), "II"; openMHA's CAMFIT, as translated in pyclarity, for the
    smallest slope and the loudest output. Deviations: see the module.
    """
    if isinstance(person, Listener):
        return Fitting(left=_prescribe_ear(person.left), right=_prescribe_ear(person.right))
    return _prescribe_ear(person)


def _prescribe_ear(audiogram: Audiogram) -> EarFitting:
    """Prescribe for one ear."""
    losses_db_hl = np.array(audiogram.at(CAD2_TASK2.compressor_band_frequencies_hz).thresholds_db_hl)
    losses_db_hl = np.maximum(losses_db_hl, 0.0)
    soft_db_spl, loud_db_spl = _RATIO_LEVELS_DB_SPL
    soft_gains_db, loud_gains_db = (_gains_db(losses_db_hl, level) for level in _RATIO_LEVELS_DB_SPL)
    input_range_db = loud_db_spl - soft_db_spl
    output_ranges_db = input_range_db + loud_gains_db - soft_gains_db
    narrowest_db = input_range_db / CAD2_TASK2.compressor_ratio_limit
    ratios = np.maximum(input_range_db / np.maximum(output_ranges_db, narrowest_db), 1.0)
    return EarFitting(ratios=tuple(ratios), gains_db=tuple(_gains_db(losses_db_hl, _GAIN_LEVEL_DB_SPL)))


def _gains_db(losses_db_hl: NDArray[np.float64], level_db_spl: float) -> NDArray[np.float64]:
    """Return the gain of every band for one input level in every band."""
    minima_db_spl = _BANDS.speech_levels_db_spl - _SPEECH_RANGE_DB
    gains_at_minima_db = np.clip(losses_db_hl + _BANDS.thresholds_db_spl - minima_db_spl, 0.0, losses_db_hl)
    gains_at_mean_db = np.clip(_GAIN_PER_LOSS * losses_db_hl + _BANDS.intercepts_db, 0.0, gains_at_minima_db)
    output_ranges_db = np.maximum(_SPEECH_RANGE_DB + gains_at_mean_db - gains_at_minima_db, _MIN_OUTPUT_RANGE_DB)
    above_minima_db = level_db_spl - minima_db_spl
    gains_db = gains_at_minima_db + above_minima_db * (output_ranges_db / _SPEECH_RANGE_DB - 1.0)
    limited: NDArray[np.float64] = np.clip(gains_db, 0.0, _MAX_OUTPUT_DB_SPL - level_db_spl)
    return limited
