"""The ranking of runs as tables for a terminal; names are folded over lines, never cropped."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from rebalance.report._comparing import ListenerAgreement, PairwiseTest, Place, RunComparison
from rebalance.report._texts import difference_text, estimate_text, p_value_text

_MAX_LISTED = 3
_SIGNS = {"better": Text("+", "green"), "worse": Text("−", "red"), "level": Text("·", "dim")}


def ranking_table(comparison: RunComparison) -> Table:
    """Tabulate the ranking.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import pandas as pd
    >>> from rebalance import load_task
    >>> from rebalance.report import ScoredRun, compare_runs, ranking_table
    >>> task = load_task("metadata/demo", "valid")
    >>> keys = [(pair.scene, pair.listener) for pair in task.pairs]
    >>> pairs = pd.MultiIndex.from_tuples(keys, names=["scene", "listener"])
    >>> facts = dict.fromkeys(("separator", "haaqi", "semantics", "version"), "made up")
    >>> def scored(name, score):
    ...     scores = pd.DataFrame({"avg_haaqi": score + 0.01 * np.arange(len(pairs))}, index=pairs)
    ...     return ScoredRun(name=name, folder=Path(name), data=Path("demo"), split="valid", scores=scores, **facts)
    >>> table = ranking_table(compare_runs([scored("first", 0.5), scored("second", 0.6)], task))
    >>> [column.header for column in table.columns], table.row_count
    (['rank', 'run', 'mean HAAQI', 'minus the one before', 'p'], 2)
    """
    ranks = [place.rank for place in comparison.ranking]
    left_out = dict(zip((run.name for run in comparison.summary.runs), comparison.n_left_out, strict=True))
    is_matrix = len(ranks) > _MAX_LISTED

    def cells(number: int, place: Place) -> tuple[str | Text, ...]:
        rank = f"{place.rank}{'=' if ranks.count(place.rank) > 1 else ''}"
        gap = "" if place.gap is None else Text(difference_text(place.gap.estimate).replace(" [", "\n["))
        p_value = "" if place.p_value is None else p_value_text(place.p_value) + (" tie" if place.is_tied else "")
        mean = Text(estimate_text(place.estimate).replace(" [", "\n["))
        common = (*((f"{number}",) if is_matrix else ()), rank, Text(place.run), mean, gap, p_value)
        return (*common, f"{left_out[place.run]}") if any(left_out.values()) else common

    n_pairs, n_pieces = comparison.ranking[0].estimate.n_values, comparison.ranking[0].estimate.n_clusters
    table = Table(
        title=f"Ranking on {n_pairs} common pairs of {n_pieces} pieces (95 % intervals, pieces resampled)",
        caption="Rank: one more than the number of runs that are significantly better (p < 0.05, adjusted by Holm)."
        + ("" if comparison.has_power else f" {n_pieces} pieces are too few for tests to tell so many runs apart."),
    )
    columns = (*(("no.",) if is_matrix else ()), "rank", "run", "mean HAAQI", "minus the one before", "p")
    for column in (*columns, "pairs left out") if any(left_out.values()) else columns:
        add_column(table, column, is_name=column == "run")
    for number, place in enumerate(comparison.ranking, 1):
        table.add_row(*cells(number, place))
    return table


def differences_table(comparison: RunComparison) -> Table:
    """Tabulate every two runs: a line for each of a few, a matrix of signs for many.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import pandas as pd
    >>> from rebalance import load_task
    >>> from rebalance.report import ScoredRun, compare_runs, differences_table
    >>> task = load_task("metadata/demo", "valid")
    >>> keys = [(pair.scene, pair.listener) for pair in task.pairs]
    >>> pairs = pd.MultiIndex.from_tuples(keys, names=["scene", "listener"])
    >>> facts = dict.fromkeys(("separator", "haaqi", "semantics", "version"), "made up")
    >>> def scored(name, score):
    ...     scores = pd.DataFrame({"avg_haaqi": score + 0.01 * np.arange(len(pairs))}, index=pairs)
    ...     return ScoredRun(name=name, folder=Path(name), data=Path("demo"), split="valid", scores=scores, **facts)
    >>> table = differences_table(compare_runs([scored("first", 0.5), scored("second", 0.6)], task))
    >>> [str(cell) for cell in table.columns[0].cells]
    ['second − first']
    """
    names = [place.run for place in comparison.ranking]
    if len(names) > _MAX_LISTED:
        return _matrix(comparison, names)
    table = Table(title="Differences (95 % intervals, pieces resampled; p adjusted by Holm)")
    for column in ("first − second", "difference", "p"):
        add_column(table, column, is_name=column == "first − second")
    for place, first in enumerate(names):
        for second in names[place + 1 :]:
            test = comparison.tests[first, second]
            difference = Text(difference_text(test.difference.estimate))
            table.add_row(Text(f"{first} − {second}"), difference, p_value_text(test.p_value))
    return table


def agreement_table(comparison: RunComparison) -> Table:
    """Tabulate the agreement between listeners, the best run first.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import pandas as pd
    >>> from rebalance import load_task
    >>> from rebalance.report import ScoredRun, agreement_table, compare_runs
    >>> task = load_task("metadata/demo", "valid")
    >>> keys = [(pair.scene, pair.listener) for pair in task.pairs]
    >>> pairs = pd.MultiIndex.from_tuples(keys, names=["scene", "listener"])
    >>> facts = dict.fromkeys(("separator", "haaqi", "semantics", "version"), "made up")
    >>> def scored(name, score):
    ...     scores = pd.DataFrame({"avg_haaqi": score + 0.01 * np.arange(len(pairs))}, index=pairs)
    ...     return ScoredRun(name=name, folder=Path(name), data=Path("demo"), split="valid", scores=scores, **facts)
    >>> table = agreement_table(compare_runs([scored("first", 0.5), scored("second", 0.6)], task))
    >>> table.title, table.columns[1].header, [str(cell) for cell in table.columns[1].cells]
    ('Agreement of 3 listeners', 'best for how many', ['3', '0'])
    """
    agreement: ListenerAgreement = comparison.agreement
    overall = "not defined" if agreement.concordance is None else f"{agreement.concordance:.2f}"
    table = Table(
        title=f"Agreement of {agreement.n_listeners} listeners",
        caption=f"On the order of the runs: Kendall's W = {overall} (0 none, 1 perfect).",
    )
    for column in ("run", "best for how many", "rank correlation over scenes"):
        add_column(table, column, is_name=column == "run")
    by_name = dict(
        zip(
            (run.name for run in comparison.summary.runs),
            zip(agreement.n_first, agreement.scene_correlations, strict=True),
            strict=True,
        )
    )
    for place in comparison.ranking:
        count, correlation = by_name[place.run]
        table.add_row(Text(place.run), f"{count}", "–" if correlation is None else f"{correlation:.2f}")
    return table


def outcome(test: PairwiseTest) -> str:
    """Return how the first run of a test stands to the second: better, worse or level."""
    if not test.is_significant:
        return "level"
    return "better" if test.difference.estimate.mean > 0 else "worse"


def add_column(table: Table, title: str, *, is_name: bool) -> None:
    """Add a column of names, which fold, or of numbers, which are never broken."""
    if is_name:
        table.add_column(title, overflow="fold", min_width=10)
    else:
        table.add_column(title, justify="right", min_width=max(map(len, title.split())), overflow="fold")


def _matrix(comparison: RunComparison, names: list[str]) -> Table:
    """Tabulate how the run of every line stands to that of every column."""
    table = Table(
        title="Run of the line against run of the column",
        caption="+ significantly better, − significantly worse, · cannot be told apart; numbers as in the ranking.",
        padding=(0, 0),
        show_edge=False,
        box=None,
    )
    table.add_column("", justify="right", style="dim")
    for number in range(1, len(names) + 1):
        table.add_column(f" {number}", justify="right", no_wrap=True, header_style="dim")
    table.add_column(" run", overflow="fold", min_width=12)
    for number, first in enumerate(names, 1):
        signs = (Text("") if first == second else _SIGNS[outcome(comparison.tests[first, second])] for second in names)
        table.add_row(f"{number}", *signs, Text(f" {first}"))
    return table
