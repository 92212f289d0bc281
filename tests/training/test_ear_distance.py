"""Distances of remixes to damaged ears."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from rebalance import CAD2_TASK2
from rebalance.separation.mask_network import SYMMETRIC, Transform
from rebalance.training import EarBank, TrueSpectra, ear_distance
from rebalance.training.data import Batch

BANK = EarBank.of(n_bins=SYMMETRIC.n_bins, sample_rate=CAD2_TASK2.mixture_sample_rate)
TRANSFORM = Transform(SYMMETRIC)
N_SAMPLES = 16 * SYMMETRIC.hop


def tone(frequency_hz: float, level_db: float = 0.0) -> Tensor:
    time_s = torch.arange(N_SAMPLES) / CAD2_TASK2.mixture_sample_rate
    signal: Tensor = 0.1 * 10 ** (level_db / 20) * torch.sin(2 * torch.pi * frequency_hz * time_s)
    return signal.expand(2, -1)


def batch_of(*sources: Tensor, gains_db: tuple[float, ...]) -> Batch:
    slots = torch.arange(len(sources))[None]
    return Batch(sources=torch.stack(sources)[None], slots=slots, gains_db=torch.tensor([gains_db]))


def true_shares(batch: Batch) -> Tensor:
    magnitudes: Tensor = TRANSFORM(batch.sources.mean(dim=2)).abs() + 1e-9
    return magnitudes / magnitudes.sum(dim=1, keepdim=True)


def distance(masks: Tensor, batch: Batch) -> float:
    torch.manual_seed(0)  # the ear
    return float(ear_distance(masks, TrueSpectra.of(batch, TRANSFORM), BANK))


def test_shares_of_sources_apart_are_next_to_right_and_halves_are_not() -> None:
    batch = batch_of(tone(300.0), tone(2000.0), gains_db=(6.0, -6.0))
    right = true_shares(batch)
    assert distance(right, batch) < 0.1 * distance(torch.full_like(right, 0.5), batch)


def test_without_gains_masks_do_not_matter() -> None:
    batch = batch_of(tone(300.0), tone(2000.0), gains_db=(0.0, 0.0))
    assert distance(
        torch.rand(1, 2, SYMMETRIC.n_bins, 20)[..., : true_shares(batch).shape[-1]], batch
    ) == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize("scale", [1e-3, 30.0])
def test_the_level_of_the_recording_changes_nothing(scale: float) -> None:
    gains_db = (6.0, -6.0)
    batch = batch_of(tone(300.0), tone(2000.0), gains_db=gains_db)
    scaled = batch_of(scale * tone(300.0), scale * tone(2000.0), gains_db=gains_db)
    halves = torch.full_like(true_shares(batch), 0.5)
    assert distance(halves, scaled) == pytest.approx(distance(halves, batch), rel=1e-3)


def test_what_cannot_be_heard_hardly_counts() -> None:
    def cost_of_wrong_treble(level_db: float) -> float:
        batch = batch_of(tone(300.0), tone(5000.0, level_db), gains_db=(0.0, 10.0))
        right = true_shares(batch)
        treble = torch.linspace(0, CAD2_TASK2.mixture_sample_rate / 2, SYMMETRIC.n_bins)[:, None] > 3000.0
        return distance(torch.where(treble, right.flip(1), right), batch) - distance(right, batch)

    assert cost_of_wrong_treble(-90.0) < 0.1 * cost_of_wrong_treble(-10.0)


def test_a_soft_band_counts_as_much_as_a_loud_one() -> None:
    gains_db = (10.0, -10.0)
    even = batch_of(tone(500.0), tone(1500.0), gains_db=gains_db)
    halves = torch.full_like(true_shares(even), 0.5)
    softer = batch_of(tone(500.0), tone(1500.0, -12.0), gains_db=gains_db)
    assert distance(halves, softer) > 0.6 * distance(halves, even)


def test_every_floor_rises_with_the_loss() -> None:
    mild, severe = BANK.floors[0], BANK.floors[6]  # N1 and N7
    assert bool((severe > mild).all())
