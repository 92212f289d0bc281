"""Systems ranked for organisers: ties shown as ties, agreement between listeners, tables for the challenge's site."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from rebalance._base.bootstrap import Estimate, Interval, PairedDifference, cells_of, holm, smallest_p_value
from rebalance._base.errors import ConfigError
from rebalance.report._scored_runs import ScoredRun, common_pairs
from rebalance.report._summary import Summary, summarise
from rebalance.task import Task

SIGNIFICANCE = 0.05
_SCORE = "avg_haaqi"
_MIN_SHARED_SCENES = 3
_SITE_DECIMALS = 4
_SITE_COLUMNS = (("team", "Team", False), ("id", "System", False), ("HAAQI", "HAAQI", True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A run's place in the ranking.

    Parameters
    ----------
    rank
        One more than the number of runs that are significantly better.
    run
        Its name.
    estimate
        Mean score over the pairs all runs have.
    gap
        Its scores minus those of the run before, pair by pair; None for the first.
    p_value
        Of that difference, adjusted for the number of runs; None for the first.
    """

    rank: int
    run: str
    estimate: Estimate
    gap: PairedDifference | None
    p_value: float | None

    @property
    def is_tied(self) -> bool:
        """Whether the run before cannot be told from this one."""
        return self.p_value is not None and self.p_value >= SIGNIFICANCE


@dataclass(frozen=True, slots=True, kw_only=True)
class PairwiseTest:
    """Two runs held against each other.

    Parameters
    ----------
    difference
        Scores of the first minus those of the second, pair by pair.
    p_value
        Of that difference, adjusted for the number of runs.
    """

    difference: PairedDifference
    p_value: float

    @property
    def is_significant(self) -> bool:
        """Whether the two can be told apart."""
        return self.p_value < SIGNIFICANCE


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerAgreement:
    """How far listeners agree, run by run in the order of the summary.

    Parameters
    ----------
    n_listeners
        How many heard every run.
    n_first
        For how many listeners the run has the highest mean, ties counted for each.
    scene_correlations
        Mean rank correlation of the scores of two listeners over the scenes both heard; None where
        no two share three scenes.
    concordance
        Kendall's W of the listeners' rankings of the runs, 0 for none and 1 for perfect agreement;
        None for a single listener.
    """

    n_listeners: int
    n_first: tuple[int, ...]
    scene_correlations: tuple[float | None, ...]
    concordance: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunComparison:
    """Everything a comparison of runs tells.

    Parameters
    ----------
    ranking
        From the best mean to the worst.
    tests
        Of every two runs by their names, both ways round.
    agreement
        Between listeners.
    summary
        Means, groups and differences, on the pairs all runs have.
    n_left_out
        How many scored pairs of each run others lack, in the order of the summary.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import pandas as pd
    >>> from rebalance import load_task
    >>> from rebalance.report import ScoredRun, compare_runs
    >>> task = load_task("metadata/demo", "valid")
    >>> keys = [(pair.scene, pair.listener) for pair in task.pairs]
    >>> pairs = pd.MultiIndex.from_tuples(keys, names=["scene", "listener"])
    >>> facts = dict.fromkeys(("separator", "haaqi", "semantics", "version"), "made up")
    >>> def scored(name, score):
    ...     scores = pd.DataFrame({"avg_haaqi": score + 0.01 * np.arange(len(pairs))}, index=pairs)
    ...     return ScoredRun(name=name, folder=Path(name), data=Path("demo"), split="valid", scores=scores, **facts)
    >>> comparison = compare_runs([scored("first", 0.5), scored("second", 0.6)], task)
    >>> comparison.agreement.n_first, comparison.n_left_out  # every listener prefers the second run
    ((0, 3), (0, 0))
    """

    ranking: tuple[Place, ...]
    tests: Mapping[tuple[str, str], PairwiseTest]
    agreement: ListenerAgreement
    summary: Summary
    n_left_out: tuple[int, ...]

    @property
    def has_power(self) -> bool:
        """Whether there are pieces enough for any of the tests between two runs to be significant."""
        n_tests = len(self.ranking) * (len(self.ranking) - 1) // 2
        return n_tests * smallest_p_value(self.ranking[0].estimate.n_clusters) < SIGNIFICANCE


