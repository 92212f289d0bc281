"""The mask networks that ship: features, bodies, the separator and its streaming form."""

from __future__ import annotations

from rebalance.separation.mask_network._features import FeatureConfig, HarmonicFeatures
from rebalance.separation.mask_network._mask_network import N_VOICES, MaskNetwork, MaskNetworkConfig
from rebalance.separation.mask_network._mask_separator import MaskSeparator, load_mask_separator
from rebalance.separation.mask_network._presets import PRESETS
from rebalance.separation.mask_network._streaming import SeparationStream
from rebalance.separation.mask_network._transform import ASYMMETRIC, HALF_RATE, SYMMETRIC, Transform, TransformConfig

__all__ = [
    "ASYMMETRIC",
    "HALF_RATE",
    "N_VOICES",
    "PRESETS",
    "SYMMETRIC",
    "FeatureConfig",
    "HarmonicFeatures",
    "MaskNetwork",
    "MaskNetworkConfig",
    "MaskSeparator",
    "SeparationStream",
    "Transform",
    "TransformConfig",
    "load_mask_separator",
]
