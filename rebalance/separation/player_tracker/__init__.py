"""The player tracker: who plays which pitch when, and separation by it."""

from __future__ import annotations

from rebalance.separation.player_tracker._by_pitch import PitchSeparator, load_pitch_separator, separate_by_pitch
from rebalance.separation.player_tracker._combs import PLAIN_COMBS, CombSettings, released
from rebalance.separation.player_tracker._posteriors import Posteriors
from rebalance.separation.player_tracker._refiner import Refiner, RefinerConfig
from rebalance.separation.player_tracker._tracker import Tracker, load_tracker
from rebalance.separation.player_tracker._tracker_checkpoints import load_tracker_checkpoint, save_tracker_checkpoint
from rebalance.separation.player_tracker._tracker_network import TrackerConfig, TrackerNetwork

__all__ = [
    "PLAIN_COMBS",
    "CombSettings",
    "PitchSeparator",
    "Posteriors",
    "Refiner",
    "RefinerConfig",
    "Tracker",
    "TrackerConfig",
    "TrackerNetwork",
    "load_pitch_separator",
    "load_tracker",
    "load_tracker_checkpoint",
    "released",
    "save_tracker_checkpoint",
    "separate_by_pitch",
]
