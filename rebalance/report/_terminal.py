"""The report as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from rebalance.report._summary import Comparison, GroupTable, Summary
from rebalance.report._texts import difference_text, estimate_text, p_value_text


def terminal_tables(summary: Summary) -> Iterator[Table]:
    """Yield the tables of a report: means of the runs, differences between them, then by group.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import pandas as pd
    >>> from rebalance import load_task
    >>> from rebalance.report import ScoredRun, summarise, terminal_tables
    >>> task = load_task("metadata/demo", "valid")
    >>> keys = [(pair.scene, pair.listener) for pair in task.pairs]
    >>> pairs = pd.MultiIndex.from_tuples(keys, names=["scene", "listener"])
    >>> facts = dict.fromkeys(("separator", "haaqi", "semantics", "version"), "made up")
    >>> def scored(name, score):
    ...     scores = pd.DataFrame({"avg_haaqi": score + 0.01 * np.arange(len(pairs))}, index=pairs)
    ...     return ScoredRun(name=name, folder=Path(name), data=Path("demo"), split="valid", scores=scores, **facts)
    >>> tables = list(terminal_tables(summarise([scored("first", 0.5), scored("second", 0.6)], task)))
    >>> [table.row_count for table in tables[:2]]
    [2, 1]
    """
    yield _means(summary)
    if summary.comparisons:
        yield _comparisons(summary.comparisons)
    for group in summary.groups:
        yield _group(summary, group)


def _means(summary: Summary) -> Table:
    """Tabulate the means of the runs."""
    table = Table(title="Mean HAAQI (95 % interval, pieces resampled)")
    for column in ("run", "separator"):
        table.add_column(column)
    for column in ("mean HAAQI", "pairs", "pieces"):
        table.add_column(column, justify="right")
    for run, estimate in zip(summary.runs, summary.means, strict=True):
        counts = (str(estimate.n_values), str(estimate.n_clusters))
        table.add_row(Text(run.name), Text(run.separator), Text(estimate_text(estimate)), *counts)
    return table


def _comparisons(comparisons: tuple[Comparison, ...]) -> Table:
    """Tabulate the differences between runs."""
    table = Table(title="Differences on common pairs (95 % interval, pieces resampled)")
    table.add_column("second − first")
    for column in ("difference", "p", "common pairs", "not common"):
        table.add_column(column, justify="right", no_wrap=column == "difference")
    for comparison in comparisons:
        name = Text(f"{comparison.second} − {comparison.first}")
        left_out = str(comparison.only_first + comparison.only_second)
        if comparison.difference is None:
            table.add_row(name, "–", "–", "0", left_out)
            continue
        estimate = comparison.difference.estimate
        p_value = p_value_text(comparison.difference.p_value)
        table.add_row(name, Text(difference_text(estimate)), p_value, str(estimate.n_values), left_out)
    return table


def _group(summary: Summary, group: GroupTable) -> Table:
    """Tabulate the means of the groups of one property."""
    table = Table(title=group.title, caption=group.note)
    table.add_column("")
    for run in summary.runs:
        table.add_column(Text(run.name), justify="right", overflow="fold")
    for row in group.rows:
        cells = (Text(estimate_text(estimate).replace(" [", "\n[")) for estimate in row.estimates)
        table.add_row(Text(row.label), *cells)
    return table
