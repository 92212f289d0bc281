"""Sizes of a player tracker, and when what it hears and finds is meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import ConfigError
from rebalance.separation.mask_network import ASYMMETRIC, SYMMETRIC, FeatureConfig, TransformConfig

# Lowest and highest pitch in Hz: what the instrument can play, with a semitone to spare.
RANGES_HZ: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "Bassoon": (55.0, 750.0),
        "Cello": (62.0, 1100.0),
        "Clarinet": (137.0, 2000.0),
        "Flute": (245.0, 2500.0),
        "Oboe": (219.0, 1800.0),
        "Sax": (98.0, 1400.0),
        "Viola": (123.0, 1700.0),
        "Violin": (185.0, 3600.0),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerConfig:
    """Everything a player tracker is built from.

    Parameters
    ----------
    channels
        Width of every level; the first works on blocks of `bins_per_block` by `frames_per_block`.
    time_strides
        By how much each step to the next level shortens time; frequency is halved.
    bins_per_block, frames_per_block
        Log-frequency bins and frames that are folded into one place of the first level.
    width, n_layers
        Of the attention over all frames at the bottom.
    player_width, n_player_layers
        Of the attention over time and between players.
    n_heads
        Number of heads of every attention layer.
    n_conditions
        Length of the vector that describes the ensemble.
    features, transform
        What it sees; its pitches are the bins of the features.
    longer_windows
        Further windows in samples, about the centres of the transform's: what they show is stacked on the features.
        They tell low pitches apart that one window of 93 ms cannot.
    timbre
        Whether the players see what the maps of the last level hold at the pitches of each.
    causal
        Whether it sees the past alone: frames one by one, recurrent layers in place of attention over time.
    ahead_frames
        How many frames after the one it has seen last its pitches are meant for.
    level_s
        Time constant of the running level a causal tracker judges the mixture by, in seconds.
    instruments
        Each has `N_VOICES` slots.
    sample_rate
        In Hz.

    Raises
    ------
    ConfigError
        If levels, strides, bins or widths do not fit each other, a causal tracker joins frames or sees longer windows,
        or an instrument is unknown.

    Examples
    --------
    >>> from rebalance.separation.player_tracker import TrackerConfig
    >>> TrackerConfig().features.n_bins, TrackerConfig().transform.hop
    (288, 1024)
    """

    channels: tuple[int, ...] = (64, 128, 192, 256)
    time_strides: tuple[int, ...] = (2, 1, 1)
    bins_per_block: int = 3
    frames_per_block: int = 2
    width: int = 256
    n_layers: int = 3
    player_width: int = 192
    n_player_layers: int = 2
    n_heads: int = 4
    n_conditions: int = 64
    features: FeatureConfig = field(
        default_factory=lambda: FeatureConfig(harmonics=(1 / 3, 1 / 2, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0))
    )
    transform: TransformConfig = SYMMETRIC
    longer_windows: tuple[int, ...] = ()
    timbre: bool = False
    causal: bool = False
    ahead_frames: int = 0
    level_s: float = 3.0
    instruments: tuple[str, ...] = CAD2_TASK2.instruments
    sample_rate: int = CAD2_TASK2.mixture_sample_rate

    def __post_init__(self) -> None:
        if len(self.channels) < 2 or len(self.time_strides) != len(self.channels) - 1:
            raise ConfigError(
                where="tracker", expected="two levels or more and a time stride between each two", got=str(self)
            )
        if self.features.n_bins % self.bin_alignment:
            raise ConfigError(
                where="tracker", expected=f"bins divisible by {self.bin_alignment}", got=str(self.features.n_bins)
            )
        if any(
            window <= self.transform.window or (window - self.transform.window) % (2 * self.transform.hop)
            for window in self.longer_windows
        ):
            raise ConfigError(
                where="tracker",
                expected=f"windows longer than {self.transform.window} by multiples of {2 * self.transform.hop}",
                got=str(self.longer_windows),
            )
        if self.ahead_frames < 0 or self.level_s <= 0 or (self.causal and self._joins_frames):
            raise ConfigError(
                where="tracker",
                expected="frames ahead from 0, a positive level_s and, where it is causal, single frames of one window",
                got=str(self),
            )
        if self.width % self.n_heads or self.player_width % self.n_heads:
            raise ConfigError(where="tracker", expected=f"widths that {self.n_heads} heads divide", got=str(self))
        if unknown := sorted(set(self.instruments) - set(RANGES_HZ)):
            raise ConfigError(f"unknown instruments {unknown}", where="tracker")

    def require_alike(self, second: TrackerConfig, where: object) -> None:
        """Raise unless a second tracker can be asked about the same pitches at the same moments.

        Parameters
        ----------
        second
            Its configuration.
        where
            What the error is to name.

        Raises
        ------
        ConfigError
            If pitches, frames or instruments differ, or one of the two is causal.
        """
        alike = all(
            getattr(self, name) == getattr(second, name)
            for name in ("features", "transform", "instruments", "sample_rate")
        )
        if not alike or self.causal or second.causal:
            raise ConfigError(
                where=where,
                expected="a second tracker of the same pitches, frames and instruments, neither of the two causal",
                got="another",
            )

    @property
    def look_ahead_samples(self) -> int | None:
        """Samples that separation by a causal tracker looks ahead; None for one that is not causal."""
        return ASYMMETRIC.synthesis - 1 if self.causal else None

    @property
    def _joins_frames(self) -> bool:
        """Whether what it says of a frame needs later ones."""
        return self.frame_alignment > 1 or bool(self.longer_windows)

    @property
    def bin_alignment(self) -> int:
        """What the number of pitches must be a multiple of."""
        return int(self.bins_per_block * 2 ** (len(self.channels) - 1))

    @property
    def frame_alignment(self) -> int:
        """Frames that belong together at the bottom."""
        total = self.frames_per_block
        for stride in self.time_strides:
            total *= stride
        return total

    @property
    def n_maps(self) -> int:
        """Number of maps it sees: those of the features, and of each longer window all but their height."""
        return self.features.n_channels + len(self.longer_windows) * (self.features.n_channels - 1)

    @property
    def pitches_hz(self) -> Tensor:
        """Frequency of every pitch bin, shape ``(n_pitches,)``."""
        return torch.from_numpy(self.features.centres_hz)

    def heard_samples(self, n_frames: int) -> NDArray[np.float64]:
        """Return the sample every frame hears best, where its window is highest, shape ``(n_frames,)``."""
        centres: NDArray[np.float64] = (
            np.arange(1.0, n_frames + 1.0) * self.transform.hop - self.transform.synthesis / 2
        )
        return centres

    def meant_samples(self, n_frames: int) -> NDArray[np.float64]:
        """Return the sample for which the pitches of every frame are meant, shape ``(n_frames,)``."""
        return self.heard_samples(n_frames) + self.ahead_frames * self.transform.hop
