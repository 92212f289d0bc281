"""The refiner: masks from the harmonics of known pitches, changed by a network that sees the mixture too."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import ConfigError
from rebalance.separation.mask_network import SYMMETRIC, FeatureConfig, HarmonicFeatures, Transform, TransformConfig
from rebalance.separation.networks import full_precision
from rebalance.separation.player_tracker._attention import PlayerBlock
from rebalance.separation.player_tracker._combs import PLAIN_COMBS, harmonic_combs
from rebalance.separation.player_tracker._tracker_network import ConvBlock, TrackerConfig, folded_blocks

_COMB_FLOOR = 1e-3
_MIN_POWER = 1e-12
_ENVELOPE_BLOCKS = 72  # above a pitch: six octaves where a block is a semitone
_N_ALIGNED = 3  # level and balance of the mixture, and the combs of the others


@dataclass(frozen=True, slots=True, kw_only=True)
class RefinerConfig:
    """Everything a refiner is built from.

    Parameters
    ----------
    channels
        Width of the first level, which works on blocks of bins and frames, and of the second, half as fine.
    bins_per_block, frames_per_block
        Log-frequency bins and frames that are folded into one place of the first level.
    n_conditions
        Length of the vector that describes an instrument.
    envelope_width, n_envelope_layers
        Of the attention over time and between players that learns the envelope above the pitch of every player; width
        0 for none.
    n_heads
        Number of heads of every attention layer.
    n_steps
        Places for which there is a comb, for each pitch.
    features, transform
        What it sees, and what it masks; the pitches are the bins of the features.
    instruments
        Instruments that the refiner knows.
    sample_rate
        In Hz.

    Raises
    ------
    ConfigError
        If there are not two levels, or the bins are not divisible by two blocks.

    Examples
    --------
    >>> from rebalance.separation.player_tracker import RefinerConfig
    >>> RefinerConfig(channels=(8, 16)).frame_alignment
    4
    """

    channels: tuple[int, int] = (48, 96)
    bins_per_block: int = 3
    frames_per_block: int = 2
    n_conditions: int = 32
    envelope_width: int = 0
    n_envelope_layers: int = 4
    n_heads: int = 4
    n_steps: int = 1
    features: FeatureConfig = field(default_factory=lambda: TrackerConfig().features)
    transform: TransformConfig = SYMMETRIC
    instruments: tuple[str, ...] = CAD2_TASK2.instruments
    sample_rate: int = CAD2_TASK2.mixture_sample_rate

    def __post_init__(self) -> None:
        if len(self.channels) != 2 or self.features.n_bins % (2 * self.bins_per_block):
            raise ConfigError(where="refiner", expected="two levels and bins divisible by two blocks", got=str(self))
        if self.envelope_width % self.n_heads:
            raise ConfigError(where="refiner", expected=f"a width that {self.n_heads} heads divide", got=str(self))

    @property
    def frame_alignment(self) -> int:
        """Frames that belong together at the second level."""
        return 2 * self.frames_per_block


class Refiner(nn.Module):
    """Shares the bins of a mixture among players whose pitches are known, more or less.

    The logarithm of the combs of every player is what its share starts from; a small U-Net, the same for all players,
    adds to it. Untrained it gives the shares of the combs alone.

    Parameters
    ----------
    config
        Sizes, features and instruments.

    Examples
    --------
    >>> from rebalance.separation.player_tracker import Refiner, RefinerConfig
    >>> refiner = Refiner(RefinerConfig(channels=(4, 8), n_conditions=8))
    >>> refiner.combs.shape[0] == refiner.config.features.n_bins
    True
    """

    may_lack: ClassVar[tuple[str, ...]] = ("envelopes.",)  # layers that change nothing before they are trained
    combs: Tensor
    combs_log: Tensor

    def __init__(self, config: RefinerConfig) -> None:
        super().__init__()
        self.config = config
        self.transform = Transform(config.transform)
        self.features = HarmonicFeatures(
            config.features, n_linear_bins=config.transform.n_bins, sample_rate=config.sample_rate
        )
        steps = np.arange(config.features.n_bins * config.n_steps) / config.n_steps
        fundamentals_hz = config.features.lowest_hz * 2.0 ** (steps / config.features.bins_per_octave)
        combs = torch.from_numpy(harmonic_combs(fundamentals_hz, config.sample_rate, PLAIN_COMBS))
        self.register_buffer("combs", combs, persistent=False)
        self.register_buffer("combs_log", combs[:: config.n_steps] @ self.features.to_log.T, persistent=False)
        n_folded = config.bins_per_block * config.frames_per_block
        first, second = config.channels
        self.identity = nn.Embedding(len(config.instruments), config.n_conditions)
        self.trust = nn.Parameter(torch.ones(()))
        self.mixture_in = nn.Conv2d(config.features.n_channels * n_folded, first, 1)
        self.player_in = nn.Conv2d(3 * n_folded, first, 1)
        self.before = ConvBlock(first, config.n_conditions)
        self.down = nn.Conv2d(first, second, 2, stride=2)
        self.inner = ConvBlock(second, config.n_conditions)
        self.up = nn.ConvTranspose2d(second, first, 2, stride=2)
        self.after = ConvBlock(first, config.n_conditions)
        self.exit = nn.Conv2d(first, n_folded, 1)
        self.envelopes = _Envelopes(config) if config.envelope_width else None
        nn.init.zeros_(self.exit.weight)
        nn.init.zeros_(self.exit.bias)  # type: ignore[arg-type]

    def forward(
        self, spectra: Tensor, pitched: Tensor, players: Tensor, level: Tensor, finer: Tensor | None = None
    ) -> Tensor:
        """Return shares in [0, 1] of every bin, ``(batch, n_players, n_linear_bins, n_frames)``, summing to 1.

        Parameters
        ----------
        spectra
            Of the mixture, ``(batch, n_channels, n_linear_bins, n_frames)``.
        pitched
            Shares of the pitches with their release, ``(batch, n_players, n_frames, n_pitches)``.
        players
            Index of every player's instrument, ``(batch, n_players)``, -1 where there is none.
        level
            Mean power of the recordings the mixtures are cut from, ``(batch,)``.
        finer
            The shares of the pitches on the grid of the combs, ``(batch, n_players, n_frames, n_pitches * n_steps)``;
            those of the pitches themselves when None.
        """
        with full_precision(pitched):
            if finer is None:
                combs = torch.matmul(pitched, self.combs[:: self.config.n_steps])
            else:
                combs = torch.matmul(finer, self.combs)
            prior = torch.log(combs + PLAIN_COMBS.floor).transpose(2, 3)
        changes = self.changes(spectra, pitched, players, level).float()
        with full_precision(changes):
            logits = self.trust * prior + self.features.linear_masks(changes)
            shares: Tensor = torch.softmax(logits.masked_fill((players < 0)[..., None, None], -torch.inf), dim=1)
        return shares

    def changes(self, spectra: Tensor, pitched: Tensor, players: Tensor, level: Tensor) -> Tensor:
        """Return what the network adds to the logarithm of the combs, ``(batch, n, n_log_bins, n_frames)``.

        Parameters
        ----------
        spectra
            Of the mixture, ``(batch, n_channels, n_bins, n_frames)``, complex.
        pitched
            How much of each pitch every player plays, ``(batch, n_players, n_frames, n_pitches)``, from 0 to 1.
        players
            Instrument of every player as its place among the network's, -1 where there is none, ``(batch, n_players)``.
        level
            Mean square of the mixture, ``(batch,)``.
        """
        bins, frames = self.config.bins_per_block, self.config.frames_per_block
        n_batch, n_players, n_frames, _ = pitched.shape
        padding = (0, -n_frames % self.config.frame_alignment)
        reference = (level * self.transform.analysis_window.square().sum())[:, None, None, None]
        maps = self.features(self.features.powers(spectra), reference.clamp(min=_MIN_POWER))
        own = torch.matmul(pitched, self.combs_log).transpose(2, 3)
        rest = own.sum(dim=1, keepdim=True) - own
        seen = torch.stack([_compressed(own), _compressed(rest), pitched.transpose(2, 3)], dim=2).flatten(0, 1)
        shared = self.mixture_in(_channels_last(folded_blocks(functional.pad(maps, padding), bins, frames)))
        inner = self.player_in(_channels_last(folded_blocks(functional.pad(seen, padding), bins, frames)))
        inner = inner + shared.repeat_interleave(n_players, dim=0)
        condition = self.identity(players.clamp(min=0)).flatten(0, 1)
        inner = self.before(inner, condition)
        lower = self.inner(self.down(inner), condition)
        out = self.exit(self.after(inner + self.up(lower), condition))
        changes = _unfolded(out, bins, frames)[..., :n_frames].reshape(n_batch, n_players, -1, n_frames)
        if self.envelopes is not None:
            changes = changes + self.envelopes(maps, _compressed(rest), pitched, players)
        return changes


class _Envelopes(nn.Module):
    """Learns the spectral envelope of every player, from its pitch upwards.

    What lies above the pitch of a player is moved to one place, whatever the pitch, so that a harmonic is the same
    number for all of them; attention over time finds it where nobody else covers it.
    """

    def __init__(self, config: RefinerConfig) -> None:
        super().__init__()
        self.config = config
        width, frames = config.envelope_width, config.frames_per_block
        self.n_bins = config.bins_per_block * _ENVELOPE_BLOCKS
        self.entry = nn.Linear(_N_ALIGNED * self.n_bins * frames, width)
        self.pitch = nn.Linear(config.features.n_bins * frames, width)
        self.identity = nn.Embedding(len(config.instruments), width)
        self.layers = nn.ModuleList(PlayerBlock(width, config.n_heads) for _ in range(config.n_envelope_layers))
        self.norm = nn.LayerNorm(width)
        self.exit = nn.Linear(width, _ENVELOPE_BLOCKS * frames)
        nn.init.normal_(self.identity.weight, std=0.1)
        nn.init.zeros_(self.exit.weight)
        nn.init.zeros_(self.exit.bias)

    def forward(self, maps: Tensor, rest: Tensor, pitched: Tensor, players: Tensor) -> Tensor:
        """Return changes of the logarithm of the combs, ``(batch, n, n_pitches, n_frames)``.

        Parameters
        ----------
        maps
            What is seen of the mixture, ``(batch, n_maps, n_pitches, n_frames)``.
        rest
            Combs of the other players, ``(batch, n, n_pitches, n_frames)``.
        pitched, players
            See `Refiner.changes`.
        """
        n_batch, n_players, n_frames, n_pitches = pitched.shape
        pitches = pitched.argmax(dim=3)
        level, balance = maps[:, :1], maps[:, -2:-1]
        seen = [level.expand_as(rest), balance.expand_as(rest), rest]
        aligned = torch.stack([_moved(part.transpose(2, 3), pitches, self.n_bins) for part in seen], dim=-1)
        tokens = self.entry(self._in_blocks(aligned.flatten(-2))) + self.pitch(self._in_blocks(pitched))
        tokens = tokens + self.identity(players.clamp(min=0))[:, :, None]
        for layer in self.layers:
            tokens = layer(tokens, players < 0)
        blocks = self.exit(self.norm(tokens)).reshape(n_batch, n_players, -1, _ENVELOPE_BLOCKS)[:, :, :n_frames]
        envelopes = blocks.repeat_interleave(self.config.bins_per_block, dim=3)
        return _moved(envelopes, -pitches, n_pitches).transpose(2, 3)

    def _in_blocks(self, frames: Tensor) -> Tensor:
        """Join neighbouring frames of ``(batch, n, n_frames, n)``, silence after the end."""
        size = self.config.frames_per_block
        padded = functional.pad(frames, (0, 0, 0, -frames.shape[2] % size))
        return padded.reshape(*padded.shape[:2], -1, size * padded.shape[3])


def _moved(values: Tensor, places: Tensor, n_bins: int) -> Tensor:
    """Return ``n_bins`` of the last axis of ``(..., n)`` from given places on, nothing beyond either end."""
    index = places[..., None] + torch.arange(n_bins, device=values.device)
    within = (index >= 0) & (index < values.shape[-1])
    return torch.gather(values, -1, index.clamp(0, values.shape[-1] - 1)) * within


def _compressed(combs: Tensor) -> Tensor:
    """Return the amplitudes of combs on a logarithmic scale from 0."""
    return torch.log10(combs.clamp(min=0.0) / _COMB_FLOOR + 1.0) / 3.0


def _channels_last(maps: Tensor) -> Tensor:
    """Return maps as the convolutions like them in memory."""
    return maps.contiguous(memory_format=torch.channels_last)


def _unfolded(maps: Tensor, bins: int, frames: int) -> Tensor:
    """Return ``(n, bins * frames, n_blocks, n_steps)`` as ``(n, n_blocks * bins, n_steps * frames)``."""
    n_items, _, n_blocks, n_steps = maps.shape
    apart = maps.reshape(n_items, bins, frames, n_blocks, n_steps).permute(0, 3, 1, 4, 2)
    return apart.reshape(n_items, n_blocks * bins, n_steps * frames)
