"""The U-Net over log frequency and time."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from rebalance._base.errors import ConfigError
from rebalance.separation.networks import ConditionedNorm, Ensemble, Memory, TimeConv


@dataclass(frozen=True, slots=True, kw_only=True)
class UNetConfig:
    """Sizes of the U-Net.

    Parameters
    ----------
    channels
        Width of every level, from full resolution to the bottom.
    n_conditions
        Length of the vector that describes the ensemble.
    time_stride
        By how much each level shortens time; 1 for a causal network, whose levels widen their dilation instead.
    """

    channels: tuple[int, ...] = (16, 32, 64, 128, 192)
    n_conditions: int = 64
    time_stride: int = 2

    def __post_init__(self) -> None:
        if len(self.channels) < 2 or min(*self.channels, self.n_conditions, self.time_stride) < 1:
            raise ConfigError(where="U-Net", expected="at least two levels and positive sizes", got=str(self))

    @property
    def scale(self) -> int:
        """What the number of frequency bins must be a multiple of."""
        return int(2 ** (len(self.channels) - 1))

    @property
    def frame_alignment(self) -> int:
        """Frames that belong together at the bottom."""
        return int(self.time_stride ** (len(self.channels) - 1))

    @property
    def dilations(self) -> tuple[int, ...]:
        """Of every level's convolutions along time."""
        return tuple(1 if self.time_stride > 1 else 2**level for level in range(len(self.channels)))

    @property
    def reach_frames(self) -> int:
        """How many frames a logit can depend on, either way."""
        reaches = [2 * dilation * self.time_stride**level for level, dilation in enumerate(self.dilations)]
        return int(2 * sum(reaches[:-1]) + reaches[-1] + self.frame_alignment)


class UNet(nn.Module):
    """Encoder and decoder with added skips; one logit per slot, bin and frame.

    Source: the U-Net of Ronneberger et al. 2015; the dense layer over frequency at the bottom after TFC-TDF (Choi et
    al. 2020).
    """

    def __init__(self, config: UNetConfig, *, n_maps: int, n_bins: int, n_slots: int, causal: bool) -> None:
        super().__init__()
        if n_bins % config.scale or (causal and config.time_stride != 1):
            raise ConfigError(
                where="U-Net",
                expected=(
                    f"bins divisible by {config.scale} and, if causal, a time stride of 1; got {n_bins} bins, {config}"
                ),
            )
        self.config = config
        self.ensemble = Ensemble(n_slots, config.n_conditions)
        dilations, widths = config.dilations, config.channels
        self.entry = nn.Conv2d(n_maps, widths[0], 1)
        self.encoder = nn.ModuleList(
            _Block(width, config.n_conditions, dilation=dilation, causal=causal)
            for width, dilation in zip(widths[:-1], dilations[:-1], strict=True)
        )
        self.bottom = nn.ModuleList(
            [
                _Block(widths[-1], config.n_conditions, dilation=dilations[-1], causal=causal),
                _Across(widths[-1], n_bins // config.scale, config.n_conditions),
            ]
        )
        self.decoder = nn.ModuleList(
            _Block(width, config.n_conditions, dilation=dilation, causal=causal)
            for width, dilation in zip(widths[-2::-1], dilations[-2::-1], strict=True)
        )
        stride = (2, config.time_stride)
        pairs = list(itertools.pairwise(widths))
        self.down = nn.ModuleList(nn.Conv2d(upper, lower, stride, stride=stride) for upper, lower in pairs)
        self.up = nn.ModuleList(nn.ConvTranspose2d(lower, upper, stride, stride=stride) for upper, lower in pairs[::-1])
        self.exit = nn.Conv2d(widths[0], n_slots, 1)
        nn.init.zeros_(self.exit.weight)
        nn.init.zeros_(self.exit.bias)  # type: ignore[arg-type]

    def forward(self, maps: Tensor, slots: Tensor, memory: Memory | None = None) -> Tensor:
        """Return logits ``(batch, n_sources, n_bins, n_frames)`` for the sources in `slots`."""
        n_frames = maps.shape[-1]
        maps = functional.pad(maps, (0, -n_frames % self.config.frame_alignment))
        condition = self.ensemble(slots)
        maps = self.entry(maps)
        skips: list[Tensor] = []
        for block, down in zip(self.encoder, self.down, strict=True):
            skips.append(block(maps, condition, memory))
            maps = down(skips[-1])
        for block in self.bottom:
            maps = block(maps, condition, memory)
        for up, block in zip(self.up, self.decoder, strict=True):
            maps = block(up(maps) + skips.pop(), condition, memory)
        logits = self.exit(maps)[..., :n_frames]
        index = slots.clamp(min=0)[..., None, None].expand(-1, -1, *logits.shape[-2:])
        return torch.gather(logits, 1, index)


class _Block(nn.Module):
    """Two convolutions beside a residual path."""

    def __init__(self, n_channels: int, n_conditions: int, *, dilation: int, causal: bool) -> None:
        super().__init__()
        self.convolution_1, self.convolution_2 = (
            TimeConv(n_channels, n_channels, kernel=(3, 3), dilation=dilation, causal=causal) for _ in range(2)
        )
        self.norm_1, self.norm_2 = (ConditionedNorm(n_channels, n_conditions) for _ in range(2))

    def forward(self, maps: Tensor, condition: Tensor, memory: Memory | None) -> Tensor:
        inner = functional.relu(self.norm_1(self.convolution_1(maps, memory), condition))
        inner = self.norm_2(self.convolution_2(inner, memory), condition)
        return functional.relu(maps + inner)


class _Across(nn.Module):
    """A dense layer over all frequencies of a frame beside a residual path."""

    def __init__(self, n_channels: int, n_bins: int, n_conditions: int) -> None:
        super().__init__()
        self.norm = ConditionedNorm(n_channels, n_conditions)
        self.dense = nn.Linear(n_bins, n_bins)

    def forward(self, maps: Tensor, condition: Tensor, memory: Memory | None) -> Tensor:  # noqa: ARG002 - no past
        normed = self.norm(maps, condition).transpose(2, 3)
        return maps + functional.relu(self.dense(normed)).transpose(2, 3)
