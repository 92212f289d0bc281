"""What X-UMX minimises: magnitudes and waveforms, averaged over all combinations of targets."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from rebalance._base.errors import ConfigError
from rebalance.separation.xumx import Xumx
from rebalance.training.data import Batch

_TINY = 1e-10


def combinations_of(n_targets: int) -> Iterator[tuple[int, ...]]:
    """Give every combination of one to all but one of the targets; the one target where there is no other."""
    for size in range(1, max(n_targets, 2)):
        yield from itertools.combinations(range(n_targets), size)


def weighted_sdr_loss(estimate: torch.Tensor, target: torch.Tensor, mixture: torch.Tensor) -> torch.Tensor:
    """Return 1 plus the weighted SDR of signals ``(..., n_samples)``: from 0 (perfect) to 2, shape ``(...)``.

    Source: Choi et al. 2019, equation 11, as X-UMX uses it, with 1 added.
    """
    rest = mixture - target
    energy, rest_energy = target.square().sum(dim=-1), rest.square().sum(dim=-1)
    share = energy / (energy + rest_energy + _TINY)
    own = share * _cosine(estimate, target)
    return 1.0 - own - (1.0 - share) * _cosine(mixture - estimate, rest)


def _cosine(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return the cosine between signals, 0 where one is silent."""
    lengths = first.norm(dim=-1) * second.norm(dim=-1)
    cosine: torch.Tensor = (first * second).sum(dim=-1) / (lengths + _TINY)
    return cosine


def time_loss(estimates: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the weighted SDR loss over all combinations, ``(batch, n_targets, n_samples)`` to a scalar.

    The mixture of the formula is the sum of the targets, not all that sounds.
    """
    mixture = targets.sum(dim=1)
    chosen = [list(indices) for indices in combinations_of(targets.shape[1])]
    losses = [
        weighted_sdr_loss(estimates[:, indices].sum(dim=1), targets[:, indices].sum(dim=1), mixture).mean()
        for indices in chosen
    ]
    return torch.stack(losses).mean()


def magnitude_loss(estimates: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the squared distance of summed magnitudes over all combinations, ``(batch, n_targets, ...)``."""
    chosen = [list(indices) for indices in combinations_of(targets.shape[1])]
    losses = [(estimates[:, indices] - targets[:, indices]).sum(dim=1).square().mean() for indices in chosen]
    return torch.stack(losses).mean()


@dataclass(frozen=True, slots=True, kw_only=True)
class XumxObjective:
    """The loss of an X-UMX on plain mixtures, whose last source belongs to no target; see `rebalance.training._loop`.

    Parameters
    ----------
    time_weight
        Of the waveforms, beside the magnitudes; how both balance depends on the level of the mixtures.
    """

    time_weight: float = 10.0
    parts: tuple[str, ...] = ("loss", "magnitude", "time")

    def __call__(self, network: nn.Module, batch: Batch) -> dict[str, torch.Tensor]:
        """Return the loss and its parts."""
        if not isinstance(network, Xumx):
            raise ConfigError(where="X-UMX objective", expected="an X-UMX", got=type(network).__name__)
        mixture, targets = batch.mixture[:, 0], batch.sources[:, :-1, 0]
        spectra = network.spectra(mixture)
        masks = network.masks(spectra.abs()).float()
        signals = network.signals(masks * spectra[:, None], mixture.shape[-1])
        magnitude = magnitude_loss(masks * spectra.abs()[:, None], network.spectra(targets).abs())
        time = time_loss(signals, targets)
        return {"loss": magnitude + self.time_weight * time, "magnitude": magnitude, "time": time}
