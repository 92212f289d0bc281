"""Separation learnt from scores: one temporal convolutional network as transcriptor, separator and classifier."""

from __future__ import annotations

from rebalance.separation.score_supervised._score_checkpoints import load_score_separator, save_score_separator
from rebalance.separation.score_supervised._score_separator import ScoreSupervisedSeparator
from rebalance.separation.score_supervised._tcn import LOWEST_NOTE, N_NOTES, Role, ScoreTcn, TcnConfig, level_of

__all__ = [
    "LOWEST_NOTE",
    "N_NOTES",
    "Role",
    "ScoreSupervisedSeparator",
    "ScoreTcn",
    "TcnConfig",
    "level_of",
    "load_score_separator",
    "save_score_separator",
]
