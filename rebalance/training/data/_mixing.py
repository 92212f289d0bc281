"""Mixtures made on the fly: crops, levels, equalisers, tuning and rooms drawn anew for every example."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import ConfigError
from rebalance.audio import amplitude_from_db
from rebalance.training.data._crop_choosing import Crop, CropChooser
from rebalance.training.data._mixing_settings import MixingSettings
from rebalance.training.data._mixture_batches import Batch
from rebalance.training.data._mixture_colour import draw_equalisers, draw_noise, draw_wandering
from rebalance.training.data._room_bank import PLAYERS, TAPS, RoomBank
from rebalance.training.data._stem_library import StemEntry, StemLibrary

_SPACING_DEG = (7.0, 14.0)
_HALF_ANGLE_DEG = (40.0, 65.0)
_TINY = 1e-8
_MIXTURE_LEVEL = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mixture:
    """One mixture of a batch; see `Batch`."""

    sources: torch.Tensor
    slots: list[int]
    gains_db: list[float]
    notes: tuple[NDArray[np.float32] | None, ...]
    background: torch.Tensor | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixer:
    """Makes batches; the same step gives the same batch, whatever was made before.

    Parameters
    ----------
    stem_library
        Library the stems are drawn from.
    rooms
        Responses, their spectra made for ``settings.n_fft``; None for dry mixtures.
    voices
        The network's voices as (instrument, number) pairs, in the order of its outputs.
    settings
        Sizes of the batches and chances of the draws.
    seed
        Seed of the draws of all mixtures.
    device
        Where equalisers, rooms and sums are computed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import torch
    >>> from rebalance import CAD2_TASK2
    >>> from rebalance.training.data import Mixer, MixingSettings, open_library, write_tones
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_tones(folder)
    ...     mixer = Mixer(
    ...         stem_library=open_library([Path(folder)]),
    ...         rooms=None,
    ...         voices=tuple((name, voice) for name in CAD2_TASK2.instruments for voice in (1, 2)),
    ...         settings=MixingSettings(batch_size=2, crop_samples=16_384),
    ...         seed=1,
    ...         device=torch.device("cpu"),
    ...     )
    ...     first, again = mixer.batch(7), mixer.batch(7)
    >>> first.sources.shape[0], bool((first.sources == again.sources).all())
    (2, True)
    """

    stem_library: StemLibrary
    rooms: RoomBank | None
    voices: tuple[tuple[str, int], ...]
    settings: MixingSettings
    seed: int
    device: torch.device

    def batch(self, step: int, *, rank: int = 0) -> Batch:
        """Return the batch of a step, for one of several processes.

        Parameters
        ----------
        step
            From 0; the same step gives the same batch.
        rank
            Number of the process among several, from 0; each draws its own.
        """
        rng = np.random.default_rng([self.seed, rank, step])
        mixtures = [self._mixture(rng) for _ in range(self.settings.batch_size)]
        n_sources = max(len(mixture.slots) for mixture in mixtures)
        shape = (len(mixtures), n_sources)
        sources = torch.zeros((*shape, 2, self.settings.crop_samples), device=self.device)
        slots = torch.full(shape, -1, dtype=torch.long)
        gains_db = torch.zeros(shape)
        for index, mixture in enumerate(mixtures):
            n_own = len(mixture.slots)
            sources[index, :n_own] = mixture.sources
            slots[index, :n_own] = torch.tensor(mixture.slots)
            gains_db[index, :n_own] = torch.tensor(mixture.gains_db)
        noises = [mixture.background for mixture in mixtures if mixture.background is not None]
        return Batch(
            sources=sources,
            slots=slots.to(self.device),
            gains_db=gains_db.to(self.device),
            background=torch.stack(noises) if noises else None,
            notes=tuple(mixture.notes for mixture in mixtures),
        )

    def _mixture(self, rng: np.random.Generator) -> _Mixture:
        """Return one mixture."""
        weights = np.array(self.settings.n_sources_weights)
        n_sources = int(rng.choice(len(weights), p=weights / weights.sum())) + CAD2_TASK2.n_sources[0]
        coherent = bool(rng.uniform() < self.settings.coherent_share)
        chooser = CropChooser(stem_library=self.stem_library, settings=self.settings)
        crops = chooser.coherent(n_sources, rng) if coherent else chooser.drawn(n_sources, rng)
        cents = self.settings.coherent_detune_cents if coherent else self.settings.random_detune_cents
        ratios = [2.0 ** (float(rng.uniform(-cents, cents)) / 1200.0) for _ in crops]
        notes = tuple(self._notes(crop, ratio) for crop, ratio in zip(crops, ratios, strict=True))
        return _Mixture(
            sources=self._sound(crops, ratios, coherent, rng),
            slots=self._slots([self.stem_library.stems[crop.stem].entry for crop in crops], notes),
            gains_db=random_gains_db(len(crops), rng),
            notes=notes,
            background=self._background(rng),
        )

    def _slots(self, entries: Sequence[StemEntry], notes: Sequence[NDArray[np.float32] | None]) -> list[int]:
        """Return the network's voice of every source; of two voices of one instrument the higher is the first."""
        heights = [self._mean_pitch(*facts) for facts in zip(entries, notes, strict=True)]
        numbers = [0] * len(entries)
        seen: dict[str, int] = {}
        for index in sorted(range(len(entries)), key=lambda index: -heights[index]):
            name = entries[index].instrument
            seen[name] = seen.get(name, 0) + 1
            numbers[index] = seen[name]
        names = [entry.instrument for entry in entries]
        wanted = list(zip(names, numbers, strict=True))
        if missing := [voice for voice in wanted if voice not in self.voices]:
            raise ConfigError(f"the network has no voice for {missing}", where="mixture")
        return [self.voices.index(voice) for voice in wanted]

    def _mean_pitch(self, entry: StemEntry, notes: NDArray[np.float32] | None) -> float:
        """Return the mean MIDI pitch of what sounds in the crop, of the whole part where nothing is known of that."""
        if notes is None:
            return entry.mean_pitch
        onsets, ends = notes[:, :2].clip(0, self.settings.crop_samples).T
        durations = ends - onsets
        return float(np.average(notes[:, 2], weights=durations)) if durations.sum() > 0 else entry.mean_pitch

    def _sound(
        self, crops: Sequence[Crop], ratios: Sequence[float], coherent: bool, rng: np.random.Generator
    ) -> torch.Tensor:
        """Return the sources in their room at their levels, shape ``(n_sources, 2, crop_samples)``."""
        settings = self.settings
        tuned = [self._detuned(crop, ratio) for crop, ratio in zip(crops, ratios, strict=True)]
        dry = torch.from_numpy(np.stack(tuned)).to(self.device)
        names = [self.stem_library.stems[crop.stem].entry.instrument for crop in crops]
        spectra = self._coloured(dry, names, rng)[:, None, :]
        wet = torch.fft.irfft(spectra * self._responses(len(crops), rng), n=settings.n_fft)[..., TAPS:]
        spread = settings.coherent_level_db if coherent else settings.random_level_db
        levels_db = torch.from_numpy(rng.uniform(-spread, spread, len(crops)).astype(np.float32)).to(self.device)
        before = dry[:, TAPS:].square().mean(dim=-1).sqrt()
        after = wet.square().mean(dim=(1, 2)).sqrt()
        gain = 10 ** (levels_db / 20) * before / after.clamp_min(_TINY)
        balanced: torch.Tensor = wet * gain[:, None, None]
        level = balanced.sum(dim=0).square().mean().sqrt().clamp_min(_TINY)
        return balanced * (_MIXTURE_LEVEL / level)

    def _notes(self, crop: Crop, ratio: float) -> NDArray[np.float32] | None:
        """Return the notes of a stem in samples of the crop, as tuned, those that may ring into it included."""
        notes = self.stem_library.stems[crop.stem].notes
        if notes is None:
            return None
        moved = notes.copy()
        moved[:, :2] = (moved[:, :2] - (crop.start - TAPS)) / ratio - TAPS
        moved[:, 2] += 12.0 * np.log2(ratio)
        heard: NDArray[np.float32] = moved[(moved[:, 1] > -TAPS) & (moved[:, 0] < self.settings.crop_samples)]
        return heard

    def _detuned(self, crop: Crop, ratio: float) -> NDArray[np.float32]:
        """Return a crop and what rings into it played faster, shape ``(n_fft,)``, by cubic interpolation."""
        n_samples = self.settings.n_fft
        taken = self.stem_library.stems[crop.stem].crop(crop.start - TAPS - 1, int(n_samples * ratio) + 4)
        positions = 1.0 + np.arange(n_samples) * ratio
        whole = positions.astype(np.int64)
        along = (positions - whole).astype(np.float32)
        before, here, after, beyond = (taken[whole + offset] for offset in (-1, 0, 1, 2))
        # Catmull-Rom
        moved: NDArray[np.float32] = here + 0.5 * along * (
            after
            - before
            + along * (2 * before - 5 * here + 4 * after - beyond + along * (3 * (here - after) + beyond - before))
        )
        return moved

    def _coloured(self, dry: torch.Tensor, names: Sequence[str], rng: np.random.Generator) -> torch.Tensor:
        """Return the spectra of sources through equalisers, or wandering between two, ``(n_sources, n_bins)``."""
        settings = self.settings
        spectra: torch.Tensor = torch.fft.rfft(dry)
        magnitudes = self._moved(draw_equalisers(names, settings, rng))
        if not (settings.wander_share and rng.uniform() < settings.wander_share):
            return spectra * magnitudes
        others = self._moved(draw_equalisers(names, settings, rng))
        shares = self._moved(np.stack([draw_wandering(dry.shape[1], rng) for _ in names]))
        wandering: torch.Tensor = torch.fft.rfft(dry * shares)
        return spectra * others + wandering * (magnitudes - others)

    def _background(self, rng: np.random.Generator) -> torch.Tensor | None:
        """Return the noise behind a mixture, shape ``(2, crop_samples)``; None where there is to be none."""
        if self.settings.background_db is None:
            return None
        level_db = float(rng.uniform(*self.settings.background_db))
        return self._moved(draw_noise(_MIXTURE_LEVEL * amplitude_from_db(level_db), self.settings.crop_samples, rng))

    def _moved(self, values: NDArray[np.float32]) -> torch.Tensor:
        """Return values on the device of the mixer."""
        return torch.from_numpy(values).to(self.device)

    def _responses(self, n_sources: int, rng: np.random.Generator) -> torch.Tensor:
        """Return spectra of stereo responses, shape ``(n_sources, 2, n_bins or 1)``."""
        spacing = np.deg2rad(rng.uniform(*_SPACING_DEG))
        azimuths = rng.permutation((np.arange(n_sources) - (n_sources - 1) / 2) * spacing).astype(np.float32)
        half = float(np.deg2rad(rng.uniform(*_HALF_ANGLE_DEG)))
        if self.rooms is None or rng.uniform() < self.settings.dry_share:
            panned = 0.5 * (1 + np.cos(np.stack([azimuths - half, azimuths + half], axis=1)))
            return torch.from_numpy(panned.astype(np.float32)).to(self.device)[:, :, None]
        hall = int(rng.integers(self.rooms.n_halls))
        players = rng.permutation(PLAYERS)[:n_sources]
        return self.rooms.stereo(
            torch.full((n_sources,), hall, device=self.device),
            torch.from_numpy(players).to(self.device),
            torch.from_numpy(azimuths).to(self.device),
            torch.full((n_sources,), half, device=self.device),
        )


def random_gains_db(n_sources: int, rng: np.random.Generator) -> list[float]:
    """Draw gains by the challenge's rule: one to all but one of the sources altered."""
    n_altered = int(rng.integers(1, max(n_sources, 2)))
    gains = np.zeros(n_sources)
    gains[rng.permutation(n_sources)[:n_altered]] = rng.choice(CAD2_TASK2.altered_gains_db, n_altered)
    return [float(gain) for gain in gains]
