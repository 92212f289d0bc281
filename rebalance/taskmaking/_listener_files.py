"""The writers of `rebalance.task`, offered where listeners are drawn."""

from rebalance.task import fittings_json, listeners_json

__all__ = ["fittings_json", "listeners_json"]
