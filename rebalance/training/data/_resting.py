"""Rests for players that have none: stretches of a stem silenced, so that a target is often absent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded
from rebalance._base.seeding import stream
from rebalance.training.data._stem_library import (
    INT16_SCALE,
    SAMPLE_RATE,
    Stem,
    open_library,
    write_manifest,
    write_notes,
    write_stem,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestSettings:
    """How long a player plays and rests in turn, each drawn evenly between two bounds in seconds.

    Parameters
    ----------
    play_s, rest_s
        The least and the greatest, in seconds.
    fade_s
        Length of a fade, in seconds.

    Raises
    ------
    ConfigError
        If a bound is not above 0, the greater comes first, or a fade is negative.

    Examples
    --------
    >>> from rebalance.training.data import RestSettings
    >>> RestSettings(rest_s=(2.0, 4.0)).play_s
    (3.0, 8.0)
    """

    play_s: tuple[float, float] = (3.0, 8.0)
    rest_s: tuple[float, float] = (3.0, 8.0)
    fade_s: float = 0.05

    def __post_init__(self) -> None:
        if not all(0 < low <= high for low, high in (self.play_s, self.rest_s)) or self.fade_s < 0:
            raise ConfigError(where="rests", expected="bounds above 0, the lower first", got=str(self))


def rest_gains(
    n_samples: int, sample_rate: int, settings: RestSettings, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return a gain for every sample: 1 where the player plays, 0 where it rests, straight fades between.

    Whether it begins with a rest is drawn, too.

    Parameters
    ----------
    n_samples
        Length of the stem.
    sample_rate
        In Hz.
    settings
        How long a player plays and rests.
    rng
        Where the draws come from.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.training.data import RestSettings, rest_gains
    >>> settings = RestSettings(play_s=(2.0, 2.0), rest_s=(1.0, 1.0), fade_s=0.0)
    >>> rest_gains(8, 1, settings, np.random.default_rng(1))
    array([0., 1., 1., 0., 1., 1., 0., 1.], dtype=float32)
    """
    gains = np.ones(n_samples)
    for start_s, end_s in _rests(n_samples / sample_rate, settings, rng):
        gains[round(start_s * sample_rate) : round(end_s * sample_rate)] = 0.0
    return _faded(gains, round(settings.fade_s * sample_rate))


def _faded(gains: NDArray[np.float64], length: int) -> NDArray[np.float32]:
    """Return gains of 0 and 1 with straight fades beside the rests, which stay silent throughout."""
    if length < 1:
        return gains.astype(np.float32)
    to_rest = scipy.ndimage.distance_transform_cdt(gains > 0) if not gains.all() else np.full(len(gains), length)
    return np.clip(to_rest / length, 0.0, 1.0).astype(np.float32)


def _rests(duration_s: float, settings: RestSettings, rng: np.random.Generator) -> Iterator[tuple[float, float]]:
    """Give start and end of every rest in seconds."""
    plays = bool(rng.integers(2))
    now_s = 0.0
    while now_s < duration_s:
        length_s = float(rng.uniform(*(settings.play_s if plays else settings.rest_s)))
        if not plays:
            yield now_s, now_s + length_s
        now_s += length_s
        plays = not plays


def write_rested_stems(
    folder: StrPath, out: StrPath, instruments: Sequence[str], settings: RestSettings, *, seed: int
) -> int:
    """Write a library of stems anew in which some instruments rest from time to time; return how many stems rest.

    Parameters
    ----------
    folder, out
        Of the library as it is, and of the new one.
    instruments
        Which rest; notes in the middle of a rest are left out.
    settings, seed
        Where the rests lie: drawn for every stem by its rendition and label.

    Raises
    ------
    MetadataError
        If the library cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from rebalance.training.data import RestSettings, open_library, write_rested_stems
    >>> from rebalance.training.data._stem_library import StemEntry, write_manifest, write_stem
    >>> facts = {"rendition": "duet", "family": "tones", "mean_pitch": 60.0}
    >>> entries = [StemEntry(label=it, instrument=it, file=f"{it}.npy", **facts) for it in ("Flute", "Cello")]
    >>> with tempfile.TemporaryDirectory() as root:
    ...     for entry in entries:
    ...         write_stem(Path(root), entry, np.full(441_000, 0.1))
    ...     write_manifest(Path(root), entries)
    ...     print(write_rested_stems(root, Path(root, "rested"), ["Flute"], RestSettings(), seed=1))
    ...     stems = open_library([Path(root, "rested")]).stems
    ...     [bool((stem.samples == 0).any()) for stem in stems]
    1
    [True, False]
    """
    out = expanded(out)
    stems = open_library([folder], any_instrument=True).stems
    resting = [stem.entry.instrument in instruments for stem in stems]
    for stem, rests in zip(stems, resting, strict=True):
        n_samples = len(stem.samples)
        rng = stream(seed, stem.entry.rendition, stem.entry.label)
        gains = rest_gains(n_samples, SAMPLE_RATE, settings, rng) if rests else np.ones(n_samples, dtype=np.float32)
        _write_resting(expanded(out), stem, gains)
    write_manifest(out, [stem.entry for stem in stems])
    return sum(resting)


def _write_resting(out: Path, stem: Stem, gains: NDArray[np.float32]) -> None:
    """Write one stem and its notes at the gains of its player."""
    write_stem(out, stem.entry, stem.samples / INT16_SCALE * gains)
    if stem.notes is not None:
        middles = stem.notes[:, :2].mean(axis=1).astype(np.int64).clip(0, len(gains) - 1)
        write_notes(out, stem.entry, stem.notes[gains[middles] > 0])
