"""What the losses see of a batch: magnitudes of mixtures at one level, and their scores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rebalance._base.errors import ConfigError
from rebalance.separation.mask_network import N_VOICES
from rebalance.separation.score_supervised import ScoreTcn, level_of
from rebalance.training.data import Batch
from rebalance.training.score_supervision._piano_rolls import piano_roll


@dataclass(frozen=True, slots=True, kw_only=True)
class Clips:
    """What the losses see of a batch, at the level of its mixtures.

    Parameters
    ----------
    mixture
        Magnitudes ``(batch, n_bins, n_frames)``.
    signals
        Of the instruments, ``(batch, n_instruments, n_samples)`` at the rate of the network.
    level
        Of the mixtures, ``(batch,)``.
    roll
        ``(batch, n_instruments, 88, n_frames)``.
    players
        Who plays in the piece each clip is of, booleans ``(batch, n_instruments)``.
    """

    mixture: Tensor
    signals: Tensor
    level: Tensor
    roll: Tensor
    players: Tensor


def clips_of(batch: Batch, network: ScoreTcn) -> Clips:
    """Return mixtures and scores of a batch of rendered music at the rate of a network.

    Raises
    ------
    ConfigError
        If a source has no notes, or the network lacks its instrument.
    """
    signals = at_rate(batch.sources.mean(dim=2), batch.sample_rate, network.config.sample_rate)
    n_frames = signals.shape[-1] // network.config.hop + 1
    by_instrument = signals.new_zeros(len(signals), len(network.config.instruments), signals.shape[-1])
    players = torch.zeros(by_instrument.shape[:2], dtype=torch.bool, device=signals.device)
    rolls = []
    for index, parts in enumerate(_parts(batch, len(network.config.instruments))):
        for place, instrument, _ in parts:
            by_instrument[index, instrument] += signals[index, place]
            players[index, instrument] = True
        played = [(instrument, notes) for _, instrument, notes in parts]
        rolls.append(piano_roll(played, network.config, n_frames, sample_rate=batch.sample_rate))
    with torch.no_grad():
        mixture = network.spectra(by_instrument.sum(dim=1)).abs()
        level = level_of(mixture)
    return Clips(
        mixture=network.levelled(mixture, level),
        signals=by_instrument,
        level=level,
        roll=torch.stack(rolls).to(signals.device),
        players=players,
    )


def _parts(batch: Batch, n_instruments: int) -> Iterator[list[tuple[int, int, NDArray[np.float32]]]]:
    """Give for every mixture place, instrument and notes of each of its sources; negative slots are empty."""
    for index, (slots, notes) in enumerate(zip(batch.slots.tolist(), batch.notes, strict=True)):
        parts = []
        for place, (slot, played) in enumerate(zip(slots, notes, strict=False)):
            if slot < 0:
                continue
            if played is None:
                raise ConfigError("a stem has no notes beside it; render it anew", where=f"mixture {index}")
            if slot // N_VOICES >= n_instruments:
                raise ConfigError("the network lacks an instrument of it", where=f"mixture {index}")
            parts.append((place, slot // N_VOICES, played))
        yield parts


def sources_of(clips: Clips, network: ScoreTcn) -> Tensor:
    """Return the magnitudes of stems ``(batch, n_instruments, n_bins, n_frames)`` at the level of their mixtures."""
    with torch.no_grad():
        return network.levelled(network.spectra(clips.signals).abs(), clips.level)


def at_rate(signals: Tensor, rate: int, wanted: int) -> Tensor:
    """Return signals ``(..., n_samples)`` at another rate, by cutting their spectrum; a clip counts as periodic."""
    n_samples = round(signals.shape[-1] * wanted / rate)
    if rate == wanted:
        return signals
    spectra = torch.fft.rfft(signals)[..., : n_samples // 2 + 1]
    resampled: Tensor = torch.fft.irfft(spectra, n=n_samples) * (n_samples / signals.shape[-1])
    return resampled
