"""``rebalance compare``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from rebalance.report.comparing import ListenerAgreement, Place, RunComparison

_BYTES_PER_MEGABYTE = 1_000_000


def compare(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN RUN...", help="Folders of two or more scored runs.", show_default=False)
    ],
    data: Annotated[
        Path | None, typer.Option(metavar="DATA", help="The task, should it have moved since scoring.")
    ] = None,
    site_json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="The ranking as the challenge's site keeps it.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Ranking and groups as a table.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="The page of 'rebalance report'.")] = None,
    examples: Annotated[int, typer.Option(min=0, help="How many pairs to hear on the page.")] = 4,
    budget: Annotated[float, typer.Option(min=0.0, metavar="MB", help="How much sound the page may hold.")] = 12.0,
) -> None:
    """Rank runs on the pairs they all have; those no test can tell apart are tied.

    Example: rebalance compare exp/mixture exp/oracle --json results.json --csv results.csv
    """
    from itertools import islice

    from rebalance.cli.reporting import CONSOLE
    from rebalance.files import write_json, write_text
    from rebalance.loading import load_task
    from rebalance.report import (
        choose_pairs,
        comparing,
        listening_examples,
        read_scored_runs,
        terminal_tables,
        write_page,
    )

    scored = read_scored_runs(runs)
    task = load_task(data or scored[0].data, scored[0].split)
    comparison = comparing.compare_runs(scored, task)
    CONSOLE.print(_ranking(comparison))
    CONSOLE.print(_agreement(comparison))
    # The tables of means and of differences come first; the ranking holds both.
    for table in islice(terminal_tables(comparison.summary), 2, None):
        CONSOLE.print(table)
    if site_json is not None:
        write_json(site_json, comparing.site_json(comparison, _teams([run.name for run in scored])))
    if csv is not None:
        write_text(csv, comparing.comparison_csv(comparison))
    if html is not None:
        listening = listening_examples(
            scored, task, choose_pairs(scored, examples), budget_bytes=int(budget * _BYTES_PER_MEGABYTE)
        )
        write_page(html, comparison.summary, task, listening)
    for path in filter(None, (site_json, csv, html)):
        CONSOLE.print(f"written: {path}", markup=False, soft_wrap=True)


def _ranking(comparison: RunComparison) -> Table:
    """Tabulate the ranking."""
    from rich.markup import escape
    from rich.table import Table

    from rebalance.report.texts import difference_text, estimate_text, p_value_text

    ranks = [place.rank for place in comparison.ranking]

    def cells(place: Place, n_left_out: int) -> tuple[str, ...]:
        rank = f"{place.rank}{'=' if ranks.count(place.rank) > 1 else ''}"
        gap = "" if place.gap is None else escape(difference_text(place.gap.estimate))
        p_value = "" if place.p_value is None else p_value_text(place.p_value) + (" tie" if place.is_tied else "")
        return (
            rank,
            escape(place.run),
            escape(estimate_text(place.estimate)),
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


def _agreement(comparison: RunComparison) -> Table:
    """Tabulate the agreement between listeners."""
    from rich.markup import escape
    from rich.table import Table

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
        table.add_row(escape(run.name), f"{count}", "–" if correlation is None else f"{correlation:.2f}")
    return table


def _teams(names: list[str]) -> dict[str, str]:
    """Return the team of every run named like a submission."""
    from rebalance.errors import SubmissionError
    from rebalance.submission import parse_archive_name

    teams = {}
    for name in names:
        base = name.rpartition("/")[2]
        try:
            teams[name] = parse_archive_name(f"{base.removesuffix('_scores').removesuffix('.zip')}.zip").team
        except SubmissionError:
            continue
    return teams
