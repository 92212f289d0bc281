"""Which version made a number, and which release of the official code it follows."""

from __future__ import annotations

from importlib.metadata import version

from rebalance._base.extras import DISTRIBUTION

VERSION = version(DISTRIBUTION)
SEMANTICS = "pyclarity V0.6.3"
