"""Which version made a number, and which release of the official code it follows."""

from __future__ import annotations

from importlib.metadata import version

VERSION = version("rebalance")
SEMANTICS = "pyclarity V0.6.3"
