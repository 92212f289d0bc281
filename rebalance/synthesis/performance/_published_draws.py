"""The distributions of SynthSOD's generator: tempi, dynamics and articulations over the seconds of a piece."""

from __future__ import annotations

import bisect
import hashlib
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rebalance._base.names import one_of
from rebalance.synthesis.performance._annotations import (
    DYNAMIC_LEVELS,
    VELOCITIES_PER_LEVEL,
    DynamicLevel,
)
from rebalance.synthesis.performance._articulation_shares import ARTICULATION_SHARES
from rebalance.synthesis.performance._articulations import Articulation

# Read from the generator (HQ-SOD-generator), arXiv 2409.10995.
MEAN_BPM, SPREAD_BPM = 120.0, 20.0
N_START_POINTS = 100
MIN_TEMPI, MIN_DYNAMICS, MIN_ARTICULATIONS = 4, 3, 1
MAX_TEMPI, MAX_DYNAMICS, MAX_ARTICULATIONS = 10, 10, 2  # up to two minutes; one more for each further two
GRADUAL_SHARE = 0.3
GRADUAL_S = (5, 19)
_S_PER_MORE = 120.0
_SEED_RANGE = 2**32

_MIN_BPM = 20.0  # ours: five spreads below the mean the draw would stop the music


@dataclass(frozen=True, slots=True, kw_only=True)
class TempoChangeDrawn:
    """A drawn tempo: where it begins, in seconds of the piece as timed by the changes before it, and how fast.

    Parameters
    ----------
    start_s
        In seconds.
    quarter_bpm
        Quarter notes per minute.
    """

    start_s: float
    quarter_bpm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicsDrawn:
    """A drawn stretch in one dynamic.

    Parameters
    ----------
    start_s
        Its boundary to the stretch before.
    level
        From ``ppp`` to ``fff``.
    gradual_from_s, gradual_s
        Where the change from the level before begins and how long it takes; its middle is the boundary unless it would
        begin before the piece. A duration of 0 is a sudden change.
    """

    start_s: float
    level: DynamicLevel
    gradual_from_s: float = 0.0
    gradual_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticulationDrawn:
    """A drawn stretch in one articulation of one part.

    Parameters
    ----------
    start_s
        In seconds.
    articulation
        One of the published ones.
    """

    start_s: float
    articulation: Articulation


def seed_of_name(name: str, seed: int = 0) -> np.random.Generator:
    """Return the generator of a piece: seeded by the SHA-256 of its name, and by a seed unless that is 0.

    Parameters
    ----------
    name
        Name of the piece.
    seed
        A further one, for another set of draws.

    Examples
    --------
    >>> from rebalance.synthesis.performance import seed_of_name
    >>> float(seed_of_name("symphony").uniform()) == float(seed_of_name("symphony").uniform())
    True
    """
    digest = int(hashlib.sha256(name.encode()).hexdigest(), 16) % _SEED_RANGE
    return np.random.default_rng([digest, seed] if seed else digest)


def most_intervals(most: int, duration_s: float) -> int:
    """Return the largest number of intervals of a piece: more by one for every two minutes beyond the first two.

    Parameters
    ----------
    most
        Of a piece of two minutes at most.
    duration_s
        Of the piece, in seconds.

    Examples
    --------
    >>> from rebalance.synthesis.performance import most_intervals
    >>> [most_intervals(10, duration_s) for duration_s in (60.0, 120.0, 121.0, 600.0)]
    [10, 10, 11, 14]
    """
    return most + max(0, math.ceil(duration_s / _S_PER_MORE - 1))


def draw_tempo_changes(duration_s: float, rng: np.random.Generator) -> tuple[TempoChangeDrawn, ...]:
    """Draw the tempi of a piece of a written duration; what comes before the first keeps its tempo.

    Parameters
    ----------
    duration_s
        As written, in seconds.
    rng
        Where the draws come from.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.synthesis.performance import draw_tempo_changes
    >>> changes = draw_tempo_changes(100.0, np.random.default_rng(1))
    >>> 4 <= len(changes) <= 10
    True
    """
    most = min(most_intervals(MAX_TEMPI, duration_s), N_START_POINTS)
    count = int(rng.integers(MIN_TEMPI, most + 1))
    tempi = rng.normal(MEAN_BPM, SPREAD_BPM, count)
    starts_s = _starts_s(duration_s, count, rng)
    return tuple(
        TempoChangeDrawn(start_s=start_s, quarter_bpm=int(max(tempo, _MIN_BPM)))
        for start_s, tempo in zip(starts_s, tempi.tolist(), strict=True)
    )


def draw_dynamics(duration_s: float, rng: np.random.Generator) -> tuple[DynamicsDrawn, ...]:
    """Draw the dynamics of a piece: no equal neighbours, and no two gradual changes in a row.

    Parameters
    ----------
    duration_s
        Of the piece, in seconds.
    rng
        Where the draws come from.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.synthesis.performance import draw_dynamics
    >>> drawn = draw_dynamics(100.0, np.random.default_rng(1))
    >>> drawn[0].start_s, all(one.level != next_one.level for one, next_one in zip(drawn, drawn[1:]))
    (0.0, True)
    """
    most = min(most_intervals(MAX_DYNAMICS, duration_s), N_START_POINTS)
    count = int(rng.integers(MIN_DYNAMICS, most + 1))
    starts_s = [0.0, *_starts_s(duration_s, count - 1, rng, from_start=False)]
    gradual = _gradual(count, rng)
    drawn: list[DynamicsDrawn] = []
    for place, start_s in enumerate(starts_s):
        others = [level for level in DYNAMIC_LEVELS if not drawn or level != drawn[-1].level]
        interval = DynamicsDrawn(start_s=start_s, level=others[int(rng.integers(len(others)))])
        drawn.append(_gradually(interval, rng) if place in gradual else interval)
    return tuple(drawn)


