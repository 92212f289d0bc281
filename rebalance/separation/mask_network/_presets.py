"""The sizes of network the library trains and ships."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rebalance.separation.mask_network._mask_network import MaskNetworkConfig
from rebalance.separation.mask_network._transform import ASYMMETRIC, HALF_RATE
from rebalance.separation.mask_network._unet import UNetConfig

PRESETS: Mapping[str, MaskNetworkConfig] = MappingProxyType(
    {
        "default": MaskNetworkConfig(),
        "fast": MaskNetworkConfig(transform=HALF_RATE, unet=UNetConfig(channels=(16, 32, 64, 128))),
        "causal": MaskNetworkConfig(
            causal=True,
            mask_every=8,
            transform=ASYMMETRIC,
            unet=UNetConfig(channels=(16, 32, 64, 96), time_stride=1),
        ),
        "band-split": MaskNetworkConfig(family="band-split"),
    }
)
