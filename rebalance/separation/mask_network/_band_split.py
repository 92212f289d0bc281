"""The band-split network: dilated convolutions over time, attention across bands, a decoder asked per source."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from rebalance._base.errors import ConfigError
from rebalance.separation.networks import ConditionedNorm, Ensemble, Memory, TimeConv


@dataclass(frozen=True, slots=True, kw_only=True)
class BandSplitConfig:
    """Sizes of the band-split network.

    Parameters
    ----------
    bins_per_band
        Log-frequency bins that share a band.
    width
        Channels of every band.
    n_blocks
        Blocks of time convolution and attention.
    dilations
        Of the time convolutions, block by block, over and over.
    kernel
        Frames a time convolution spans.
    n_heads
        Heads of the attention across bands.
    n_conditions
        Length of the vector that describes the ensemble.
    """

    bins_per_band: int = 4
    width: int = 64
    n_blocks: int = 6
    dilations: tuple[int, ...] = (1, 2, 4, 8)
    kernel: int = 5
    n_heads: int = 4
    n_conditions: int = 64

    def __post_init__(self) -> None:
        sizes = (self.bins_per_band, self.width, self.n_blocks, self.kernel, self.n_heads, self.n_conditions)
        if min(*sizes, *self.dilations) < 1 or self.width % self.n_heads or not self.kernel % 2:
            raise ConfigError(
                where="band split", expected=f"positive sizes, heads dividing the width, odd kernel; got {self}"
            )

    @property
    def frame_alignment(self) -> int:
        """Frames that belong together."""
        return 1

    @property
    def block_dilations(self) -> tuple[int, ...]:
        """Of every block's convolution along time."""
        return tuple(self.dilations[index % len(self.dilations)] for index in range(self.n_blocks))

    @property
    def reach_frames(self) -> int:
        """How many frames a logit can depend on, either way."""
        return self.kernel // 2 * sum(self.block_dilations)


class BandSplit(nn.Module):
    """Embeds every band, mixes along time and across bands in turn, decodes one source per query.

    Source: band splitting after Luo and Yu 2023; the shared decoder queried by FiLM after Banquet
    (Watcharasupat and Lerch 2024).
    """

    def __init__(self, config: BandSplitConfig, *, n_maps: int, n_bins: int, n_slots: int, causal: bool) -> None:
        super().__init__()
        if n_bins % config.bins_per_band:
            raise ConfigError(where="band split", expected=f"bins divisible by {config.bins_per_band}", got=str(n_bins))
        self.config = config
        n_bands = n_bins // config.bins_per_band
        self.ensemble = Ensemble(n_slots, config.n_conditions)
        self.entry = nn.Conv2d(n_maps, config.width, (config.bins_per_band, 1), stride=(config.bins_per_band, 1))
        self.bands = nn.Parameter(0.02 * torch.randn(1, config.width, n_bands, 1))
        self.blocks = nn.ModuleList(
            _Block(config, dilation=dilation, causal=causal) for dilation in config.block_dilations
        )
        self.queries = nn.Embedding(n_slots, 2 * config.width)
        self.exit = nn.Linear(config.width, config.bins_per_band)
        nn.init.normal_(self.queries.weight, std=0.02)
        nn.init.zeros_(self.exit.weight)
        nn.init.zeros_(self.exit.bias)

    def forward(self, maps: Tensor, slots: Tensor, memory: Memory | None = None) -> Tensor:
        """Return logits ``(batch, n_sources, n_bins, n_frames)`` for the sources in `slots`."""
        condition = self.ensemble(slots)
        trunk = self.entry(maps) + self.bands
        for block in self.blocks:
            trunk = block(trunk, condition, memory)
        scale, shift = self.queries(slots.clamp(min=0))[..., None, None].chunk(2, dim=2)
        asked = functional.relu(torch.addcmul(shift, trunk[:, None], 1.0 + scale))
        logits: Tensor = self.exit(asked.permute(0, 1, 4, 3, 2)).flatten(-2)
        return logits.transpose(-1, -2)


class _Block(nn.Module):
    """Depthwise convolution along time with a pointwise network, then attention across the bands of a frame."""

    def __init__(self, config: BandSplitConfig, *, dilation: int, causal: bool) -> None:
        super().__init__()
        width, n_conditions = config.width, config.n_conditions
        self.n_heads = config.n_heads
        self.time = TimeConv(width, width, kernel=(1, config.kernel), dilation=dilation, groups=width, causal=causal)
        self.norm_time = ConditionedNorm(width, n_conditions)
        self.widen = nn.Conv2d(width, 2 * width, 1)
        self.narrow = nn.Conv2d(2 * width, width, 1)
        self.norm_bands = ConditionedNorm(width, n_conditions)
        self.attend = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)

    def forward(self, trunk: Tensor, condition: Tensor, memory: Memory | None) -> Tensor:
        inner = self.norm_time(self.time(trunk, memory), condition)
        trunk = trunk + self.narrow(functional.relu(self.widen(inner)))
        return trunk + self._attended(self.norm_bands(trunk, condition))

    def _attended(self, trunk: Tensor) -> Tensor:
        """Let the bands of every frame see each other."""
        n_batch, width, n_bands, n_frames = trunk.shape
        tokens = trunk.permute(0, 3, 2, 1).reshape(n_batch * n_frames, n_bands, width)
        parts = self.attend(tokens).unflatten(-1, (3, self.n_heads, -1)).permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(*parts.unbind(0)).transpose(1, 2).flatten(2)
        merged: Tensor = self.merge(attended).reshape(n_batch, n_frames, n_bands, width)
        return merged.permute(0, 3, 2, 1)
