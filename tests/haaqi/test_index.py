"""The index worked by hand from the fits of Kates and Arehart (2016)."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

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


def test_a_score_is_shown_with_all_it_is_made_of() -> None:
    score = index_of(0.8, 0.6, 0.7, 0.9)
    assert repr(score) == (
        "HaaqiScore(value=0.4349, nonlinear=0.5336, linear=0.8342, cepstral_correlation=0.8000, "
        "membrane_covariance=0.6000, loudness=0.7000, spectrum=0.9000)"
    )
    assert score._repr_html_() == (
        "<table><tr><th>value</th><td>0.435</td></tr><tr><th>nonlinear</th><td>0.534</td></tr>"
        "<tr><th>linear</th><td>0.834</td></tr><tr><th>cepstral correlation</th><td>0.800</td></tr>"
        "<tr><th>membrane covariance</th><td>0.600</td></tr><tr><th>loudness</th><td>0.700</td></tr>"
        "<tr><th>spectrum</th><td>0.900</td></tr></table>"
    )


def test_a_plot_has_a_bar_for_the_index_and_each_term() -> None:
    own = Figure().subplots()
    axes = index_of(0.8, 0.6, 0.7, 0.9).plot(own)
    assert axes is own
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "HAAQI", "nonlinear", "linear", "cepstral correlation", "membrane covariance", "loudness", "spectrum"
    ]  # fmt: skip
    assert [bar.get_width() for bar in axes.patches] == pytest.approx(
        [0.435, 0.534, 0.834, 0.8, 0.6, 0.7, 0.9], abs=5e-4
    )
