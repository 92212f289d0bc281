"""What tells playing from sequencing, measured on stems: tuning, level, noise floor, timbre."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import AudioError
from rebalance._base.pitches import midi_to_hz
from rebalance.audio import db_from_amplitude, rms
from rebalance.synthesis.performance import PlayedNote

SAMPLE_RATE = CAD2_TASK2.mixture_sample_rate

_MIN_NOTE_S = 0.25
_PITCH_WINDOW = 8192
_PITCH_FFT = 2**19
_PITCH_CENTS = np.arange(-80.0, 80.5, 1.0)
_HARMONICS = np.arange(1, 7)
_FRAME = 2048
_SILENT_DB = -200.0
_THIRD_OCTAVES_HZ = 1000.0 * 2.0 ** (np.arange(-9, 10) / 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class StemStatistics:
    """Figures of one dry stem.

    Parameters
    ----------
    tuning_spread_cents
        Standard deviation of the notes' pitches around their common offset.
    tuning_offset_cents
        Their median distance from equal temperament at 440 Hz.
    level_spread_db
        Standard deviation of the notes' levels.
    swell_db
        Median over the notes of the range of levels inside a note, its first and last tenth left out.
    floor_db
        Level of the softest twentieth of the frames re the stem's level; minus 200 for digital silence.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.synthesis.performance import PlayedNote
    >>> from rebalance.synthesis.rendering import measure_stem
    >>> stem = 0.1 * np.sin(2 * np.pi * 440 * np.arange(88_200) / 44_100)
    >>> statistics = measure_stem(stem, [PlayedNote(onset_s=0.0, duration_s=2.0, pitch=69, velocity=80)])
    >>> round(statistics.tuning_spread_cents), round(statistics.swell_db), round(statistics.floor_db)
    (0, 0, 0)
    """

    tuning_spread_cents: float
    tuning_offset_cents: float
    level_spread_db: float
    swell_db: float
    floor_db: float


def measure_stem(stem: NDArray[np.floating], notes: Sequence[PlayedNote]) -> StemStatistics:
    """Measure one dry stem.

    Parameters
    ----------
    stem
        Shape ``(n_samples,)`` at 44.1 kHz.
    notes
        What was played, with the written pitches; notes under a quarter of a second are left out.

    Raises
    ------
    AudioError
        If the stem is silent or no note is long enough.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.synthesis.performance import PlayedNote
    >>> from rebalance.synthesis.rendering import measure_stem
    >>> flat = 2 ** (-10 / 1200)  # ten cents
    >>> stem = 0.1 * np.sin(2 * np.pi * 440 * flat * np.arange(88_200) / 44_100)
    >>> notes = [PlayedNote(onset_s=0.0, duration_s=1.0, pitch=69, velocity=80)]
    >>> round(measure_stem(stem, notes).tuning_offset_cents)
    -10
    """
    level = rms(stem)
    long = [note for note in notes if note.duration_s >= _MIN_NOTE_S and note.technique == "ordinary"]
    if not level or not long:
        raise AudioError(
            where="statistics", expected=f"sound and notes of {_MIN_NOTE_S} s", got=f"{len(long)} such notes"
        )
    sounds = [_middle(stem, note) for note in long]
    heard = [(note, sound) for note, sound in zip(long, sounds, strict=True) if rms(sound) > 0]
    pitches = np.array([pitch_error_cents(sound, note.pitch) for note, sound in heard])
    levels = np.array([db_from_amplitude(rms(sound)) for _, sound in heard])
    swells = np.array([float(np.ptp(_frame_levels_db(sound))) for _, sound in heard])
    floor = float(np.percentile(_frame_levels_db(stem), 5)) - db_from_amplitude(level)
    return StemStatistics(
        tuning_spread_cents=_robust_spread(pitches),
        tuning_offset_cents=float(np.median(pitches)),
        level_spread_db=float(np.std(levels)),
        swell_db=float(np.median(swells)),
        floor_db=max(floor, _SILENT_DB),
    )


def pitch_error_cents(sound: NDArray[np.floating], pitch: int) -> float:
    """Return how far a note is from equal temperament at 440 Hz, within 80 cents, in steps of one.

    The distance at which the first six harmonics together are strongest.

    Parameters
    ----------
    sound
        Shape ``(n_samples,)`` at 44.1 kHz; 186 ms of its middle count.
    pitch
        MIDI pitch it should have.
    """
    spare = max(len(sound) - _PITCH_WINDOW, 0) // 2
    middle = sound[spare : spare + _PITCH_WINDOW]
    windowed = middle * np.hanning(len(middle))
    centre_hz = midi_to_hz(pitch)
    candidates_hz = centre_hz * 2 ** (_PITCH_CENTS / 1200)
    harmonics = _HARMONICS[_HARMONICS * centre_hz < SAMPLE_RATE / 4]
    spectrum = np.abs(scipy.fft.rfft(windowed, _PITCH_FFT))
    bins = np.rint(harmonics[:, None] * candidates_hz * _PITCH_FFT / SAMPLE_RATE).astype(np.int64)
    return float(_PITCH_CENTS[int(np.argmax(spectrum[bins].sum(axis=0)))])


def long_term_spectrum_db(stem: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the level in third octaves from 125 Hz to 8 kHz re the whole, in dB, shape ``(19,)``.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.synthesis.rendering import long_term_spectrum_db
    >>> long_term_spectrum_db(np.random.default_rng(0).standard_normal(44_100)).shape
    (19,)
    """
    power = np.abs(scipy.fft.rfft(stem)) ** 2
    frequencies = scipy.fft.rfftfreq(len(stem), 1 / SAMPLE_RATE)
    bands = [
        power[(frequencies >= centre * 2 ** (-1 / 6)) & (frequencies < centre * 2 ** (1 / 6))].sum()
        for centre in _THIRD_OCTAVES_HZ
    ]
    levels_db: NDArray[np.float64] = 10 * np.log10(np.maximum(np.array(bands) / power.sum(), 1e-12))
    return levels_db


def spectral_distance_db(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return the rms difference of two spectra in dB, level aside, over the bands within 40 dB of the strongest.

    Parameters
    ----------
    one, other
        Levels in the same bands, in dB, shape ``(n_bands,)``.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.synthesis.rendering import spectral_distance_db
    >>> spectral_distance_db(np.arange(19.0), np.arange(19.0) + 5.0)
    0.0
    """
    audible = np.maximum(one, other) > max(one.max(), other.max()) - 40
    difference = (one - other)[audible]
    return float(np.std(difference))


def _middle(stem: NDArray[np.floating], note: PlayedNote) -> NDArray[np.floating]:
    """Return a note without its first and last tenth."""
    start = (note.onset_s + 0.1 * note.duration_s) * SAMPLE_RATE
    return stem[round(start) : round(start + 0.8 * note.duration_s * SAMPLE_RATE)]


def _frame_levels_db(sound: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the level of consecutive frames of 46 ms in dB."""
    n_frames = max(len(sound) // _FRAME, 1)
    frames = sound[: n_frames * _FRAME].reshape(n_frames, -1).astype(np.float64)
    levels_db: NDArray[np.float64] = 10 * np.log10(np.maximum(np.mean(frames**2, axis=1), 1e-20))
    return levels_db


def _robust_spread(values: NDArray[np.float64]) -> float:
    """Return the standard deviation as the median absolute deviation gives it, deaf to octave slips."""
    return float(1.4826 * np.median(np.abs(values - np.median(values))))
