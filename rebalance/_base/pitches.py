"""Frequencies and MIDI pitches, of which 69 is 440 Hz."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

A4_HZ, A4_MIDI = 440.0, 69.0
PitchT = TypeVar("PitchT", float, NDArray[np.float64])


def midi_to_hz(pitch_midi: PitchT) -> PitchT:
    """Return the frequency of MIDI pitches, whole or not."""
    frequency: PitchT = A4_HZ * 2.0 ** ((pitch_midi - A4_MIDI) / 12)
    return frequency


def hz_to_midi(frequency_hz: PitchT) -> PitchT:
    """Return the MIDI pitch of frequencies above 0."""
    pitch: PitchT = A4_MIDI + 12 * np.log2(frequency_hz / A4_HZ)
    return pitch
