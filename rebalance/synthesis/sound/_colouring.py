"""What a stem goes through between the synthesiser and the room: levels, noise, timbre."""

from __future__ import annotations

import numpy as np
import scipy.fft
import scipy.signal
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2
from rebalance.audio import amplitude_from_db, rms
from rebalance.synthesis.performance import smooth_gain_db

SAMPLE_RATE = CAD2_TASK2.mixture_sample_rate

_EQ_TAPS = 1024
_EQ_FFT = 8192
_FRAME = 4096
_ACTIVE_DB = 40.0  # frames softer than the loudest by more than this do not count towards a stem's level
_NOISE_CORNER_HZ = 300.0  # breath and bow noise: flat below, falling 6 dB per octave above
_LEVEL_STEP = 32  # samples between two computed values of the level curve


def active_rms(stem: NDArray[np.floating]) -> float:
    """Return the root mean square over the frames in which a stem sounds; 0 for silence.

    Parameters
    ----------
    stem
        Shape ``(n_samples,)``; frames of 93 ms within 40 dB of the loudest one count.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.synthesis.sound import active_rms
    >>> bool(active_rms(np.zeros(44_100)) == 0)
    True
    """
    n_frames = max(len(stem) // _FRAME, 1)
    frames = stem[: n_frames * _FRAME].reshape(n_frames, -1)
    powers = np.einsum("ij,ij->i", frames, frames, dtype=np.float64) / frames.shape[1]
    loudest = float(powers.max(initial=0.0))
    return float(np.sqrt(powers[powers >= loudest / 10 ** (_ACTIVE_DB / 10)].mean())) if loudest else 0.0


def follow_level(
    stem: NDArray[np.float32], times_s: NDArray[np.float64], levels_db: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return a stem whose level follows a curve given by breakpoints in s and dB; same shape.

    Parameters
    ----------
    stem
        Shape ``(n_samples,)``, 44.1 kHz.
    times_s
        Breakpoints in seconds, increasing, shape ``(n,)``.
    levels_db
        Level at every breakpoint, shape ``(n,)``; held before the first and after the last.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.synthesis.sound import follow_level
    >>> stem = np.ones(44_100, dtype=np.float32)
    >>> fading = follow_level(stem, np.array([0.0, 1.0]), np.array([0.0, -20.0]))
    >>> [round(float(sample), 2) for sample in fading[[0, 22_050]]]
    [1.0, 0.32]
    """
    n_steps = -(-len(stem) // _LEVEL_STEP)
    coarse_s = np.arange(n_steps + 1) * (_LEVEL_STEP / SAMPLE_RATE)
    amplitudes = (10 ** (np.interp(coarse_s, times_s, levels_db) / 20)).astype(np.float32)
    ramp = np.linspace(0, 1, _LEVEL_STEP, endpoint=False, dtype=np.float32)
    fine = amplitudes[:-1, None] + np.diff(amplitudes)[:, None] * ramp
    followed: NDArray[np.float32] = stem * fine.reshape(-1)[: len(stem)]
    return followed


def with_noise_floor(stem: NDArray[np.float32], level_db: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a stem with steady breath and bow noise, its level given re that of the sounding stem; same shape.

    Parameters
    ----------
    stem
        Shape ``(n_samples,)``, 44.1 kHz.
    level_db
        Of the noise, below 0 as a rule.
    rng
        Draws the noise.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.audio import db_from_amplitude, rms
    >>> from rebalance.synthesis.sound import with_noise_floor
    >>> stem = np.full(40_960, 0.1, dtype=np.float32)
    >>> noisy = with_noise_floor(stem, -50.0, np.random.default_rng(0))
    >>> round(db_from_amplitude(rms(noisy - stem) / rms(stem)))
    -50
    """
    pole = np.exp(-2 * np.pi * _NOISE_CORNER_HZ / SAMPLE_RATE)
    white = rng.standard_normal(len(stem), dtype=np.float32)
    noise = scipy.signal.lfilter(np.array([1 - pole], np.float32), np.array([1, -pole], np.float32), white)
    noise *= active_rms(stem) * amplitude_from_db(level_db) / max(rms(noise), 1e-12)
    return stem + noise.astype(np.float32, copy=False)


def eq_response(eq_db: tuple[float, ...]) -> NDArray[np.float64]:
    """Return the minimum-phase impulse response of a smooth equaliser.

    Parameters
    ----------
    eq_db
        Gains at the frequencies of `rebalance.synthesis.performance.EQ_FREQUENCIES_HZ`; an impulse when empty.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.synthesis.sound import eq_response
    >>> response = eq_response((6.0, 6.0, 6.0, 6.0, 0.0, 0.0, 0.0, 0.0))  # at 100, 200 .. 12800 Hz
    >>> gains_db = 20 * np.log10(np.abs(np.fft.rfft(response, 44_100)))
    >>> gains_db[[200, 5000]].round(1) + 0.0
    array([6., 0.])

    Source: minimum phase by folding the real cepstrum (Oppenheim and Schafer).
    """
    if not eq_db:
        return np.ones(1)
    frequencies = scipy.fft.rfftfreq(_EQ_FFT, 1 / SAMPLE_RATE)
    log_magnitude = smooth_gain_db(eq_db, frequencies) * np.log(10) / 20
    cepstrum = scipy.fft.irfft(log_magnitude, _EQ_FFT)
    fold = np.zeros(_EQ_FFT)
    fold[0] = fold[_EQ_FFT // 2] = 1.0
    fold[1 : _EQ_FFT // 2] = 2.0
    response: NDArray[np.float64] = scipy.fft.irfft(np.exp(scipy.fft.rfft(cepstrum * fold)), _EQ_FFT)[:_EQ_TAPS]
    return response
