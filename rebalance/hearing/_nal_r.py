"""NAL-R: the linear prescription of Byrne and Dillon as a linear-phase filter, the second amplifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import AudioError, ConfigError
from rebalance.audio import Audio
from rebalance.hearing._audiogram import Audiogram

# Byrne and Dillon (1986): gain = 0.31 H + X + k(f), where X averages the loss from 0.5 to 2 kHz (three
# frequencies) and grows faster once their sum passes 180 dB HL. k at 6 kHz repeats that at 4 kHz.
_FREQUENCIES_HZ = (250.0, 500.0, 1000.0, 2000.0, 4000.0, 6000.0)
_INTERCEPTS_DB = np.array([-17.0, -8.0, 1.0, -1.0, -2.0, -2.0])
_AVERAGED = slice(1, 4)
_SLOPE = 0.31
_AVERAGE_SLOPE = 0.05
_SEVERE_SUM_DB_HL = 180.0
_SEVERE_SLOPE = 0.116

_SHORT_DESIGN_TAPS = 1024
_SHORT_DESIGN_POINTS = 512


def nal_r_gains_db(audiogram: Audiogram) -> NDArray[np.float64]:
    """Return the NAL-R insertion gains of one ear.

    Source: Byrne and Dillon (1986), with the rule for severe losses and the 6 kHz value of HASQI's
    implementation (Kates and Arehart 2010), as in pyclarity's ``NALR``.

    Returns
    -------
    NDArray
        Gains in dB at 250, 500, 1000, 2000, 4000 and 6000 Hz, never negative; all zero when no threshold
        there is above 0 dB HL.
    """
    losses_db_hl = np.array(audiogram.at(_FREQUENCIES_HZ).thresholds_db_hl)
    if losses_db_hl.max() <= 0:
        return np.zeros_like(losses_db_hl)
    total_db_hl = losses_db_hl[_AVERAGED].sum()
    severe_db_hl = max(total_db_hl - _SEVERE_SUM_DB_HL, 0.0)
    average_db = _AVERAGE_SLOPE * (total_db_hl - severe_db_hl) + _SEVERE_SLOPE * severe_db_hl
    gains_db: NDArray[np.float64] = np.maximum(average_db + _SLOPE * losses_db_hl + _INTERCEPTS_DB, 0.0)
    return gains_db


def nal_r_filter(audiogram: Audiogram, *, sample_rate: float, n_taps: int) -> NDArray[np.float64]:
    """Design the linear-phase NAL-R filter of one ear.

    Parameters
    ----------
    audiogram
        Thresholds of the ear.
    sample_rate
        In Hz, above 12 kHz.
    n_taps
        Length of the filter, odd and at least 3. HAAQI's filter of order 140 has 141 taps.

    Returns
    -------
    NDArray
        Impulse response of shape ``(n_taps,)``, delayed by ``n_taps // 2`` samples; a unit impulse there
        when no gain is prescribed.

    Raises
    ------
    ConfigError
        If `n_taps` is not odd and at least 3, or the rate does not reach 6 kHz.

    Examples
    --------
    >>> from rebalance import Audiogram
    >>> from rebalance.hearing import nal_r_filter
    >>> ear = Audiogram(frequencies_hz=(500.0, 4000.0), thresholds_db_hl=(40.0, 60.0))
    >>> nal_r_filter(ear, sample_rate=24_000, n_taps=141).shape
    (141,)

    Source: ``NALR.build`` of pyclarity, to which it is equal when ``n_taps = nfir + 1``.
    """
    if n_taps < 3 or n_taps % 2 == 0:
        raise ConfigError(where="n_taps", expected="an odd number of at least 3", got=str(n_taps))
    nyquist_hz = sample_rate / 2
    if not nyquist_hz > _FREQUENCIES_HZ[-1]:
        raise ConfigError(where="sample_rate", expected=f"above {2 * _FREQUENCIES_HZ[-1]:.0f} Hz", got=str(sample_rate))
    gains_db = nal_r_gains_db(audiogram)
    if not gains_db.any():
        impulse = np.zeros(n_taps)
        impulse[n_taps // 2] = 1.0
        return impulse
    grid = np.linspace(0.0, 1.0, n_taps)
    knots_hz = (0.0, *_FREQUENCIES_HZ, nyquist_hz)
    grid_gains_db = np.interp(grid * nyquist_hz, knots_hz, (gains_db[0], *gains_db, gains_db[-1]))
    return _linear_phase_filter(grid, 10.0 ** (grid_gains_db / 20.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class NalR:
    """A linear hearing aid for one ear after NAL-R, its delay taken out.

    The filter looks ``n_taps // 2`` samples ahead: 2.9 ms with the default at 44.1 kHz.

    Parameters
    ----------
    audiogram
        Thresholds of the ear.
    sample_rate
        In Hz, above 12 kHz.
    n_taps
        Length of the filter, odd and at least 3; the default lasts as long at 44.1 kHz as HAAQI's 141 taps at 24 kHz.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.audio import rms
    >>> from rebalance.hearing import STANDARD_AUDIOGRAMS, NalR
    >>> tone = 0.01 * np.sin(2 * np.pi * 2000 * np.arange(44_100) / 44_100)
    >>> amplified = NalR(audiogram=STANDARD_AUDIOGRAMS["N3"])(tone)
    >>> amplified.shape, rms(amplified) > 2 * rms(tone)
    ((44100,), True)
    """

    DEFAULT_TAPS: ClassVar[int] = 259

    audiogram: Audiogram
    sample_rate: float = 44_100
    n_taps: int = DEFAULT_TAPS

    def __call__(self, signal: Audio) -> NDArray[np.float64]:
        """Amplify one ear.

        Parameters
        ----------
        signal
            Shape ``(n_samples,)``; stays as it is.

        Returns
        -------
        NDArray
            Shape ``(n_samples,)``, aligned with the input.

        Raises
        ------
        AudioError
            If the signal is not one ear, is empty or not finite.
        """
        if signal.ndim != 1 or not signal.size or not np.isfinite(signal).all():
            raise AudioError(
                where="NAL-R", expected="one ear of finite samples (n_samples,)", got=f"shape {signal.shape}"
            )
        response = nal_r_filter(self.audiogram, sample_rate=self.sample_rate, n_taps=self.n_taps)
        delay = self.n_taps // 2
        return np.convolve(signal.astype(np.float64), response)[delay : delay + signal.size]


def _linear_phase_filter(grid: NDArray[np.float64], amplitudes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Design a filter with as many taps as grid points (0 to 1, the Nyquist frequency) by frequency sampling.

    Source: MATLAB's ``fir2``, whose grid rule is kept: every stretch between two given frequencies is
    laid out on its own whole number of design points.
    """
    n_taps = len(grid)
    n_points = 1 + (_SHORT_DESIGN_POINTS if n_taps < _SHORT_DESIGN_TAPS else 2 ** (n_taps - 1).bit_length())
    stops = np.append(0, (grid[1:] * n_points).astype(np.int64))
    sampled = np.concatenate(
        [
            np.linspace(low, high, n)
            for low, high, n in zip(amplitudes[:-1], amplitudes[1:], np.diff(stops), strict=True)
        ]
    )
    delay = (n_taps - 1) / 2
    spectrum = sampled * np.exp(-1j * np.pi * delay * np.arange(n_points) / (n_points - 1))
    return np.fft.irfft(spectrum, 2 * (n_points - 1))[:n_taps] * np.hamming(n_taps)
