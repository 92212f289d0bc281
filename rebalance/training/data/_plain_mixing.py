"""Plain mixtures: random crops of whole pieces, each stem at a random gain, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError, MetadataError
from rebalance.training.data._mixture_batches import Batch
from rebalance.training.data._stem_library import Stem, StemLibrary


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainMixingSettings:
    """How plain mixtures are made.

    Parameters
    ----------
    targets
        Labels or instruments summed to each target, by the name of the target, in the order of the network's outputs;
        what belongs to no target is in the mixture alone.
    batch_size
        Mixtures per step.
    crop_samples
        Length of a mixture.
    crops_per_piece
        Crops of every piece in an epoch.
    gains
        Least and greatest gain of a stem, before stems are summed to targets.

    Raises
    ------
    ConfigError
        If there is no target, a stem belongs to two, or a number is out of its range.

    Examples
    --------
    >>> from rebalance.training.data import PlainMixingSettings
    >>> settings = PlainMixingSettings(targets={"Violin": ("Violin",), "Viola": ("Viola",)})
    >>> settings.crop_samples / 44_100, settings.gains
    (6.0, (0.25, 1.25))
    """

    targets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    batch_size: int = 7
    crop_samples: int = 264_600
    crops_per_piece: int = 64
    gains: tuple[float, float] = (0.25, 1.25)

    def __post_init__(self) -> None:
        named = [label for labels in self.targets.values() for label in labels]
        if not named or len(set(named)) != len(named):
            raise ConfigError(where="targets", expected="at least one, each stem in one of them", got=str(self.targets))
        if min(self.batch_size, self.crop_samples, self.crops_per_piece) < 1:
            raise ConfigError(where="mixing", expected="sizes of at least 1", got=str(self))
        if not 0.0 <= self.gains[0] <= self.gains[1]:
            raise ConfigError(where="gains", expected="the least from 0 and the greatest", got=str(self.gains))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Crop:
    """A part of a piece: its stems, from where, how long, and the gain of each."""

    stems: tuple[Stem, ...]
    start: int
    n_samples: int
    gains: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainMixer:
    """Makes batches of mono mixtures of pieces as they are; the same step gives the same batch.

    The sources of a batch are the targets, in order, and last the sum of all other stems. A target that does not play
    is silent; no crop is drawn again. An epoch holds `crops_per_piece` crops of every piece, in random order.

    Parameters
    ----------
    stem_library
        Stems; those of one rendition are one piece.
    settings
        Sizes of the batches and of the crops.
    seed
        Seed of the draws of all mixtures.
    device
        Where they are summed.

    Raises
    ------
    MetadataError
        If no piece has a stem of any target, or the stems of a piece differ in length.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import torch
    >>> from rebalance.training.data import PlainMixer, PlainMixingSettings, open_library
    >>> from rebalance.training.data._stem_library import StemEntry, write_manifest, write_stem
    >>> facts = {"rendition": "duet", "family": "tones", "mean_pitch": 60.0}
    >>> entries = [StemEntry(label=it, instrument=it, file=f"{it}.npy", **facts) for it in ("Flute", "Cello")]
    >>> settings = PlainMixingSettings(targets={"Cello": ("Cello",)}, batch_size=2, crop_samples=1_000)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for entry in entries:
    ...         write_stem(Path(folder), entry, 0.1 * np.sin(np.arange(20_000.0)))
    ...     write_manifest(Path(folder), entries)
    ...     library = open_library([folder])
    ...     mixer = PlainMixer(stem_library=library, settings=settings, seed=1, device=torch.device("cpu"))
    ...     batch = mixer.batch(3)
    >>> batch.sources.shape, mixer.steps_per_epoch
    (torch.Size([2, 2, 1, 1000]), 32)
    """

    stem_library: StemLibrary
    settings: PlainMixingSettings
    seed: int
    device: torch.device

    def __post_init__(self) -> None:
        stems = self.stem_library.stems
        wanted = {label for labels in self.settings.targets.values() for label in labels}
        known = {name for stem in stems for name in (stem.entry.label, stem.entry.instrument)}
        if not wanted & known:
            raise MetadataError(where="stems", expected=f"some of {', '.join(sorted(wanted))}", found="none")
        for name, members in self.stem_library.by_rendition.items():
            if len(lengths := {len(stems[index].samples) for index in members}) > 1:
                raise MetadataError(where=f"piece {name}", expected="stems of one length", got=str(sorted(lengths)))

    @property
    def steps_per_epoch(self) -> int:
        """How many whole batches an epoch has, at least one; what is left begins the next epoch's."""
        n_crops = len(self.stem_library.by_rendition) * self.settings.crops_per_piece
        return max(1, n_crops // self.settings.batch_size)

    def batch(self, step: int, *, rank: int = 0) -> Batch:
        """Return the batch of a step, for one of several processes.

        Parameters
        ----------
        step
            From 0; the same step gives the same batch.
        rank
            Number of the process among several, from 0; each draws its own.
        """
        size = self.settings.batch_size
        crops = [self._crop(step * size + index, rank) for index in range(size)]
        sources = torch.from_numpy(np.stack([self._summed(crop) for crop in crops])).to(self.device)[:, :, None]
        slots = torch.arange(sources.shape[1], device=self.device).repeat(size, 1)
        return Batch(
            sources=sources,
            slots=slots,
            gains_db=torch.zeros(slots.shape, device=self.device),
            notes=tuple(self._notes(crop) for crop in crops),
            loudest_rms=torch.tensor([self._loudest(crop) for crop in crops], device=self.device),
        )

    def whole_pieces(self) -> Mapping[str, NDArray[np.float32]]:
        """Return targets and rest of every piece at gain 1, each of shape ``(n_targets + 1, n_samples)``, read anew."""
        return {name: self.whole_piece(name) for name in self._pieces}

    def whole_piece(self, name: str, gains: NDArray[np.float64] | None = None) -> NDArray[np.float32]:
        """Return targets and rest of one piece, its stems at gain 1 or at the gains given, in their order.

        Parameters
        ----------
        name
            Of the piece.
        gains
            Shape ``(n_stems,)``, linear.
        """
        stems = self._pieces[name]
        each = (1.0,) * len(stems) if gains is None else tuple(float(gain) for gain in gains)
        return self._summed(_Crop(stems=stems, start=0, n_samples=len(stems[0].samples), gains=each))

    @property
    def _pieces(self) -> Mapping[str, tuple[Stem, ...]]:
        """The stems of every piece."""
        stems = self.stem_library.stems
        return {name: tuple(stems[index] for index in own) for name, own in self.stem_library.by_rendition.items()}

    def _crop(self, number: int, rank: int) -> _Crop:
        """Return the crop of a number, counted from the first of the run."""
        pieces = tuple(self._pieces.values())
        per_epoch = len(pieces) * self.settings.crops_per_piece
        epoch, place = divmod(number, per_epoch)
        order = np.random.default_rng([self.seed, rank, 0, epoch]).permutation(per_epoch)
        rng = np.random.default_rng([self.seed, rank, 1, number])
        stems = pieces[int(order[place]) % len(pieces)]
        n_samples = self.settings.crop_samples
        start = int(rng.integers(max(len(stems[0].samples) - n_samples, 0) + 1))
        gains = tuple(float(gain) for gain in rng.uniform(*self.settings.gains, len(stems)))
        return _Crop(stems=stems, start=start, n_samples=n_samples, gains=gains)

    def _summed(self, crop: _Crop) -> NDArray[np.float32]:
        """Return stems at their gains, summed to targets and rest."""
        summed = np.zeros((len(self.settings.targets) + 1, crop.n_samples), dtype=np.float32)
        for stem, gain in zip(crop.stems, crop.gains, strict=True):
            summed[self._target(stem)] += np.float32(gain) * stem.crop(crop.start, crop.n_samples)
        return summed

    def _loudest(self, crop: _Crop) -> list[float]:
        """Return for targets and rest the RMS of the loudest frame of the loudest stem, at its gain."""
        loudest = [0.0] * (len(self.settings.targets) + 1)
        for stem, gain in zip(crop.stems, crop.gains, strict=True):
            target = self._target(stem)
            loudest[target] = max(loudest[target], gain * stem.loudest_rms)
        return loudest

    def _notes(self, crop: _Crop) -> tuple[NDArray[np.float32] | None, ...]:
        """Return the notes of targets and rest, in samples of the crop; None where a stem has none written down."""
        by_target: list[list[NDArray[np.float32] | None]] = [[] for _ in range(len(self.settings.targets) + 1)]
        for stem in crop.stems:
            by_target[self._target(stem)].append(stem.notes)
        return tuple(_merged(tables, crop) for tables in by_target)

    def _target(self, stem: Stem) -> int:
        """Return the number of the target a stem belongs to; the last is the rest."""
        names = {stem.entry.label, stem.entry.instrument}
        groups = list(self.settings.targets.values())
        found = [number for number, labels in enumerate(groups) if names & set(labels)]
        return found[0] if found else len(groups)


def _merged(tables: Sequence[NDArray[np.float32] | None], crop: _Crop) -> NDArray[np.float32] | None:
    """Return the notes of several stems that sound in a crop, by onset, in its samples."""
    known = [table for table in tables if table is not None]
    if len(known) < len(tables):
        return None
    notes = np.concatenate([np.zeros((0, 3), dtype=np.float32), *known])
    shifted = notes - np.array([crop.start, crop.start, 0], dtype=np.float32)
    heard = shifted[(shifted[:, 1] > 0) & (shifted[:, 0] < crop.n_samples)]
    return heard[np.argsort(heard[:, 0], kind="stable")]
