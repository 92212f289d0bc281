"""``rebalance compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebalance.cli._options import ForceOption
from rebalance.cli._outputs import PAGE_SUFFIXES, check_file_to_write

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
    force: ForceOption = False,
) -> None:
    """Rank runs on the pairs they all have; those no test can tell apart are tied.

    Example: rebalance compare exp/mixture exp/oracle --json results.json --csv results.csv
    """
    import datetime as dt

    from rebalance._base.files import write_json, write_text
    from rebalance.cli._reporting import CONSOLE, say
    from rebalance.report import (
        Report,
        agreement_table,
        choose_pairs,
        compare_runs,
        comparison_csv,
        differences_table,
        group_table,
        listening_examples,
        ranking_json,
        ranking_table,
        read_scored_runs,
        write_page,
    )
    from rebalance.task import load_task

    written = [path for path in (site_json, csv, html) if path is not None]
    for path, suffixes in ((site_json, (".json",)), (csv, (".csv",)), (html, PAGE_SUFFIXES)):
        if path is not None:
            check_file_to_write(path, suffixes=suffixes, force=force)
    scored = read_scored_runs(runs)
    task = load_task(data or scored[0].data, scored[0].split)
    comparison = compare_runs(scored, task)
    made = Report(task=task, summary=comparison.summary, comparison=comparison)
    if site_json is not None:
        write_json(site_json, ranking_json(comparison, _teams([run.name for run in scored])))
    if csv is not None:
        write_text(csv, comparison_csv(comparison))
    if html is not None:
        pairs = choose_pairs(made.runs, examples)
        listening = listening_examples(made.runs, task, pairs, budget_bytes=int(budget * _BYTES_PER_MEGABYTE))
        write_page(html, made, listening, written_on=dt.datetime.now().astimezone().date())
    for table in (ranking_table(comparison), differences_table(comparison), agreement_table(comparison)):
        CONSOLE.print(table)
    for group in comparison.summary.groups:
        CONSOLE.print(group_table(made, group))
    say(made.verdict, style="bold")
    for path in written:
        say(f"written: {path}")


def _teams(names: list[str]) -> dict[str, str]:
    """Return the team of every run named like a submission."""
    from rebalance._base.errors import SubmissionError
    from rebalance.submission import parse_archive_name

    teams = {}
    for name in names:
        base = name.rpartition("/")[2]
        try:
            teams[name] = parse_archive_name(f"{base.removesuffix('.zip')}.zip").team
        except SubmissionError:
            continue
    return teams
