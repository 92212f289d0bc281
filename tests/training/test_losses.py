from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_networks import small_network

from rebalance._base.errors import ConfigError
from rebalance.audio import remix_as_edit
from rebalance.training._losses import LossSettings, edit_gains, separation_loss
from rebalance.training._mask_loss import mask_loss
from rebalance.training._true_spectra import TrueSpectra
from rebalance.training.data import Batch
from rebalance.training.data._stem_library import StemLibrary

from .conftest import mixer_of


@pytest.fixture
def batch(library: StemLibrary) -> Batch:
    return mixer_of(library, batch_size=3).batch(0)


def test_the_true_sources_have_no_loss(batch: Batch) -> None:
    loss = separation_loss(batch.sources.clone(), batch, LossSettings())
    assert loss.total.item() == pytest.approx(0.0, abs=1e-4)


def test_the_loss_grows_with_the_error_and_does_not_depend_on_the_level(batch: Batch) -> None:
    noise = torch.randn(batch.sources.shape, generator=torch.Generator().manual_seed(0)) * batch.mixture.std()
    losses = [separation_loss(batch.sources + share * noise, batch, LossSettings()).total for share in (0.1, 0.3, 1.0)]
    assert losses[0] < losses[1] < losses[2]
    louder = Batch(sources=batch.sources * 10, slots=batch.slots, gains_db=batch.gains_db)
    scaled = separation_loss(10 * (batch.sources + 0.3 * noise), louder, LossSettings()).total
    assert scaled.item() == pytest.approx(losses[1].item(), rel=0.02)


def test_what_is_estimated_for_an_absent_source_costs_nothing(batch: Batch) -> None:
    padded = Batch(
        sources=torch.cat([batch.sources, torch.zeros_like(batch.sources[:, :1])], dim=1),
        slots=torch.cat([batch.slots, -torch.ones_like(batch.slots[:, :1])], dim=1),
        gains_db=torch.cat([batch.gains_db, torch.zeros_like(batch.gains_db[:, :1])], dim=1),
    )
    guess = padded.sources.clone()
    guess[:, -1] = 1.0
    assert separation_loss(guess, padded, LossSettings()).total.item() == pytest.approx(0.0, abs=1e-4)


def test_the_remix_of_the_loss_is_the_remix_as_an_edit(batch: Batch) -> None:
    change = edit_gains(batch.gains_db, batch.slots >= 0)
    edited = batch.mixture + (change[:, :, None, None] * batch.sources).sum(dim=1)
    n_sources = int((batch.slots[0] >= 0).sum())
    names = [f"source_{index}" for index in range(n_sources)]
    expected = remix_as_edit(
        batch.mixture[0].numpy(),
        {name: batch.sources[0, index].numpy() for index, name in enumerate(names)},
        {name: float(batch.gains_db[0, index]) for index, name in enumerate(names)},
    )
    np.testing.assert_allclose(edited[0].numpy(), expected, atol=1e-5)


def test_better_masks_have_a_smaller_loss(batch: Batch) -> None:
    network = small_network()
    true = TrueSpectra.of(batch, network.transform)
    power = true.sources.abs().square() + 1e-12
    ideal = power / power.sum(dim=1, keepdim=True)
    present = (batch.slots >= 0)[:, :, None, None]
    equal = torch.ones_like(ideal) * present / present.sum(dim=1, keepdim=True)
    losses = [mask_loss(masks, true, LossSettings()).total for masks in (ideal, equal)]
    assert losses[0] < 0.5 * losses[1]


def test_noise_stays_in_the_remix_and_is_no_source(batch: Batch) -> None:
    network = small_network()
    noise = 0.01 * torch.randn(batch.mixture.shape, generator=torch.Generator().manual_seed(1))
    quiet, noisy = (TrueSpectra.of(replace(batch, background=sound), network.transform) for sound in (None, noise))
    added = network.transform(noise.mean(dim=1))
    assert torch.equal(noisy.sources, quiet.sources)
    for before, after in ((quiet.mixture, noisy.mixture), (quiet.remix, noisy.remix)):
        torch.testing.assert_close(after - before, added, atol=1e-4, rtol=1e-4)


def test_unusable_weights_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least one resolution"):
        LossSettings(resolutions=())
    with pytest.raises(ConfigError, match="weights from 0"):
        LossSettings(remix=-1.0)
