"""Separators made for one recording, used block by block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from rebalance.audio import Recording
from rebalance.pipeline import separate_recording
from rebalance.separation import source_names


@dataclass(frozen=True)
class ClockSeparator:
    """Gives the first source the time of the recording in minutes; it has to be told where a block begins."""

    start_s: float = float("nan")
    name: str = "clock"
    sample_rate: int = 44_100

    def beginning_at(self, start_s: float) -> ClockSeparator:
        return replace(self, start_s=start_s)

    def __call__(self, mixture, instruments: Sequence[str]):
        time = (self.start_s + np.arange(mixture.shape[1]) / self.sample_rate) / 60
        names = source_names(instruments)
        return {name: np.broadcast_to(time * (name == names[0]), mixture.shape) + 0.0 * mixture for name in names}


@pytest.mark.parametrize("sample_rate", [22_050, 44_100])
def test_a_separator_of_one_recording_is_told_where_every_block_begins(sample_rate: int) -> None:
    noise = np.random.default_rng(0).normal(0, 0.05, (1, 65 * sample_rate)).astype(np.float32)
    music = Recording(samples=noise, sample_rate=sample_rate)
    stems = separate_recording(music, ("Flute", "Cello"), ClockSeparator())
    minutes = np.arange(music.samples.shape[1]) / sample_rate / 60
    inner = slice(sample_rate, -sample_rate)
    np.testing.assert_allclose(stems["Flute"][0, inner], minutes[inner], atol=2e-3)
