"""Splitting a mixture of known instruments into its sources."""

from rebalance.separation.protocol import (
    Declared,
    OfficialTargets,
    Separator,
    Weighted,
    checked_mixture,
    known_instruments,
    shared_among_voices,
    source_names,
)
from rebalance.separation.registry import SEPARATORS, load_separator

__all__ = [
    "SEPARATORS",
    "Declared",
    "OfficialTargets",
    "Separator",
    "Weighted",
    "checked_mixture",
    "known_instruments",
    "load_separator",
    "shared_among_voices",
    "source_names",
]
