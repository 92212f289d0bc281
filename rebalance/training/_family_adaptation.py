"""Bringing the model of a family to other sounds without their stems: new statistics, or an adversary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rebalance._base.errors import ConfigError
from rebalance.separation.xumx import Xumx
from rebalance.training._xumx_loss import XumxObjective
from rebalance.training.data import Batch, PlainMixer

_ADVERSARY_WEIGHT = 0.1


class AdversarialXumx(nn.Module):
    """A network beside a classifier that tells from the meeting of its branches which data a mixture is of."""

    def __init__(self, network: Xumx) -> None:
        super().__init__()
        self.network = network
        width = network.config.hidden_size
        self.classifier = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1))

    def told(self, mixture: torch.Tensor) -> torch.Tensor:
        """Return a logit for each mixture ``(batch, n_samples)``: above 0 for the labelled data; gradients reversed."""
        met = self.network.meeting(self.network.spectra(mixture).abs()).mean(dim=1)
        logits: torch.Tensor = self.classifier(reversed_gradient(met))[:, 0]
        return logits


class _Reversed(torch.autograd.Function):
    """The identity whose gradient changes its sign."""

    @staticmethod
    def forward(_context: Any, values: torch.Tensor) -> torch.Tensor:  # noqa: ANN401 - of torch
        return values.view_as(values)

    @staticmethod
    def backward(_context: Any, *gradients: torch.Tensor) -> torch.Tensor:  # noqa: ANN401 - of torch
        return -gradients[0]


def reversed_gradient(values: torch.Tensor) -> torch.Tensor:
    """Return values as they are; what comes back through them changes its sign.

    Source: Ganin and Lempitsky 2015, with a constant weight.
    """
    turned: torch.Tensor = _Reversed.apply(values)  # type: ignore[no-untyped-call]
    return turned


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoDomains:
    """Batches whose first half has its sources and whose second half is used as mixtures alone."""

    labelled: PlainMixer
    unlabelled: PlainMixer

    def batch(self, step: int, *, rank: int = 0) -> Batch:
        """Return the batch of a step."""
        first, second = self.labelled.batch(step, rank=rank), self.unlabelled.batch(step, rank=rank)
        return Batch(
            sources=torch.cat([first.sources, second.sources]),
            slots=torch.cat([first.slots, second.slots]),
            gains_db=torch.cat([first.gains_db, second.gains_db]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AdversarialObjective:
    """The loss of the labelled half, and that of the classifier on both."""

    labelled: XumxObjective
    weight: float = _ADVERSARY_WEIGHT
    parts: tuple[str, ...] = ("loss", "magnitude", "time", "adversary")

    def __call__(self, network: nn.Module, batch: Batch) -> dict[str, torch.Tensor]:
        """Return the loss and its parts."""
        if not isinstance(network, AdversarialXumx):
            raise ConfigError(where="adversarial objective", expected="a network with a classifier")
        half = len(batch.sources) // 2
        own = Batch(sources=batch.sources[:half], slots=batch.slots[:half], gains_db=batch.gains_db[:half])
        figures = self.labelled(network.network, own)
        logits = network.told(batch.mixture[:, 0])
        truth = torch.cat([torch.ones(half), torch.zeros(len(logits) - half)]).to(logits.device)
        adversary = nn.functional.binary_cross_entropy_with_logits(logits, truth)
        return {**figures, "loss": figures["loss"] + self.weight * adversary, "adversary": adversary}


def renormalise(network: Xumx, mixer: PlainMixer, *, n_batches: int) -> None:
    """Estimate the statistics of input and batch normalisation anew on mixtures, weights unchanged."""
    mean, scale = magnitude_statistics(network, mixer)
    network.standardise(mean.to(network.window.device), scale.to(network.window.device))
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm1d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over all batches
    network.train()
    with torch.no_grad():
        for step in range(n_batches):
            network.masks(network.spectra(mixer.batch(step).mixture[:, 0]).abs())
    network.eval()


def magnitude_statistics(network: Xumx, mixer: PlainMixer) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and deviation of the magnitudes of whole mixtures at random gains, each ``(n_seen_bins,)``."""
    n_bins = network.config.n_seen_bins
    sums, squares, n_frames = torch.zeros(n_bins, dtype=torch.float64), torch.zeros(n_bins, dtype=torch.float64), 0
    device = network.window.device
    for number, (name, members) in enumerate(mixer.stem_library.by_rendition.items()):
        gains = np.random.default_rng([mixer.seed, number]).uniform(*mixer.settings.gains, len(members))
        mixture: NDArray[np.float32] = mixer.whole_piece(name, gains).sum(axis=0)
        padded = np.pad(mixture, (0, max(network.config.window - len(mixture), 0)))
        magnitudes = network.spectra(torch.from_numpy(padded).to(device)).abs()[:n_bins].double().cpu()
        sums, squares = sums + magnitudes.sum(dim=-1), squares + magnitudes.square().sum(dim=-1)
        n_frames += magnitudes.shape[-1]
    mean = sums / n_frames
    return mean.float(), (squares / n_frames - mean.square()).clamp_min(0.0).sqrt().float()
