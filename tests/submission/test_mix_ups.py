"""Whose signal is it? Levels alone, no audio."""

from __future__ import annotations

import numpy as np
import pytest

from rebalance.hearing import EarFitting, Fitting
from rebalance.submission._fingerprints import (
    FLOOR_DB,
    amplified,
    band_levels,
    mean_levels,
    movements,
    overall_level_db,
    remixed,
)
from rebalance.submission._mix_ups import channels_swapped, exchanged, other_origin, similarities


def random_levels(seed, n_frames=60):
    return np.random.default_rng(seed).uniform(-80, -30, (2, 6, n_frames)).astype(np.float32)


def test_levels_are_those_of_a_sine_in_its_band_and_frame():
    time_s = np.arange(32_000) / 32_000
    tone = 0.1 * np.sin(2 * np.pi * 1000 * time_s) * (time_s < 0.5)
    levels = band_levels(np.stack([tone, 0.1 * tone]), 32_000)
    assert levels.shape == (2, 6, 10)
    np.testing.assert_allclose(levels[0, 2, :5], 20 * np.log10(0.1 / np.sqrt(2)), atol=0.05)
    np.testing.assert_allclose(levels[0, 2, :5] - levels[1, 2, :5], 20, atol=0.05)
    np.testing.assert_allclose(levels[:, :, 5:], FLOOR_DB, rtol=1e-5)


def test_levels_do_not_depend_on_the_rate():
    rng = np.random.default_rng(0)
    slow = np.sin(2 * np.pi * np.outer(rng.uniform(100, 10_000, 20), np.arange(64_000) / 32_000)).sum(axis=0) / 100
    assert overall_level_db(band_levels(slow[np.newaxis], 32_000)) == pytest.approx(
        10 * np.log10(np.mean(slow**2)), abs=0.2
    )


def test_too_short_a_signal_has_no_levels():
    assert band_levels(np.zeros((2, 100)), 32_000).shape == (2, 6, 0)


def test_a_remix_of_levels_obeys_gains_and_keeps_mean_power():
    sources = {"source_1": random_levels(1), "source_2": random_levels(2)}
    equal = remixed(sources, {"source_1": 6.0, "source_2": 6.0})
    np.testing.assert_allclose(equal, remixed(sources, {"source_1": 0.0, "source_2": 0.0}), atol=1e-4)
    louder = remixed(sources, {"source_1": 80.0, "source_2": 0.0})
    np.testing.assert_allclose(louder, sources["source_1"] + 3.0, atol=0.2)


def test_amplified_levels_gain_what_is_made_up_and_lose_what_is_compressed():
    ear = EarFitting(ratios=(2.0,) * 6, gains_db=(10.0,) * 6)
    fitting = Fitting(left=ear, right=EarFitting(ratios=(1.0,) * 6, gains_db=(0.0,) * 6))
    levels = np.full((2, 6, 1), -50, np.float32)
    levels[:, 0] = -16
    found = amplified(levels, fitting)
    np.testing.assert_array_equal(found[1], levels[1])
    np.testing.assert_allclose(found[0, 1:], -40)
    np.testing.assert_allclose(found[0, 0], -16 + 10 - 10)


def test_movements_ignore_gains():
    levels = random_levels(3)
    gains = np.random.default_rng(0).uniform(0, 30, (2, 6, 1)).astype(np.float32)
    np.testing.assert_allclose(movements(levels + gains), movements(levels), atol=1e-6)
    assert not movements(np.zeros((2, 6, 10), np.float32)).any()
    assert mean_levels(levels).shape == (12,)


def test_a_signal_is_told_from_others_and_from_other_durations():
    references = {"a": random_levels(1), "b": random_levels(2), "long": random_levels(1, 70)}
    table = similarities([references["b"] + 5], references)
    assert table[0].tolist() == pytest.approx([0, 1, -1], abs=0.1)
    assert other_origin(table[0], own=0) == 1
    assert other_origin(table[0], own=1) is None
    assert other_origin(np.array([0.5, 0.7]), own=0) is None


def test_channels_are_told_apart_by_how_they_move_not_by_how_loud_they_are():
    mixture = random_levels(1)
    louder_left = np.array([20, 0], np.float32)[:, np.newaxis, np.newaxis]
    assert not channels_swapped(mixture + louder_left, mixture)
    assert channels_swapped(mixture[::-1] + louder_left, mixture)
    centre = np.stack([mixture[0], mixture[0]])
    assert not channels_swapped(centre, mixture)
    assert not channels_swapped(mixture[::-1, :, :20], mixture[..., :20])


@pytest.mark.parametrize("n_signals", [2, 3, 21])
def test_two_exchanged_signals_are_found_among_many(n_signals):
    rng = np.random.default_rng(n_signals)
    expected = rng.uniform(-20, 20, (n_signals, 12))
    observed = expected + rng.uniform(-10, 10, 12) + rng.normal(0, 0.5, expected.shape)
    assert exchanged(observed, expected) == {}
    observed[[0, 1]] = observed[[1, 0]]
    assert exchanged(observed, expected) == {0: 1, 1: 0}


def test_signals_passed_on_in_a_ring_are_found():
    expected = np.random.default_rng(0).uniform(-20, 20, (5, 12))
    observed = expected[[1, 2, 0, 3, 4]]
    assert exchanged(observed, expected) == {0: 1, 1: 2, 2: 0}


def test_a_system_that_treats_all_alike_exchanges_nothing():
    expected = np.random.default_rng(0).uniform(-20, 20, (8, 12))
    assert exchanged(np.full((8, 12), -30.0), expected) == {}


def test_small_differences_exchange_nothing():
    rng = np.random.default_rng(0)
    expected = rng.normal(0, 0.3, (8, 12))
    assert exchanged(rng.normal(0, 0.3, (8, 12)), expected) == {}
