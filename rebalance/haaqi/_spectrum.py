"""The linear half: how the long-term excitation of the bands differs between the two signals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Kates and Arehart (2016): the spread over the bands that counts as no quality left.
LOUDNESS_SPREAD_LIMIT = 2.5
SPECTRUM_SPREAD_LIMIT = 25.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SpectralMatch:
    """Both raw terms of the linear half, 1 for equal spectra, 0 for none in common."""

    loudness: float
    spectrum: float


def match_spectra(reference_db_sl: NDArray[np.float64], processed_db_sl: NDArray[np.float64]) -> SpectralMatch:
    """Compare two excitation patterns in dB above threshold, shape ``(n_bands,)``, regardless of overall level.

    Source: Moore and Tan (2004); Kates and Arehart (2016); ``spectrum_diff`` of pyclarity.
    """
    reference = _specific_loudness(reference_db_sl)
    processed = _specific_loudness(processed_db_sl)
    difference = reference - processed
    n_bands = len(reference)
    return SpectralMatch(
        loudness=_clipped(1.0 - n_bands * float(np.std(difference)) / LOUDNESS_SPREAD_LIMIT),
        spectrum=_clipped(1.0 - n_bands * float(np.std(difference / (reference + processed))) / SPECTRUM_SPREAD_LIMIT),
    )


def _specific_loudness(level_db_sl: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each band's share of the loudness."""
    magnitude = 10 ** (level_db_sl / 20)
    return np.asarray(magnitude / np.sum(magnitude))


def _clipped(term: float) -> float:
    """Limit a term to [0, 1]."""
    return min(max(term, 0.0), 1.0)
