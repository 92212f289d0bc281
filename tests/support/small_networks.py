"""Networks small enough for any test."""

from __future__ import annotations

from dataclasses import replace

import torch

from rebalance.separation.mask_network import MaskNetwork, MaskNetworkConfig, TransformConfig
from rebalance.separation.mask_network._unet import UNetConfig
from rebalance.separation.player_tracker import RefinerConfig, TrackerConfig, TrackerNetwork

SMALL_UNET = UNetConfig(channels=(4, 8), n_conditions=8)


def small_network(seed: int = 0) -> MaskNetwork:
    """Return an untrained network, the same for the same seed."""
    torch.manual_seed(seed)
    return MaskNetwork(MaskNetworkConfig(unet=SMALL_UNET))


SMALL_TRACKER = TrackerConfig(
    channels=(4, 8),
    time_strides=(2,),
    width=8,
    n_layers=1,
    player_width=8,
    n_player_layers=1,
    n_heads=2,
    n_conditions=8,
)
SMALL_CAUSAL_TRACKER = replace(
    SMALL_TRACKER,
    causal=True,
    ahead_frames=1,
    time_strides=(1,),
    frames_per_block=1,
    timbre=True,
    transform=TransformConfig(window=4096, synthesis=2048, hop=1024),
)
SMALL_REFINER = RefinerConfig(channels=(4, 8), n_conditions=8)


def small_tracker(seed: int = 0, config: TrackerConfig = SMALL_TRACKER) -> TrackerNetwork:
    """Return an untrained tracker whose answers differ from frame to frame, the same for the same seed."""
    torch.manual_seed(seed)
    network = TrackerNetwork(config)
    torch.nn.init.normal_(network.body.exit.weight, std=0.5)
    torch.nn.init.normal_(network.players.exit.weight, std=0.5)
    return network.eval()
