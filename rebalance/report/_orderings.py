"""What a paper says of two of its systems, and what comes of it by differences pair by pair."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from rebalance._base.bootstrap import Estimate, PairedDifference, paired_difference
from rebalance._base.errors import MetadataError

Verdict: TypeAlias = Literal["holds", "open", "fails"]
UNTRAINED_SEED = -1
_SIGNS = {"higher": ">", "lower": "<", "not lower": "≥"}
_COLUMNS = ("system", "target", "piece", "seed")
_SAME_IN_A_PAIR = ("target", "piece", "segment")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordering:
    """A claim: a figure of one system is higher, or lower, than that of another.

    Parameters
    ----------
    system, than
        Names of the two.
    figure
        Column of the figure.
    expected
        Which of both the claim says; ``"not lower"`` is one that allows for equality.
    targets
        On which targets; on all when empty.
    contrast
        Instead: that the difference between both systems is higher, or lower, on the first target than on the second.
    title
        The claim in words of its own; None to make them of the names.

    Examples
    --------
    >>> from rebalance.report import Ordering
    >>> Ordering(system="iass", than="input", figure="sdr_db").text
    'iass > input (sdr_db)'
    """

    system: str
    than: str
    figure: str
    expected: Literal["higher", "lower", "not lower"] = "higher"
    targets: tuple[str, ...] = ()
    contrast: tuple[str, str] | None = None
    title: str | None = None

    @property
    def text(self) -> str:
        """The claim in one line."""
        return self.title or f"{self.system} {_SIGNS[self.expected]} {self.than} ({self.figure})"

    def verdict(self, difference: Estimate) -> Verdict:
        """Return whether the whole interval of a difference lies on the side of the claim, or on the other.

        A claim is open where the interval holds 0, and where a single piece gives none.
        """
        interval = difference.interval
        if interval is None:
            return "open"
        low, high = (-interval.high, -interval.low) if self.expected == "lower" else (interval.low, interval.high)
        return "holds" if low > 0 else "fails" if high < 0 else "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderingResult:
    """What a study says of a claim.

    Parameters
    ----------
    ordering
        The claim.
    target
        On which target; empty where all are taken together.
    pairs
        One row for every pair: ``piece``, ``seed`` and ``difference``, the first system less the second.
    difference
        Mean of the pairs, its interval over pieces, and its p-value.
    """

    ordering: Ordering
    target: str
    pairs: pd.DataFrame
    difference: PairedDifference

    @property
    def verdict(self) -> Verdict:
        """See `Ordering.verdict`."""
        return self.ordering.verdict(self.difference.estimate)


def compare_systems(rows: pd.DataFrame, ordering: Ordering, *, pooled: bool = False) -> Iterator[OrderingResult]:
    """Give what comes of a claim, for every target by itself or for all together; nothing where there is no pair.

    A pair is of one target of one piece, of one segment where the rows tell segments apart, and of one seed; a system
    that was not trained, seed -1, is paired with every seed.

    Parameters
    ----------
    rows
        One for every system, target, piece and seed: ``system``, ``target``, ``piece``, ``seed`` and figures, of which
        some may be missing.
    ordering
        The claim.
    pooled
        Whether the pairs of all targets are taken together.

    Raises
    ------
    MetadataError
        If a column is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> from rebalance.report import Ordering, compare_systems
    >>> rows = pd.DataFrame(
    ...     {
    ...         "system": ["input", "input", "iass", "iass"],
    ...         "target": "Flute",
    ...         "piece": ["haydn", "mozart"] * 2,
    ...         "seed": [-1, -1, 0, 0],
    ...         "sdr_db": [0.0, 1.0, 2.0, 4.0],
    ...     }
    ... )
    >>> (result,) = compare_systems(rows, Ordering(system="iass", than="input", figure="sdr_db"))
    >>> result.difference.estimate.mean, result.verdict
    (2.5, 'holds')
    """
    if missing := {*_COLUMNS, ordering.figure} - set(rows.columns):
        raise MetadataError(where="rows of a study", expected="more columns", got=f"none of {sorted(missing)}")
    for target, pairs in _pairs_by_target(rows, ordering, pooled=pooled):
        if not pairs.empty:
            pieces = [str(piece) for piece in pairs["piece"]]
            none, rng = np.zeros(len(pairs)), np.random.default_rng(0)
            found = paired_difference(none, pairs["difference"], pieces, rng=rng)
            yield OrderingResult(ordering=ordering, target=target, pairs=pairs, difference=found)


def _pairs_by_target(rows: pd.DataFrame, ordering: Ordering, *, pooled: bool) -> Iterator[tuple[str, pd.DataFrame]]:
    """Give the pairs of every target, of all together, or of the contrast of two."""
    pairs = _pairs(rows, ordering)
    if ordering.contrast is not None:
        first, second = (pairs[pairs["target"] == target] for target in ordering.contrast)
        both = first.merge(second, on=[name for name in pairs if name not in {"target", "difference"}])
        less = both.assign(difference=both["difference_x"] - both["difference_y"])
        yield f"{ordering.contrast[0]} less {ordering.contrast[1]}", less
        return
    targets = ordering.targets or tuple(dict.fromkeys(rows["target"]))
    if pooled:
        yield "", pairs[pairs["target"].isin(targets)]
        return
    for target in targets:
        yield target, pairs[pairs["target"] == target]


def _pairs(rows: pd.DataFrame, ordering: Ordering) -> pd.DataFrame:
    """Return the pairs of two systems on all targets, and how much the figure of the first exceeds the second's."""
    known = rows.dropna(subset=[ordering.figure])
    same = [name for name in _SAME_IN_A_PAIR if name in rows]
    columns = [*same, "seed", ordering.figure]
    first, second = (known.loc[known["system"] == name, columns] for name in (ordering.system, ordering.than))
    both = first.merge(second, on=same, suffixes=("", "_than"))
    seeds = both[["seed", "seed_than"]]
    paired = both[(both["seed"] == both["seed_than"]) | (seeds == UNTRAINED_SEED).any(axis=1)]
    difference = paired[ordering.figure] - paired[f"{ordering.figure}_than"]
    return paired[same].assign(seed=seeds.max(axis=1), difference=difference)
