"""X-UMX, the network of the SynthSOD baseline: one model for each family of the orchestra."""

from __future__ import annotations

from rebalance.separation.xumx._network import Xumx, XumxConfig
from rebalance.separation.xumx._separator import XUMX_FAMILIES, XumxSeparator, load_xumx_separator, save_xumx
from rebalance.separation.xumx._track_scores import (
    MAX_TRACK_S,
    ROWS,
    TargetSummary,
    TrackScore,
    score_track,
    summarise,
)

__all__ = [
    "MAX_TRACK_S",
    "ROWS",
    "XUMX_FAMILIES",
    "TargetSummary",
    "TrackScore",
    "Xumx",
    "XumxConfig",
    "XumxSeparator",
    "load_xumx_separator",
    "save_xumx",
    "score_track",
    "summarise",
]
