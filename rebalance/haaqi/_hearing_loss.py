"""A hearing loss apportioned to the hair cells of each auditory band."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rebalance.haaqi._bands import N_BANDS, centre_frequencies_hz
from rebalance.hearing import Audiogram

PerBand: TypeAlias = NDArray[np.float64]

AUDIOMETRIC_FREQUENCIES_HZ = (250.0, 500.0, 1000.0, 2000.0, 4000.0, 6000.0)

# Kates (2013), "An auditory model for intelligibility and quality predictions"; the shares from Moore et al. (1999).
MIN_COMPRESSION_RATIO = 1.25
COMPRESSION_RATIO_SPAN = 2.25
LINEAR_BELOW_DB_SPL = 30.0
LINEAR_ABOVE_DB_SPL = 100.0
OUTER_SHARE = 0.8
INNER_SHARE = 0.2
OUTER_LOSS_LIMIT_FACTOR = 1.25
BROADENING_DB = 50.0
# The control filters are as broad as the largest loss makes them.
CONTROL_LOSS_DB_HL = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CochlearLoss:
    """What a loss does to each of the 32 bands; every array has shape ``(n_bands,)``.

    Parameters
    ----------
    outer_attenuation_db, inner_attenuation_db
        Attenuation by the loss of outer and of inner hair cells.
    bandwidth
        Width of the auditory filter at low levels, relative to a normal ear.
    knee_db_spl
        Level below which the band is linear.
    compression_ratio
        Above the knee; 1 when all outer hair cells are lost.
    """

    outer_attenuation_db: PerBand
    inner_attenuation_db: PerBand
    bandwidth: PerBand
    knee_db_spl: PerBand
    compression_ratio: PerBand


def apportion_loss(audiogram: Audiogram) -> CochlearLoss:
    """Divide a loss between the outer and the inner hair cells of every band.

    The audiogram is taken at the six frequencies of the model, linear in dB over log frequency; between them the
    model interpolates linearly in frequency. Thresholds better than 0 dB HL count as 0.

    Source: Kates (2013); ``loss_parameters`` of pyclarity.
    """
    centres = centre_frequencies_hz()
    measured = audiogram.at(AUDIOMETRIC_FREQUENCIES_HZ).thresholds_db_hl
    loss = np.maximum(np.interp(centres, AUDIOMETRIC_FREQUENCIES_HZ, measured), 0.0)
    normal_ratio = MIN_COMPRESSION_RATIO + COMPRESSION_RATIO_SPAN * np.arange(N_BANDS) / (N_BANDS - 1)
    span = LINEAR_ABOVE_DB_SPL - LINEAR_BELOW_DB_SPL
    outer_limit = OUTER_LOSS_LIMIT_FACTOR * span * (1 - 1 / normal_ratio)
    limited = np.minimum(loss, outer_limit)
    outer = OUTER_SHARE * limited
    knee = outer + LINEAR_BELOW_DB_SPL
    output_at_upper_knee = LINEAR_BELOW_DB_SPL + span / normal_ratio
    return CochlearLoss(
        outer_attenuation_db=outer,
        inner_attenuation_db=INNER_SHARE * limited + (loss - limited),
        bandwidth=1.0 + outer / BROADENING_DB + 2.0 * (outer / BROADENING_DB) ** 6,
        knee_db_spl=knee,
        compression_ratio=(LINEAR_ABOVE_DB_SPL - knee) / (output_at_upper_knee + outer - knee),
    )


@lru_cache(maxsize=1)
def control_bandwidth() -> PerBand:
    """Return the relative width of the control filters, shape ``(n_bands,)``."""
    deaf = Audiogram(
        frequencies_hz=AUDIOMETRIC_FREQUENCIES_HZ,
        thresholds_db_hl=(CONTROL_LOSS_DB_HL,) * len(AUDIOMETRIC_FREQUENCIES_HZ),
    )
    bandwidth = apportion_loss(deaf).bandwidth
    bandwidth.setflags(write=False)
    return bandwidth
