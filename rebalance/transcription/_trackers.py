"""The trackers of `rebalance.separation.player_tracker`, offered where their results are made notes."""

from rebalance.separation.player_tracker import (
    CombSettings,
    PitchSeparator,
    Posteriors,
    Tracker,
    load_tracker,
    separate_by_pitch,
)

__all__ = ["CombSettings", "PitchSeparator", "Posteriors", "Tracker", "load_tracker", "separate_by_pitch"]
