"""Validation on held-out solos, mixed as in training, always alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import nn

from rebalance.training._loop_protocols import Objective
from rebalance.training.solos import SoloMixer


@dataclass(frozen=True, slots=True, kw_only=True)
class SoloValidation:
    """The loss on the first batches of held-out solos; ``"selection"`` is its negative.

    Parameters
    ----------
    mixer
        Of held-out solos.
    objective
        What is minimised.
    n_batches
        How many.
    """

    mixer: SoloMixer
    objective: Objective
    n_batches: int

    def at_stage(self, stage: int) -> Self:
        """Return the validation of a stage of a curriculum."""
        return replace(self, mixer=self.mixer.at_stage(stage))

    def __call__(self, network: nn.Module, _: int) -> Mapping[str, float]:
        """Return the figures of a network."""
        with torch.inference_mode():
            found = [self.objective(network, self.mixer.batch(number)) for number in range(self.n_batches)]
        means = {name: sum(float(each[name]) for each in found) / len(found) for name in self.objective.parts}
        return {"selection": -means["loss"], **means}
