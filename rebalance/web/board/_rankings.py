"""A ranking: systems ordered by their mean score, ties shown as ties, from summaries alone."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from rebalance._base.bootstrap import Estimate, PairedDifference, smallest_p_value
from rebalance._base.cluster_totals import ClusterTotals, adjusted_p_values, differences
from rebalance._base.errors import ConfigError
from rebalance._base.names import counted
from rebalance.web.board._score_summaries import SEED, ScoreSummary

SIGNIFICANCE = 0.05

Kind: TypeAlias = Literal["causal", "noncausal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedSystem:
    """A scored submission and what its team says of it.

    Parameters
    ----------
    submission
        Its identifier.
    team, system
        Who made it, and what they call it.
    causality
        Which ranking it belongs to.
    augmented, supplementary
        Whether the name of the archive carries ``_aug`` or ``_sup``.
    submitted
        When, as ISO 8601.
    summary
        Means and intervals of its scores.
    n_parameters, lookahead_ms, speed
        Size of the networks, measured look-ahead, and seconds of processing for a second of music; None where unknown.
    """

    submission: str
    team: str
    system: str
    causality: Kind
    augmented: bool = False
    supplementary: bool = False
    submitted: str = ""
    summary: ScoreSummary
    n_parameters: int | None = None
    lookahead_ms: float | None = None
    speed: float | None = None

    @property
    def name(self) -> str:
        """How the site calls it: the team with its flags, as in ``T002_sup``."""
        return f"{self.team}{'_aug' if self.augmented else ''}{'_sup' if self.supplementary else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedLine:
    """A system's place on a board.

    Parameters
    ----------
    rank
        One more than the number of systems that are significantly better.
    shares_rank
        Whether another system has the same rank.
    entry
        The system.
    gap
        Its scores minus those of the line above, pair by pair; None for the first.
    p_value
        Of that difference, adjusted for the number of all comparisons on the board; None for the first.
    """

    rank: int
    shares_rank: bool
    entry: RankedSystem
    gap: PairedDifference | None
    p_value: float | None

    @property
    def is_tied(self) -> bool:
        """Whether no test can tell it from the line above."""
        return self.p_value is not None and self.p_value >= SIGNIFICANCE

    @property
    def mean(self) -> Estimate:
        """Mean score with its interval."""
        return self.entry.summary.mean

    @property
    def shown_rank(self) -> str:
        """The rank as it is shown: ``2=`` where it is shared."""
        return f"{self.rank}{'=' if self.shares_rank else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Systems in order.

    Parameters
    ----------
    lines
        From the best to the last.
    incomplete
        Systems whose scores lack pairs that most others have; not ranked.
    digest
        Of all that is shown; the same board has the same.
    """

    lines: tuple[RankedLine, ...]
    incomplete: tuple[RankedSystem, ...]
    digest: str

    @property
    def n_pairs(self) -> int:
        """On how many pairs of scene and listener every mean rests."""
        return self.lines[0].mean.n_values if self.lines else 0

    @property
    def n_pieces(self) -> int:
        """From how many pieces of music they are."""
        return self.lines[0].mean.n_clusters if self.lines else 0

    @property
    def n_comparisons(self) -> int:
        """How many comparisons the p-values are adjusted for: of every two systems."""
        return len(self.lines) * (len(self.lines) - 1) // 2

    @property
    def has_power(self) -> bool:
        """Whether there are pieces enough for any comparison to be significant."""
        return smallest_p_value(max(self.n_pieces, 1)) < SIGNIFICANCE

    @property
    def verdict(self) -> str:
        """What the board comes to, in a sentence."""
        if not self.lines:
            return "No system has been scored yet."
        best = self.lines[0]
        score = f"{best.entry.name} has the highest mean, {best.mean.mean:.3f}"
        if len(self.lines) == 1:
            return f"{score}; there is no other system yet."
        if not self.has_power:
            pieces = counted(self.n_pieces, "piece")
            return f"{score}; {pieces} of music cannot tell {len(self.lines)} systems apart."
        level = sum(line.rank == best.rank for line in self.lines) - 1
        return f"{score}; {_level_text(level)}."


