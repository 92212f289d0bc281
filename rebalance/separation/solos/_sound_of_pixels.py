"""The Sound of Pixels: sight chooses among the components that a U-Net hears in a mixture."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from rebalance._base.errors import ConfigError
from rebalance.separation.solos._log_frequency import LogSpectrum, LogSpectrumConfig
from rebalance.separation.solos._vision import PUBLISHED_VISION_WIDTHS, VisionConfig, VisionNetwork

PIXELS_WIDTHS = (64, 128, 256, 512, 512, 512, 512)
_SLOPE = 0.2
_TINY = 1e-10
_FIRST_DEVIATION = 0.001
_THRESHOLD = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelsConfig:
    """Sizes of The Sound of Pixels; those of the released code by default.

    Parameters
    ----------
    widths
        Channels of the blocks of the U-Net; each halves both axes.
    n_components
        What the U-Net gives and sight chooses among.
    vision
        Of the network that looks.
    spectrum
        What the U-Net sees.

    Raises
    ------
    ConfigError
        If a size cannot be used.

    Examples
    --------
    >>> from rebalance.separation.solos import PixelsConfig
    >>> PixelsConfig().sizes, PixelsConfig().vision.times_s(0.0, 6.0)
    ('published', (0.0, 3.0, 6.0))
    """

    widths: tuple[int, ...] = PIXELS_WIDTHS
    n_components: int = 32
    vision: VisionConfig = field(default_factory=VisionConfig)
    spectrum: LogSpectrumConfig = field(default_factory=LogSpectrumConfig)

    def __post_init__(self) -> None:
        if len(self.widths) < 2 or min(*self.widths, self.n_components) < 1:
            raise ConfigError(where="The Sound of Pixels", expected="two or more widths, components", got=str(self))
        self.spectrum.require_multiples(self.stride, where="The Sound of Pixels")

    @property
    def stride(self) -> int:
        """How far both axes are shortened in the middle."""
        return int(2 ** len(self.widths))

    @property
    def sizes(self) -> str:
        """Whether these are the published widths."""
        published = self.widths == PIXELS_WIDTHS and self.vision.widths == PUBLISHED_VISION_WIDTHS
        return "published" if published else "small"


class AudioUNet(nn.Module):
    """Hears the components of a mixture.

    Source: Zhao et al. 2018 and its released code: seven convolutions of 4 by 4 down, seven times bilinear doubling and
    a convolution of 3 by 3 up, batch normalisation, skips at every size.

    Parameters
    ----------
    widths
        Channels of the convolutions down, from the outermost.
    n_components
        Number of channels of the output.
    """

    def __init__(self, widths: tuple[int, ...], n_components: int) -> None:
        super().__init__()
        self.normalise = nn.BatchNorm2d(1)
        channels = (1, *widths)
        last = len(widths) - 1
        self.down = nn.ModuleList(
            _halving(one, other, normalised=0 < number < last)
            for number, (one, other) in enumerate(itertools.pairwise(channels))
        )
        doubled = [widths[-1], *(2 * width for width in reversed(widths[:-1]))]
        self.up = nn.ModuleList(
            _rising(one, other) for one, other in zip(doubled[:-1], reversed(widths[:-1]), strict=True)
        )
        self.to_components = nn.Conv2d(doubled[-1], n_components, 3, padding=1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, 0.0, _FIRST_DEVIATION)

    def forward(self, log_magnitudes: Tensor) -> Tensor:
        """Return components ``(batch, n_components, n_rows, n_frames)`` of ``(batch, n_rows, n_frames)``."""
        hidden = self.down[0](self.normalise(log_magnitudes[:, None]))
        skips: list[Tensor] = []
        for block in list(self.down)[1:]:
            skips.append(nn.functional.leaky_relu(hidden, _SLOPE))
            hidden = block(skips[-1])
        for block in self.up:
            hidden = torch.cat([skips.pop(), block(hidden)], dim=1)
        components: Tensor = self.to_components(_doubled(torch.relu(hidden)))
        return components


class SoundOfPixels(nn.Module):
    """Separates what the players in view play.

    Parameters
    ----------
    config
        Sizes of the network.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.solos import PixelsConfig, SoundOfPixels, VisionConfig
    >>> vision = VisionConfig(widths=(4, 8), blocks=(1, 1), frame_size=32)
    >>> network = SoundOfPixels(PixelsConfig(widths=(4, 8), n_components=3, vision=vision)).eval()
    >>> players = network.seen(torch.zeros(1, 2, 3, 3, 32, 32))
    >>> network.logits(torch.zeros(1, 256, 256), players).shape
    torch.Size([1, 2, 256, 256])
    """

    def __init__(self, config: PixelsConfig) -> None:
        super().__init__()
        self.config = config
        self.transform = LogSpectrum(config.spectrum)
        self.audio = AudioUNet(config.widths, config.n_components)
        self.vision = VisionNetwork(config.vision, config.n_components)
        self.scales = nn.Parameter(torch.ones(config.n_components))
        self.bias = nn.Parameter(torch.zeros(1))

    def seen(self, frames: Tensor) -> Tensor:
        """Return what is seen of players, ``(batch, n_players, n_components)``, of their frames.

        These are ``(batch, n_players, n_frames, 3, height, width)`` in [0, 1].
        """
        seen: Tensor = self.vision(frames.flatten(0, 1))
        return seen.reshape(*frames.shape[:2], -1)

    def components(self, magnitudes: Tensor) -> Tensor:
        """Return the components of warped magnitudes ``(batch, n_rows, n_frames)``."""
        heard: Tensor = self.audio(torch.log(magnitudes + _TINY))
        return heard

    def chosen(self, components: Tensor, players: Tensor) -> Tensor:
        """Return logits ``(batch, n_players, n_rows, n_frames)`` of components and what is seen.

        Source: Montesinos, Slizovskaia and Haro 2020, equation (1), ``sum_k alpha_k v_k S_k + beta``.

        Parameters
        ----------
        components
            Shape ``(batch, n_components, n_rows, n_frames)``.
        players
            How much of every component each plays, shape ``(batch, n_players, n_components)``, from 0 to 1.
        """
        return torch.einsum("bpk,bkrt->bprt", players * self.scales, components) + self.bias

    def logits(self, magnitudes: Tensor, players: Tensor) -> Tensor:
        """Return logits of the masks of warped magnitudes; see `chosen`.

        Parameters
        ----------
        magnitudes
            On the logarithmic axis, shape ``(batch, n_rows, n_frames)``.
        players
            See `chosen`.
        """
        return self.chosen(self.components(magnitudes), players)

    def masks(self, magnitudes: Tensor, players: Tensor) -> Tensor:
        """Return binary masks on the axis of the transform of bounded magnitudes ``(batch, n_bins, n_frames)``.

        Parameters
        ----------
        magnitudes
            On the axis of the transform, bounded.
        players
            See `chosen`.
        """
        soft = self.logits(self.transform.warp(magnitudes), players).sigmoid()
        return (self.transform.unwarp(soft) > _THRESHOLD).float()

    def learning_rate_scales(self) -> dict[str, float]:
        """Return what the learning rate of a parameter is multiplied by where it is not 1, by its name's beginning."""
        return {"vision.trunk.": 0.1}


def _halving(n_in: int, n_out: int, *, normalised: bool) -> nn.Module:
    """Return a step down; the first and the last are not normalised."""
    convolution = nn.Conv2d(n_in, n_out, 4, stride=2, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(n_out)) if normalised else convolution


def _rising(n_in: int, n_out: int) -> nn.Module:
    """Return a step up."""
    return nn.Sequential(
        nn.ReLU(),
        nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
        nn.Conv2d(n_in, n_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(n_out),
    )


def _doubled(hidden: Tensor) -> Tensor:
    """Return maps of twice the length of both axes."""
    return nn.functional.interpolate(hidden, scale_factor=2, mode="bilinear", align_corners=True)
