"""The part of The Sound of Pixels that looks: a dilated residual network."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rebalance._base.errors import ConfigError

_PICTURE_MEAN = (0.428, 0.361, 0.330)
_PICTURE_DEVIATION = (0.242, 0.234, 0.222)
PUBLISHED_VISION_WIDTHS = (64, 128, 256, 512)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisionConfig:
    """Sizes of the network that looks; those of ResNet-18 by default.

    Parameters
    ----------
    widths
        Channels of its layers; the last is dilated and keeps the size of its maps.
    blocks
        Residual blocks of each layer.
    frame_size
        Side of the square frames it sees, in pixels.
    n_frames
        Frames of a segment.
    frame_spacing_s
        Seconds between them.

    Raises
    ------
    ConfigError
        If a size cannot be used.
    """

    widths: tuple[int, ...] = PUBLISHED_VISION_WIDTHS
    blocks: tuple[int, ...] = (2, 2, 2, 2)
    frame_size: int = 224
    n_frames: int = 3
    frame_spacing_s: float = 3.0

    def __post_init__(self) -> None:
        sizes = (*self.widths, *self.blocks, self.frame_size, self.n_frames)
        if len(self.widths) < 2 or len(self.widths) != len(self.blocks) or min(sizes) < 1 or self.frame_spacing_s < 0:
            raise ConfigError(where="vision", expected="two or more layers, each with its blocks", got=str(self))

    def times_s(self, start_s: float, duration_s: float) -> tuple[float, ...]:
        """Return when the frames of a segment are taken: about its middle, none outside it.

        Parameters
        ----------
        start_s
            Of the segment, in seconds of the video.
        duration_s
            Of the segment, in seconds.
        """
        middle_s = start_s + duration_s / 2
        offsets = (self.frame_spacing_s * (number - (self.n_frames - 1) / 2) for number in range(self.n_frames))
        return tuple(min(max(middle_s + offset, start_s), start_s + duration_s) for offset in offsets)


class VisionNetwork(nn.Module):
    """Looks at the frames of a player and gives how much of every component it plays.

    Source: Zhao et al. 2018, section 3.1: a residual network whose last layer has stride 1 and dilation 2, a
    convolution to the components, the maximum over space and frames, a sigmoid.

    Parameters
    ----------
    config
        Sizes of the network.
    n_components
        Number of values of the output.
    """

    def __init__(self, config: VisionConfig, n_components: int) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("mean", torch.tensor(_PICTURE_MEAN)[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(_PICTURE_DEVIATION)[:, None, None], persistent=False)
        self.trunk = _residual_network(config)
        self.to_components = nn.Conv2d(config.widths[-1], n_components, 3, padding=1)

    mean: Tensor
    deviation: Tensor

    def maps(self, frames: Tensor) -> Tensor:
        """Return the components ``(batch, n_components, h, w)`` at every place, the maximum over frames.

        Frames ``(batch, n_frames, 3, height, width)`` are in [0, 1].
        """
        seen = (frames.flatten(0, 1) - self.mean) / self.deviation
        found: Tensor = self.to_components(self.trunk(seen))
        return found.reshape(*frames.shape[:2], *found.shape[1:]).amax(dim=1)

    def forward(self, frames: Tensor) -> Tensor:
        """Return how much of every component is played, in (0, 1), shape ``(batch, n_components)``."""
        return self.maps(frames).amax(dim=(-2, -1)).sigmoid()


class _ResidualBlock(nn.Module):
    """Two convolutions beside the identity, or beside a convolution of one pixel where sizes change."""

    def __init__(self, n_in: int, n_out: int, *, stride: int, dilation: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _convolution(n_in, n_out, stride=stride, dilation=1 if stride == 1 and n_in != n_out else dilation),
            nn.BatchNorm2d(n_out),
            nn.ReLU(),
            _convolution(n_out, n_out, stride=1, dilation=dilation),
            nn.BatchNorm2d(n_out),
        )
        same = stride == 1 and n_in == n_out
        self.beside = (
            nn.Identity()
            if same
            else nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride=stride, bias=False), nn.BatchNorm2d(n_out))
        )

    def forward(self, hidden: Tensor) -> Tensor:
        return torch.relu(self.body(hidden) + self.beside(hidden))


def _convolution(n_in: int, n_out: int, *, stride: int, dilation: int) -> nn.Conv2d:
    """Return a convolution of 3 by 3 that keeps the size but for its stride."""
    return nn.Conv2d(n_in, n_out, 3, stride=stride, padding=dilation, dilation=dilation, bias=False)


def _residual_network(config: VisionConfig) -> nn.Sequential:
    """Return the residual network without its classifier."""
    first = config.widths[0]
    layers: list[nn.Module] = [
        nn.Conv2d(3, first, 7, stride=2, padding=3, bias=False),
        nn.BatchNorm2d(first),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2, padding=1),
    ]
    n_in = first
    for number, (width, n_blocks) in enumerate(zip(config.widths, config.blocks, strict=True)):
        is_last = number == len(config.widths) - 1
        stride = 1 if number == 0 or is_last else 2
        for block in range(n_blocks):
            layers.append(_ResidualBlock(n_in, width, stride=stride if block == 0 else 1, dilation=2 if is_last else 1))
            n_in = width
    return nn.Sequential(*layers)
