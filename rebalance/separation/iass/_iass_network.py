"""The network IASS: a U-Net of residual blocks along frequency, and a head that tells when the instrument plays."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import nn

from rebalance._base.errors import ConfigError
from rebalance.separation.networks import BandLimited, SpectralNetwork

_FACTOR = 3  # by which every block divides the bins
_LEAK = 0.01
_HEAD_CHANNELS = (32, 16, 16)
_MAX_RATIO = 1e-4  # of the largest scale: below it no bin is divided


@dataclass(frozen=True, slots=True, kw_only=True)
class IassConfig(BandLimited):
    """Sizes of an IASS; the defaults are the published ones.

    Parameters
    ----------
    target
        Instrument this network separates.
    channels
        Of the three blocks of the encoder.
    window, hop
        Of the STFT, in samples.
    sample_rate
        In Hz.
    bandwidth_hz
        Highest frequency the network sees; what it gives reaches up to half the sample rate.
    n_pitches
        Outputs of a second head, one for every semitone from `lowest_midi` up; none when 0, as published.
    lowest_midi
        MIDI pitch of the first of them.

    Raises
    ------
    ConfigError
        If the target has no name or a size is out of its range.

    Examples
    --------
    >>> from rebalance.separation.iass import IassConfig
    >>> config = IassConfig(target="Flute")
    >>> config.n_bins, config.heights, config.head_heights, config.widths
    (2049, (1487, 495, 165, 55), (55, 18, 6, 2), 'published')
    """

    target: str
    channels: tuple[int, int, int] = (16, 32, 48)
    window: int = 4096
    hop: int = 1024
    sample_rate: int = 44_100
    bandwidth_hz: float = 16_000.0
    n_pitches: int = 0
    lowest_midi: int = 21

    def __post_init__(self) -> None:
        if not self.target.strip():
            raise ConfigError(where="IASS", expected="the name of a target", got=repr(self.target))
        sizes = (*self.channels, self.hop, self.sample_rate, self.bandwidth_hz)
        if min(sizes) <= 0 or self.window <= self.hop or min(self.n_pitches, self.lowest_midi) < 0:
            raise ConfigError(where="IASS", expected="sizes above 0 and a window longer than the hop", got=str(self))
        if self.n_seen_bins < _FACTOR ** (len(self.channels) + len(_HEAD_CHANNELS)):
            raise ConfigError(where="IASS", expected="at least 729 bins below the bandwidth", got=str(self.n_seen_bins))

    @property
    def heights(self) -> tuple[int, ...]:
        """Bins before, between and after the blocks of the encoder."""
        return _divided(self.n_seen_bins, len(self.channels))

    @property
    def head_heights(self) -> tuple[int, ...]:
        """Bins before, between and after the strided layers of the head."""
        return _divided(self.heights[-1], len(_HEAD_CHANNELS))

    @property
    def widths(self) -> str:
        """``"published"`` for the published sizes, ``"small"`` for any others."""
        return "published" if self == IassConfig(target=self.target) else "small"


def _divided(height: int, n_layers: int) -> tuple[int, ...]:
    """Return a number of bins and what layers of kernel and stride 3 leave of it."""
    return tuple(height // _FACTOR**layer for layer in range(n_layers + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class IassOutput:
    """What the network gives for magnitudes ``(batch, n_bins, n_frames)``.

    Parameters
    ----------
    mask
        From 0 upwards, ``(batch, n_bins, n_frames)``.
    activity
        Logit of the instrument playing, ``(batch, n_frames)``.
    pitches
        Logit of every pitch sounding, ``(batch, n_pitches, n_frames)``; without entries where there is no such head.
    """

    mask: torch.Tensor
    activity: torch.Tensor
    pitches: torch.Tensor


class Iass(SpectralNetwork):
    """Mask and activity of one instrument from the magnitudes of a mono mixture.

    Parameters
    ----------
    config
        Sizes of the network.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.iass import Iass, IassConfig
    >>> network = Iass(IassConfig(target="Flute")).eval()
    >>> sum(parameter.numel() for parameter in network.parameters())
    3205682
    >>> output = network(torch.ones(2, 2049, 5))
    >>> output.mask.shape, output.activity.shape, output.pitches.shape
    (torch.Size([2, 2049, 5]), torch.Size([2, 5]), torch.Size([2, 0, 5]))

    Source: Hung and Lerch 2020 (arXiv 2008.00616). Deviation: the head on the pitches, which is only there when asked
    for; the paper names it as future work.
    """

    def __init__(self, config: IassConfig) -> None:
        super().__init__(config.window, config.hop)
        self.config = config
        first, second, third = config.channels
        self.input_mean = nn.Parameter(torch.zeros(config.n_seen_bins))
        self.input_scale = nn.Parameter(torch.ones(config.n_seen_bins))
        self.output_mean = nn.Parameter(torch.ones(config.n_bins))
        self.output_scale = nn.Parameter(torch.ones(config.n_bins))
        self.encoder = nn.ModuleList(_EncoderBlock(*pair) for pair in pairwise((1, *config.channels)))
        self.skips = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for width in (first, second))
        self.decoder = nn.ModuleList(
            [
                _DecoderBlock(third, (third + second, (third + second) // 2, second)),
                _DecoderBlock(second, (second + first, (second + first) // 2, first)),
                _DecoderBlock(first, (first, first // 2 or 1, 1), last=True),
            ]
        )
        self.linear = nn.Linear(config.n_seen_bins, config.n_bins)
        self.head = _activity_head(third, config.head_heights[-1])
        self.pitch_head = nn.Conv2d(third, config.n_pitches, (config.heights[-1], 1)) if config.n_pitches else None
        self.register_buffer("mixture_rms", torch.zeros(()))
        self.mixture_rms: torch.Tensor
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a third faster on the processor

    def forward(self, magnitudes: torch.Tensor) -> IassOutput:
        """Return mask, activity and pitches of magnitudes ``(batch, n_bins, n_frames)``."""
        seen = magnitudes[:, : self.config.n_seen_bins]
        values = ((seen - self.input_mean[:, None]) / self.input_scale[:, None])[:, None]
        encoded = [values]
        for block in self.encoder:
            encoded.append(block(encoded[-1]))
        latent = encoded[-1]
        return IassOutput(mask=self._mask(encoded), activity=self.head(latent)[:, 0, 0], pitches=self._pitches(latent))

    def standardise(self, mean: torch.Tensor, scale: torch.Tensor, mixture_rms: float = 0.0) -> None:
        """Take the mean and the standard deviation of the mixtures' magnitudes, each of shape ``(n_seen_bins,)``.

        The scale is held above a ten thousandth of its maximum. Mixtures are brought to the level of those it learnt
        from before it is asked about them, unless that is 0, for unknown.

        Parameters
        ----------
        mean
            Of the magnitudes of every bin the network sees.
        scale
            Their standard deviation.
        mixture_rms
            Root mean square of the mixtures it learns from, full scale 1.
        """
        self.mixture_rms.fill_(mixture_rms)
        self.input_mean.data.copy_(mean)
        self.input_scale.data.copy_(scale.clamp_min(_MAX_RATIO * float(scale.max())))

    def _mask(self, encoded: list[torch.Tensor]) -> torch.Tensor:
        """Return the mask of what the blocks of the encoder gave, the input first."""
        _, first, second, values = encoded
        beside = [self.skips[1](second), self.skips[0](first), None]
        heights = self.config.heights[-2::-1]
        for block, skip, height in zip(self.decoder, beside, heights, strict=True):
            values = block(values, skip, height)
        wide = self.linear(values[:, 0].transpose(1, 2)) * self.output_scale + self.output_mean
        return torch.relu(wide).transpose(1, 2)

    def _pitches(self, latent: torch.Tensor) -> torch.Tensor:
        """Return the logits of the pitches, without entries where there is no head for them."""
        if self.pitch_head is None:
            return latent.new_zeros(len(latent), 0, latent.shape[-1])
        logits: torch.Tensor = self.pitch_head(latent)[:, :, 0]
        return logits


class _EncoderBlock(nn.Module):
    """A residual block, then a third of the bins; time is left as it is."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(n_in, n_out, 3, padding=1),
            nn.BatchNorm2d(n_out),
            nn.LeakyReLU(_LEAK),
            nn.Conv2d(n_out, n_out, 3, padding=1),
            nn.BatchNorm2d(n_out),
            nn.LeakyReLU(_LEAK),
        )
        self.shortcut = nn.Conv2d(n_in, n_out, 1)
        self.down = nn.Conv2d(n_out, n_out, (_FACTOR, 1), stride=(_FACTOR, 1))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return ``(batch, n_out, n_bins // 3, n_frames)``."""
        reduced: torch.Tensor = self.down(self.body(values) + self.shortcut(values))
        return reduced


class _DecoderBlock(nn.Module):
    """Three times the bins, what the encoder had there beside, and two convolutions; here the norm comes last."""

    def __init__(self, n_in: int, widths: tuple[int, int, int], *, last: bool = False) -> None:
        super().__init__()
        joined, middle, n_out = widths
        self.up = nn.ConvTranspose2d(n_in, n_in, (_FACTOR, 1), stride=(_FACTOR, 1))
        layers: list[nn.Module] = [
            nn.ConvTranspose2d(joined, middle, 3, padding=1),
            nn.LeakyReLU(_LEAK),
            nn.BatchNorm2d(middle),
            nn.ConvTranspose2d(middle, n_out, 3, padding=1),
        ]
        if not last:
            layers += [nn.LeakyReLU(_LEAK), nn.BatchNorm2d(n_out)]
        self.body = nn.Sequential(*layers)

    def forward(self, values: torch.Tensor, skip: torch.Tensor | None, height: int) -> torch.Tensor:
        """Return ``(batch, n_out, height, n_frames)``."""
        raised = self.up(values, output_size=(height, values.shape[-1]))
        joined: torch.Tensor = self.body(raised if skip is None else torch.cat([raised, skip], dim=1))
        return joined


def _activity_head(n_in: int, height: int) -> nn.Sequential:
    """Return the head: strided layers with norm and without activation, then one number per frame."""
    layers: list[nn.Module] = []
    for narrow, wide in pairwise((n_in, *_HEAD_CHANNELS)):
        layers += [nn.Conv2d(narrow, wide, (_FACTOR, 1), stride=(_FACTOR, 1)), nn.BatchNorm2d(wide)]
    return nn.Sequential(*layers, nn.Conv2d(_HEAD_CHANNELS[-1], 1, (height, 1)))
