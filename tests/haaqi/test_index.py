"""The index worked by hand from the fits of Kates and Arehart (2016)."""

from __future__ import annotations

import pytest

from rebalance.haaqi import HaaqiScore
from rebalance.haaqi._index import combine
from rebalance.haaqi._spectrum import SpectralMatch


def index_of(cepstral_correlation: float, membrane_covariance: float, loudness: float, spectrum: float) -> HaaqiScore:
    return combine(
        cepstral_correlation=cepstral_correlation,
        membrane_covariance=membrane_covariance,
        spectra=SpectralMatch(loudness=loudness, spectrum=spectrum),
    )


@pytest.mark.parametrize(
    ("terms", "nonlinear", "linear", "value"),
    [
        # 0.336 x + 0.501 x**2 of the nonlinear half, 0.001 y + 0.161 y**2 of the linear one
        ((0.0, 0.0, 0.0, 0.0), 0.0, 0.0, 0.0),
        ((1.0, 1.0, 1.0, 1.0), 1.0, 1.0, 0.999),
        ((1.0, 0.0, 0.0, 0.0), 0.754, 0.0, 0.336 * 0.754 + 0.501 * 0.754**2),
        ((0.5, 0.0, 0.0, 0.0), 0.754 / 8, 0.0, 0.042 * 0.754 + 0.501 * 0.754**2 / 64),
        ((0.0, 0.5, 0.0, 0.0), 0.123, 0.0, 0.336 * 0.123 + 0.501 * 0.123**2),
        ((0.0, 0.0, 1.0, 0.0), 0.0, 0.329, 0.001 * 0.329 + 0.161 * 0.329**2),
        ((0.0, 0.0, 0.0, 0.5), 0.0, 0.3355, 0.001 * 0.3355 + 0.161 * 0.3355**2),
        ((0.8, 0.6, 0.7, 0.9), 0.533648, 0.8342, 0.434853),
    ],
)
def test_four_terms_make_two_halves_and_one_index(
    terms: tuple[float, float, float, float], nonlinear: float, linear: float, value: float
) -> None:
    score = index_of(*terms)
    assert (score.nonlinear, score.linear, score.value) == pytest.approx((nonlinear, linear, value), abs=5e-7)
    kept = (score.cepstral_correlation, score.membrane_covariance, score.loudness, score.spectrum)
    assert kept == terms
