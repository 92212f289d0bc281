"""The ranking of runs as tables for a terminal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from rebalance.report._comparing import ListenerAgreement, Place, RunComparison
from rebalance.report._texts import difference_text, estimate_text, p_value_text


def ranking_table(comparison: RunComparison) -> Table:
    """Tabulate the ranking."""
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
    """Tabulate the agreement between listeners."""
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
