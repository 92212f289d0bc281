"""The loss of separated sources as the training loop takes it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from rebalance._base.errors import ConfigError
from rebalance.separation.mask_network import MaskNetwork
from rebalance.training._losses import Loss, LossSettings, separation_loss
from rebalance.training._mask_loss import mask_loss
from rebalance.training._true_spectra import TrueSpectra
from rebalance.training.data import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class SeparationObjective:
    """The loss of separated sources; see `Objective`."""

    settings: LossSettings
    parts: tuple[str, ...] = ("loss", "spectrum", "waveform", "remix")

    def __call__(self, network: nn.Module, batch: Batch) -> dict[str, torch.Tensor]:
        """Return the loss and its parts."""
        loss = _loss(network, batch, self.settings)
        figures = (loss.total, loss.spectrum, loss.waveform, loss.remix)
        return dict(zip(self.parts, figures, strict=True))


def _loss(network: nn.Module, batch: Batch, settings: LossSettings) -> Loss:
    """Return the loss of a batch, from masks where the settings ask for it and the network has them."""
    if not settings.masks_only:
        return separation_loss(network(batch.mixture, batch.slots).float(), batch, settings)
    if not isinstance(network, MaskNetwork):
        raise ConfigError(f"masks_only needs a mask network, got {type(network).__name__}", where="loss")
    mixture = batch.mixture
    masks = network.masks(network.masked_spectra(mixture), batch.slots, mixture.square().mean(dim=(1, 2)))
    return mask_loss(masks.float(), TrueSpectra.of(batch, network.masked_spectra), settings)