def compare_runs(runs: Sequence[ScoredRun], task: Task) -> RunComparison:
    """Compare runs on the pairs they have all scored.

    Parameters
    ----------
    runs
        Two or more, with their scores.
    task
        The task they were scored on.

    Raises
    ------
    ConfigError
        If there are fewer than two runs, or they have no pair in common.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import pandas as pd
    >>> from rebalance import load_task
    >>> from rebalance.report import ScoredRun, compare_runs
    >>> task = load_task("metadata/demo", "valid")
    >>> keys = [(pair.scene, pair.listener) for pair in task.pairs]
    >>> pairs = pd.MultiIndex.from_tuples(keys, names=["scene", "listener"])
    >>> facts = dict.fromkeys(("separator", "haaqi", "semantics", "version"), "made up")
    >>> def scored(name, score):
    ...     scores = pd.DataFrame({"avg_haaqi": score + 0.01 * np.arange(len(pairs))}, index=pairs)
    ...     return ScoredRun(name=name, folder=Path(name), data=Path("demo"), split="valid", scores=scores, **facts)
    >>> comparison = compare_runs([scored("first", 0.5), scored("second", 0.6)], task)
    >>> [(place.run, round(place.estimate.mean, 3)) for place in comparison.ranking], comparison.has_power
    ([('second', 0.655), ('first', 0.555)], False)
    """
    if len(runs) < 2:
        raise ConfigError(where="compare", expected="two or more runs", got=f"{len(runs)}")
    common = common_pairs(runs)
    if not len(common):
        raise ConfigError(f"{', '.join(run.name for run in runs)} have no scored pair in common", where="compare")
    shared = [dataclasses.replace(run, scores=run.scores.loc[common]) for run in runs]
    summary = summarise(shared, task)
    tests = pairwise_tests(summary)
    return RunComparison(
        ranking=rank_runs(summary, tests),
        tests=tests,
        agreement=listener_agreement([run.scores[_SCORE] for run in shared]),
        summary=summary,
        n_left_out=tuple(len(run.scores) - len(common) for run in runs),
    )


def pairwise_tests(summary: Summary) -> dict[tuple[str, str], PairwiseTest]:
    """Test every two runs, the p-values of all adjusted together; both ways round, first minus second.

    Source: Holm (1979), "A simple sequentially rejective multiple test procedure".
    """
    found = [(pair.first, pair.second, pair.difference) for pair in summary.comparisons if pair.difference is not None]
    tests: dict[tuple[str, str], PairwiseTest] = {}
    for (first, second, difference), p_value in zip(found, holm([each.p_value for _, _, each in found]), strict=True):
        tests[second, first] = PairwiseTest(difference=difference, p_value=p_value)
        tests[first, second] = PairwiseTest(difference=_turned(difference), p_value=p_value)
    return tests


def rank_runs(summary: Summary, tests: Mapping[tuple[str, str], PairwiseTest]) -> tuple[Place, ...]:
    """Order runs by rank, those of one rank by mean score; what no test can tell apart shares what is above it."""
    means = {run.name: estimate for run, estimate in zip(summary.runs, summary.means, strict=True)}
    ranks = {name: 1 + _n_better(name, means, tests) for name in means}
    order = sorted(means, key=lambda name: (ranks[name], -means[name].mean))
    before = [None, *(tests[pair] for pair in zip(order[1:], order[:-1], strict=True))]
    return tuple(
        Place(
            rank=ranks[name],
            run=name,
            estimate=means[name],
            gap=None if test is None else test.difference,
            p_value=None if test is None else test.p_value,
        )
        for name, test in zip(order, before, strict=True)
    )


def _n_better(run: str, means: Mapping[str, Estimate], tests: Mapping[tuple[str, str], PairwiseTest]) -> int:
    """Return how many runs are significantly better than one."""
    others = (other for other in means if other != run and means[other].mean > means[run].mean)
    return sum(tests[run, other].is_significant for other in others)


def listener_agreement(scores: Sequence[pd.Series[float]]) -> ListenerAgreement:
    """Tell how far listeners agree on runs and on scenes.

    Parameters
    ----------
    scores
        Scores of every run, indexed by scene and listener, all with the same pairs.
    """
    by_listener = np.stack([run.groupby(level="listener").mean().to_numpy() for run in scores])
    n_first = (by_listener >= by_listener.max(axis=0)).sum(axis=1)
    return ListenerAgreement(
        n_listeners=by_listener.shape[1],
        n_first=tuple(int(count) for count in n_first),
        scene_correlations=tuple(_scene_correlation(run) for run in scores),
        concordance=concordance(by_listener.T),
    )


def concordance(ratings: NDArray[np.floating]) -> float | None:
    """Return Kendall's W of raters who rate the same things, ties corrected for.

    Source: Kendall and Babington Smith (1939), "The problem of m rankings".

    Parameters
    ----------
    ratings
        Shape ``(n_raters, n_things)``.

    Returns
    -------
    float or None
        Between 0 and 1; None for fewer than two raters, or where every rater rates all things alike.
    """
    n_raters, n_things = ratings.shape
    if n_raters < 2:
        return None
    ranks = rankdata(ratings, axis=1)
    ties = sum(int(count**3 - count) for row in ranks for count in np.unique(row, return_counts=True)[1])
    most = n_raters**2 * (n_things**3 - n_things) - n_raters * ties
    spread = np.sum((ranks.sum(axis=0) - n_raters * (n_things + 1) / 2) ** 2)
    return float(12 * spread / most) if most else None


