"""Random annotations in the manner of SynthSOD: dynamics, tempo and articulation of a piece."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

import numpy as np

from rebalance._base.errors import MetadataError
from rebalance._base.seeding import stream
from rebalance.synthesis.notation import Family, Score
from rebalance.synthesis.performance._articulations import ARTICULATIONS, Articulation

DynamicLevel: TypeAlias = Literal["ppp", "pp", "p", "mp", "mf", "f", "ff", "fff"]
DYNAMIC_LEVELS: tuple[DynamicLevel, ...] = get_args(DynamicLevel)

# Published (arXiv 2409.10995): bands of 16 velocities, 3-10 intervals, at most 30 % gradual transitions of 5-20 s.
VELOCITIES_PER_LEVEL = 16
N_DYNAMICS_INTERVALS = (3, 10)
MAX_GRADUAL_SHARE = 0.3
TRANSITION_S = (5.0, 20.0)

# Published: ranges of the probability of each articulation. The publication gives staccato and legato for strings and
# marcato and tenuto for winds; winds take the strings' legato and staccato here, and percussion is always sustained.
_BOWED_AND_BLOWN = {"legato": (0.55, 0.60), "staccato": (0.25, 0.30), "trill": (0.01, 0.03)}
_WINDS = {**_BOWED_AND_BLOWN, "marcato": (0.03, 0.06), "tenuto": (0.03, 0.06), "flutter": (0.01, 0.03)}
_ARTICULATION_SHARES: Mapping[Family, Mapping[str, tuple[float, float]]] = {
    "strings": {**_BOWED_AND_BLOWN, "pizzicato": (0.001, 0.05)},
    "woodwinds": _WINDS,
    "brass": _WINDS,
    "percussion": {},
}

# Ours, where the publication gives no figure: one tempo interval per so many seconds at most, and the spread of tempi
# as a share of their mean.
_SECONDS_PER_TEMPO_INTERVAL = 30.0
_TEMPO_SPREAD = 0.1
_TEMPO_LIMIT_SPREADS = 2.5
DEFAULT_QUARTER_BPM = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicsInterval:
    """A stretch in one dynamic.

    Parameters
    ----------
    start_q
        Where it begins, in quarter notes.
    level
        From ``ppp`` to ``fff``.
    transition_s
        Seconds over which the level before it changes to this one from `start_q` on; 0 for a sudden change.

    Examples
    --------
    >>> from rebalance.synthesis.performance import DYNAMIC_LEVELS, DynamicsInterval
    >>> crescendo = DynamicsInterval(start_q=8.0, level="ff", transition_s=4.0)
    >>> DYNAMIC_LEVELS.index(crescendo.level)
    6
    """

    start_q: float
    level: DynamicLevel
    transition_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TempoInterval:
    """A stretch in one tempo: where it begins, in quarter notes, and its quarter notes per minute.

    Parameters
    ----------
    start_q
        Where it begins, in quarter notes from 0.
    quarter_bpm
        Quarter notes per minute.
    """

    start_q: float
    quarter_bpm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotations:
    """How a piece is to be played.

    Parameters
    ----------
    dynamics
        By time, the first from 0; shared by the ensemble. Empty: the velocities of the score stand.
    tempo
        By time, the first from 0; shared by the ensemble.
    articulations
        One per note of every part, by the part's name. Empty for a part: all sustained.
    velocities
        One per note of every part, by the part's name, where they are drawn with the dynamics; a note of velocity 0 is
        not played. Empty for a part: the dynamics decide when it is performed.

    Raises
    ------
    MetadataError
        If intervals do not begin at 0 or do not increase, or a tempo is not positive.

    Examples
    --------
    >>> from rebalance.synthesis.performance import Annotations, DynamicsInterval, TempoInterval
    >>> annotations = Annotations(
    ...     dynamics=(DynamicsInterval(start_q=0.0, level="mf"),),
    ...     tempo=(TempoInterval(start_q=0.0, quarter_bpm=90.0), TempoInterval(start_q=32.0, quarter_bpm=84.0)),
    ...     articulations={"Oboe": ("staccato", "sustained")},
    ... )
    >>> annotations.tempo[-1].quarter_bpm
    84.0
    """

    dynamics: tuple[DynamicsInterval, ...]
    tempo: tuple[TempoInterval, ...]
    articulations: Mapping[str, tuple[Articulation, ...]]
    velocities: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _require_from_zero("dynamics", [interval.start_q for interval in self.dynamics])
        _require_from_zero("tempo", [interval.start_q for interval in self.tempo])
        if not self.tempo or any(interval.quarter_bpm <= 0 for interval in self.tempo):
            raise MetadataError(where="annotations", expected="at least one tempo interval and positive tempi")


def mechanical_annotations(score: Score) -> Annotations:
    """Return the annotations of a score played as it stands: its tempi, written velocities, no articulation.

    Examples
    --------
    >>> from rebalance.synthesis.notation import Score
    >>> from rebalance.synthesis.performance import mechanical_annotations
    >>> mechanical_annotations(Score(name="study", parts=(), quarter_bpm=72.0)).tempo
    (TempoInterval(start_q=0.0, quarter_bpm=72.0),)
    """
    return Annotations(
        dynamics=(),
        tempo=printed_tempo(score),
        articulations={},
    )


def draw_annotations(score: Score, seed: int) -> Annotations:
    """Draw dynamics, tempo and articulations for a score.

    Parameters
    ----------
    score
        Arranged: every part has an instrument.
    seed
        The same seed gives the same annotations for a score of the same name and notes.

    Examples
    --------
    >>> from rebalance.synthesis.notation import Note, Part, Score
    >>> from rebalance.synthesis.performance import draw_annotations
    >>> notes = tuple(Note(onset_q=float(at), duration_q=1.0, pitch=60) for at in range(64))
    >>> score = Score(name="study", parts=(Part(name="Oboe", instrument=None, notes=notes),), quarter_bpm=80.0)
    >>> annotations = draw_annotations(score, seed=1)
    >>> len(annotations.articulations["Oboe"]), annotations.tempo[0].start_q
    (64, 0.0)
    >>> annotations == draw_annotations(score, seed=1), annotations == draw_annotations(score, seed=2)
    (True, False)

    Source: SynthSOD (arXiv 2409.10995). The mean of the tempi is the printed tempo of the score (where it changes, each
    in its stretch), 90 where there is none; their spread (10 %) and the length of intervals are ours, the publication
    gives neither.
    """
    articulations = {
        part.name: _draw_articulations(
            len(part.notes),
            part.instrument.family if part.instrument else "percussion",
            stream(seed, score.name, part.name, "articulations"),
        )
        for part in score.parts
    }
    return Annotations(
        dynamics=_draw_dynamics(score.end_q, stream(seed, score.name, "dynamics")),
        tempo=_draw_tempo(score, stream(seed, score.name, "tempo")),
        articulations=articulations,
    )


def _draw_dynamics(end_q: float, rng: np.random.Generator) -> tuple[DynamicsInterval, ...]:
    """Draw 3 to 10 intervals, no equal neighbours, at most 30 % of the changes gradual."""
    lowest, highest = N_DYNAMICS_INTERVALS
    n_intervals = int(rng.integers(lowest, highest + 1))
    n_changes = n_intervals - 1
    n_gradual = int(rng.integers(0, int(MAX_GRADUAL_SHARE * n_changes) + 1))
    gradual = set(rng.choice(np.arange(1, n_intervals), size=n_gradual, replace=False).tolist())
    starts_q = [0.0, *sorted(rng.uniform(0, end_q, n_changes).tolist())]
    intervals: list[DynamicsInterval] = []
    for index, start_q in enumerate(starts_q):
        others = [level for level in DYNAMIC_LEVELS if not intervals or level != intervals[-1].level]
        level = others[int(rng.integers(len(others)))]
        transition_s = float(rng.uniform(*TRANSITION_S)) if index in gradual else 0.0
        intervals.append(DynamicsInterval(start_q=start_q, level=level, transition_s=transition_s))
    return tuple(intervals)


def printed_tempo(score: Score) -> tuple[TempoInterval, ...]:
    """Return the tempi of a score, the first from 0."""
    first = TempoInterval(start_q=0.0, quarter_bpm=score.quarter_bpm or DEFAULT_QUARTER_BPM)
    later = (TempoInterval(start_q=it.onset_q, quarter_bpm=it.quarter_bpm) for it in score.tempo_changes)
    return (first, *later)


def _draw_tempo(score: Score, rng: np.random.Generator) -> tuple[TempoInterval, ...]:
    """Draw tempi around those of the score; the longer the piece, the more intervals may come."""
    end_q, duration_s = score.end_q, score.seconds_at(score.end_q, DEFAULT_QUARTER_BPM)
    n_intervals = int(rng.integers(1, 2 + int(duration_s / _SECONDS_PER_TEMPO_INTERVAL)))
    starts_q = [0.0, *sorted(rng.uniform(0, end_q, n_intervals - 1).tolist())]
    spreads = np.clip(rng.standard_normal(n_intervals), -_TEMPO_LIMIT_SPREADS, _TEMPO_LIMIT_SPREADS)
    printed = printed_tempo(score)
    printed_starts_q = [interval.start_q for interval in printed]
    return tuple(
        TempoInterval(
            start_q=start_q,
            quarter_bpm=printed[bisect.bisect_right(printed_starts_q, start_q) - 1].quarter_bpm
            * (1 + _TEMPO_SPREAD * float(spreads[bisect.bisect_right(starts_q, start_q) - 1])),
        )
        for start_q in sorted({*starts_q, *printed_starts_q})
    )


def _draw_articulations(n_notes: int, family: Family, rng: np.random.Generator) -> tuple[Articulation, ...]:
    """Draw the share of every articulation for a part, then an articulation per note."""
    shares = {name: float(rng.uniform(*bounds)) for name, bounds in _ARTICULATION_SHARES[family].items()}
    named: list[Articulation] = [articulation for articulation in ARTICULATIONS if articulation in shares]
    weights = [shares[articulation] for articulation in named]
    rest = max(0.0, 1.0 - sum(weights))
    total = rest + sum(weights)
    probabilities = [rest / total, *(weight / total for weight in weights)]
    choices: tuple[Articulation, ...] = ("sustained", *named)
    return tuple(choices[index] for index in rng.choice(len(choices), size=n_notes, p=probabilities).tolist())


def _require_from_zero(what: str, starts_q: list[float]) -> None:
    """Raise unless intervals begin at 0 and do not go back."""
    goes_back = any(later < earlier for earlier, later in itertools.pairwise(starts_q))
    if starts_q and (starts_q[0] != 0 or goes_back):
        raise MetadataError(where="annotations", expected=f"{what} intervals from 0 upwards", got=str(starts_q))