def draw_articulations(instrument: str, duration_s: float, rng: np.random.Generator) -> tuple[ArticulationDrawn, ...]:
    """Draw the articulations of one part: one for each of a few stretches.

    Parameters
    ----------
    instrument
        A key of the tables: as loaders of data sets spell it.
    duration_s
        Of the piece.
    rng
        Generator of the draws.

    Raises
    ------
    ConfigError
        If there is no table for the instrument.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.synthesis.performance import draw_articulations
    >>> drawn = draw_articulations("Oboe", 100.0, np.random.default_rng(3))
    >>> drawn[0].start_s, 1 <= len(drawn) <= 2
    (0.0, True)
    """
    one_of("articulations", instrument, tuple(ARTICULATION_SHARES))
    shares = ARTICULATION_SHARES[instrument]
    most = min(most_intervals(MAX_ARTICULATIONS, duration_s), N_START_POINTS)
    count = int(rng.integers(MIN_ARTICULATIONS, most + 1))
    starts_s = [0.0, *_starts_s(duration_s, count - 1, rng, from_start=False)]
    names = list(shares)
    drawn = rng.choice(len(names), size=count, p=np.array(list(shares.values())) / sum(shares.values()))
    return tuple(
        ArticulationDrawn(start_s=start_s, articulation=names[index])
        for start_s, index in zip(starts_s, drawn.tolist(), strict=True)
    )


def velocity_at(dynamics: Sequence[DynamicsDrawn], time_s: float, rng: np.random.Generator) -> int:
    """Return the velocity of a note: drawn from the band of its dynamic, or on the line of a gradual change.

    Parameters
    ----------
    dynamics
        By time, the first from 0.
    time_s
        When the note begins.
    rng
        For the place within a band. Bands are 16 velocities wide; that of ppp holds 0, which is no note.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.synthesis.performance import DynamicsDrawn, velocity_at
    >>> soft = DynamicsDrawn(start_s=0.0, level="p")
    >>> loud = DynamicsDrawn(start_s=20.0, level="f", gradual_from_s=15.0, gradual_s=10.0)
    >>> rng = np.random.default_rng(0)
    >>> [velocity_at((soft, loud), time_s, rng) for time_s in (15.0, 20.0, 25.0)]  # p is 32 to 47, f is 80 to 95
    [47, 71, 95]
    """
    for before, interval in reversed(list(itertools.pairwise(dynamics))):
        share = (time_s - interval.gradual_from_s) / interval.gradual_s if interval.gradual_s else -1.0
        if 0.0 <= share <= 1.0:
            first, last = _edges(before.level, interval.level)
            return round(first + share * (last - first))
    starts_s = [interval.start_s for interval in dynamics]
    level = dynamics[bisect.bisect_right(starts_s, time_s) - 1].level
    return int(DYNAMIC_LEVELS.index(level) * VELOCITIES_PER_LEVEL + rng.integers(VELOCITIES_PER_LEVEL))


def _starts_s(duration_s: float, count: int, rng: np.random.Generator, *, from_start: bool = True) -> list[float]:
    """Return so many of 100 points over a duration, by time; the first point is the start of the piece."""
    points = np.linspace(0.0, duration_s, N_START_POINTS)[0 if from_start else 1 :]
    chosen: list[float] = np.sort(rng.choice(points, size=count, replace=False)).tolist()
    return chosen


def _gradual(count: int, rng: np.random.Generator) -> frozenset[int]:
    """Return the places of the intervals that are reached gradually, no two in a row, never the first."""
    wanted = int(rng.integers(0, math.ceil(GRADUAL_SHARE * count) + 1))
    chosen: set[int] = set()
    for place in rng.permutation(np.arange(1, count)).tolist():
        if len(chosen) < wanted and not {place - 1, place + 1} & chosen:
            chosen.add(place)
    return frozenset(chosen)


def _gradually(interval: DynamicsDrawn, rng: np.random.Generator) -> DynamicsDrawn:
    """Return an interval with a gradual change of whole seconds about its boundary."""
    length_s = float(rng.integers(GRADUAL_S[0], GRADUAL_S[1] + 1))
    begun_s = interval.start_s - length_s / 2
    return replace(interval, gradual_from_s=interval.start_s if begun_s < 0 else begun_s, gradual_s=length_s)


def _edges(before: DynamicLevel, after: DynamicLevel) -> tuple[int, int]:
    """Return the edge of one band that is near to another, and the far edge of that."""
    first, last = DYNAMIC_LEVELS.index(before), DYNAMIC_LEVELS.index(after)
    top = VELOCITIES_PER_LEVEL - 1
    rising = last > first
    return first * VELOCITIES_PER_LEVEL + (top if rising else 0), last * VELOCITIES_PER_LEVEL + (top if rising else 0)
