"""What trackers and refiners are built of: convolutions of maps, and maps folded into blocks."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from rebalance.separation.networks import ConditionedNorm, Memory, TimeConv


class ConvBlock(nn.Module):
    """Two convolutions beside a residual path."""

    def __init__(self, n_channels: int, n_conditions: int, *, causal: bool = False) -> None:
        super().__init__()
        self.convolution_1, self.convolution_2 = (
            TimeConv(n_channels, n_channels, kernel=(3, 3), causal=causal) for _ in range(2)
        )
        self.norm_1, self.norm_2 = (ConditionedNorm(n_channels, n_conditions) for _ in range(2))

    def forward(self, maps: Tensor, condition: Tensor, memory: Memory | None = None) -> Tensor:
        """Convolve ``(batch, n_channels, n_blocks, n_steps)`` as ``(batch, n_conditions)`` asks."""
        inner = functional.relu(self.norm_1(self.convolution_1(maps, memory), condition))
        inner = self.norm_2(self.convolution_2(inner, memory), condition)
        return functional.relu(maps + inner)


def folded_blocks(maps: Tensor, bins: int, frames: int) -> Tensor:
    """Fold blocks of bins and frames of ``(batch, n, n_bins, n_frames)`` into channels."""
    n_batch, n_maps, n_bins, n_frames = maps.shape
    blocks = maps.reshape(n_batch, n_maps, n_bins // bins, bins, n_frames // frames, frames)
    return blocks.permute(0, 1, 3, 5, 2, 4).reshape(n_batch, -1, n_bins // bins, n_frames // frames)