def ranking_json(comparison: RunComparison, teams: Mapping[str, str]) -> dict[str, Any]:
    """Return the ranking in the form in which the challenge's site keeps its results.

    Parameters
    ----------
    comparison
        Runs in order of their mean scores, with intervals and tests.
    teams
        Team of every run by name; a run without one stands for itself.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import pandas as pd
    >>> from rebalance import load_task
    >>> from rebalance.report import ScoredRun, compare_runs, ranking_json
    >>> task = load_task("metadata/demo", "valid")
    >>> keys = [(pair.scene, pair.listener) for pair in task.pairs]
    >>> pairs = pd.MultiIndex.from_tuples(keys, names=["scene", "listener"])
    >>> facts = dict.fromkeys(("separator", "haaqi", "semantics", "version"), "made up")
    >>> def scored(name, score):
    ...     scores = pd.DataFrame({"avg_haaqi": score + 0.01 * np.arange(len(pairs))}, index=pairs)
    ...     return ScoredRun(name=name, folder=Path(name), data=Path("demo"), split="valid", scores=scores, **facts)
    >>> comparison = compare_runs([scored("first", 0.5), scored("second", 0.6)], task)
    >>> ranking_json(comparison, {"second": "T002"})["data"][0]
    {'id': 'second', 'team': 'T002', 'HAAQI': 0.655}

    Source: the result files of the challenge's site, ``cad2_results_task1.json``.
    """
    return {
        "defaultSort": {"field": "HAAQI", "order": "desc"},
        "format": [{"dataField": field, "text": text, "sort": sort} for field, text, sort in _SITE_COLUMNS],
        "data": [
            {
                "id": place.run,
                "team": teams.get(place.run, place.run),
                "HAAQI": round(place.estimate.mean, _SITE_DECIMALS),
            }
            for place in comparison.ranking
        ],
    }


def comparison_csv(comparison: RunComparison) -> str:
    """Return the ranking and the means of all groups as one table, a line for each run and group.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import pandas as pd
    >>> from rebalance import load_task
    >>> from rebalance.report import ScoredRun, compare_runs, comparison_csv
    >>> task = load_task("metadata/demo", "valid")
    >>> keys = [(pair.scene, pair.listener) for pair in task.pairs]
    >>> pairs = pd.MultiIndex.from_tuples(keys, names=["scene", "listener"])
    >>> facts = dict.fromkeys(("separator", "haaqi", "semantics", "version"), "made up")
    >>> def scored(name, score):
    ...     scores = pd.DataFrame({"avg_haaqi": score + 0.01 * np.arange(len(pairs))}, index=pairs)
    ...     return ScoredRun(name=name, folder=Path(name), data=Path("demo"), split="valid", scores=scores, **facts)
    >>> text = comparison_csv(compare_runs([scored("first", 0.5), scored("second", 0.6)], task))
    >>> text.splitlines()[0].split(",")[:5]
    ['table', 'group', 'rank', 'run', 'mean']
    """
    columns = ("table", "group", "rank", "run", "mean", "low", "high", "pairs", "pieces", "minus_previous", "p_value")
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_rows(comparison))
    return text.getvalue()


def _rows(comparison: RunComparison) -> Iterator[dict[str, Any]]:
    """Yield the lines of the table."""
    for place in comparison.ranking:
        gap = {} if place.gap is None else {"minus_previous": place.gap.estimate.mean, "p_value": place.p_value}
        yield {"table": "all", "rank": place.rank, "run": place.run, **cells_of(place.estimate), **gap}
    names = [run.name for run in comparison.summary.runs]
    for group in comparison.summary.groups:
        for row in group.rows:
            for name, estimate in zip(names, row.estimates, strict=True):
                if estimate is not None:
                    yield {"table": group.title, "group": row.label, "run": name, **cells_of(estimate)}


def _turned(difference: PairedDifference) -> PairedDifference:
    """Return the same difference the other way round: first minus second."""
    estimate, interval = difference.estimate, difference.estimate.interval
    turned = None if interval is None else Interval(low=-interval.high, high=-interval.low)
    return PairedDifference(
        estimate=dataclasses.replace(estimate, mean=-estimate.mean, interval=turned), p_value=difference.p_value
    )


def _scene_correlation(scores: pd.Series[float]) -> float | None:
    """Return the mean rank correlation between the listeners of a run over scenes."""
    table = scores.rename("score").reset_index().pivot_table(index="scene", columns="listener", values="score")
    correlations = table.corr(method="spearman", min_periods=_MIN_SHARED_SCENES).to_numpy()
    found = correlations[np.triu_indices(len(correlations), k=1)]
    found = found[np.isfinite(found)]
    return float(found.mean()) if found.size else None
