"""The ranking of runs as tables for a terminal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from rebalance.report._comparing import ListenerAgreement, Place, RunComparison
from rebalance.report._texts import difference_text, estimate_text, p_value_text


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
    (['rank', 'run', 'mean HAAQI', 'minus the one before', 'p', 'pairs left out'], 2)
    """
    ranks = [place.rank for place in comparison.ranking]

    def cells(place: Place, n_left_out: int) -> tuple[str | Text, ...]:
        rank = f"{place.rank}{'=' if ranks.count(place.rank) > 1 else ''}"
        gap = "" if place.gap is None else Text(difference_text(place.gap.estimate))
        p_value = "" if place.p_value is None else p_value_text(place.p_value) + (" tie" if place.is_tied else "")
        return (
            rank,
            Text(place.run),
            Text(estimate_text(place.estimate)),
            gap,
            p_value,
            f"{n_left_out}",
        )

    n_pairs, n_pieces = comparison.ranking[0].estimate.n_values, comparison.ranking[0].estimate.n_clusters
    table = Table(
        title=f"Ranking on {n_pairs} common pairs of {n_pieces} pieces (95 % intervals, pieces resampled)",
        caption="Rank: one more than the number of runs that are significantly better (p < 0.05, adjusted by Holm)."
        + ("" if comparison.has_power else f" {n_pieces} pieces are too few for any test to tell runs apart."),
    )
    for column in ("rank", "run", "mean HAAQI", "minus the one before", "p", "pairs left out"):
        table.add_column(column, justify="left" if column == "run" else "right")
    left_out = dict(zip((run.name for run in comparison.summary.runs), comparison.n_left_out, strict=True))
    for place in comparison.ranking:
        table.add_row(*cells(place, left_out[place.run]))
    return table


def agreement_table(comparison: RunComparison) -> Table:
    """Tabulate the agreement between listeners.

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
    ('Agreement of 3 listeners', 'best for how many listeners', ['0', '3'])
    """
    agreement: ListenerAgreement = comparison.agreement
    overall = "not defined" if agreement.concordance is None else f"{agreement.concordance:.2f}"
    table = Table(
        title=f"Agreement of {agreement.n_listeners} listeners",
        caption=f"On the order of the runs: Kendall's W = {overall} (0 none, 1 perfect).",
    )
    table.add_column("run")
    table.add_column("best for how many listeners", justify="right")
    table.add_column("rank correlation between listeners over scenes", justify="right")
    for run, count, correlation in zip(
        comparison.summary.runs, agreement.n_first, agreement.scene_correlations, strict=True
    ):
        table.add_row(Text(run.name), f"{count}", "–" if correlation is None else f"{correlation:.2f}")
    return table
