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
from rebalance.separation.player_tracker._conv_blocks import ConvBlock, folded_blocks
from rebalance.separation.player_tracker._tracker_config import TrackerConfig

_COMB_FLOOR = 1e-3
_MIN_POWER = 1e-12
_NARROW_CHANNELS = 24


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
    deep_channels, deep_width, n_deep_layers
        Width of a third level, half as fine as the second, and of the attention over time and between players that it
        ends in; 0 channels for none.
    n_heads
        Number of heads of every attention layer.
    n_steps
        Places for which it has a comb in training, for each pitch.
    features, transform
        What it sees, and what it masks; the pitches are the bins of the features.
    instruments
        Instruments that the refiner knows.
    sample_rate
        In Hz.

    Raises
    ------
    ConfigError
        If there are not two levels, the bins are not divisible by two blocks, by four with a third level, or the heads
        do not divide the width of the attention.

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
    deep_channels: int = 0
    deep_width: int = 128
    n_deep_layers: int = 3
    n_heads: int = 4
    n_steps: int = 1
    features: FeatureConfig = field(default_factory=lambda: TrackerConfig().features)
    transform: TransformConfig = SYMMETRIC
    instruments: tuple[str, ...] = CAD2_TASK2.instruments
    sample_rate: int = CAD2_TASK2.mixture_sample_rate

    def __post_init__(self) -> None:
        if min(self.deep_channels, self.n_deep_layers) < 0:
            raise ConfigError(where="refiner", expected="a third level of 0 channels and layers or more", got=str(self))
        n_blocks = 4 if self.deep_channels else 2
        if len(self.channels) != 2 or self.features.n_bins % (n_blocks * self.bins_per_block):
            wanted = f"two levels and bins divisible by {n_blocks} blocks"
            raise ConfigError(where="refiner", expected=wanted, got=str(self))
        if self.deep_channels and self.deep_width % self.n_heads:
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

    may_lack: ClassVar[tuple[str, ...]] = ("deeper.",)  # changes nothing before it is trained
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
        self.deeper = _DeepLevel(config) if config.deep_channels else None
        nn.init.zeros_(self.exit.weight)
        nn.init.zeros_(self.exit.bias)  # type: ignore[arg-type]

    def forward(
        self, spectra: Tensor, pitched: Tensor, players: Tensor, level: Tensor, combs: Tensor | None = None
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
        combs
            What the combs of every player's pitches amount to, ``(batch, n_players, n_frames, n_linear_bins)``, where
            the pitches are known more finely; those of `pitched` when None.
        """
        with full_precision(pitched):
            if combs is None:
                combs = torch.matmul(pitched, self.combs[:: self.config.n_steps])
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
        if self.deeper is not None:
            lower = lower + self.deeper(lower, condition, players)
        out = self.exit(self.after(inner + self.up(lower), condition))
        return _unfolded(out, bins, frames)[..., :n_frames].reshape(n_batch, n_players, -1, n_frames)


class _DeepLevel(nn.Module):
    """A third level, where layers over time and between players learn how each of them sounds here."""

    def __init__(self, config: RefinerConfig) -> None:
        super().__init__()
        second, third, width = config.channels[1], config.deep_channels, config.deep_width
        self.n_places = config.features.n_bins // (4 * config.bins_per_block)
        self.down = nn.Conv2d(second, third, 2, stride=2)
        self.before = ConvBlock(third, config.n_conditions)
        self.narrow = nn.Conv2d(third, _NARROW_CHANNELS, 1)
        self.entry = nn.Linear(_NARROW_CHANNELS * self.n_places, width)
        self.layers = nn.ModuleList(PlayerBlock(width, config.n_heads) for _ in range(config.n_deep_layers))
        self.norm = nn.LayerNorm(width)
        self.exit = nn.Linear(width, _NARROW_CHANNELS * self.n_places)
        self.widen = nn.Conv2d(_NARROW_CHANNELS, third, 1)
        self.after = ConvBlock(third, config.n_conditions)
        self.up = nn.ConvTranspose2d(third, second, 2, stride=2)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)  # type: ignore[arg-type]

    def forward(self, maps: Tensor, condition: Tensor, players: Tensor) -> Tensor:
        """Return what is added to the maps of the second level.

        Parameters
        ----------
        maps
            Of every player, ``(batch * n, n_channels, n_blocks, n_steps)``.
        condition
            What describes the players, ``(batch * n, n_conditions)``.
        players
            See `Refiner.changes`.
        """
        n_steps = maps.shape[3]
        inner = self.before(self.down(_channels_last(functional.pad(maps, (0, n_steps % 2)))), condition)
        narrow = self.narrow(inner)
        tokens = self.entry(narrow.flatten(1, 2).transpose(1, 2)).unflatten(0, players.shape)
        for layer in self.layers:
            tokens = layer(tokens, players < 0)
        spread = self.exit(self.norm(tokens)).flatten(0, 1).transpose(1, 2).unflatten(1, (-1, self.n_places))
        inner = self.after(inner + self.widen(_channels_last(spread)), condition)
        raised: Tensor = self.up(inner)[..., :n_steps]
        return raised


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
