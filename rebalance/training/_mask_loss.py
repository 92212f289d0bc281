"""What training of masks minimises: masked spectra, and the remix of random gains, without resynthesis."""

from __future__ import annotations

import torch
from torch import Tensor

from rebalance.training._losses import COMPRESSION, TINY, Loss, LossSettings, magnitude, power
from rebalance.training._true_spectra import TrueSpectra

_ENERGY_FLOOR = 0.01


def mask_loss(masks: Tensor, true: TrueSpectra, settings: LossSettings) -> Loss:
    """Return the loss of the masks of a batch.

    Parameters
    ----------
    masks
        Shape ``(batch, n, n_bins, n_frames)``.
    true
        What they are compared with.
    settings
        Weights of the terms.
    """
    with torch.no_grad():
        level = magnitude(true.mixture).mean(dim=(1, 2)).clamp_min(TINY)[:, None, None]
        sources, mixture, true_remix = true.sources / level[:, None], true.mixture / level, true.remix / level
    spectrum = magnitude(masks * mixture[:, None] - sources)[true.present].mean()
    remixed = true.remixed(masks) / level
    compressed = [remix.abs().clamp_min(TINY).pow(COMPRESSION) for remix in (remixed, true_remix)]
    remix = magnitude(remixed - true_remix).mean() + (compressed[0] - compressed[1]).abs().mean()
    total = settings.spectrum * spectrum + settings.remix * remix
    return Loss(total=total, spectrum=spectrum, waveform=torch.zeros(()), remix=remix)


def error_energy(masks: Tensor, true: TrueSpectra) -> Tensor:
    """Return the logarithm of the energy of the errors relative to that of the sources, mean over the sources.

    Parameters
    ----------
    masks
        Shape ``(batch, n, n_bins, n_frames)``.
    true
        What they are compared with.
    """
    with torch.no_grad():
        floor = _ENERGY_FLOOR * _energy(true.mixture)[:, None] + TINY**2
        own = _energy(true.sources) + floor
    errors = _energy(masks * true.mixture[:, None] - true.sources) + floor
    return torch.log10(errors / own)[true.present].mean()


def _energy(spectra: Tensor) -> Tensor:
    """Return the energy of spectra ``(..., n_bins, n_frames)``."""
    return power(spectra).sum(dim=(-2, -1))
