"""Mixtures of solos, made on the fly: what plays together was never played together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError
from rebalance.separation.solos import LogSpectrumConfig, VisionConfig
from rebalance.training.data import Batch
from rebalance.training.solos._solo_library import SoloClip, SoloLibrary

_PROCESSOR = torch.device("cpu")


@dataclass(frozen=True, slots=True, kw_only=True)
class SoloMixingSettings:
    """How solos are mixed.

    Parameters
    ----------
    batch_size
        Mixtures per step.
    n_sources
        Least and greatest number of sources at the first stage; each is as likely. Every later stage adds one to the
        greatest.
    stretched
        Stretch every source to a peak of 1, as for the multi-head U-Net.
    volumes
        Least and greatest factor of a source otherwise, as for The Sound of Pixels.
    shows_players
        Give frames of the players, some of them mirrored.

    Raises
    ------
    ConfigError
        If a number is out of its range.
    """

    batch_size: int = 32
    n_sources: tuple[int, int] = (2, 2)
    stretched: bool = True
    volumes: tuple[float, float] = (0.5, 1.5)
    shows_players: bool = False

    def __post_init__(self) -> None:
        low, high = self.n_sources
        if self.batch_size < 1 or not 1 <= low <= high or not 0.0 < self.volumes[0] <= self.volumes[1]:
            raise ConfigError(where="mixing", expected="sizes of at least 1, the least first", got=str(self))
        if self.shows_players and low != high:
            raise ConfigError(
                where="mixing", expected="one number of sources where players are shown", got=f"{low}, {high}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SoloBatch(Batch):
    """A batch of mono mixtures, with the players' frames.

    Parameters
    ----------
    frames
        Shape ``(batch, n, n_frames, 3, side, side)`` in [0, 1]; None where nobody is shown.
    sources, slots, gains_db, background, notes, loudest_rms, sample_rate
        As those of `rebalance.training.data.Batch`.
    """

    frames: torch.Tensor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SoloMixer:
    """Makes batches of mixtures of different instruments; the same step gives the same batch.

    A source of a mixture of k has a k-th of its level, so that a mixture never exceeds 1.

    Parameters
    ----------
    solos
        Solos of at least as many instruments as the largest mixture has sources.
    heads
        Instruments by number; what plays is told by its place here.
    spectrum, vision
        How long a mixture is, and when frames are taken.
    settings
        Sizes of the batches and number of sources.
    seed
        Seed of the draws of all mixtures.
    stage
        Of the curriculum.
    device
        Where the batches are used.

    Raises
    ------
    ConfigError
        If a library has an instrument without a head, or too few instruments.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation.solos import LogSpectrumConfig, VisionConfig
    >>> from rebalance.training.solos import SoloClip, SoloLibrary, SoloMixer, SoloMixingSettings
    >>> facts = {"samples": np.ones(9_000, np.float32), "frames": np.zeros((1, 3, 8, 8), np.uint8)}
    >>> clips = tuple(SoloClip(instrument=name, identifier="a", **facts) for name in ("Tuba", "Horn"))
    >>> mixer = SoloMixer(
    ...     solos=SoloLibrary(clips=clips, sample_rate=11_025),
    ...     heads=("Horn", "Tuba"),
    ...     spectrum=LogSpectrumConfig(segment_samples=2_000),
    ...     vision=VisionConfig(),
    ...     settings=SoloMixingSettings(batch_size=3),
    ...     seed=0,
    ... )
    >>> batch = mixer.batch(0)
    >>> batch.sources.shape, batch.mixture.amax().item()
    (torch.Size([3, 2, 1, 2000]), 1.0)
    """

    solos: SoloLibrary
    heads: tuple[str, ...]
    spectrum: LogSpectrumConfig
    vision: VisionConfig
    settings: SoloMixingSettings
    seed: int
    stage: int = 0
    device: torch.device = _PROCESSOR

    def __post_init__(self) -> None:
        instruments = self.solos.by_instrument
        if missing := sorted(instruments.keys() - set(self.heads)):
            raise ConfigError(
                where="solos", expected=f"instruments with a head, {', '.join(self.heads)}", got=str(missing)
            )
        if len(instruments) < self.most_sources:
            raise ConfigError(
                where="solos",
                expected=f"{self.most_sources} instruments for the largest mixture",
                got=str(len(instruments)),
            )

    @property
    def most_sources(self) -> int:
        """Greatest number of sources of a mixture at this stage."""
        return self.settings.n_sources[1] + self.stage

    def at_stage(self, stage: int) -> Self:
        """Return what makes the mixtures of a stage."""
        return replace(self, stage=stage)

    def batch(self, step: int, *, rank: int = 0) -> SoloBatch:
        """Return the batch of a step, for one of several processes.

        Parameters
        ----------
        step
            From 0; the same step gives the same batch.
        rank
            Number of the process among several, from 0; each draws its own.
        """
        drawn = [
            self._mixture(step * self.settings.batch_size + number, rank) for number in range(self.settings.batch_size)
        ]
        n, n_samples = max(len(slots) for _, slots, _ in drawn), self.spectrum.segment_samples
        sources = np.zeros((len(drawn), n, 1, n_samples), dtype=np.float32)
        slots = np.full((len(drawn), n), -1, dtype=np.int64)
        for number, (signals, places, _) in enumerate(drawn):
            sources[number, : len(places), 0], slots[number, : len(places)] = signals, places
        frames = torch.from_numpy(np.stack([seen for _, _, seen in drawn])) if self.settings.shows_players else None
        numbers = torch.from_numpy(slots)
        return SoloBatch(
            sources=torch.from_numpy(sources).to(self.device),
            slots=numbers.to(self.device),
            gains_db=torch.zeros(numbers.shape, device=self.device),
            frames=None if frames is None else frames.to(self.device),
        )

    def _mixture(self, number: int, rank: int) -> tuple[NDArray[np.float32], list[int], NDArray[np.float32]]:
        """Return sources ``(k, n_samples)``, their heads and frames of one mixture, counted from the first."""
        rng = np.random.default_rng([self.seed, rank, self.stage, number])
        least = self.most_sources if self.settings.shows_players else self.settings.n_sources[0]
        k = int(rng.integers(least, self.most_sources + 1))
        by_instrument = self.solos.by_instrument
        names = sorted(rng.choice(sorted(by_instrument), size=k, replace=False).tolist(), key=self.heads.index)
        clips = [by_instrument[name][int(rng.integers(len(by_instrument[name])))] for name in names]
        crops = [self._crop(clip, rng) for clip in clips]
        signals = np.stack([crop for crop, _ in crops]) / np.float32(k)
        frames = self._seen(clips, [start_s for _, start_s in crops], rng)
        return signals, [self.heads.index(name) for name in names], frames

    def _crop(self, clip: SoloClip, rng: np.random.Generator) -> tuple[NDArray[np.float32], float]:
        """Return a crop at its level, silent beyond the end, and where it begins in seconds."""
        n_samples = self.spectrum.segment_samples
        start = int(rng.integers(max(len(clip.samples) - n_samples, 0) + 1))
        crop = np.zeros(n_samples, dtype=np.float32)
        found = clip.samples[start : start + n_samples]
        crop[: len(found)] = found
        peak = float(np.abs(crop).max())
        gain = 1.0 / peak if self.settings.stretched and peak else 1.0
        factor = gain if self.settings.stretched else float(rng.uniform(*self.settings.volumes))
        return np.clip(crop * np.float32(factor), -1.0, 1.0), start / self.solos.sample_rate

    def _seen(
        self, clips: Sequence[SoloClip], starts_s: Sequence[float], rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """Return the players' frames, every other player mirrored by chance."""
        if not self.settings.shows_players:
            return np.zeros(0, dtype=np.float32)
        seen = []
        for clip, start_s in zip(clips, starts_s, strict=True):
            frames = clip.seen(self.vision.times_s(start_s, self.spectrum.segment_s))
            seen.append(frames[..., ::-1] if rng.random() < 0.5 else frames)
        return np.ascontiguousarray(np.stack(seen))
