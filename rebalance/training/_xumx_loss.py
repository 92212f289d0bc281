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


def time_loss(estimates: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return 1 plus the weighted SDR, the mean over all combinations: ``(batch, n_targets, n_samples)`` to a scalar.

    It is from 0 (perfect) to 2. The mixture of the formula is the sum of the targets, not all that sounds. All follows
    from the inner products of estimates and targets: the signals are passed over once, not once a combination.

    Source: Choi et al. 2019, equation 11, as X-UMX uses it, with 1 added.
    """
    members = _members(targets.shape[1]).to(targets.device)
    inner = _inner_products(torch.cat([estimates, targets], dim=1))
    none = torch.zeros_like(members)
    estimate, target = torch.cat([members, none], dim=1), torch.cat([none, members], dim=1)
    mixture = torch.cat([none, torch.ones_like(members)], dim=1)
    rest, estimated_rest = mixture - target, mixture - estimate
    energy, rest_energy = _between(target, inner, target), _between(rest, inner, rest)
    share = energy / (energy + rest_energy + _TINY)
    own, other = _cosine(estimate, inner, target), _cosine(estimated_rest, inner, rest)
    return (1.0 - share * own - (1.0 - share) * other).mean().to(targets.dtype)


def magnitude_loss(estimates: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the squared distance of summed magnitudes, the mean over all combinations: ``(batch, n_targets, ...)``."""
    members = _members(targets.shape[1]).to(targets.device)
    shared = members.T @ members / len(members)
    inner = _inner_products((estimates - targets).flatten(2))
    return (shared * inner).sum().to(targets.dtype) / targets[:, 0].numel()


def _members(n_targets: int) -> torch.Tensor:
    """Return which targets each combination has, ``(n_combinations, n_targets)`` of 0 and 1."""
    chosen = list(combinations_of(n_targets))
    return torch.tensor([[i in one for i in range(n_targets)] for one in chosen], dtype=torch.float64)


def _inner_products(signals: torch.Tensor) -> torch.Tensor:
    """Return the inner products of signals ``(batch, n, n_samples)`` with one another, ``(batch, n, n)``.

    In full precision, whatever the network is computed in: small differences of them count.
    """
    with torch.autocast(signals.device.type, enabled=False):
        return (signals @ signals.transpose(1, 2)).double()


def _between(first: torch.Tensor, inner: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return the inner products of sums ``(n_sums, n)`` of signals, pair by pair, ``(batch, n_sums)``."""
    return ((first @ inner) * second).sum(dim=-1)


def _cosine(first: torch.Tensor, inner: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return the cosines between sums of signals, ``(batch, n_sums)``, 0 where one is silent."""
    energies = _between(first, inner, first).clamp(min=_TINY**2) * _between(second, inner, second).clamp(min=_TINY**2)
    return _between(first, inner, second) / (energies.sqrt() + _TINY)


@dataclass(frozen=True, slots=True, kw_only=True)
class XumxObjective:
    """The loss of an X-UMX on plain mixtures, whose last source belongs to no target.

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
