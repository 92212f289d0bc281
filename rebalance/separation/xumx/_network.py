"""The network X-UMX: an Open-Unmix for every target, all of which meet in two means."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from rebalance._base.errors import ConfigError
from rebalance.separation.networks import BandLimited, SpectralNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class XumxConfig(BandLimited):
    """Sizes of an X-UMX; the defaults are the published ones.

    Parameters
    ----------
    targets
        Names of the outputs, in order.
    hidden_size
        Width of every branch, an even number.
    n_layers
        Of each bidirectional LSTM.
    dropout
        Between these layers, from 0 to below 1.
    window, hop
        Of the STFT, in samples.
    sample_rate
        In Hz.
    bandwidth_hz
        Highest frequency the network sees; what it gives reaches up to half the sample rate.

    Raises
    ------
    ConfigError
        If there is no target, one is named twice, or a size is out of its range.

    Examples
    --------
    >>> from rebalance.separation.xumx import XumxConfig
    >>> config = XumxConfig(targets=("Violin", "Viola", "Cello", "Bass"))
    >>> config.n_bins, config.n_seen_bins, config.widths
    (2049, 1487, 'published')
    """

    targets: tuple[str, ...]
    hidden_size: int = 512
    n_layers: int = 3
    dropout: float = 0.4
    window: int = 4096
    hop: int = 1024
    sample_rate: int = 44_100
    bandwidth_hz: float = 16_000.0

    def __post_init__(self) -> None:
        if not self.targets or len(set(self.targets)) != len(self.targets):
            raise ConfigError(where="X-UMX", expected="different targets, at least one", got=str(self.targets))
        if self.hidden_size < 2 or self.hidden_size % 2 or not 0.0 <= self.dropout < 1.0:
            raise ConfigError(where="X-UMX", expected="an even hidden size and dropout below 1", got=str(self))
        if min(self.n_layers, self.hop, self.sample_rate, self.bandwidth_hz) <= 0 or self.window <= self.hop:
            raise ConfigError(where="X-UMX", expected="sizes above 0 and a window longer than the hop", got=str(self))

    @property
    def widths(self) -> str:
        """``"published"`` for the published sizes, ``"small"`` for any others."""
        same = self == XumxConfig(targets=self.targets)
        return "published" if same else "small"


class Xumx(SpectralNetwork):
    """Masks for all targets from the magnitudes of a mono mixture.

    Every branch encodes the mixture; the mean of the encodings goes through each branch's LSTM; the mean of encodings
    beside LSTM outputs goes through each branch's decoder. With one target it is Open-Unmix.

    Parameters
    ----------
    config
        Sizes and targets.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.xumx import Xumx, XumxConfig
    >>> network = Xumx(XumxConfig(targets=("Flute", "Oboe"), hidden_size=8, n_layers=1, window=64, hop=16)).eval()
    >>> network.masks(torch.ones(3, 33, 5)).shape
    torch.Size([3, 2, 33, 5])

    Source: Sawata et al. 2021 ("All for one and one for all", CrossNet-Open-Unmix) and Stöter et al. 2019, in the sizes
    of the SynthSOD baseline (arXiv 2409.10995).
    """

    def __init__(self, config: XumxConfig) -> None:
        super().__init__(config.window, config.hop)
        self.config = config
        self.branches = nn.ModuleList(_Branch(config) for _ in config.targets)

    def masks(self, magnitudes: torch.Tensor) -> torch.Tensor:
        """Return masks from 0 upwards, ``(batch, n_targets, n_bins, n_frames)``, for ``(batch, n_bins, n_frames)``."""
        encoded = self._encoded(magnitudes)
        crossed = torch.stack(encoded).mean(dim=0)
        pairs = [
            torch.cat([own, branch.remember(crossed)], dim=-1)
            for own, branch in zip(encoded, self._branches, strict=True)
        ]
        together = torch.stack(pairs).mean(dim=0)
        return torch.stack([branch.decode(together) for branch in self._branches], dim=1).transpose(2, 3)

    def meeting(self, magnitudes: torch.Tensor) -> torch.Tensor:
        """Return the mean of all encodings, where the branches meet, ``(batch, n_frames, hidden_size)``."""
        return torch.stack(self._encoded(magnitudes)).mean(dim=0)

    def _encoded(self, magnitudes: torch.Tensor) -> list[torch.Tensor]:
        """Return the encoding of every branch."""
        seen = magnitudes[:, : self.config.n_seen_bins].transpose(1, 2)
        return [branch.encode(seen) for branch in self._branches]

    def standardise(self, mean: torch.Tensor, scale: torch.Tensor) -> None:
        """Take the mean and the standard deviation of the mixtures' magnitudes, each of shape ``(n_seen_bins,)``.

        The scale is held above a ten thousandth of its maximum.

        Parameters
        ----------
        mean
            Of the magnitudes in each bin.
        scale
            Standard deviation in each bin, above 0 in one bin at least.
        """
        floored = scale.clamp_min(1e-4 * float(scale.max()))
        for branch in self._branches:
            branch.input_mean.data.copy_(-mean)
            branch.input_scale.data.copy_(1.0 / floored)

    @property
    def _branches(self) -> list[_Branch]:
        return [branch for branch in self.branches if isinstance(branch, _Branch)]


class _Branch(nn.Module):
    """What one target has of its own; the mean of the input is stored negated, its scale as a reciprocal."""

    def __init__(self, config: XumxConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.input_mean = nn.Parameter(torch.zeros(config.n_seen_bins))
        self.input_scale = nn.Parameter(torch.ones(config.n_seen_bins))
        self.output_mean = nn.Parameter(torch.ones(config.n_bins))
        self.output_scale = nn.Parameter(torch.ones(config.n_bins))
        self.encoder = nn.Linear(config.n_seen_bins, width, bias=False)
        self.encoder_norm = nn.BatchNorm1d(width)
        self.memory = nn.LSTM(
            width,
            width // 2,
            config.n_layers,
            bidirectional=True,
            batch_first=True,
            dropout=config.dropout if config.n_layers > 1 else 0.0,
        )
        self.decoder = nn.Linear(2 * width, width, bias=False)
        self.decoder_norm = nn.BatchNorm1d(width)
        self.output = nn.Linear(width, config.n_bins, bias=False)
        self.output_norm = nn.BatchNorm1d(config.n_bins)

    def encode(self, seen: torch.Tensor) -> torch.Tensor:
        """Return ``(batch, n_frames, hidden_size)`` of ``(batch, n_frames, n_seen_bins)``."""
        return torch.tanh(_over_frames(self.encoder_norm, self.encoder((seen + self.input_mean) * self.input_scale)))

    def remember(self, crossed: torch.Tensor) -> torch.Tensor:
        """Return what the LSTM makes of the mean of all encodings."""
        remembered: torch.Tensor = self.memory(crossed)[0]
        return remembered

    def decode(self, together: torch.Tensor) -> torch.Tensor:
        """Return the mask ``(batch, n_frames, n_bins)``."""
        hidden = torch.relu(_over_frames(self.decoder_norm, self.decoder(together)))
        wide = _over_frames(self.output_norm, self.output(hidden))
        return torch.relu(wide * self.output_scale + self.output_mean)


def _over_frames(norm: nn.BatchNorm1d, values: torch.Tensor) -> torch.Tensor:
    """Normalise over all frames of all examples."""
    normalised: torch.Tensor = norm(values.reshape(-1, values.shape[-1])).reshape(values.shape)
    return normalised
