"""The multi-head U-Net: one encoder, and a decoder of its own for every instrument."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import torch
from torch import Tensor, nn

from rebalance._base.errors import ConfigError
from rebalance.separation.solos._log_frequency import LogSpectrum, LogSpectrumConfig, normalised_levels

SOLOS_INSTRUMENTS = (
    "Violin",
    "Viola",
    "Cello",
    "Bass",
    "Flute",
    "Oboe",
    "Clarinet",
    "Bassoon",
    "Sax",
    "Trumpet",
    "Horn",
    "Trombone",
    "Tuba",
)
"""The thirteen classes of Solos, which are those of URMP."""

MULTI_HEAD_WIDTHS: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {"released": (16, 32, 64, 128, 256, 512), "paper": (32, 64, 128, 256, 512, 512)}
)
"""Channels of the six blocks: those of the released code, and those that the paper prints."""

_SLOPE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiHeadConfig:
    """Sizes of a multi-head U-Net; those of the released code by default.

    Parameters
    ----------
    heads
        Instruments, one for every output.
    widths
        Channels of the encoder's blocks; each halves both axes.
    dropout
        Share of the numbers left out in training, in every block of a decoder.
    shared_decoder
        One decoder with an output for every instrument, in place of a decoder for each.
    rectified_output
        End every decoder as the released code does, in batch normalisation, ReLU and dropout before the softmax: no
        instrument can then fall below 0. Otherwise in a convolution with a bias alone (ours).
    spectrum
        What the network sees.

    Raises
    ------
    ConfigError
        If a head is named twice, there is none, or a size cannot be used.

    Examples
    --------
    >>> from rebalance.separation.solos import MultiHeadConfig
    >>> len(MultiHeadConfig().heads), MultiHeadConfig(widths=(8, 16)).sizes
    (13, 'small')
    """

    heads: tuple[str, ...] = SOLOS_INSTRUMENTS
    widths: tuple[int, ...] = MULTI_HEAD_WIDTHS["released"]
    dropout: float = 0.2
    shared_decoder: bool = False
    rectified_output: bool = True
    spectrum: LogSpectrumConfig = field(default_factory=LogSpectrumConfig)

    def __post_init__(self) -> None:
        if not self.heads or len(set(self.heads)) != len(self.heads):
            raise ConfigError(where="heads", expected="different instruments, at least one", got=str(self.heads))
        if len(self.widths) < 2 or min(self.widths) < 1 or not 0.0 <= self.dropout < 1.0:
            raise ConfigError(where="multi-head U-Net", expected="two or more widths, a dropout below 1", got=str(self))
        self.spectrum.require_multiples(self.stride, where="multi-head U-Net")

    @property
    def stride(self) -> int:
        """How far both axes are shortened in the middle."""
        return int(2 ** len(self.widths))

    @property
    def sizes(self) -> str:
        """Whether these are published widths."""
        return "published" if self.widths in MULTI_HEAD_WIDTHS.values() else "small"


class _Decoder(nn.Module):
    """From the middle and the skips to the outputs of one decoder, before the softmax."""

    def __init__(self, config: MultiHeadConfig, n_outputs: int) -> None:
        super().__init__()
        widths = config.widths
        inner = [
            _block(below + beside, beside, config.dropout)
            for below, beside in zip(reversed(widths[1:]), reversed(widths[:-1]), strict=True)
        ]
        last = (
            _block(widths[0] + 1, n_outputs, config.dropout)
            if config.rectified_output
            else nn.Conv2d(widths[0] + 1, n_outputs, 3, padding=1)
        )
        self.blocks = nn.ModuleList([*inner, last])

    def forward(self, middle: Tensor, skips: list[Tensor]) -> Tensor:
        """Return ``(batch, n_outputs, n_rows, n_frames)`` of the upsampled middle and skips, the deepest first."""
        hidden = middle
        for number, (block, skip) in enumerate(zip(self.blocks, skips, strict=True)):
            hidden = block(torch.cat([_doubled(hidden) if number else hidden, skip], dim=1))
        return hidden


class MultiHeadUNet(nn.Module):
    """Gives a ratio mask for every instrument; all of a bin sum to 1.

    Parameters
    ----------
    config
        Sizes of the network.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.solos import MultiHeadConfig, MultiHeadUNet
    >>> network = MultiHeadUNet(MultiHeadConfig(heads=("Flute", "Cello"), widths=(4, 8))).eval()
    >>> network(torch.zeros(1, 256, 256)).shape
    torch.Size([1, 2, 256, 256])

    Source: Doire and Okubadejo 2019 (U-Net with several heads); sizes as in the released code of Solos' authors.
    """

    def __init__(self, config: MultiHeadConfig) -> None:
        super().__init__()
        self.config = config
        self.transform = LogSpectrum(config.spectrum)
        channels = (1, *config.widths)
        self.encoder = nn.ModuleList(
            _halving(one, other, bare=number == len(config.widths) - 1)
            for number, (one, other) in enumerate(itertools.pairwise(channels))
        )
        shares = [len(config.heads)] if config.shared_decoder else [1] * len(config.heads)
        self.decoders = nn.ModuleList(_Decoder(config, n_outputs) for n_outputs in shares)

    def forward(self, levels: Tensor) -> Tensor:
        """Return masks ``(batch, n_heads, n_rows, n_frames)`` of normalised levels ``(batch, n_rows, n_frames)``."""
        hidden = levels[:, None]
        skips = [hidden]
        for block in self.encoder:
            hidden = block(hidden)
            skips.insert(0, hidden)
        middle = _doubled(hidden)
        scores = torch.cat([decoder(middle, skips[1:]) for decoder in self.decoders], dim=1)
        return scores.softmax(dim=1)

    def masks(self, magnitudes: Tensor) -> Tensor:
        """Return masks on the axis of the transform of bounded magnitudes ``(batch, n_bins, n_frames)``."""
        return self.transform.unwarp(self(normalised_levels(self.transform.warp(magnitudes))))


def _halving(n_in: int, n_out: int, *, bare: bool) -> nn.Module:
    """Return a block of the encoder; the last is a bare convolution."""
    convolution = nn.Conv2d(n_in, n_out, 4, stride=2, padding=1, bias=False)
    if bare:
        return convolution
    return nn.Sequential(convolution, nn.BatchNorm2d(n_out), nn.LeakyReLU(_SLOPE))


def _block(n_in: int, n_out: int, dropout: float) -> nn.Module:
    """Return a block of a decoder."""
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, 3, padding=1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU(), nn.Dropout(dropout)
    )


def _doubled(hidden: Tensor) -> Tensor:
    """Return maps of twice the length of both axes."""
    return nn.functional.interpolate(hidden, scale_factor=2, mode="bilinear", align_corners=True)
