"""What the networks of Solos see of a signal: magnitudes on a logarithmic frequency axis."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from rebalance._base.errors import ConfigError
from rebalance.separation.networks import SpectralNetwork

_BASE = 21.0  # of the warp: the lowest bins are stretched, the highest pressed together
_SHIFT = 11.0
_SCALE = 10.0
_INT16 = 2.0**16
TINY_MAGNITUDE = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSpectrumConfig:
    """How signals become what a network sees; published by default.

    Parameters
    ----------
    sample_rate
        In Hz.
    window, hop
        Of the Fourier transform, in samples; the window is a periodic Hann window. With hops of half a window there
        would be samples that no window holds, and masked spectra could not be turned back into sound.
    n_rows
        Of the logarithmic frequency axis.
    segment_samples
        Length of a piece that is separated at once.

    Raises
    ------
    ConfigError
        If a size cannot be used.
    """

    sample_rate: int = 11_025
    window: int = 1022
    hop: int = 256
    n_rows: int = 256
    segment_samples: int = 65_535

    def __post_init__(self) -> None:
        if not (self.sample_rate > 0 and 0 < 3 * self.hop <= self.window and self.window % 2 == 0 and self.n_rows > 1):
            raise ConfigError(where="spectrum", expected="an even window of three hops or more, rows", got=str(self))
        if self.segment_samples < self.window:
            raise ConfigError(where="spectrum", expected="segments of at least a window", got=str(self))

    @property
    def n_bins(self) -> int:
        """Bins of the transform."""
        return self.window // 2 + 1

    @property
    def n_frames(self) -> int:
        """Frames of a segment."""
        return 1 + self.segment_samples // self.hop

    @property
    def segment_s(self) -> float:
        """Length of a segment in seconds."""
        return self.segment_samples / self.sample_rate

    @property
    def bound(self) -> float:
        """What no magnitude of samples in [-1, 1] exceeds: the sum of the window, 511 for one of 1022."""
        return self.window / 2

    def require_multiples(self, stride: int, *, where: str) -> None:
        """Raise unless a network that shortens both axes by a stride can lengthen them again.

        Parameters
        ----------
        stride
            By how much both axes are shortened.
        where
            What the error names.

        Raises
        ------
        ConfigError
            If rows or frames are no multiples of it.
        """
        if self.n_rows % stride or self.n_frames % stride:
            raise ConfigError(
                where=where,
                expected=f"rows and frames in multiples of {stride}",
                got=f"{self.n_rows} and {self.n_frames}",
            )


class LogSpectrum(SpectralNetwork):
    """Transforms signals, and magnitudes to and from the logarithmic axis.

    Row ``y`` in [-1, 1] reads the bin at ``(21^((y + 1) / 2) - 11) / 10``, both axes from -1 at the first to 1 at the
    last, linear between bins.

    Source: the authors' evaluation code, which samples with ``grid_sample`` as torch had it before 1.3
    (``align_corners=True``); with today's default the first and last row would be halved.

    Parameters
    ----------
    config
        Sizes of the transform and of the axis.
    """

    def __init__(self, config: LogSpectrumConfig) -> None:
        super().__init__(config.window, config.hop, pad_mode="constant")
        self.config = config
        rows = torch.linspace(-1.0, 1.0, config.n_rows, dtype=torch.float64)
        bins = torch.linspace(-1.0, 1.0, config.n_bins, dtype=torch.float64)
        to_rows = (_BASE ** ((rows + 1.0) / 2.0) - _SHIFT) / _SCALE
        to_bins = 2.0 * torch.log(_SCALE * bins + _SHIFT) / math.log(_BASE) - 1.0
        self.register_buffer("row_places", (to_rows + 1.0) / 2.0 * (config.n_bins - 1), persistent=False)
        self.register_buffer("bin_places", (to_bins + 1.0) / 2.0 * (config.n_rows - 1), persistent=False)

    row_places: Tensor
    bin_places: Tensor

    def bounded(self, spectra: Tensor) -> Tensor:
        """Return magnitudes, none above what samples in [-1, 1] can give."""
        return spectra.abs().clamp(max=self.config.bound)

    def warp(self, magnitudes: Tensor) -> Tensor:
        """Return ``(..., n_bins, n_frames)`` on the logarithmic axis, ``(..., n_rows, n_frames)``."""
        return _sampled(magnitudes, self.row_places)

    def unwarp(self, rows: Tensor) -> Tensor:
        """Return ``(..., n_rows, n_frames)`` on the axis of the transform, ``(..., n_bins, n_frames)``."""
        return _sampled(rows, self.bin_places)


def normalised_levels(magnitudes: Tensor) -> Tensor:
    """Return levels of magnitudes ``(..., n_rows, n_frames)``, every spectrogram stretched to [-1, 1]; silence is -1.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.solos import normalised_levels
    >>> normalised_levels(torch.tensor([[0.0, 1.0], [1.0, 511.0]])).amax().item()
    1.0
    """
    levels = torch.log1p(magnitudes * _INT16) / math.log1p(_INT16)
    low, high = levels.amin(dim=(-2, -1), keepdim=True), levels.amax(dim=(-2, -1), keepdim=True)
    return 2.0 * (levels - low) / (high - low).clamp_min(1e-9) - 1.0


def ratio_masks(magnitudes: Tensor) -> Tensor:
    """Return complementary ratio masks of magnitudes ``(..., n_sources, n_rows, n_frames)``: they sum to 1.

    Every magnitude is first raised by 1e-4, so that a bin where nothing sounds is shared equally.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.solos import ratio_masks
    >>> ratio_masks(torch.tensor([3.0, 1.0])[:, None, None]).flatten().tolist()
    [0.749..., 0.250...]

    Source: Montesinos, Slizovskaia and Haro 2020, equation (3).
    """
    raised = magnitudes + TINY_MAGNITUDE
    return raised / raised.sum(dim=-3, keepdim=True)


def binary_masks(magnitudes: Tensor, mixture: Tensor, *, complementary: bool = False) -> Tensor:
    """Return binary masks of magnitudes ``(..., n_sources, n_rows, n_frames)``.

    Parameters
    ----------
    magnitudes
        Of the sources.
    mixture
        Of their mixture, ``(..., n_rows, n_frames)``.
    complementary
        Give every bin to the strongest source, the first of equal ones. Otherwise a source has a bin where it exceeds
        half of the mixture, as the released code has it, so that a bin may belong to several sources, or to none.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.solos import binary_masks
    >>> equal = torch.ones(2, 1, 1)
    >>> [binary_masks(equal, torch.full((1, 1), level)).flatten().tolist() for level in (1.5, 2.1)]
    [[1.0, 1.0], [0.0, 0.0]]

    Source: Montesinos, Slizovskaia and Haro 2020, equation (2).
    """
    if not complementary:
        return (magnitudes > 0.5 * mixture[..., None, :, :]).float()
    strongest = magnitudes.argmax(dim=-3, keepdim=True)
    return torch.zeros_like(magnitudes).scatter_(-3, strongest, 1.0)


def _sampled(values: Tensor, places: Tensor) -> Tensor:
    """Return values ``(..., n, n_frames)`` at fractional places of their last axis but one."""
    last = values.shape[-2] - 1
    low = places.floor().clamp(0, last).long()
    high = (low + 1).clamp(max=last)
    share = (places - low).to(values.dtype)[:, None]
    return values[..., low, :] * (1.0 - share) + values[..., high, :] * share
