"""The centred short-time Fourier transform of networks that work on spectrograms, and its inverse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from torch import nn


def centred_spectra(
    signal: torch.Tensor, window: torch.Tensor, hop: int, *, pad_mode: Literal["reflect", "constant"] = "reflect"
) -> torch.Tensor:
    """Return complex spectra ``(..., n_bins, 1 + n_samples // hop)`` of ``(..., n_samples)``, not normalised.

    Frames are centred on multiples of the hop. Where the ends are reflected a signal must be longer than half a window.

    Parameters
    ----------
    signal
        Shape ``(..., n_samples)``.
    window
        Shape ``(window_size,)``.
    hop
        In samples.
    pad_mode
        What lies beyond the ends: the signal reflected, or silence.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.networks import centred_spectra, signals_of_spectra
    >>> signal, window = torch.randn(2, 1, 4_000), torch.hann_window(512)
    >>> spectra = centred_spectra(signal, window, 128)
    >>> spectra.shape
    torch.Size([2, 1, 257, 32])
    >>> torch.allclose(signals_of_spectra(spectra, window, 128, 4_000), signal, atol=1e-5)
    True
    """
    flat = signal.reshape(-1, signal.shape[-1])
    spectra = torch.stft(flat, len(window), hop, window=window, pad_mode=pad_mode, return_complex=True)
    return spectra.reshape(*signal.shape[:-1], *spectra.shape[-2:])


def signals_of_spectra(spectra: torch.Tensor, window: torch.Tensor, hop: int, n_samples: int) -> torch.Tensor:
    """Return signals ``(..., n_samples)`` of complex spectra; see `centred_spectra`.

    Parameters
    ----------
    spectra
        Complex, shape ``(..., n_bins, n_frames)``.
    window, hop
        As the spectra were made with.
    n_samples
        Length of the signals.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.networks import signals_of_spectra
    >>> signals_of_spectra(torch.zeros(2, 257, 32, dtype=torch.complex64), torch.hann_window(512), 128, 4_000).shape
    torch.Size([2, 4000])
    """
    flat = spectra.reshape(-1, *spectra.shape[-2:])
    signals = torch.istft(flat, len(window), hop, window=window, length=n_samples)
    return signals.reshape(*spectra.shape[:-2], n_samples)


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
    """A network that works on centred spectra of a Hann window.

    Parameters
    ----------
    window_size, hop
        In samples.
    pad_mode
        See `centred_spectra`.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.networks import SpectralNetwork
    >>> SpectralNetwork(512, 128).spectra(torch.zeros(2, 4_000)).shape
    torch.Size([2, 257, 32])
    """

    def __init__(self, window_size: int, hop: int, *, pad_mode: Literal["reflect", "constant"] = "reflect") -> None:
        super().__init__()
        self.hop = hop
        self.pad_mode: Literal["reflect", "constant"] = pad_mode
        self.register_buffer("window", torch.hann_window(window_size), persistent=False)
        self.window: torch.Tensor

    def spectra(self, signal: torch.Tensor) -> torch.Tensor:
        """Return complex spectra ``(..., n_bins, n_frames)`` of ``(..., n_samples)``, centred and not normalised."""
        return centred_spectra(signal, self.window, self.hop, pad_mode=self.pad_mode)

    def signals(self, spectra: torch.Tensor, n_samples: int) -> torch.Tensor:
        """Return signals ``(..., n_samples)`` of complex spectra.

        Parameters
        ----------
        spectra
            Complex, shape ``(..., n_bins, n_frames)``.
        n_samples
            Length of the signals they were made of.
        """
        return signals_of_spectra(spectra, self.window, self.hop, n_samples)
