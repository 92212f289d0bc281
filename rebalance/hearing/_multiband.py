"""The challenge's hearing aid: six compressors between crossovers, one value per ear."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2, EARS
from rebalance._base.errors import ConfigError
from rebalance.audio import Audio
from rebalance.hearing._audiogram import Fitting
from rebalance.hearing._crossovers import Crossover, one_ear, two_ears
from rebalance.hearing._filter_kernels import COMPRESSOR_ROWS, LANES, compress_in_bands

_LEVEL_FLOOR_DB = -120.0
_DB_PER_DOUBLING = 20.0 * math.log10(2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class AidSettings:
    """What all listeners' aids have in common; the challenge's unless said otherwise.

    Parameters
    ----------
    crossover_frequencies_hz, thresholds_db, attacks_ms, releases_ms
        See `MultibandCompressor`.

    Examples
    --------
    >>> from rebalance.hearing import CHALLENGE_AID, AidSettings
    >>> AidSettings() == CHALLENGE_AID
    True
    >>> AidSettings(thresholds_db=(-40.0,) * 6).attacks_ms
    (11.0, 11.0, 14.0, 13.0, 11.0, 11.0)
    """

    crossover_frequencies_hz: tuple[float, ...] = CAD2_TASK2.crossover_frequencies_hz
    thresholds_db: tuple[float, ...] = CAD2_TASK2.compressor_threshold_db
    attacks_ms: tuple[float, ...] = CAD2_TASK2.compressor_attack_ms
    releases_ms: tuple[float, ...] = CAD2_TASK2.compressor_release_ms


CHALLENGE_AID = AidSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class MultibandCompressor:
    """A multiband hearing aid for one ear; causal, without any delay.

    Every band has a feed-forward compressor with a hard knee: per-sample level, gain reduction smoothed
    by a one-pole filter with an attack and a release time, make-up gain.

    Parameters
    ----------
    ratios
        Compression ratio of every band, from low to high, at least 1.
    gains_db
        Make-up gain of every band in dB.
    sample_rate
        In Hz.
    crossover_frequencies_hz
        One fewer than bands.
    thresholds_db
        Level above which each band is compressed, in dB re full scale, at least -120.
    attacks_ms, releases_ms
        Time constants of each band, positive.

    Raises
    ------
    ConfigError
        If the settings do not give one value per band or one is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.hearing import MultibandCompressor
    >>> aid = MultibandCompressor(ratios=(2.0,) * 6, gains_db=(0.0,) * 6)
    >>> tone = np.sin(2 * np.pi * 1000 * np.arange(44_100) / 44_100)
    >>> round(float(np.abs(aid(tone)[22_050:]).max()), 2), round(float(np.abs(aid(0.001 * tone)[22_050:]).max()), 4)
    (0.35, 0.001)

    Source: Giannoulis, Massberg and Reiss (2012), "Digital dynamic range compressor design", with the
    settings of the challenge; equal to pyclarity's ``MultibandCompressor`` (which adds -240 dB where a
    band is exactly zero; this one stays silent).
    """

    ratios: tuple[float, ...]
    gains_db: tuple[float, ...]
    sample_rate: float = CAD2_TASK2.mixture_sample_rate
    crossover_frequencies_hz: tuple[float, ...] = CAD2_TASK2.crossover_frequencies_hz
    thresholds_db: tuple[float, ...] = CAD2_TASK2.compressor_threshold_db
    attacks_ms: tuple[float, ...] = CAD2_TASK2.compressor_attack_ms
    releases_ms: tuple[float, ...] = CAD2_TASK2.compressor_release_ms

    def __post_init__(self) -> None:
        object.__setattr__(self, "crossover_frequencies_hz", tuple(map(float, self.crossover_frequencies_hz)))
        Crossover(frequencies_hz=self.crossover_frequencies_hz, sample_rate=self.sample_rate)
        for name, lowest in _MIN_VALUES.items():
            values = tuple(float(value) for value in getattr(self, name))
            object.__setattr__(self, name, values)
            self._require(name, values, lowest)

    def __call__(self, signal: Audio) -> NDArray[np.float64]:
        """Amplify one ear.

        Parameters
        ----------
        signal
            Shape ``(n_samples,)``, full scale 1; stays as it is.

        Returns
        -------
        NDArray
            Shape ``(n_samples,)``.

        Raises
        ------
        AudioError
            If the signal is not one ear, is empty or not finite.
        """
        crossover = Crossover(frequencies_hz=self.crossover_frequencies_hz, sample_rate=self.sample_rate)
        return compress_in_bands(one_ear(signal), crossover.sections, self._settings())

    def _settings(self) -> NDArray[np.float64]:
        """Return the compressors as the compiled loops want them, levels as powers of 2."""
        settings = np.zeros((COMPRESSOR_ROWS, LANES))
        settings[:, : len(self.ratios)] = (
            np.array(self.thresholds_db) / _DB_PER_DOUBLING,
            1.0 - 1.0 / np.array(self.ratios),
            self._smoothing(self.attacks_ms),
            self._smoothing(self.releases_ms),
            np.array(self.gains_db) / _DB_PER_DOUBLING,
        )
        return settings

    def _require(self, name: str, values: tuple[float, ...], lowest: float) -> None:
        """Raise unless there is one finite value per band, none of them too low."""
        n_bands = len(self.crossover_frequencies_hz) + 1
        if len(values) != n_bands:
            raise ConfigError(where="compressor", expected=f"{n_bands} {name}, one per band", got=f"{len(values)}")
        if not all(math.isfinite(value) and value >= lowest for value in values):
            raise ConfigError(where="compressor", expected=f"{name} of at least {lowest:g}", got=f"{list(values)}")

    def _smoothing(self, times_ms: tuple[float, ...]) -> NDArray[np.float64]:
        """Return the coefficient of a one-pole smoother for every time constant."""
        return np.exp(-1.0 / (0.001 * self.sample_rate * np.array(times_ms)))


_MIN_VALUES = {
    "ratios": 1.0,
    "gains_db": -math.inf,
    "thresholds_db": _LEVEL_FLOOR_DB,
    "attacks_ms": math.ulp(0.0),
    "releases_ms": math.ulp(0.0),
}


def amplify(
    signal: Audio,
    fitting: Fitting,
    *,
    sample_rate: float = CAD2_TASK2.mixture_sample_rate,
    settings: AidSettings = CHALLENGE_AID,
) -> NDArray[np.float64]:
    """Amplify both ears with the challenge's hearing aid.

    Parameters
    ----------
    signal
        Shape ``(2, n_samples)``, left ear first; stays as it is.
    fitting
        Compressor settings of both ears.
    sample_rate
        In Hz.
    settings
        What both ears' aids have in common.

    Returns
    -------
    NDArray
        Shape ``(2, n_samples)``.

    Raises
    ------
    AudioError
        If the signal is not stereo, is empty or not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance import Listener
    >>> from rebalance.hearing import amplify, prescribe
    >>> fitting = prescribe(Listener.of("me", left=[40] * 8, right=[0] * 8))
    >>> quiet = 0.001 * np.random.default_rng(0).standard_normal((2, 44_100))
    >>> left, right = np.sqrt(np.mean(amplify(quiet, fitting) ** 2, axis=1))
    >>> bool(left > 2 * right)
    True
    """
    return np.stack(
        [
            MultibandCompressor(
                ratios=fitting.ear(ear).ratios,
                gains_db=fitting.ear(ear).gains_db,
                sample_rate=sample_rate,
                crossover_frequencies_hz=settings.crossover_frequencies_hz,
                thresholds_db=settings.thresholds_db,
                attacks_ms=settings.attacks_ms,
                releases_ms=settings.releases_ms,
            )(channel)
            for ear, channel in zip(EARS, two_ears(signal, "amplify"), strict=True)
        ]
    )
