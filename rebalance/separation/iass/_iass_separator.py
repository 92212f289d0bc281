"""IASS at work: one network per instrument, whose activity silences its mask where the instrument rests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath
from rebalance.audio import Audio
from rebalance.separation import (
    Checkpoint,
    Described,
    InstrumentActivity,
    SeparatorInfo,
    checked_mixture,
    info_of_checkpoints,
    known_instruments,
    shared_among_voices,
    wiener,
)
from rebalance.separation.iass._iass_models import IassReading, load_iass_models, read_through
from rebalance.separation.iass._iass_network import Iass
from rebalance.separation.iass._instrument_weight import instrument_weight
from rebalance.separation.networks import chosen_device


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class IassSeparator(Described):
    """Gives every instrument the mask of its network, with the mixture's phase, and tells when it plays.

    Masks come from the mean of the channels and are applied to each. Two voices of an instrument share its estimate.

    Source: Hung and Lerch 2020 (arXiv 2008.00616). Deviations: the public code sums stereo to mono and leaves levels as
    they are; here the mean is taken, and networks that know the level of their training are given that level. The
    Wiener step is named as future work.

    Parameters
    ----------
    name
        Registry name or path.
    models
        With different targets and one STFT.
    weighted
        Whether frames in which the instrument is found not to play are silenced.
    filtered
        Whether a Wiener step shares the mixture among the estimates afterwards; a single instrument shares it with
        what its mask leaves.
    mean_square
        Mean square the mixture is judged by; its own when None.
    """

    name: str
    models: tuple[Checkpoint[Iass], ...]
    weighted: bool = True
    filtered: bool = False
    mean_square: float | None = None

    @property
    def sample_rate(self) -> int:
        """Rate in Hz the mixture must have."""
        return self.models[0].network.config.sample_rate

    @property
    def detected_instruments(self) -> tuple[str, ...]:
        """The instruments there is a network for."""
        return tuple(model.network.config.target for model in self.models)

    @property
    def separated_instruments(self) -> tuple[str, ...]:
        """The instruments there is a network for."""
        return self.detected_instruments

    @property
    def info(self) -> SeparatorInfo:
        """What is known of it; the digest is that of the digests of all models."""
        return info_of_checkpoints(self.models)

    def at_level(self, mean_square: float) -> IassSeparator:
        """Return the same separator, which takes this for the mean square of every mixture."""
        return replace(self, mean_square=mean_square)

    def __call__(self, mixture: Audio, instruments: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Estimate every source; see `rebalance.separation.Separator`."""
        known = known_instruments(instruments, also=self.separated_instruments)
        checked = checked_mixture(mixture)
        models = self._models_of(known)
        padded = self._padded(checked)
        spectra = models[0].network.spectra(padded)
        masked = torch.stack([self._mask(model.network, padded) for model in models])[:, None] * spectra
        estimates = _shared(masked, spectra) if self.filtered else masked
        signals = models[0].network.signals(estimates, padded.shape[1])[..., : checked.shape[1]].cpu().numpy()
        return shared_among_voices(dict(zip(dict.fromkeys(known), signals, strict=True)), known)

    def activity(self, mixture: Audio, instruments: Sequence[str]) -> InstrumentActivity:
        """Return when different instruments play; nobody does where the mixture is digital silence.

        Parameters
        ----------
        mixture
            Shape ``(n_channels, n_samples)``.
        instruments
            One named twice is told of once.
        """
        different = tuple(dict.fromkeys(known_instruments(instruments, also=self.detected_instruments)))
        models = self._models_of(different)
        checked = checked_mixture(mixture)
        padded, hop = self._padded(checked), models[0].network.config.hop
        n_frames = 1 + (checked.shape[1] - 1) // hop
        readings = [self._read(model.network, padded) for model in models]
        logits = np.stack([reading.logits[:n_frames] for reading in readings]).astype(np.float64)
        sounding = (models[0].network.spectra(padded).abs().amax(dim=(0, 1)) > 0).cpu().numpy()[:n_frames]
        return InstrumentActivity(
            instruments=different,
            probabilities=np.where(sounding, 1.0 / (1.0 + np.exp(-np.clip(logits, -60, 60))), 0.0),
            active=np.stack([instrument_weight(row) for row in logits]) & sounding,
            frame_times_s=np.arange(n_frames) * hop / self.sample_rate,
        )

    def _models_of(self, instruments: Sequence[str]) -> list[Checkpoint[Iass]]:
        """Return the model of every different instrument."""
        by_target = {model.network.config.target: model for model in self.models}
        if missing := sorted(set(instruments) - by_target.keys()):
            where, expected = f"separator {self.name!r}", f"instruments among {', '.join(by_target)}"
            raise ConfigError(where=where, expected=expected, got=str(missing))
        return [by_target[instrument] for instrument in dict.fromkeys(instruments)]

    def _padded(self, mixture: NDArray[np.float32]) -> torch.Tensor:
        """Return the mixture on the device, at least a window long."""
        network = self.models[0].network
        short = max(network.config.window - mixture.shape[1], 0)
        return torch.from_numpy(np.pad(mixture, [(0, 0), (0, short)])).to(network.window.device)

    def _read(self, network: Iass, mixture: torch.Tensor) -> IassReading:
        """Return what a network says of the mean of the channels, brought to the level it knows."""
        mean_square = float(mixture.square().mean()) if self.mean_square is None else self.mean_square
        wanted = float(network.mixture_rms)
        gain = wanted / math.sqrt(mean_square) if wanted and mean_square else 1.0
        return read_through(network, gain * network.spectra(mixture.mean(dim=0)).abs())

    def _mask(self, network: Iass, mixture: torch.Tensor) -> torch.Tensor:
        """Return the mask of a network, weighted or not, shape ``(n_bins, n_frames)``."""
        reading = self._read(network, mixture)
        if not self.weighted:
            return reading.mask
        return reading.mask * torch.from_numpy(instrument_weight(reading.logits)).to(reading.mask.device)


def _shared(masked: torch.Tensor, mixture: torch.Tensor) -> torch.Tensor:
    """Return estimated spectra after a Wiener step; all are ``(n_sources, n_channels, n_bins, n_frames)``."""
    magnitudes, alone = masked.abs(), len(masked) == 1
    if alone:
        magnitudes = torch.cat([magnitudes, (mixture.abs() - magnitudes).clamp_min(0.0)])
    filtered = wiener(magnitudes.swapaxes(2, 3).cpu().numpy(), mixture.swapaxes(1, 2).cpu().numpy())
    return torch.from_numpy(filtered[: len(masked)]).swapaxes(2, 3).to(masked.device, masked.dtype)


def load_iass_separator(
    name: str, path: StrPath, *, device: str, weighted: bool = True, filtered: bool = False
) -> IassSeparator:
    """Return the separator over the model of a file, or over all models in a folder; nothing is unpickled.

    Parameters
    ----------
    name
        What the separator is called.
    path
        A file, or a folder of files.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"mps"``.
    weighted
        Whether frames in which an instrument is found to rest are silenced.
    filtered
        Whether a Wiener step follows.

    Raises
    ------
    ConfigError
        As `load_iass_models`, or if the device cannot be used.

    Examples
    --------
    >>> from rebalance.separation.iass import load_iass_separator
    >>> load_iass_separator("iass:nowhere", "nowhere", device="cpu")
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: nowhere: expected models of IASS (*.safetensors), found none
    """
    models = load_iass_models(path, device=chosen_device(device))
    return IassSeparator(name=name, models=models, weighted=weighted, filtered=filtered)
