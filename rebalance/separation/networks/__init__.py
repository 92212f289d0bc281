"""What all networks are built of: layers, and the device they run on."""

from __future__ import annotations

from rebalance.separation.networks._centred_stft import (
    BandLimited,
    SpectralNetwork,
)
from rebalance.separation.networks._devices import chosen_device, overlap_add_within_memory, within_memory
from rebalance.separation.networks._layers import ConditionedNorm, Ensemble, Memory, TimeConv, full_precision

__all__ = [
    "BandLimited",
    "ConditionedNorm",
    "Ensemble",
    "Memory",
    "SpectralNetwork",
    "TimeConv",
    "chosen_device",
    "full_precision",
    "overlap_add_within_memory",
    "within_memory",
]
