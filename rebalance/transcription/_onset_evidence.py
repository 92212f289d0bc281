"""Evidence that a note is begun anew: how fast the harmonics of a player's pitch rise in the mixture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import AudioError
from rebalance.audio import Audio
from rebalance.separation import HOP_SIZE, WINDOW_SIZE, checked_mixture, spectrogram
from rebalance.transcription._decoding import PitchTrack

_A4_HZ, _A4_MIDI = 440.0, 69.0
_N_HARMONICS = 10
_HIGHEST_HZ = 6000.0
_STEP_FRAMES = 2  # a rise is counted over twice as many, about 93 ms
_FLOOR = 1e-9  # of the power of the mixture's loudest bin


def onset_rises_db(mixture: Audio, tracks: Sequence[PitchTrack], sample_rate: int) -> NDArray[np.float64]:
    """Return by how many dB the harmonics of every player's pitch rise around every frame.

    The median over up to ten harmonics: those that another player's onset lifts, or hides, do not decide.

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
        Shape ``(n_players, n_frames)``; 0 where a player is silent.

    Raises
    ------
    AudioError
        If the mixture is empty, not finite, or of another shape, or there is no player.
    """
    if not tracks:
        raise AudioError("onsets: expected at least one player, got none")
    mono = checked_mixture(mixture).mean(axis=0)
    levels_db = _levels_db(mono)
    centres_s = ((np.arange(len(levels_db)) + 1) * HOP_SIZE - WINDOW_SIZE / 2) / sample_rate
    return np.stack([_rises_of(track, levels_db, centres_s, sample_rate) for track in tracks])


def _levels_db(mono: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the level of every bin, ``(n_frames, n_bins)``, in dB."""
    powers = np.square(np.abs(spectrogram(mono)), dtype=np.float64)
    return np.asarray(10 * np.log10(np.maximum(powers, _FLOOR * max(float(powers.max()), np.finfo(float).tiny))))


def _rises_of(
    track: PitchTrack, levels_db: NDArray[np.float64], centres_s: NDArray[np.float64], sample_rate: int
) -> NDArray[np.float64]:
    """Return the rises of one player, ``(n_frames,)``."""
    rises = np.zeros(len(track.frame_times_s))
    nearest = np.searchsorted((centres_s[1:] + centres_s[:-1]) / 2, track.frame_times_s)
    last = len(levels_db) - 1
    harmonics = np.arange(1, _N_HARMONICS + 1)
    for frame in np.flatnonzero(track.sounding):
        frequencies_hz = harmonics * _A4_HZ * 2.0 ** ((track.pitches_midi[frame] - _A4_MIDI) / 12)
        highest_hz = min(_HIGHEST_HZ, sample_rate / 2 * 0.95)
        bins = np.rint(frequencies_hz[frequencies_hz < highest_hz] * WINDOW_SIZE / sample_rate).astype(np.int64)
        if not len(bins):
            continue
        place = int(nearest[frame])
        later = levels_db[min(place + _STEP_FRAMES, last), bins]
        earlier = levels_db[max(place - _STEP_FRAMES, 0), bins]
        rises[frame] = float(np.median(later - earlier))
    return rises
