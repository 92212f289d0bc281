from ._conv_tasnet import ConvTasNet as ConvTasNet, ConvTasNetShape as ConvTasNetShape
from ._convtasnet_separator import (
    ConvTasNetSeparator as ConvTasNetSeparator,
    local_checkpoints as local_checkpoints,
    published_checkpoint as published_checkpoint,
)
