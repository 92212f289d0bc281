"""Linkwitz-Riley crossovers whose bands add up to an all-pass."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2, EARS
from rebalance._base.errors import AudioError, ConfigError
from rebalance.audio import Audio
from rebalance.hearing._audiogram import looks_like_khz
from rebalance.hearing._filter_kernels import LANES, ORDER, SECTION_ROWS, split_into_bands

_ORDER = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossover:
    """Splits one ear into bands, each a causal filter, which sum to an all-pass of the input.

    Parameters
    ----------
    frequencies_hz
        Crossover frequencies, increasing, below half the sample rate, at most seven.
    sample_rate
        In Hz.

    Raises
    ------
    ConfigError
        If there are too many, a frequency is out of range or does not increase, or they look like kHz.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.hearing import Crossover
    >>> impulse = np.zeros(44_100)
    >>> impulse[0] = 1.0
    >>> bands = Crossover(frequencies_hz=(500.0, 2000.0))(impulse)
    >>> magnitude = np.abs(np.fft.rfft(bands.sum(axis=0)))
    >>> bands.shape, float(magnitude.min().round(3)), float(magnitude.max().round(3))
    ((3, 44100), 1.0, 1.0)

    Source: D'Appolito (1984), "Active realization of multiway all-pass crossover systems", of fourth
    order, arranged as in pyclarity's ``Crossover``: band k is low-passed at crossover k, high-passed at
    those below and all-passed at those above.
    """

    frequencies_hz: tuple[float, ...] = CAD2_TASK2.crossover_frequencies_hz
    sample_rate: float = CAD2_TASK2.mixture_sample_rate

    def __post_init__(self) -> None:
        if len(self.frequencies_hz) >= LANES:
            raise ConfigError(
                where="crossovers", expected=f"at most {LANES - 1} frequencies", got=f"{len(self.frequencies_hz)}"
            )
        if looks_like_khz(self.frequencies_hz):
            raise ConfigError(
                f"frequencies must be in Hz, {list(self.frequencies_hz)} looks like kHz", where="crossovers"
            )
        limits_hz = (0.0, *self.frequencies_hz, self.sample_rate / 2)
        if not self.frequencies_hz or not all(np.diff(limits_hz) > 0):
            raise ConfigError(
                where="crossovers",
                expected=f"increasing frequencies below {self.sample_rate / 2} Hz",
                got=f"{list(self.frequencies_hz)}",
            )

    @property
    def sections(self) -> NDArray[np.float64]:
        """Cascade of every band, one band per lane, shape ``(n_crossovers, SECTION_ROWS, LANES)``; read-only.

        The rows are the numerator, then the denominator without its leading 1. Unused lanes are silent.
        """
        return _design(self.frequencies_hz, self.sample_rate)

    def __call__(self, signal: Audio) -> NDArray[np.float64]:
        """Split one ear.

        Parameters
        ----------
        signal
            Shape ``(n_samples,)``; stays as it is.

        Returns
        -------
        NDArray
            Shape ``(n_bands, n_samples)``, from the lowest band to the highest.

        Raises
        ------
        AudioError
            If the signal is not one ear, is empty or not finite.
        """
        return split_into_bands(one_ear(signal), self.sections)[: len(self.frequencies_hz) + 1]


def two_ears(signal: Audio, where: str) -> Audio:
    """Return a stereo signal, checked for its shape.

    Raises
    ------
    AudioError
        If it is none.
    """
    if signal.ndim != 2 or len(signal) != len(EARS):
        raise AudioError(where=where, expected="a stereo signal of shape (2, n_samples)", got=str(signal.shape))
    return signal


def one_ear(signal: Audio) -> NDArray[np.float64]:
    """Return the signal of one ear in double precision, checked.

    Raises
    ------
    AudioError
        If it is not of shape ``(n_samples,)``, is empty or not finite.
    """
    if signal.ndim != 1 or not signal.size:
        raise AudioError(expected="one ear of shape (n_samples,)", got=str(signal.shape))
    if not np.isfinite(signal).all():
        raise AudioError(expected="finite samples", found="NaN or infinity")
    return np.ascontiguousarray(signal, dtype=np.float64)


@functools.lru_cache(maxsize=32)
def _design(frequencies_hz: tuple[float, ...], sample_rate: float) -> NDArray[np.float64]:
    """Lay out the cascades of all bands."""
    n = len(frequencies_hz)
    low = [_linkwitz_riley(frequency, "low", sample_rate) for frequency in frequencies_hz]
    high = [_linkwitz_riley(frequency, "high", sample_rate) for frequency in frequencies_hz]
    all_pass = [_in_parallel(*pair) for pair in zip(low, high, strict=True)]
    sections = np.zeros((n, SECTION_ROWS, LANES))
    for band in range(n + 1):
        for position, section in enumerate([*low[band : band + 1], *high[:band], *all_pass[band + 1 :]]):
            numerator, denominator = section
            sections[position, : len(numerator), band] = numerator
            sections[position, ORDER + 1 : ORDER + len(denominator), band] = denominator[1:]
    sections.flags.writeable = False
    return sections


def _linkwitz_riley(frequency_hz: float, kind: Literal["low", "high"], sample_rate: float) -> NDArray[np.float64]:
    """Return numerator and denominator of a Butterworth filter applied twice, shape ``(2, 5)``."""
    butterworth = scipy.signal.butter(_ORDER // 2, frequency_hz / (sample_rate / 2), btype=kind)
    zeros, poles, gain = scipy.signal.tf2zpk(*butterworth)
    return np.array(scipy.signal.zpk2tf(np.tile(zeros, 2), np.tile(poles, 2), gain**2))


def _in_parallel(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return numerator and denominator of the sum of two filters, shape ``(2, 9)``.

    The common factors are not cancelled: rounding makes these polynomials differ from the all-pass of
    second order they stand for, by more than the agreement with pyclarity that is wanted.
    """
    zeros_1, poles_1, gain_1 = scipy.signal.tf2zpk(*first)
    zeros_2, poles_2, gain_2 = scipy.signal.tf2zpk(*second)
    numerator = gain_1 * np.poly(np.append(zeros_1, poles_2)) + gain_2 * np.poly(np.append(zeros_2, poles_1))
    return np.array([numerator, np.poly(np.append(poles_1, poles_2))])
