"""IASS: instrument-aware source separation, a mask and the activity of one instrument by one network."""

from __future__ import annotations

from rebalance.separation.iass._iass_models import (
    IassReading,
    load_iass_models,
    read_through,
    save_iass,
)
from rebalance.separation.iass._iass_network import Iass, IassConfig, IassOutput
from rebalance.separation.iass._iass_separator import IassSeparator, load_iass_separator
from rebalance.separation.iass._instrument_weight import (
    ACTIVITY_DB,
    WEIGHT_FRAMES,
    WEIGHT_THRESHOLD,
    ActivityScores,
    active_frames,
    activity_scores,
    frame_rms,
    instrument_weight,
)

__all__ = [
    "ACTIVITY_DB",
    "WEIGHT_FRAMES",
    "WEIGHT_THRESHOLD",
    "ActivityScores",
    "Iass",
    "IassConfig",
    "IassOutput",
    "IassReading",
    "IassSeparator",
    "active_frames",
    "activity_scores",
    "frame_rms",
    "instrument_weight",
    "load_iass_models",
    "load_iass_separator",
    "read_through",
    "save_iass",
]
