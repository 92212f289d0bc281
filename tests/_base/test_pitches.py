from __future__ import annotations

import numpy as np
import pytest
from mir_eval import util

from rebalance._base.pitches import hz_to_midi, midi_to_hz


def test_pitches_and_frequencies_are_those_of_another_library() -> None:
    pitches_midi = np.linspace(21.0, 108.0, 350)
    assert midi_to_hz(pitches_midi) == pytest.approx(util.midi_to_hz(pitches_midi), rel=1e-14)
    assert hz_to_midi(midi_to_hz(pitches_midi)) == pytest.approx(pitches_midi, rel=1e-14)


def test_a_single_pitch_is_a_number() -> None:
    assert (midi_to_hz(57.0), hz_to_midi(880.0)) == (220.0, 81.0)
