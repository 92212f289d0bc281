"""X-UMX, the network of the SynthSOD baseline: one model for each family of the orchestra."""

from __future__ import annotations

from rebalance.separation.xumx._network import Xumx, XumxConfig
from rebalance.separation.xumx._separator import XUMX_FAMILIES, XumxSeparator, load_xumx_separator, save_xumx

__all__ = ["XUMX_FAMILIES", "Xumx", "XumxConfig", "XumxSeparator", "load_xumx_separator", "save_xumx"]
