"""What a person with hearing loss hears, played to somebody who hears well."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from rebalance._base.challenge import EARS
from rebalance._base.errors import ConfigError
from rebalance.audio import Audio
from rebalance.hearing._audiogram import Audiogram, Listener, Severity
from rebalance.hearing._crossovers import one_ear, two_ears
from rebalance.hearing._loss_filters import (
    FFT_SIZE,
    ear_filter,
    envelope_section,
    gammatone_sections,
    smearing_matrix,
)
from rebalance.hearing._loss_tables import BANK_RATE, MEDIUM_BANK, NARROW_BANK, WIDE_BANK, FilterBank

MAX_SIMULATED_DB_HL = 100.0
CATCH_UP_DB_SPL = 105.0
UPPER_CUTOFF_HZ = 18_000.0
SMEARING_FRAME = 256
SMEARING_HOP = 64

_MIN_ENVELOPE = 1e-9
_FRAMES_AT_ONCE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class LossDegree:
    """How much a degree of loss smears: the bank of filters, and how much wider skirts are; None for not at all."""

    bank: FilterBank
    skirts: tuple[float, float] | None


_DEGREES: dict[Severity, LossDegree] = {
    "none": LossDegree(bank=NARROW_BANK, skirts=None),
    "mild": LossDegree(bank=NARROW_BANK, skirts=(1.6, 1.1)),
    "moderate": LossDegree(bank=MEDIUM_BANK, skirts=(2.4, 1.6)),
    "severe": LossDegree(bank=WIDE_BANK, skirts=(4.0, 2.0)),
}


def loss_degree(audiogram: Audiogram) -> LossDegree:
    """Return how much an ear smears, by its degree of loss from 2 to 8 kHz."""
    return _DEGREES[audiogram.severity()]


def expansion_ratios(audiogram: Audiogram, bank: FilterBank) -> NDArray[np.float64]:
    """Return by how many dB the level of every filter falls where that of the sound falls by 1 dB.

    At the threshold of the damaged ear the sound is as faint as at that of a healthy one; at 105 dB SPL both hear
    alike.
    """
    thresholds = np.interp(bank.centres_hz, audiogram.frequencies_hz, audiogram.thresholds_db_hl)
    return CATCH_UP_DB_SPL / (CATCH_UP_DB_SPL - np.clip(thresholds, 0.0, MAX_SIMULATED_DB_HL))


@dataclass(frozen=True, slots=True, kw_only=True)
class HearingLossSimulator:
    """Lets somebody who hears well hear what an ear with a loss hears: faint, uneven and smeared.

    Three things are simulated: raised thresholds, loudness recruitment (what is faint vanishes, what is loud is as loud
    as ever) and the smearing of detail by filters that are too wide.

    Parameters
    ----------
    audiogram
        Of the ear. Thresholds below 0 dB HL count as 0, those above 100 as 100.
    full_scale_db_spl
        Level at the ear of a signal with a root mean square of 1, in dB SPL.

    Raises
    ------
    ConfigError
        If the level is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.hearing import STANDARD_AUDIOGRAMS, HearingLossSimulator
    >>> ear = HearingLossSimulator(audiogram=STANDARD_AUDIOGRAMS["N4"])
    >>> noise = 0.001 * np.random.default_rng(0).standard_normal(44_100)
    >>> def level_db(signal):
    ...     return 20 * np.log10(np.std(signal))
    >>> faint, loud = level_db(ear(noise)) - level_db(noise), level_db(ear(100 * noise)) - level_db(100 * noise)
    >>> bool(faint < loud - 15)
    True

    Source: the MSBG model of Moore, Stone, Baer and Glasberg as pyclarity has it, without its delay of 30 ms and its
    change of level by the pauses of a file. Equal to its functions but for the first frames, which it fills twice, and
    the last, which it cuts off.
    """

    audiogram: Audiogram
    full_scale_db_spl: float = 100.0

    def __post_init__(self) -> None:
        if not np.isfinite(self.full_scale_db_spl):
            raise ConfigError(
                where="hearing-loss simulation", expected="a finite level", got=f"{self.full_scale_db_spl}"
            )

    def __call__(self, signal: Audio) -> NDArray[np.float64]:
        """Simulate one ear.

        Parameters
        ----------
        signal
            Shape ``(n_samples,)``, at 44.1 kHz; stays as it is.

        Returns
        -------
        NDArray
            Shape ``(n_samples,)``, in time with the signal.

        Raises
        ------
        AudioError
            If the signal is not one ear, is empty or not finite.
        """
        degree = loss_degree(self.audiogram)
        filters = [ear_filter(backward=False), ear_filter(backward=True), _noise_filter()]
        delay = sum(len(taps) // 2 for taps in filters)
        heard = _filtered(np.pad(one_ear(signal), (0, delay)), filters[0])
        if degree.skirts is not None:
            heard = smeared(heard, smearing_matrix(*degree.skirts, BANK_RATE))
        heard = self._recruited(heard, degree.bank)
        return _filtered(_filtered(heard, filters[1]), filters[2])[delay:]

    def _recruited(self, signal: NDArray[np.float64], bank: FilterBank) -> NDArray[np.float64]:
        """Expand the envelope of every filter's output below the level where both ears hear alike; add all up."""
        largest = 10 ** (0.05 * (CATCH_UP_DB_SPL - self.full_scale_db_spl))
        total = np.zeros(len(signal))
        filters = zip(
            gammatone_sections(bank, BANK_RATE),
            bank.delays,
            bank.centres_hz,
            expansion_ratios(self.audiogram, bank),
            strict=True,
        )
        for sections, delay, centre_hz, ratio in filters:
            output = scipy.signal.sosfilt(sections, np.pad(signal, (0, delay)))[delay:]
            envelope = np.clip(_envelope(output, centre_hz), _MIN_ENVELOPE, largest)
            total += output * (envelope / largest) ** (ratio - 1.0)
        return total * 10 ** (-0.05 * bank.recombination_db)


