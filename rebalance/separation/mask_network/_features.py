"""What the mask networks see: a log-frequency spectrogram beside itself shifted by harmonic ratios."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from rebalance._base.errors import ConfigError
from rebalance.separation.networks import full_precision

_POWER_FLOOR = 1e-6
_FEATURE_SCALE = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureConfig:
    """The log-frequency axis and what is stacked on it.

    Parameters
    ----------
    lowest_hz
        Centre of the lowest bin.
    bins_per_octave, n_bins
        Resolution and number of bins.
    harmonics
        Ratios of the frequency shown beside each frequency, apart from itself.

    Raises
    ------
    ConfigError
        If a number is not positive.

    Examples
    --------
    >>> from rebalance.separation.mask_network import FeatureConfig
    >>> config = FeatureConfig(lowest_hz=55.0, bins_per_octave=12, n_bins=84)
    >>> round(float(config.centres_hz[36])), config.n_channels
    (440, 10)

    Source: harmonic constant-Q stacking (Bittner et al. 2017).
    """

    lowest_hz: float = 55.0
    bins_per_octave: int = 36
    n_bins: int = 288
    harmonics: tuple[float, ...] = (1 / 3, 1 / 2, 2.0, 3.0, 4.0, 5.0, 6.0)

    def __post_init__(self) -> None:
        if min(self.lowest_hz, self.bins_per_octave, self.n_bins, *self.harmonics) <= 0:
            raise ConfigError(where="features", expected="positive numbers", got=str(self))

    @property
    def centres_hz(self) -> NDArray[np.float64]:
        """Centre of every bin, shape ``(n_bins,)``."""
        centres: NDArray[np.float64] = self.lowest_hz * 2.0 ** (np.arange(self.n_bins) / self.bins_per_octave)
        return centres

    @property
    def n_channels(self) -> int:
        """Number of stacked maps: level, its shifted copies, level difference and height."""
        return len(self.harmonics) + 3


class HarmonicFeatures(nn.Module):
    """Maps spectra to stacked log-frequency maps, and log-frequency masks back to all linear bins.

    Parameters
    ----------
    config
        Frequencies and harmonics of the maps.
    n_linear_bins
        Bins of the spectra, from 0 Hz to half the sample rate.
    sample_rate
        In Hz.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.mask_network import FeatureConfig, HarmonicFeatures
    >>> features = HarmonicFeatures(FeatureConfig(), n_linear_bins=2049, sample_rate=44_100)
    >>> powers = features.powers(torch.ones(1, 2, 2049, 5, dtype=torch.complex64))
    >>> powers.shape, features(powers, torch.ones(1, 1, 1, 1)).shape
    (torch.Size([1, 2, 288, 5]), torch.Size([1, 10, 288, 5]))
    """

    to_log: Tensor
    to_linear: Tensor
    height: Tensor

    def __init__(self, config: FeatureConfig, *, n_linear_bins: int, sample_rate: int) -> None:
        super().__init__()
        self.config = config
        bins_hz = torch.linspace(0.0, sample_rate / 2, n_linear_bins, dtype=torch.float64)
        self.register_buffer("to_log", _averages(config, bins_hz).float(), persistent=False)
        self.register_buffer("to_linear", _interpolation(config, bins_hz).float(), persistent=False)
        height = torch.linspace(-1.0, 1.0, config.n_bins).reshape(1, 1, -1, 1)
        self.register_buffer("height", height, persistent=False)
        self.shifts = tuple(round(config.bins_per_octave * log2(ratio)) for ratio in config.harmonics)
        self._octaves = _octaves_of(self.to_log, config.bins_per_octave)

    def powers(self, spectra: Tensor) -> Tensor:
        """Return log-frequency powers ``(batch, n_channels, n_bins, n_frames)`` of complex spectra."""
        with full_precision(spectra):
            linear = spectra.real.square() + spectra.imag.square()
            octaves = [torch.matmul(self.to_log[own, heard], linear[..., heard, :]) for own, heard in self._octaves]
            return torch.cat(octaves, dim=-2)

    def forward(self, powers: Tensor, reference: Tensor) -> Tensor:
        """Stack the maps ``(batch, n_maps, n_bins, n_frames)``; 0 everywhere but the height means silence.

        Parameters
        ----------
        powers
            See `powers`.
        reference
            Power the levels are relative to, ``(batch, 1, 1, 1 or n_frames)``.
        """
        relative = powers / reference
        total = relative.mean(dim=1, keepdim=True)
        level = (torch.log10(total + _POWER_FLOOR) - torch.log10(torch.tensor(_POWER_FLOOR))) / _FEATURE_SCALE
        balance = (relative[:, :1] - relative[:, -1:]) / (relative[:, :1] + relative[:, -1:] + _POWER_FLOOR)
        copies = [shifted(level, shift) for shift in self.shifts]
        return torch.cat([level, *copies, balance, self.height.expand_as(level)], dim=1)

    def linear_masks(self, masks: Tensor) -> Tensor:
        """Interpolate masks ``(..., n_bins, n_frames)`` to the linear bins; sums over sources stay as they are."""
        with full_precision(masks):
            # frame after frame in memory, as the spectra are
            return torch.matmul(masks.transpose(-1, -2), self.to_linear.T).transpose(-1, -2)


def shifted(maps: Tensor, shift: int) -> Tensor:
    """Move maps ``(..., n_bins, n_frames)`` so that each bin shows the one `shift` bins higher, silence beyond."""
    n_bins = maps.shape[-2]
    if shift >= 0:
        return functional.pad(maps[..., shift:, :], (0, 0, 0, min(shift, n_bins)))
    return functional.pad(maps[..., : max(n_bins + shift, 0), :], (0, 0, min(-shift, n_bins), 0))


def _octaves_of(weights: Tensor, bins_per_octave: int) -> tuple[tuple[slice, slice], ...]:
    """Return for every octave its own bins and the linear ones that have weight in them, a few of all."""
    found = []
    for first in range(0, len(weights), bins_per_octave):
        own = slice(first, min(first + bins_per_octave, len(weights)))
        heard = weights[own].any(dim=0).nonzero().flatten().tolist() or [0]  # nothing above half the sample rate
        found.append((own, slice(heard[0], heard[-1] + 1)))
    return tuple(found)


def _averages(config: FeatureConfig, bins_hz: Tensor) -> Tensor:
    """Return weights ``(n_bins, n_linear_bins)``: triangles as wide as the bins' distance on either axis."""
    spacing_hz = float(bins_hz[1] - bins_hz[0])
    steps = torch.arange(config.n_bins, dtype=torch.float64)
    centres_hz = config.lowest_hz * 2.0 ** (steps / config.bins_per_octave)
    widths_hz = (centres_hz * (2.0 ** (1.0 / config.bins_per_octave) - 1.0)).clamp(min=spacing_hz)
    weights: Tensor = (1.0 - (bins_hz[None] - centres_hz[:, None]).abs() / widths_hz[:, None]).clamp(min=0.0)
    return weights / weights.sum(dim=1, keepdim=True).clamp(min=1e-12)


def _interpolation(config: FeatureConfig, bins_hz: Tensor) -> Tensor:
    """Return weights ``(n_linear_bins, n_bins)``: linear between log bins, the outermost beyond; rows sum to 1."""
    octaves = torch.log2(bins_hz.clamp(min=1e-3) / config.lowest_hz)
    positions = (config.bins_per_octave * octaves).clamp(0.0, config.n_bins - 1.0)
    steps = torch.arange(config.n_bins, dtype=torch.float64)
    weights: Tensor = (1.0 - (positions[:, None] - steps[None]).abs()).clamp(min=0.0)
    return weights
