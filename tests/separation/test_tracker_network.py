"""What the player tracker sees of a mixture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_networks import SMALL_TRACKER

from rebalance._base.errors import ConfigError
from rebalance.separation.player_tracker import TrackerNetwork

WINDOWS = (8192, 16_384)
SAMPLE_RATE = SMALL_TRACKER.sample_rate


def maps_of(signal: np.ndarray, windows: tuple[int, ...] = WINDOWS) -> list[torch.Tensor]:
    """Return the level maps of the transform and of every longer window, ``(n_pitches, n_frames)``."""
    network = TrackerNetwork(replace(SMALL_TRACKER, longer_windows=windows))
    mixture = torch.from_numpy(signal.astype(np.float32)).expand(1, 2, -1)
    maps = network.maps(mixture, mixture.square().mean(dim=(1, 2)))[0]
    n_first, n_longer = SMALL_TRACKER.features.n_channels, SMALL_TRACKER.features.n_channels - 1
    assert len(maps) == network.config.n_maps == n_first + len(windows) * n_longer
    return [maps[0], *(maps[n_first + index * n_longer] for index in range(len(windows)))]


def test_longer_windows_show_the_same_moments() -> None:
    times_s = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
    burst = np.sin(2 * np.pi * 440 * times_s) * (np.abs(times_s - 1.3) < 0.2)
    pitch = round(36 * np.log2(440 / SMALL_TRACKER.features.lowest_hz))
    for level in maps_of(burst):
        shares = level[pitch] / level[pitch].sum()
        centre = float((shares * (torch.arange(len(shares)) + 1)).sum() * 1024 - 2048) / SAMPLE_RATE
        assert centre == pytest.approx(1.3, abs=0.02)


def test_longer_windows_tell_low_pitches_apart() -> None:
    times_s = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    lower, higher = 110.0, 110.0 * 2 ** (2 / 12)  # a whole tone, 13 Hz
    short, _, longest = maps_of(np.sin(2 * np.pi * lower * times_s) + np.sin(2 * np.pi * higher * times_s))
    places = [round(36 * np.log2(pitch / SMALL_TRACKER.features.lowest_hz)) for pitch in (lower, higher)]
    between = sum(places) // 2
    depths = [float(level[places, 40].min() - level[between, 40]) for level in (short, longest)]
    assert depths[0] < 0.05 < 0.2 < depths[1]


@pytest.mark.parametrize("window", [4096, 2048, 5000, 16_385])
def test_windows_about_other_moments_are_refused(window: int) -> None:
    with pytest.raises(ConfigError, match="windows longer than 4096 by multiples of 2048"):
        replace(SMALL_TRACKER, longer_windows=(window,))


def test_a_tracker_that_is_sure_still_learns() -> None:
    torch.manual_seed(0)
    network = TrackerNetwork(SMALL_TRACKER)
    torch.nn.init.normal_(network.players.exit.weight)
    network.players.register_forward_pre_hook(lambda _, given: (400 * given[0], *given[1:]))  # shares of exactly 0
    mixture = torch.randn(1, 2, 32_768)
    network(mixture, torch.tensor([[14, 2, -1]])).logits.square().mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is None or torch.isfinite(parameter.grad).all(), name
