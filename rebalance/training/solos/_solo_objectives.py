"""What the systems of Solos minimise, as objectives of the training loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from rebalance._base.errors import ConfigError
from rebalance.separation.solos import (
    LogSpectrum,
    MultiHeadUNet,
    SoundOfPixels,
    binary_masks,
    normalised_levels,
    ratio_masks,
)
from rebalance.training.data import Batch
from rebalance.training.solos._sight import SightNetwork
from rebalance.training.solos._solo_mixing import SoloBatch

BinaryKind: TypeAlias = Literal["threshold", "complementary"]
_WEIGHTS = (1e-3, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    """Warped bounded magnitudes of a batch: ``(batch, n_rows, n_frames)`` and ``(batch, n, n_rows, n_frames)``."""

    mixture: Tensor
    sources: Tensor


def _heard(batch: Batch, transform: LogSpectrum) -> _Heard:
    """Return what the losses see of a batch of mono mixtures."""
    mixture, sources = batch.mixture[:, 0], batch.sources[:, :, 0]
    return _Heard(
        mixture=transform.warp(transform.bounded(transform.spectra(mixture))),
        sources=transform.warp(transform.bounded(transform.spectra(sources))),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiHeadObjective:
    """The squared distance of the masks of all heads from the ratio masks; absent instruments share what eps gives.

    Parameters
    ----------
    parts
        Names of the terms of the loss.
    """

    parts: tuple[str, ...] = ("loss",)

    def __call__(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Return the loss."""
        if not isinstance(network, MultiHeadUNet):
            raise ConfigError(where="multi-head objective", expected="a multi-head U-Net", got=type(network).__name__)
        heard = _heard(batch, network.transform)
        everyone = heard.mixture.new_zeros(len(heard.mixture), len(network.config.heads), *heard.mixture.shape[1:])
        for number, slots in enumerate(batch.slots):
            present = slots >= 0
            everyone[number].index_copy_(0, slots[present], heard.sources[number, present])
        masks = network(normalised_levels(heard.mixture))
        return {"loss": (masks - ratio_masks(everyone)).square().mean()}


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelsObjective:
    """The weighted cross-entropy of the masks of the players shown from binary masks.

    Parameters
    ----------
    masks
        ``"threshold"``, as the released code has it, or ``"complementary"``, as the paper prints it.
    parts
        Names of the terms of the loss.
    """

    masks: BinaryKind = "threshold"
    parts: tuple[str, ...] = ("loss",)

    def __call__(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Return the loss."""
        if not isinstance(network, SoundOfPixels) or not isinstance(batch, SoloBatch) or batch.frames is None:
            raise ConfigError(
                where="Sound of Pixels objective",
                expected="The Sound of Pixels, and batches that show the players",
                got=f"{type(network).__name__} and {type(batch).__name__}",
            )
        heard = _heard(batch, network.transform)
        logits = network.logits(heard.mixture, network.seen(batch.frames))
        wanted = binary_masks(heard.sources, heard.mixture, complementary=self.masks == "complementary")
        return {"loss": weighted_bce(logits, wanted, heard.mixture)}


def weighted_bce(logits: Tensor, wanted: Tensor, mixture: Tensor) -> Tensor:
    """Return the cross-entropy of masks, weighted by the level of the mixture.

    Parameters
    ----------
    logits, wanted
        Of the masks, and the masks, ``(batch, n_sources, n_rows, n_frames)``.
    mixture
        Magnitudes ``(batch, n_rows, n_frames)``; a weight is ``log(1 + magnitude)``, at least 0.001 and at most 10.

    Examples
    --------
    >>> import math
    >>> import torch
    >>> from rebalance.training.solos import weighted_bce
    >>> loss = weighted_bce(torch.zeros(1, 1, 1, 1), torch.ones(1, 1, 1, 1), torch.full((1, 1, 1), math.e - 1))
    >>> round(loss.item(), 4)
    0.6931

    Source: the released code of Zhao et al. 2018.
    """
    weights = torch.log1p(mixture).clamp(*_WEIGHTS)[:, None].expand_as(logits)
    return nn.functional.binary_cross_entropy_with_logits(logits, wanted, weight=weights)


@dataclass(frozen=True, slots=True, kw_only=True)
class SightObjective:
    """The cross-entropy of the instruments of the players shown.

    Parameters
    ----------
    parts
        Names of the terms of the loss.
    """

    parts: tuple[str, ...] = ("loss", "accuracy")

    def __call__(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Return the loss, and the share named rightly."""
        if not isinstance(network, SightNetwork) or not isinstance(batch, SoloBatch) or batch.frames is None:
            raise ConfigError(
                where="sight objective",
                expected="a network of sight, and batches that show the players",
                got=f"{type(network).__name__} and {type(batch).__name__}",
            )
        logits, names = network(batch.frames.flatten(0, 1)), batch.slots.flatten()
        right = (logits.argmax(dim=1) == names).float().mean()
        return {"loss": nn.functional.cross_entropy(logits, names), "accuracy": right}
