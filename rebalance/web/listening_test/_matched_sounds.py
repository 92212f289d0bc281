"""Signals made equally loud, and what is made of them: anchors, and ends that meet."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve, firwin, kaiserord

from rebalance._base.errors import AudioError
from rebalance.audio import Audio, amplitude_from_db, loudness_lufs

_PEAK = amplitude_from_db(-1.0)  # full scale 1; room for what a converter adds between samples
_FADE_S = 0.01


_TRANSITION = 1 / 8  # of the cut-off: 25 dB down at 4 kHz for 3.5 kHz, BS.1534-3 section 5.1
_STOPBAND_DB = 60.0


def matched(signals: Mapping[str, Audio], sample_rate: int, *, level_lufs: float) -> dict[str, NDArray[np.float64]]:
    """Return signals made equally loud; where one would clip, all are turned down alike.

    Parameters
    ----------
    signals
        By name, each of shape ``(n_channels, n_samples)``, full scale 1.
    sample_rate
        In Hz.
    level_lufs
        Loudness wanted, in LUFS.

    Raises
    ------
    AudioError
        If a signal is silent or their lengths differ.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.audio import loudness_lufs
    >>> from rebalance.web.listening_test import matched
    >>> noise = np.random.default_rng(0).normal(0, 0.01, (2, 32_000))
    >>> made = matched({"soft": noise, "loud": 20 * noise}, 32_000, level_lufs=-30.0)
    >>> [round(loudness_lufs(signal, 32_000), 2) for signal in made.values()]
    [-30.0, -30.0]
    """
    lengths = {signal.shape[-1] for signal in signals.values()}
    if len(lengths) > 1:
        raise AudioError(expected="signals of one length", got=", ".join(map(str, sorted(lengths))))
    levelled: dict[str, NDArray[np.float64]] = {}
    for name, signal in signals.items():
        found_lufs = loudness_lufs(signal, sample_rate)
        if not np.isfinite(found_lufs):
            raise AudioError(where=name, expected="a sound", found="silence")
        levelled[name] = np.asarray(signal, dtype=np.float64) * amplitude_from_db(level_lufs - found_lufs)
    peak = max(float(np.max(np.abs(signal))) for signal in levelled.values())
    scale = min(1.0, _PEAK / peak)
    return {name: scale * signal for name, signal in levelled.items()}


def lowpass(signal: Audio, sample_rate: int, *, cutoff_hz: float) -> NDArray[np.float64]:
    """Return an anchor: a signal without what lies above a frequency, not delayed.

    Source: the anchors of ITU-R BS.1534-3, section 5.1, which asks for 25 dB at 4 kHz and 50 dB at 4.5 kHz.

    Parameters
    ----------
    signal
        Shape ``(n_channels, n_samples)``.
    sample_rate
        In Hz, more than 2.25 times the cut-off.
    cutoff_hz
        End of the pass-band; ripple below 0.1 dB up to there, 60 dB down from an eighth above.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.audio import rms
    >>> from rebalance.web.listening_test import lowpass
    >>> time_s = np.arange(32_000) / 32_000
    >>> low, high = (np.sin(2 * np.pi * hz * time_s)[None] for hz in (1000, 5000))
    >>> [round(rms(lowpass(tone, 32_000, cutoff_hz=3500.0)), 2) for tone in (low, high)]
    [0.71, 0.0]
    """
    width_hz = cutoff_hz * _TRANSITION
    n_taps, beta = kaiserord(_STOPBAND_DB, width_hz / (sample_rate / 2))
    taps = firwin(n_taps | 1, cutoff_hz + width_hz / 2, window=("kaiser", beta), fs=sample_rate)
    return np.asarray(fftconvolve(signal, taps[None, :], mode="same", axes=-1), dtype=np.float64)


def faded(signal: NDArray[np.float64], sample_rate: int) -> NDArray[np.float64]:
    """Return a signal whose ends meet without a click when it is repeated."""
    n_fade = min(round(_FADE_S * sample_rate), signal.shape[1] // 2)
    rise = np.sin(np.linspace(0.0, np.pi / 2, n_fade)) ** 2
    shape = np.ones(signal.shape[1])
    shape[:n_fade], shape[signal.shape[1] - n_fade :] = rise, rise[::-1]
    return signal * shape
