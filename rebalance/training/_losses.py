"""What training minimises: complex spectra at several resolutions, waveforms, and the remix of random gains."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from rebalance._base.errors import ConfigError
from rebalance.training.data import Batch

TINY = 1e-5
COMPRESSION = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class LossSettings:
    """Weights of the parts of the loss; all parts are relative to the level of the mixture.

    Parameters
    ----------
    resolutions
        Window lengths in samples of the spectra compared; the hop is a quarter of each.
    spectrum
        Of the complex spectra of the sources.
    waveform
        Of the waveforms of the sources.
    remix
        Of the remix of random gains: complex spectra, and magnitudes compressed by a square root.
    masks_only
        Compare masked spectra in the network's own transform, the sum of both channels: no resynthesis, a third of
        the time on a processor; `resolutions` and `waveform` are then not used.
    """

    resolutions: tuple[int, ...] = (4096, 1024)
    spectrum: float = 1.0
    waveform: float = 0.5
    remix: float = 1.0
    masks_only: bool = False

    def __post_init__(self) -> None:
        if min(self.spectrum, self.waveform, self.remix) < 0 or not self.resolutions:
            raise ConfigError(where="loss", expected="weights from 0 and at least one resolution", got=str(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """The parts of a loss and their weighted sum, each a scalar tensor."""

    total: torch.Tensor
    spectrum: torch.Tensor
    waveform: torch.Tensor
    remix: torch.Tensor


def separation_loss(estimates: torch.Tensor, batch: Batch, settings: LossSettings) -> Loss:
    """Return the loss of the estimated sources of a batch.

    Parameters
    ----------
    estimates
        Shape of ``batch.sources``.
    batch
        Mixture and true sources.
    settings
        Weights of the terms.
    """
    mixture = batch.mixture
    level = mixture.square().mean(dim=(1, 2), keepdim=True).sqrt().clamp_min(TINY)
    present = batch.slots >= 0
    true = (batch.sources / level[:, None])[present]
    guess = (estimates / level[:, None])[present]
    waveform = (guess - true).abs().mean()
    if not settings.spectrum and not settings.remix:
        nothing = torch.zeros_like(waveform)
        return Loss(total=settings.waveform * waveform, spectrum=nothing, waveform=waveform, remix=nothing)
    true_mid, guess_mid = true.mean(dim=1), guess.mean(dim=1)
    spectrum = torch.stack([_complex_distance(guess_mid, true_mid, size) for size in settings.resolutions]).mean()
    change = edit_gains(batch.gains_db, present)[:, :, None, None]
    true_edit = (change * batch.sources).sum(dim=1) / level
    guess_edit = (change * estimates).sum(dim=1) / level
    remix = torch.stack(
        [_remix_distance(mixture / level, guess_edit, true_edit, size) for size in settings.resolutions]
    ).mean()
    total = settings.spectrum * spectrum + settings.waveform * waveform + settings.remix * remix
    return Loss(total=total, spectrum=spectrum, waveform=waveform, remix=remix)


def edit_gains(gains_db: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
    """Return what the remix as an edit of the mixture adds of every source, as amplitudes.

    Source: `rebalance.remix_as_edit`.

    Parameters
    ----------
    gains_db
        Shape ``(batch, n)``.
    present
        Whether there is a source, same shape.
    """
    amplitudes = 10 ** (gains_db / 20)
    n_sources = present.sum(dim=1, keepdim=True)
    power = (amplitudes.square() * present).sum(dim=1, keepdim=True) / n_sources
    return (amplitudes / power.sqrt() - 1.0) * present


def _spectrum(signal: torch.Tensor, size: int) -> torch.Tensor:
    """Return spectra of the last axis, scaled so that noise of level 1 has magnitude of about 1."""
    window = torch.hann_window(size, device=signal.device)
    flat = signal.reshape(-1, signal.shape[-1])
    spectra = torch.stft(flat, size, size // 4, window=window, return_complex=True)
    return spectra / window.square().sum().sqrt()


def _complex_distance(guess: torch.Tensor, true: torch.Tensor, size: int) -> torch.Tensor:
    """Return the mean distance of complex spectra."""
    return magnitude(_spectrum(guess - true, size)).mean()


def magnitude(spectra: torch.Tensor) -> torch.Tensor:
    """Return magnitudes with a gradient at zero."""
    return (power(spectra) + TINY**2).sqrt()


def power(spectra: torch.Tensor) -> torch.Tensor:
    """Return the power of every bin of complex spectra."""
    return spectra.real.square() + spectra.imag.square()


def _remix_distance(mixture: torch.Tensor, guess: torch.Tensor, true: torch.Tensor, size: int) -> torch.Tensor:
    """Return the distance of remixes: complex, and of compressed magnitudes as loudness is."""
    complex_part = _complex_distance(guess, true, size)
    compressed = [
        (_spectrum(mixture + edit, size).abs().square() + TINY).pow(COMPRESSION / 2) for edit in (guess, true)
    ]
    return complex_part + (compressed[0] - compressed[1]).abs().mean()
