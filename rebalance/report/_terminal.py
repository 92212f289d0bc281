"""The report as tables for a terminal; names are folded over lines, never cropped."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from rebalance.pipeline import Scores
from rebalance.report._ranking_tables import add_column, differences_table, ranking_table
from rebalance.report._reports import Report
from rebalance.report._summary import GroupTable
from rebalance.report._texts import estimate_text, short_text


def terminal_tables(report: Report) -> Iterator[Table]:
    """Yield the tables of a report: means or ranking, differences between runs, then groups.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import pandas as pd
    >>> from rebalance import load_task
    >>> from rebalance.report import ScoredRun, make_report, terminal_tables
    >>> task = load_task("metadata/demo", "valid")
    >>> keys = [(pair.scene, pair.listener) for pair in task.pairs]
    >>> pairs = pd.MultiIndex.from_tuples(keys, names=["scene", "listener"])
    >>> facts = dict.fromkeys(("separator", "haaqi", "semantics", "version"), "made up")
    >>> def scored(name, score):
    ...     scores = pd.DataFrame({"avg_haaqi": score + 0.01 * np.arange(len(pairs))}, index=pairs)
    ...     return ScoredRun(name=name, folder=Path(name), data=Path("demo"), split="valid", scores=scores, **facts)
    >>> report = make_report([scored("first", 0.5), scored("second", 0.6)], task)
    >>> [table.row_count for table in terminal_tables(report)][:2]
    [2, 1]
    """
    if report.comparison is None:
        yield _means(report)
    else:
        yield ranking_table(report.comparison)
        yield differences_table(report.comparison)
    for group in report.summary.groups:
        yield group_table(report, group)


def group_table(report: Report, group: GroupTable) -> Table:
    """Tabulate the means of the groups of one property: groups down for a single run, else across.

    Parameters
    ----------
    report
        Where the runs come from, and their order.
    group
        One of the report's groups.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import pandas as pd
    >>> from rebalance import load_task
    >>> from rebalance.report import ScoredRun, group_table, make_report
    >>> task = load_task("metadata/demo", "valid")
    >>> keys = [(pair.scene, pair.listener) for pair in task.pairs]
    >>> pairs = pd.MultiIndex.from_tuples(keys, names=["scene", "listener"])
    >>> facts = dict.fromkeys(("separator", "haaqi", "semantics", "version"), "made up")
    >>> def scored(name, score):
    ...     scores = pd.DataFrame({"avg_haaqi": score + 0.01 * np.arange(len(pairs))}, index=pairs)
    ...     return ScoredRun(name=name, folder=Path(name), data=Path("demo"), split="valid", scores=scores, **facts)
    >>> report = make_report([scored("first", 0.5)], task)
    >>> table = group_table(report, report.summary.groups[-1])
    >>> table.title, [column.header for column in table.columns]
    ('Gain size', [' ', 'mean HAAQI', 'pairs'])
    """
    table = Table(title=group.title, caption=group.note)
    names = [run.name for run in report.summary.runs]
    if len(names) == 1:
        for column in ("", "mean HAAQI", "pairs"):
            add_column(table, column or " ", is_name=not column)
        for row in group.rows:
            (estimate,) = row.estimates
            n_values = 0 if estimate is None else estimate.n_values
            table.add_row(Text(row.label), Text(estimate_text(estimate)), f"{n_values}")
        return table
    add_column(table, "run", is_name=True)
    for row in group.rows:
        n_values = max(estimate.n_values for estimate in row.estimates if estimate is not None)
        table.add_column(Text(f"{row.label}\nn {n_values}"), justify="right", overflow="fold", min_width=4)
    by_run = dict(zip(names, zip(*(row.estimates for row in group.rows), strict=True), strict=True))
    for run in report.runs:
        cells = ("–" if estimate is None else short_text(estimate.mean) for estimate in by_run[run.name])
        table.add_row(Text(run.name), *cells)
    return table


def _means(report: Report) -> Table:
    """Tabulate the means of runs that are not ranked."""
    table = Table(title="Mean HAAQI (95 % interval, pieces resampled)")
    for column in ("run", "separator", "mean HAAQI", "pairs", "pieces"):
        add_column(table, column, is_name=column in ("run", "separator"))
    for run, estimate in zip(report.summary.runs, report.summary.means, strict=True):
        counts = (str(estimate.n_values), str(estimate.n_clusters))
        table.add_row(Text(run.name), Text(run.separator), Text(estimate_text(estimate)), *counts)
    return table


def scores_table(scores: Scores) -> Table:
    """Tabulate the mean score of every run that was scored, with its interval.

    Examples
    --------
    >>> import pandas as pd
    >>> from rebalance.pipeline import Scores
    >>> from rebalance.report import scores_table
    >>> keys = [("exp/mine", "S50001", "L0001"), ("exp/mine", "S50003", "L0002")]
    >>> index = pd.MultiIndex.from_tuples(keys, names=["run", "scene", "listener"])
    >>> table = scores_table(Scores(table=pd.DataFrame({"avg_haaqi": [0.6, 0.7], "piece": ["haydn", "mozart"]}, index)))
    >>> [column.header for column in table.columns], table.row_count
    (['run', 'mean HAAQI', 'pairs', 'pieces'], 1)
    """
    table = Table(title="Mean HAAQI (95 % interval, pieces resampled)")
    for column in ("run", "mean HAAQI", "pairs", "pieces"):
        add_column(table, column, is_name=column == "run")
    for run, estimate in scores.estimates().items():
        counts = (str(estimate.n_values), str(estimate.n_clusters))
        table.add_row(Text(run), Text(estimate_text(estimate)), *counts)
    return table
