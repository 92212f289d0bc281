"""The gain patterns of the challenge: every one of them, drawn uniformly, named and kept in one table."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from rebalance._base.challenge import CAD2_TASK2, Challenge
from rebalance._base.errors import ConfigError, MetadataError

GainPattern: TypeAlias = tuple[float, ...]


@lru_cache(maxsize=16)
def gain_patterns(n_sources: int, challenge: Challenge = CAD2_TASK2) -> tuple[GainPattern, ...]:
    """Return every pattern for a number of sources, in dB, in a fixed order.

    From one to all but one of the sources are altered, each by one of six values; the others stay at
    0 dB: ``7**N - 1 - 6**N`` patterns (12, 126, 1104 and 9030 for two to five sources).

    Source: section B.2 of the CAD2-T2 data page.

    Raises
    ------
    ConfigError
        If the challenge has no ensemble of that many sources.
    """
    if n_sources not in challenge.n_sources:
        few, many = min(challenge.n_sources), max(challenge.n_sources)
        raise ConfigError(where="gain patterns", expected=f"{few} to {many} sources", got=str(n_sources))
    every = itertools.product(challenge.gain_values_db, repeat=n_sources)
    return tuple(pattern for pattern in every if 0 < _n_altered(pattern) < n_sources)


def draw_gain_patterns(n_sources: int, count: int, rng: np.random.Generator) -> tuple[GainPattern, ...]:
    """Draw different patterns, each of all that there are with the same probability.

    Raises
    ------
    ConfigError
        If more are asked for than there are, or fewer than none.
    """
    patterns = gain_patterns(n_sources)
    if not 0 <= count <= len(patterns):
        raise ConfigError(
            where="gains per segment", expected=f"0 to {len(patterns)} for {n_sources} sources", got=str(count)
        )
    return tuple(patterns[index] for index in rng.choice(len(patterns), size=count, replace=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class GainTable:
    """Named gain patterns: the content of ``gains.json``.

    Parameters
    ----------
    gains_db
        Name to raw gain in dB by source (``source_1`` ..).
    """

    gains_db: Mapping[str, Mapping[str, float]]

    @property
    def by_n_sources(self) -> dict[int, dict[str, Mapping[str, float]]]:
        """The same, grouped by number of sources: the content of ``gains_meta.json``."""
        groups: dict[int, dict[str, Mapping[str, float]]] = {}
        for name, gains_db in self.gains_db.items():
            groups.setdefault(len(gains_db), {})[name] = gains_db
        return dict(sorted(groups.items()))

    @property
    def names(self) -> dict[GainPattern, str]:
        """The name of every pattern in the table, the first of several."""
        names: dict[GainPattern, str] = {}
        for name, gains_db in self.gains_db.items():
            names.setdefault(_pattern_of(gains_db), name)
        return names

    def with_patterns(self, patterns: Iterable[GainPattern]) -> GainTable:
        """Return a table that holds these patterns too, names already given unchanged.

        A new pattern is called after its place among all patterns of the rule, or takes the next free
        number where another pattern has that name: ``gain_0001`` ..
        """
        named = dict(self.gains_db)
        known = set(self.names)
        for pattern in patterns:
            if pattern not in known:
                known.add(pattern)
                named[_free_name(named, pattern)] = source_gains(pattern)
        return GainTable(gains_db=dict(sorted(named.items(), key=lambda entry: (len(entry[0]), entry[0]))))


def source_gains(pattern: GainPattern) -> dict[str, float]:
    """Return a pattern by source name: ``{"source_1": -10.0, "source_2": 0.0}``."""
    return {f"source_{number}": float(gain_db) for number, gain_db in enumerate(pattern, 1)}


def _free_name(named: Mapping[str, object], pattern: GainPattern) -> str:
    """Return the name for a new pattern."""
    preferred = f"gain_{_catalogue_number(pattern):04d}"
    if preferred not in named:
        return preferred
    after_catalogue = itertools.count(1 + sum(map(len, map(gain_patterns, CAD2_TASK2.n_sources))))
    return next(name for number in after_catalogue if (name := f"gain_{number:04d}") not in named)


def _catalogue_number(pattern: GainPattern) -> int:
    """Return the place of a pattern, from 1, in the list of all patterns for two, three, four and five sources."""
    smaller = sum(len(gain_patterns(n)) for n in CAD2_TASK2.n_sources if n < len(pattern))
    return 1 + smaller + _places(len(pattern))[pattern]


@lru_cache(maxsize=16)
def _places(n_sources: int) -> dict[GainPattern, int]:
    return {pattern: place for place, pattern in enumerate(gain_patterns(n_sources))}


def _n_altered(pattern: Sequence[float]) -> int:
    return sum(gain_db != 0 for gain_db in pattern)


def _pattern_of(gains_db: Mapping[str, float]) -> GainPattern:
    """Return gains by source name as a pattern, whatever their order."""
    try:
        return tuple(gains_db[f"source_{number}"] for number in range(1, len(gains_db) + 1))
    except KeyError:
        raise MetadataError(
            where="gains", expected=f"source_1 to source_{len(gains_db)}", got=f"{sorted(gains_db)}"
        ) from None
