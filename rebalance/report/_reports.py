"""A whole report as one value: what was scored, how runs compare, and the one line that says it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from rebalance._base.bootstrap import Estimate
from rebalance._base.extras import optional_packages
from rebalance._base.files import StrPath, expanded
from rebalance._base.names import counted
from rebalance.report._comparing import RunComparison, compare_runs
from rebalance.report._scored_runs import ScoredRun, common_pairs, read_scored_runs
from rebalance.report._summary import Summary, summarise
from rebalance.report._texts import estimate_text, p_value_text
from rebalance.task import Task, load_task

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MAX_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything a report tells.

    Parameters
    ----------
    task
        The task whose pairs the runs were scored on.
    summary
        Means, groups and differences: on the pairs all runs have, where there are such pairs.
    comparison
        Ranking and agreement of two or more runs; None for a single one, and for runs without a common pair.
    """

    task: Task
    summary: Summary
    comparison: RunComparison | None

    @property
    def runs(self) -> tuple[ScoredRun, ...]:
        """The runs, the best first."""
        by_name = {run.name: run for run in self.summary.runs}
        if self.comparison is None:
            return self.summary.runs
        return tuple(by_name[place.run] for place in self.comparison.ranking)

    @property
    def verdict(self) -> str:
        """What the report comes to, in one line."""
        if self.comparison is not None:
            return _verdict_of_several(self.comparison)
        if len(self.summary.runs) > 1:
            return "The runs have no scored pair in common: they cannot be compared."
        mean = self.summary.means[0]
        on = f"{counted(mean.n_values, 'pair')} of {counted(mean.n_clusters, 'piece')}"
        return f"{self.summary.runs[0].name}: mean HAAQI {estimate_text(mean)} on {on}."

    def table(self) -> pd.DataFrame:
        """Return a line for every run, the best first, indexed by its name.

        Returns
        -------
        pd.DataFrame
            The columns ``rank``, ``separator``, ``mean``, ``low`` and ``high`` (95 % interval), ``pairs`` and
            ``pieces``; the rank of a single run is 1, that of runs without a common pair missing.
        """
        means = dict(zip((run.name for run in self.summary.runs), self.summary.means, strict=True))
        lines = [{"run": run.name, "separator": run.separator, **estimate_cells(means[run.name])} for run in self.runs]
        table = pd.DataFrame(lines).set_index("run")
        if self.comparison is not None:
            ranks: list[int | None] = [place.rank for place in self.comparison.ranking]
        else:
            ranks = [1] if len(self.runs) == 1 else [None] * len(self.runs)
        table.insert(0, "rank", pd.Series(ranks, index=table.index, dtype="Int64"))
        return table

    def plot(self, axes: Axes | None = None) -> Axes:
        """Plot the mean score of every run with its interval, the best first, on axes of one's own or on new ones.

        Raises
        ------
        ConfigError
            If matplotlib is not installed.
        """
        with optional_packages():
            from rebalance.report._plots import draw_means

        means = dict(zip((run.name for run in self.summary.runs), self.summary.means, strict=True))
        return draw_means({run.name: means[run.name] for run in self.runs}, axes)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.verdict!r})"

    def _repr_html_(self) -> str:
        from html import escape

        return f"<p>{escape(self.verdict)}</p>{self.table().to_html(float_format='{:.3f}'.format, border=0)}"


def make_report(runs: Sequence[ScoredRun], task: Task) -> Report:
    """Compute a report of runs.

    Parameters
    ----------
    runs
        One or more, with their scores.
    task
        The task they were scored on.

    Raises
    ------
    ConfigError
        If a run scored a pair that is not in the task.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import pandas as pd
    >>> from rebalance import load_task
    >>> from rebalance.report import ScoredRun, make_report
    >>> task = load_task("metadata/demo", "valid")
    >>> keys = [(pair.scene, pair.listener) for pair in task.pairs]
    >>> pairs = pd.MultiIndex.from_tuples(keys, names=["scene", "listener"])
    >>> facts = dict.fromkeys(("separator", "haaqi", "semantics", "version"), "made up")
    >>> def scored(name, score):
    ...     scores = pd.DataFrame({"avg_haaqi": score + 0.01 * np.arange(len(pairs))}, index=pairs)
    ...     return ScoredRun(name=name, folder=Path(name), data=Path("demo"), split="valid", scores=scores, **facts)
    >>> report = make_report([scored("first", 0.5), scored("second", 0.6)], task)
    >>> [place.run for place in report.comparison.ranking]
    ['second', 'first']
    """
    if len(runs) > 1 and len(common_pairs(runs)):
        comparison = compare_runs(runs, task)
        return Report(task=task, summary=comparison.summary, comparison=comparison)
    return Report(task=task, summary=summarise(runs, task), comparison=None)


def read_report(runs: StrPath | Sequence[StrPath], *, data: StrPath | None = None) -> Report:
    """Read scored runs and compute their report.

    Parameters
    ----------
    runs
        Folders of scored runs, those ``rebalance score`` wrote.
    data
        Root of the task, should it have moved since the runs were scored.

    Raises
    ------
    ConfigError
        If there is no run, one was not scored, or they cannot be compared.
    MetadataError
        If the task cannot be read.

    Examples
    --------
    >>> from rebalance.report import read_report
    >>> read_report([])
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: report: expected one or more runs, got none
    """
    data = None if data is None else expanded(data)
    scored = read_scored_runs([runs] if isinstance(runs, str | os.PathLike) else runs)
    return make_report(scored, load_task(data or scored[0].data, scored[0].split))


def estimate_cells(estimate: Estimate) -> dict[str, float | int | None]:
    """Return an estimate as cells of a table."""
    low, high = (None, None) if estimate.interval is None else (estimate.interval.low, estimate.interval.high)
    return {
        "mean": estimate.mean,
        "low": low,
        "high": high,
        "pairs": estimate.n_values,
        "pieces": estimate.n_clusters,
    }


def _verdict_of_several(comparison: RunComparison) -> str:
    """Say which run is best, and how sure that is."""
    best, second, *_ = comparison.ranking
    mean = f"{best.estimate.mean:.3f}"
    if not comparison.has_power:
        ahead = f"{best.estimate.mean - second.estimate.mean:.3f} above {second.run}"
        few = f"{counted(best.estimate.n_clusters, 'piece')} {'is' if best.estimate.n_clusters == 1 else 'are'}"
        them = "the two" if len(comparison.ranking) == 2 else f"{len(comparison.ranking)} runs"
        return f"{best.run} has the highest mean HAAQI, {mean}, {ahead}; {few} too few for tests to tell {them} apart."
    level = [place.run for place in comparison.ranking[1:] if not comparison.tests[best.run, place.run].is_significant]
    if level:
        return f"{best.run} has the highest mean HAAQI, {mean}, but cannot be told apart from {_listed(level)}."
    test = comparison.tests[best.run, second.run]
    ahead = f"{test.difference.estimate.mean:.3f} above {second.run}, the next (p {_relation(test.p_value)})"
    return f"{best.run} is best: mean HAAQI {mean}, {ahead}."


def _relation(p_value: float) -> str:
    """Return ``= 0.012`` or ``< 0.001``."""
    text = p_value_text(p_value)
    return text if text.startswith("<") else f"= {text}"


def _listed(names: Sequence[str]) -> str:
    """Name a few runs, and count the others."""
    if len(names) > _MAX_NAMED:
        return f"{', '.join(names[:_MAX_NAMED])} and {len(names) - _MAX_NAMED} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
