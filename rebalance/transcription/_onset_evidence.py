"""Evidence that a note begins: how fast the harmonics of a player's pitch rise in the mixture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.fft
import scipy.signal
from numpy.typing import NDArray

from rebalance._base.errors import AudioError
from rebalance._base.pitches import midi_to_hz
from rebalance.audio import Audio
from rebalance.separation import checked_mixture
from rebalance.transcription._decoding import PitchTrack

_N_HARMONICS = 12
_MAX_HZ = 8000.0
_WINDOW_S = 0.046  # half the tracker's window: an onset is a matter of time rather than of pitch
_FLOOR = 1e-9  # of the power of a tone as loud as the mixture's peak
_MIN_POWER = 1e-30
_MAX_BINS = 1 << 24


def onset_rises_db(mixture: Audio, tracks: Sequence[PitchTrack], sample_rate: int) -> NDArray[np.float64]:
    """Return by how many dB the harmonics of every player's pitch rise around every frame.

    The mean over up to twelve harmonics of the rise from the frame before to the frame after, falls counting nothing;
    the pitch is that of the frame after, so that the rise at the beginning of a note is seen a little early too.

    Parameters
    ----------
    mixture
        Shape ``(n_channels, n_samples)``, one or two channels.
    tracks
        Of every player, all with the same frames.
    sample_rate
        Of the mixture in Hz.

    Returns
    -------
    NDArray
        Shape ``(n_players, n_frames)``, at least 0; 0 where a player is silent.

    Raises
    ------
    AudioError
        If the mixture is empty, not finite, or of another shape, or there is no player.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.transcription import PitchTrack, onset_rises_db
    >>> time_s = np.arange(44_100) / 44_100
    >>> tone = np.where(time_s < 0.5, 0.001, 0.1) * np.sin(2 * np.pi * 440 * time_s)  # a stroke at half a second
    >>> frame_times_s, pitches_midi = np.arange(50) / 50, np.full(50, 69.0)
    >>> track = PitchTrack(
    ...     instrument="Violin", frame_times_s=frame_times_s, pitches_midi=pitches_midi, confidence=np.ones(50)
    ... )
    >>> rises_db = onset_rises_db(tone[None], [track], 44_100)
    >>> rises_db.shape, abs(int(rises_db[0].argmax()) - 25) <= 1
    ((1, 50), True)
    """
    if not tracks:
        raise AudioError(where="onsets", expected="at least one player", got="none")
    mono = checked_mixture(mixture).mean(axis=0)
    window = scipy.signal.windows.hann(scipy.fft.next_fast_len(max(int(_WINDOW_S * sample_rate), 2)), sym=False)
    rises = np.zeros((len(tracks), len(tracks[0].frame_times_s)))
    floor = max(_FLOOR * float(np.max(np.abs(mono)) * window.sum() / 2) ** 2, _MIN_POWER)
    at_once = max(_MAX_BINS // len(window), 3)
    for start in range(0, rises.shape[1], at_once - 2):
        frames = slice(max(start - 1, 0), start + at_once - 1)
        levels_db = _levels_db(mono, window, tracks[0].frame_times_s[frames] * sample_rate, floor)
        for row, track in zip(rises, tracks, strict=True):
            found = _rises(track.pitches_midi[frames], levels_db, sample_rate / len(window))
            row[frames.start + 1 : frames.start + len(found) - 1] = found[1:-1]
    return rises


def _levels_db(
    mono: NDArray[np.float32], window: NDArray[np.float64], centres: NDArray[np.float64], floor: float
) -> NDArray[np.float64]:
    """Return the level of every bin around samples, ``(n_frames, n_bins)``, the loudest of three neighbours, in dB."""
    n_window = len(window)
    padded = np.pad(mono, n_window)
    starts = np.clip(np.rint(centres).astype(np.int64) + n_window - n_window // 2, 0, len(padded) - n_window)
    views = np.lib.stride_tricks.sliding_window_view(padded, n_window)
    powers = np.square(np.abs(scipy.fft.rfft(views[starts] * window, axis=-1)))
    loudest = np.maximum(powers[:, :-2], np.maximum(powers[:, 1:-1], powers[:, 2:]))
    return np.asarray(10 * np.log10(np.maximum(np.pad(loudest, ((0, 0), (1, 1))), floor)))


def _rises(pitches_midi: NDArray[np.float64], levels_db: NDArray[np.float64], spacing_hz: float) -> NDArray[np.float64]:
    """Return the rise around every frame but the first and last, which are 0."""
    rises = np.zeros(len(pitches_midi))
    harmonics = np.arange(1, _N_HARMONICS + 1)
    for frame in range(1, len(rises) - 1):
        pitch = pitches_midi[frame + 1] if np.isfinite(pitches_midi[frame + 1]) else pitches_midi[frame]
        if not np.isfinite(pitch):
            continue
        frequencies_hz = harmonics * midi_to_hz(pitch)
        bins = np.rint(frequencies_hz / spacing_hz).astype(np.int64)
        bins = bins[(frequencies_hz < _MAX_HZ) & (bins < levels_db.shape[1] - 1)]
        if len(bins):
            rises[frame] = float(np.mean(np.maximum(levels_db[frame + 1, bins] - levels_db[frame - 1, bins], 0.0)))
    return rises
