from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from rebalance.training._muon import MuonWithAdamW

SETTINGS = {"lr": 0.01, "weight_decay": 0.1}


def network(memory_format: torch.memory_format = torch.contiguous_format) -> nn.Module:
    torch.manual_seed(3)
    layers = nn.Sequential(nn.Conv2d(64, 96, 3), nn.Conv2d(96, 4, 1), nn.Flatten(2), nn.Linear(4, 5))
    return layers.to(memory_format=memory_format)  # type: ignore[call-overload]


def with_gradients(module: nn.Module, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    loss = module(torch.randn(2, 64, 4, 4)).square().mean()
    module.zero_grad()
    loss.backward()
    return module


def optimiser_of(module: nn.Module) -> MuonWithAdamW:
    return MuonWithAdamW([{"params": list(module.parameters()), "rate_scale": 1.0}], **SETTINGS)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_a_kernel_takes_the_step_of_a_matrix_and_the_rest_that_of_adamw(memory_format: torch.memory_format) -> None:
    module = with_gradients(network(memory_format), seed=1)
    kernel, *others = list(module.parameters())
    assert kernel.grad is not None
    matrix = nn.Parameter(kernel.detach().flatten(1).clone())
    matrix.grad = kernel.grad.flatten(1).clone()
    same = [nn.Parameter(each.detach().clone()) for each in others]
    for one, each in zip(same, others, strict=True):
        one.grad = None if each.grad is None else each.grad.clone()
    optimiser_of(module).step()
    torch.optim.Muon([matrix], adjust_lr_fn="match_rms_adamw", **SETTINGS).step()
    torch.optim.AdamW(same, **SETTINGS).step()
    torch.testing.assert_close(kernel.detach().flatten(1), matrix.detach(), atol=1e-4, rtol=0)  # sums of bfloat16
    for one, each in zip(same, others, strict=True):
        assert torch.equal(one, each)


def test_the_learning_rate_of_a_group_holds_for_the_next_step() -> None:
    module = with_gradients(network(), seed=1)
    before = [each.detach().clone() for each in module.parameters()]
    optimiser = optimiser_of(module)
    for group in optimiser.param_groups:
        group["lr"] = 0.0
    optimiser.step()
    assert all(torch.equal(old, new) for old, new in zip(before, module.parameters(), strict=True))


def test_a_restored_state_goes_on_bit_for_bit() -> None:
    module, other = network(torch.channels_last), network(torch.channels_last)
    optimiser = optimiser_of(module)
    for seed in range(3):
        with_gradients(module, seed)
        optimiser.step()
    other.load_state_dict(module.state_dict())
    restored = optimiser_of(other)
    restored.load_state_dict(copy.deepcopy(optimiser.state_dict()))  # torch takes tensors over as they are
    for each, by in ((module, optimiser), (other, restored)):
        with_gradients(each, seed=7)
        by.step()
    assert all(torch.equal(one, two) for one, two in zip(module.parameters(), other.parameters(), strict=True))


def test_no_gradient_is_left_after_they_are_forgotten() -> None:
    module = with_gradients(network(), seed=1)
    optimiser_of(module).zero_grad()
    assert all(each.grad is None for each in module.parameters())
