"""The revisions of the board's database, in order; `rebalance board upgrade` applies those that are missing."""

from __future__ import annotations

__all__: list[str] = []
