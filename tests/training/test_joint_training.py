"""Trackers and refiners that learn together."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rebalance.separation.player_tracker import PLAIN_COMBS, finer_pitches, released
from rebalance.training._soft_pitches import lingering, on_finer_grid


@pytest.fixture
def pitched() -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.softmax(6 * torch.randn(2, 3, 40, 29, generator=generator), dim=-1)[..., :-1]


def test_shares_linger_as_separators_let_them(pitched: torch.Tensor) -> None:
    expected = released(pitched.numpy(), PLAIN_COMBS.release)
    np.testing.assert_array_equal(lingering(pitched, PLAIN_COMBS.release).numpy(), expected)


@pytest.mark.parametrize("n_steps", [1, 3])
def test_finer_grid_is_that_of_separators(pitched: torch.Tensor, n_steps: int) -> None:
    np.testing.assert_allclose(
        on_finer_grid(pitched, n_steps).numpy(), finer_pitches(pitched.numpy(), n_steps), atol=1e-6
    )


def test_both_have_gradients(pitched: torch.Tensor) -> None:
    pitched.requires_grad_()
    weights = torch.randn(on_finer_grid(pitched, 3).shape, generator=torch.Generator().manual_seed(4))
    (weights * lingering(on_finer_grid(pitched, 3), PLAIN_COMBS.release)).sum().backward()
    assert pitched.grad is not None
    assert (pitched.grad != 0).float().mean() > 0.05