def rank_systems(entries: Sequence[RankedSystem], *, higher_is_better: bool = True) -> Ranking:
    """Rank systems by their mean score.

    The test of two systems flips the sign of the difference of whole pieces; its p-values are adjusted for the
    comparisons of every two systems (single-step maxT, Westfall and Young 1993). A system's rank is one
    more than the number of systems that are significantly better; where none can be told apart, all are first.

    Parameters
    ----------
    entries
        In any order.
    higher_is_better
        Whether the larger of two scores is the better one.

    Raises
    ------
    ConfigError
        If two entries are the same submission, or sum up different scores.

    Examples
    --------
    >>> from rebalance.web.board import rank_systems
    >>> rank_systems([]).verdict
    'No system has been scored yet.'

    Source: means, intervals and gaps are those of `rebalance.report.compare_runs` on the same scores; that one
    adjusts by Holm, which for many systems finds next to nothing.
    """
    _check(entries)
    complete, incomplete = _split(entries)
    complete.sort(key=lambda entry: (-_worth(entry, higher_is_better), entry.team, entry.submission))
    lines = _lines(complete)
    return Ranking(
        lines=lines, incomplete=incomplete, digest=ranking_digest(entries, higher_is_better=higher_is_better)
    )


def ranking_digest(entries: Sequence[RankedSystem], *, higher_is_better: bool = True) -> str:
    """Return a digest of all that a board shows, whatever the order of its entries.

    Parameters
    ----------
    entries
        Systems with the summaries of their scores.
    higher_is_better
        Of two values of the metric.

    Examples
    --------
    >>> from rebalance.web.board import ranking_digest
    >>> len(ranking_digest([]))
    64
    """
    facts = sorted(
        [
            entry.submission, entry.team, entry.system, entry.causality, entry.augmented, entry.supplementary,
            entry.submitted, entry.summary.digest, entry.n_parameters, entry.lookahead_ms, entry.speed,
        ]
        for entry in entries
    )  # fmt: skip
    return hashlib.sha256(json.dumps([higher_is_better, facts]).encode()).hexdigest()


def _check(entries: Sequence[RankedSystem]) -> None:
    """Raise unless all entries are different and have the same score."""
    if len({entry.submission for entry in entries}) != len(entries):
        raise ConfigError(where="board", expected="every submission once", got="one twice")
    if len({entry.summary.column for entry in entries}) > 1:
        raise ConfigError(where="board", expected="summaries of one score", got="several")


def _split(entries: Sequence[RankedSystem]) -> tuple[list[RankedSystem], tuple[RankedSystem, ...]]:
    """Part the systems that share the most pairs from those that lack some."""
    if not entries:
        return [], ()
    counts = Counter(entry.summary.pairs_digest for entry in entries)
    sizes = {entry.summary.pairs_digest: entry.summary.mean.n_values for entry in entries}
    whole = max(counts, key=lambda digest: (sizes[digest], counts[digest], digest))
    complete = [entry for entry in entries if entry.summary.pairs_digest == whole]
    return complete, tuple(entry for entry in entries if entry.summary.pairs_digest != whole)


def _worth(entry: RankedSystem, higher_is_better: bool) -> float:
    """Return the mean, turned so that more is better."""
    return entry.summary.mean.mean if higher_is_better else -entry.summary.mean.mean


def _lines(entries: Sequence[RankedSystem]) -> tuple[RankedLine, ...]:
    """Return the lines of systems in the order of their means."""
    if not entries:
        return ()
    totals = ClusterTotals(
        sums=np.array([entry.summary.piece_sums for entry in entries]),
        counts=np.array(entries[0].summary.piece_counts),
    )
    p_values = adjusted_p_values(totals, seed=SEED)
    ranks = [1 + int(np.count_nonzero(p_values[place, :place] < SIGNIFICANCE)) for place in range(len(entries))]
    order = sorted(range(len(entries)), key=lambda place: (ranks[place], place))
    gaps = differences(totals, list(itertools.pairwise(order)), seed=SEED)
    return tuple(
        RankedLine(
            rank=ranks[place],
            shares_rank=ranks.count(ranks[place]) > 1,
            entry=entries[place],
            gap=gaps[number - 1] if number else None,
            p_value=float(p_values[place, order[number - 1]]) if number else None,
        )
        for number, place in enumerate(order)
    )


def _level_text(n_level: int) -> str:
    """Say how many others share the first rank."""
    if not n_level:
        return "it is significantly better than every other"
    return f"{counted(n_level, 'other system')} cannot be told from it"