def simulate_hearing_loss(
    signal: Audio, listener: Listener, *, full_scale_db_spl: float = 100.0
) -> NDArray[np.float64]:
    """Let somebody who hears well hear what a listener hears, with both ears.

    Parameters
    ----------
    signal
        Shape ``(2, n_samples)``, left ear first, at 44.1 kHz; stays as it is.
    listener
        Whose ears are simulated.
    full_scale_db_spl
        See `HearingLossSimulator`.

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
    >>> from rebalance.hearing import simulate_hearing_loss
    >>> noise = 0.01 * np.random.default_rng(0).standard_normal((2, 44_100))
    >>> left, right = simulate_hearing_loss(noise, Listener.of("me", left=[60] * 8, right=[0] * 8)).std(axis=1)
    >>> bool(left < right / 4)
    True
    """
    ears = [
        HearingLossSimulator(audiogram=listener.audiogram(ear), full_scale_db_spl=full_scale_db_spl) for ear in EARS
    ]
    return np.stack(
        [ear(channel) for ear, channel in zip(ears, two_ears(signal, "hearing-loss simulation"), strict=True)]
    )


def smeared(signal: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Smear the power spectrum of short overlapping frames of one ear; the phases stay.

    Where the matrix makes a power negative, its root turns the phase by 90 degrees, as in pyclarity. The windows of
    frames add up to one and are not divided by; `rebalance.separation.overlap_add`, which fades between long chunks
    in single precision, lies above this package.
    """
    window = (0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(SMEARING_FRAME) + 0.5) / SMEARING_FRAME)) / np.sqrt(1.5)
    before = SMEARING_FRAME - SMEARING_HOP
    n_frames = -(-(len(signal) + before) // SMEARING_HOP)
    padded = np.pad(signal, (before, n_frames * SMEARING_HOP - len(signal)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, SMEARING_FRAME)[::SMEARING_HOP][:n_frames]
    hops = np.zeros((n_frames + SMEARING_FRAME // SMEARING_HOP - 1, SMEARING_HOP))
    for first in range(0, n_frames, _FRAMES_AT_ONCE):
        part = frames[first : first + _FRAMES_AT_ONCE] * window
        spectra = np.fft.rfft(part, FFT_SIZE)[:, :-1]
        magnitudes = np.abs(spectra)
        phasors = np.divide(spectra, magnitudes, out=np.zeros_like(spectra), where=magnitudes > 0)
        changed = np.sqrt((magnitudes**2 @ matrix.T).astype(np.complex128)) * phasors
        parts = np.fft.irfft(np.pad(changed, ((0, 0), (0, 1))), FFT_SIZE)[:, :SMEARING_FRAME] * window
        for step, hop in enumerate(np.split(parts, SMEARING_FRAME // SMEARING_HOP, axis=1)):
            hops[first + step : first + step + len(hop)] += hop
    return hops.reshape(-1)[before : before + len(signal)]


def _envelope(output: NDArray[np.float64], centre_hz: float) -> NDArray[np.float64]:
    """Return the envelope of a filter's output, without delay."""
    (section,) = envelope_section(centre_hz, BANK_RATE)
    padding = min(8, len(output) - 1)
    return np.asarray(scipy.signal.filtfilt(section[:3], section[3:], np.abs(output), padlen=padding))


def _filtered(signal: NDArray[np.float64], taps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Filter causally."""
    return np.asarray(scipy.signal.oaconvolve(signal, taps))[: len(signal)]


@functools.cache
def _noise_filter() -> NDArray[np.float64]:
    """Return the low-pass that keeps what the processing adds above the audible range away."""
    n_taps = 2 * int(0.0015 * BANK_RATE) + 1
    return np.asarray(scipy.signal.firwin(n_taps, UPPER_CUTOFF_HZ, window=("kaiser", 8.0), fs=BANK_RATE))
