"""What the training loop asks of those who make batches, of networks and of what is minimised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, Self, TypeVar, runtime_checkable

import torch
from torch import nn

from rebalance.training.data import Batch

StagedT = TypeVar("StagedT")


class BatchMaker(Protocol):
    """Makes the batch of a step; the same step gives the same batch."""

    def batch(self, step: int, *, rank: int = 0) -> Batch:
        """Return the batch of a step for one of several processes."""
        ...


@runtime_checkable
class Staged(Protocol):
    """What changes with the stage of a curriculum: what makes batches, or what validates."""

    def at_stage(self, stage: int) -> Self:
        """Return it for a stage, counted from 0."""
        ...


@runtime_checkable
class ScaledRates(Protocol):
    """A network some of whose parameters learn at another rate."""

    def learning_rate_scales(self) -> Mapping[str, float]:
        """Return what the rate is multiplied by where it is not 1, by the beginning of the names of parameters."""
        ...


class Optimiser(Protocol):
    """What changes the parameters after every step: an optimiser of torch, or something like it."""

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """Groups of parameters; what is written to one holds for the next step."""
        ...

    def zero_grad(self, *, set_to_none: bool) -> None:
        """Forget all gradients."""
        ...

    def step(self) -> Any:  # noqa: ANN401 - torch's returns a loss where there is a closure
        """Take one step."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return the state by the numbers of the parameters, and the groups."""
        ...

    def load_state_dict(self, state_dict: Any, /) -> None:  # noqa: ANN401 - as torch has it
        """Take over what `state_dict` gave."""
        ...


class Objective(Protocol):
    """What training minimises."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the figures it gives, ``"loss"``, what is minimised, first."""
        ...

    def __call__(self, network: nn.Module, batch: Batch) -> Mapping[str, torch.Tensor]:
        """Return the figures of a batch by name, each a scalar tensor."""
        ...


def at_stage(staged: StagedT, stage: int) -> StagedT:
    """Return what makes batches, or validates, for a stage; itself where it does not change."""
    return staged.at_stage(stage) if isinstance(staged, Staged) else staged
