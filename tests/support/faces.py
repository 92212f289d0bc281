"""Where the public names of the library are."""

from __future__ import annotations

import pkgutil

import rebalance

BARE = ("rebalance.synthesis", "rebalance.cli")  # a folder of faces; commands


def faces() -> list[str]:
    """Return the names of the packages that have public names."""
    found = [info.name for info in pkgutil.walk_packages(rebalance.__path__, "rebalance.") if info.ispkg]
    return ["rebalance", *(name for name in found if "._" not in name and name not in BARE)]
