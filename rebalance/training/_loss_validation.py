"""Validation by the loss on held-out batches, the same every time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import nn

from rebalance.training._loop_protocols import BatchMaker, at_stage
from rebalance.training.data import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class LossValidation:
    """Means of the figures of the first batches; ``"selection"`` is the negative of ``"loss"``.

    Parameters
    ----------
    figures
        What is measured on a batch, ``"loss"`` among it: an objective, or a part of one.
    batches
        Held-out batches.
    n_batches
        Number of held-out batches the means are taken over.
    """

    figures: Callable[[nn.Module, Batch], Mapping[str, torch.Tensor]]
    batches: BatchMaker
    n_batches: int

    def at_stage(self, stage: int) -> Self:
        """Return the validation of a stage of a curriculum."""
        return replace(self, batches=at_stage(self.batches, stage))

    def __call__(self, network: nn.Module, _: int) -> dict[str, float]:
        """Return the figures of a network."""
        with torch.inference_mode():
            found = [self.figures(network, self.batches.batch(number)) for number in range(self.n_batches)]
        means = {name: sum(float(each[name]) for each in found) / len(found) for name in found[0]}
        return {**means, "selection": -means["loss"]}
