"""Networks small enough for any test."""

from __future__ import annotations

import torch

from rebalance.separation.mask_network import MaskNetwork, MaskNetworkConfig
from rebalance.separation.mask_network._unet import UNetConfig

SMALL_UNET = UNetConfig(channels=(4, 8), n_conditions=8)


def small_network(seed: int = 0) -> MaskNetwork:
    """Return an untrained network, the same for the same seed."""
    torch.manual_seed(seed)
    return MaskNetwork(MaskNetworkConfig(unet=SMALL_UNET))
