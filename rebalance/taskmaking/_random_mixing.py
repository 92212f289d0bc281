"""Random mixtures of strings and woodwinds: players from different pieces, as in the challenge's validation set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from rebalance._base.challenge import CAD2_TASK2, Split
from rebalance._base.errors import ConfigError
from rebalance._base.seeding import stream
from rebalance.synthesis.notation import chair_labelled
from rebalance.synthesis.rendering import PieceStems, mix_down, write_piece
from rebalance.taskmaking._segmenting import Stretch, read_stretch

_FAMILIES = ("strings", "woodwinds")
_MAX_VOICES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class MixturePart:
    """The part of one player in a stretch of a piece, as a mixture uses it."""

    stretch: Stretch
    label: str

    @property
    def instrument(self) -> str:
        """The instrument, without its voice."""
        return chair_labelled(self.label).instrument.name


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomMixture:
    """A mixture to be made.

    Parameters
    ----------
    name
        Becomes the prefix of the segment, so that every mixture is a piece of its own.
    parts
        The parts that are mixed, by their label in the mixture.
    """

    name: str
    parts: dict[str, MixturePart]


class NoMixturesError(ConfigError):
    """The pieces of a task have no strings or no woodwinds to mix."""


def draw_random_mixtures(stretches: Sequence[Stretch], count: int, *, seed: int) -> tuple[RandomMixture, ...]:
    """Draw mixtures of two to five players, at least one of each family.

    The number of players is drawn first, then how many of them are strings, then their instruments, two
    voices only where the challenge has them, then a stretch in which somebody plays that instrument for
    half of the time or longer.

    Raises
    ------
    ConfigError
        If the count is negative; a `NoMixturesError` if the pieces have no strings or no woodwinds.
    """
    if count < 0:
        raise ConfigError(where="random mixtures", expected="0 or more", got=str(count))
    pool = _pool(stretches)
    if count and any(not _instruments_of(family, pool) for family in _FAMILIES):
        raise NoMixturesError(
            where="random mixtures",
            expected="pieces with strings and woodwinds",
            got=f"{sorted(pool) or 'none'}",
        )
    return tuple(_draw(f"randommix{number:04d}", pool, stream(seed, "mixture", str(number))) for number in range(count))


def write_random_mixture(mixture: RandomMixture, *, audio_root: Path, split: Split) -> PieceStems:
    """Mix at the loudness of the challenge and write ``<split>/<name>/<label>.flac`` and the mixture.

    The mixture is the sum of its rounded stems, exactly.

    Raises
    ------
    AudioError
        If a stem cannot be read, or the mixture is silent or would clip.
    """
    stems = {
        label: read_stretch(part.stretch.piece.stems[part.label], audio_root, part.stretch.start_s)
        for label, part in mixture.parts.items()
    }
    piece = mix_down(stems, where=mixture.name)
    folder = PurePosixPath(split) / mixture.name
    return write_piece(audio_root, folder, piece, name=mixture.name, dataset=_dataset(mixture))


def _pool(stretches: Sequence[Stretch]) -> dict[str, list[MixturePart]]:
    """Return all parts that may be mixed, by instrument."""
    pool: dict[str, list[MixturePart]] = {}
    for stretch in stretches:
        for label in stretch.busy_labels:
            part = MixturePart(stretch=stretch, label=label)
            if part.instrument in CAD2_TASK2.instruments:
                pool.setdefault(part.instrument, []).append(part)
    return dict(sorted(pool.items()))


def _instruments_of(family: str, pool: dict[str, list[MixturePart]]) -> list[str]:
    """Return the instruments of a family that can be mixed, as often as the challenge has voices for them."""
    names = [name for name in pool if chair_labelled(name).instrument.family == family]
    return [
        name
        for name in names
        for _ in range(min(_MAX_VOICES if name in CAD2_TASK2.doubling_instruments else 1, len(pool[name])))
    ]


def _draw(name: str, pool: dict[str, list[MixturePart]], rng: np.random.Generator) -> RandomMixture:
    """Draw one mixture."""
    choices = {family: _instruments_of(family, pool) for family in _FAMILIES}
    most = {family: len(voices) for family, voices in choices.items()}
    sizes = [n for n in CAD2_TASK2.n_sources if n <= sum(most.values())]
    n_sources = int(rng.choice(sizes))
    fewest, largest = max(1, n_sources - most["woodwinds"]), min(n_sources - 1, most["strings"])
    n_strings = int(rng.integers(fewest, largest + 1))
    instruments = [
        str(instrument)
        for family, number in zip(_FAMILIES, (n_strings, n_sources - n_strings), strict=True)
        for instrument in rng.choice(choices[family], size=number, replace=False)
    ]
    return RandomMixture(name=name, parts=_mixture_parts(instruments, pool, rng))


def _mixture_parts(
    instruments: Sequence[str], pool: dict[str, list[MixturePart]], rng: np.random.Generator
) -> dict[str, MixturePart]:
    """Draw a different player for every voice."""
    parts: dict[str, MixturePart] = {}
    for instrument, n_voices in sorted(Counter(instruments).items()):
        drawn = rng.choice(len(pool[instrument]), size=n_voices, replace=False)
        for voice, index in enumerate(drawn, 1):
            label = instrument if n_voices == 1 else f"{instrument}_{voice}"
            parts[label] = pool[instrument][index]
    return parts


def _dataset(mixture: RandomMixture) -> str:
    """Return the data sets the players come from."""
    return "+".join(sorted({part.stretch.piece.dataset for part in mixture.parts.values()}))
