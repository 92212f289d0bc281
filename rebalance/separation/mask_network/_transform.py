"""Short-time Fourier transforms of the networks: symmetric, or asymmetric for less than 5 ms of look-ahead."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from rebalance._base.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformConfig:
    """Sizes of a transform in samples.

    Parameters
    ----------
    window
        Length of the analysis window.
    synthesis
        Length of the synthesis window, the last samples of the analysis window; the look-ahead is one less.
    hop
        Distance of frames; divides `synthesis`.

    Raises
    ------
    ConfigError
        If not 2 hop <= synthesis <= window, the hop does not divide the synthesis window, or the window is odd.

    Examples
    --------
    >>> from rebalance.separation.mask_network import TransformConfig
    >>> config = TransformConfig(window=2048, synthesis=220, hop=110)
    >>> config.n_bins, config.n_overlapping, config.n_frames(44_100)
    (1025, 2, 402)
    """

    window: int = 4096
    synthesis: int = 4096
    hop: int = 1024

    def __post_init__(self) -> None:
        if not 0 < 2 * self.hop <= self.synthesis <= self.window or self.synthesis % self.hop or self.window % 2:
            raise ConfigError(
                where="transform", expected="2 hop <= synthesis <= window, hop dividing synthesis", got=str(self)
            )

    @property
    def n_bins(self) -> int:
        """Number of frequencies from 0 to half the sample rate."""
        return self.window // 2 + 1

    @property
    def n_overlapping(self) -> int:
        """How many frames a sample is made of."""
        return self.synthesis // self.hop

    def n_frames(self, n_samples: int) -> int:
        """Return how many frames a signal has; the first ends one hop into it."""
        return -(-n_samples // self.hop) + self.n_overlapping - 1


SYMMETRIC = TransformConfig()
HALF_RATE = TransformConfig(hop=2048)
ASYMMETRIC = TransformConfig(window=2048, synthesis=220, hop=110)


class Transform(nn.Module):
    """Analysis and perfect synthesis, frame by frame.

    Parameters
    ----------
    config
        Windows and hop.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.mask_network import ASYMMETRIC, Transform
    >>> transform = Transform(ASYMMETRIC)
    >>> signal = torch.randn(1, 2, 5000, generator=torch.Generator().manual_seed(0))
    >>> transform(signal).shape, ASYMMETRIC.n_frames(5000)
    (torch.Size([1, 2, 1025, 47]), 47)

    Source: symmetric: periodic Hann windows; asymmetric: a long rise and a short fall of square-root Hann
    (Mauler and Martin 2007), the synthesis window making the product of both a Hann window.
    """

    analysis_window: Tensor
    synthesis_window: Tensor

    def __init__(self, config: TransformConfig) -> None:
        super().__init__()
        self.config = config
        analysis = _analysis_window(config)
        product = torch.hann_window(config.synthesis, periodic=True, dtype=torch.float64)
        if config.synthesis == config.window:
            product = product.square()
        overlapping = product.reshape(-1, config.hop).sum(dim=0).repeat(config.n_overlapping)
        synthesis = product / overlapping / analysis[-config.synthesis :].clamp(min=1e-12)
        self.register_buffer("analysis_window", analysis.float(), persistent=False)
        self.register_buffer("synthesis_window", synthesis.float(), persistent=False)

    def forward(self, signal: Tensor) -> Tensor:
        """Return the spectra of a whole signal ``(..., n_samples)`` as ``(..., n_bins, n_frames)``."""
        n_samples = signal.shape[-1]
        config = self.config
        after = config.n_frames(n_samples) * config.hop - n_samples
        return self.spectra(functional.pad(signal, (config.window - config.hop, after)))

    def spectra(self, padded: Tensor) -> Tensor:
        """Return the spectra of all whole frames of ``(..., n)`` as ``(..., n_bins, n_frames)``."""
        frames = padded.unfold(-1, self.config.window, self.config.hop)
        spectra: Tensor = torch.fft.rfft(frames * self.analysis_window).transpose(-1, -2)
        return spectra

    def frames(self, spectra: Tensor) -> Tensor:
        """Return what every frame adds to the signal, ``(..., n_frames, synthesis)``."""
        frames: Tensor = torch.fft.irfft(spectra.transpose(-1, -2), n=self.config.window)
        return frames[..., -self.config.synthesis :] * self.synthesis_window

    def overlapped(self, frames: Tensor) -> Tensor:
        """Sum overlapping frames ``(..., n_frames, synthesis)`` into ``(..., (n_frames + overlap - 1) * hop)``.

        All frames at once, on any device and with gradients; `rebalance.separation.overlap_add` calls a function on
        one chunk of an array after the other.
        """
        n_frames, n_overlapping, hop = frames.shape[-2], self.config.n_overlapping, self.config.hop
        total = frames.new_zeros(*frames.shape[:-2], n_frames + n_overlapping - 1, hop)
        for index in range(n_overlapping):
            total[..., index : index + n_frames, :] += frames[..., index * hop : (index + 1) * hop]
        return total.flatten(-2)

    def inverse(self, spectra: Tensor, n_samples: int) -> Tensor:
        """Return the signal ``(..., n_samples)`` of the spectra of `forward`.

        Parameters
        ----------
        spectra
            Shape ``(..., n_bins, n_frames)``.
        n_samples
            Length of the signal they were made of.
        """
        start = self.config.synthesis - self.config.hop
        return self.overlapped(self.frames(spectra))[..., start : start + n_samples]


def _analysis_window(config: TransformConfig) -> Tensor:
    """Return the analysis window in double precision."""
    if config.synthesis == config.window:
        return torch.hann_window(config.window, periodic=True, dtype=torch.float64)
    fall = config.synthesis // 2
    rise = config.window - fall
    rising = torch.hann_window(2 * rise, periodic=True, dtype=torch.float64)[:rise]
    falling = torch.hann_window(2 * fall, periodic=True, dtype=torch.float64)[fall:]
    return torch.cat([rising, falling]).sqrt()
