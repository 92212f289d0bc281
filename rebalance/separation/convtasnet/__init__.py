"""Conv-TasNet, the separator of the challenge's official baseline."""

from __future__ import annotations

from rebalance.separation.convtasnet._conv_tasnet import ConvTasNet, ConvTasNetShape
from rebalance.separation.convtasnet._convtasnet_separator import (
    ConvTasNetSeparator,
    local_checkpoints,
    published_checkpoint,
)

__all__ = ["ConvTasNet", "ConvTasNetSeparator", "ConvTasNetShape", "local_checkpoints", "published_checkpoint"]
