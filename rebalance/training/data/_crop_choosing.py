"""Which stems a mixture is made of, and from where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import ConfigError
from rebalance.training.data._mixing_settings import MixingSettings
from rebalance.training.data._stem_library import StemLibrary

_TRIES = 20
_STRINGS = ("Cello", "Viola", "Violin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """One source before it becomes sound.

    Parameters
    ----------
    stem
        Its index in the library.
    start
        In samples of the stem; it may lie before it.
    """

    stem: int
    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CropChooser:
    """Chooses crops of stems that sound.

    Parameters
    ----------
    stem_library
        Library the stems are drawn from.
    settings
        Chances of the draws.
    """

    stem_library: StemLibrary
    settings: MixingSettings

    def coherent(self, n_sources: int, rng: np.random.Generator) -> list[Crop]:
        """Choose players of one rendition and one place in it, all of them sounding if such a place is found.

        Raises
        ------
        ConfigError
            If no rendition holds the instrument that every mixture holds.
        """
        renditions = [stems for stems in self.stem_library.by_rendition.values() if self._holds_what_it_must(stems)]
        if not renditions:
            raise ConfigError(f"no rendition holds {self.settings.always}", where="mixing")
        crops: list[Crop] = []
        for _ in range(_TRIES):
            stems = rng.permutation(renditions[int(rng.integers(len(renditions)))]).tolist()
            chosen = sorted(stems, key=lambda stem: not self._holds_what_it_must([stem]))[:n_sources]
            start = self._start(chosen[0], rng)
            crops = [Crop(stem=stem, start=start) for stem in chosen]
            if len(crops) >= CAD2_TASK2.n_sources[0] and all(self._sounds(crop) for crop in crops):
                break
        return crops

    def drawn(self, n_sources: int, rng: np.random.Generator) -> list[Crop]:
        """Choose instruments, then a stem and a place for each."""
        available: list[str] = rng.permutation(list(self.stem_library.by_instrument)).tolist()
        if self.settings.section_share and rng.uniform() < self.settings.section_share:
            available = [name for name in available if (name in _STRINGS) == (available[0] in _STRINGS)]
        names = sorted(available, key=lambda name: name != self.settings.always)[:n_sources]
        doubling = [name for name in names if name in CAD2_TASK2.doubling_instruments]
        if doubling and rng.uniform() < self.settings.pair_share:
            doubled = doubling[0]
            others = [name for name in names if name != doubled]
            names = [doubled, doubled, *others[: max(n_sources - 2, int(self.settings.always in others))]]
        return [self._sounding_crop(name, rng) for name in names]

    def _holds_what_it_must(self, stems: Sequence[int]) -> bool:
        """Tell whether some stems are fit for a mixture: one of them of the instrument every mixture holds."""
        always = self.settings.always
        return always is None or any(self.stem_library.stems[stem].entry.instrument == always for stem in stems)

    def _sounding_crop(self, instrument: str, rng: np.random.Generator) -> Crop:
        """Choose a stem of an instrument and a place where it sounds."""
        stems = self.stem_library.by_instrument[instrument]
        for _ in range(_TRIES):
            stem = stems[int(rng.integers(len(stems)))]
            crop = Crop(stem=stem, start=self._start(stem, rng))
            if self._sounds(crop):
                return crop
        return crop

    def _start(self, stem: int, rng: np.random.Generator) -> int:
        """Return the start of a crop around a random place where a stem sounds."""
        frames = self.stem_library.stems[stem].active_frames
        around = int(frames[int(rng.integers(len(frames)))])
        return around - int(rng.integers(self.settings.crop_samples))

    def _sounds(self, crop: Crop) -> bool:
        """Tell whether a stem sounds long enough in a crop."""
        activity = self.stem_library.stems[crop.stem].activity(crop.start, self.settings.crop_samples)
        return activity >= self.settings.least_activity
