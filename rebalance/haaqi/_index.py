"""The index: four raw terms, two halves, one number."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from rebalance.haaqi._spectrum import SpectralMatch

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Kates and Arehart (2016), "The hearing-aid audio quality index (HAAQI)", IEEE/ACM TASLP 24(2), the fits of its
# section on model construction, with the rounding of the author's code (version 1, 2015) that pyclarity follows.
CEPSTRAL_WEIGHT = 0.754
CEPSTRAL_POWER = 3
COVARIANCE_WEIGHT = 0.246
LOUDNESS_WEIGHT = 0.329
SPECTRUM_WEIGHT = 0.671
NONLINEAR_WEIGHT = 0.336
LINEAR_WEIGHT = 0.001
NONLINEAR_SQUARE_WEIGHT = 0.501
LINEAR_SQUARE_WEIGHT = 0.161


@dataclass(frozen=True, slots=True, kw_only=True)
class HaaqiScore:
    """HAAQI of one ear and what it is made of; every number lies between 0 (worst) and 1 (as the reference).

    Parameters
    ----------
    value
        The index.
    nonlinear, linear
        Its two halves: envelope and fine structure; long-term spectrum.
    cepstral_correlation
        Raw term: correlation of the spectral shapes' modulations above 20 Hz.
    membrane_covariance
        Raw term: short-time covariance of the membrane motions.
    loudness, spectrum
        Raw terms: 1 minus the spread of the difference, and of the relative difference, of the specific loudness.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.haaqi import haaqi
    >>> from rebalance.hearing import STANDARD_AUDIOGRAMS
    >>> music = 0.05 * np.random.default_rng(1).standard_normal(24_000)
    >>> noisy = music + 0.02 * np.random.default_rng(2).standard_normal(24_000)
    >>> score = haaqi(music, noisy, STANDARD_AUDIOGRAMS["N2"], sample_rate=24_000, full_scale_db_spl=90.0)
    >>> round(score.value, 1), round(score.linear, 1), score.membrane_covariance < score.spectrum
    (0.6, 1.0, True)
    """

    value: float
    nonlinear: float
    linear: float
    cepstral_correlation: float
    membrane_covariance: float
    loudness: float
    spectrum: float

    def plot(self, axes: Axes | None = None) -> Axes:
        """Plot the index and what it is made of as bars, on axes of one's own or on new ones.

        Raises
        ------
        ConfigError
            If matplotlib is not installed.
        """
        from rebalance.haaqi._score_plots import draw_terms

        return draw_terms(self._terms(), axes)

    def __repr__(self) -> str:
        terms = ", ".join(f"{field.name}={getattr(self, field.name):.4f}" for field in fields(self))
        return f"{type(self).__name__}({terms})"

    def _repr_html_(self) -> str:
        cells = "".join(f"<tr><th>{name}</th><td>{value:.3f}</td></tr>" for name, value in self._terms().items())
        return f"<table>{cells}</table>"

    def _terms(self) -> dict[str, float]:
        """Return every number by its name in words."""
        return {field.name.replace("_", " "): getattr(self, field.name) for field in fields(self)}


def combine(*, cepstral_correlation: float, membrane_covariance: float, spectra: SpectralMatch) -> HaaqiScore:
    """Combine the four raw terms."""
    nonlinear = CEPSTRAL_WEIGHT * cepstral_correlation**CEPSTRAL_POWER + COVARIANCE_WEIGHT * membrane_covariance
    linear = LOUDNESS_WEIGHT * spectra.loudness + SPECTRUM_WEIGHT * spectra.spectrum
    value = (
        NONLINEAR_WEIGHT * nonlinear
        + LINEAR_WEIGHT * linear
        + NONLINEAR_SQUARE_WEIGHT * nonlinear**2
        + LINEAR_SQUARE_WEIGHT * linear**2
    )
    return HaaqiScore(
        value=value,
        nonlinear=nonlinear,
        linear=linear,
        cepstral_correlation=cepstral_correlation,
        membrane_covariance=membrane_covariance,
        loudness=spectra.loudness,
        spectrum=spectra.spectrum,
    )
