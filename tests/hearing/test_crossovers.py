from __future__ import annotations

import numpy as np
import pytest
from clarity.enhancer.multiband_compressor.crossover import Crossover as ClarityCrossover

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import ConfigError
from rebalance.hearing import Crossover


@pytest.mark.parametrize(
    "frequencies_hz",
    [CAD2_TASK2.crossover_frequencies_hz, (1000.0,), (500.0, 3000.0), (300.0, 1200.0, 6000.0)],
    ids=["challenge", "one", "two", "three"],
)
def test_the_bands_are_pyclaritys(frequencies_hz):
    signal = 0.1 * np.random.default_rng(0).standard_normal(20_000)
    expected = ClarityCrossover(list(frequencies_hz), 44_100)(signal)
    np.testing.assert_allclose(Crossover(frequencies_hz=frequencies_hz)(signal), expected, rtol=0, atol=1e-15)


def test_the_bands_add_up_to_an_all_pass():
    impulse = np.zeros(1 << 15)
    impulse[0] = 1.0
    magnitudes = np.abs(np.fft.rfft(Crossover()(impulse).sum(axis=0)))
    np.testing.assert_allclose(magnitudes, 1.0, atol=1e-6)


def test_a_tone_comes_out_of_its_own_band():
    tone = np.sin(2 * np.pi * 1000 * np.arange(20_000) / 44_100)
    levels = np.sqrt(np.mean(Crossover()(tone)[:, 10_000:] ** 2, axis=1))
    assert np.argmax(levels) == 2
    assert levels[2] > 0.4
    assert levels[2] > 10 * levels[[0, 4, 5]].max()


@pytest.mark.parametrize("frequencies_hz", [(), (500.0, 500.0), (500.0, 30_000.0), (0.0, 100.0)])
def test_frequencies_out_of_order_or_range_are_refused(frequencies_hz):
    with pytest.raises(ConfigError, match="increasing frequencies below 22050"):
        Crossover(frequencies_hz=frequencies_hz)


def test_the_sections_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        Crossover().sections[0, 0, 0] = 1.0


def test_more_bands_than_lanes_are_refused():
    with pytest.raises(ConfigError, match="at most 7 frequencies, got 8"):
        Crossover(frequencies_hz=tuple(range(100, 900, 100)))
