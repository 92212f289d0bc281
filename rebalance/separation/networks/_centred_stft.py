"""The centred short-time Fourier transform of networks that work on spectrograms, and its inverse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from torch import nn


class BandLimited:
    """Sizes of a network that sees the bins of an STFT up to a bandwidth.

    Examples
    --------
    >>> from rebalance.separation.xumx import XumxConfig
    >>> config = XumxConfig(targets=("Violin",), bandwidth_hz=16_000.0)
    >>> config.n_bins, config.n_seen_bins
    (2049, 1487)
    """

    __slots__ = ()

    if TYPE_CHECKING:
        window: int
        sample_rate: int
        bandwidth_hz: float

    @property
    def n_bins(self) -> int:
        """Bins of the STFT."""
        return self.window // 2 + 1

    @property
    def n_seen_bins(self) -> int:
        """Bins up to the bandwidth."""
        return min(int(self.bandwidth_hz * self.window / self.sample_rate) + 1, self.n_bins)


class SpectralNetwork(nn.Module):
    """A network that works on centred spectra of a Hann window, which are not normalised.

    Frames are centred on multiples of the hop. Where the ends are reflected a signal must be longer than half a window.

    Parameters
    ----------
    window_size, hop
        In samples.
    pad_mode
        What lies beyond the ends: the signal reflected, or silence.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.networks import SpectralNetwork
    >>> network, signal = SpectralNetwork(512, 128), torch.randn(2, 1, 4_000)
    >>> spectra = network.spectra(signal)
    >>> spectra.shape, torch.allclose(network.signals(spectra, 4_000), signal, atol=1e-5)
    (torch.Size([2, 1, 257, 32]), True)
    """

    def __init__(self, window_size: int, hop: int, *, pad_mode: Literal["reflect", "constant"] = "reflect") -> None:
        super().__init__()
        self.hop = hop
        self.pad_mode = pad_mode
        self.register_buffer("window", torch.hann_window(window_size), persistent=False)
        self.window: torch.Tensor

    def spectra(self, signal: torch.Tensor) -> torch.Tensor:
        """Return complex spectra ``(..., n_bins, 1 + n_samples // hop)`` of ``(..., n_samples)``."""
        flat = signal.reshape(-1, signal.shape[-1])
        spectra = torch.stft(
            flat, len(self.window), self.hop, window=self.window, pad_mode=self.pad_mode, return_complex=True
        )
        return spectra.reshape(*signal.shape[:-1], *spectra.shape[-2:])

    def signals(self, spectra: torch.Tensor, n_samples: int) -> torch.Tensor:
        """Return signals ``(..., n_samples)`` of complex spectra.

        Parameters
        ----------
        spectra
            Complex, shape ``(..., n_bins, n_frames)``.
        n_samples
            Length of the signals they were made of.
        """
        flat = spectra.reshape(-1, *spectra.shape[-2:])
        signals = torch.istft(flat, len(self.window), self.hop, window=self.window, length=n_samples)
        return signals.reshape(*spectra.shape[:-2], n_samples)
