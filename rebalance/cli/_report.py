"""``rebalance report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebalance.cli._options import ForceOption
from rebalance.cli._outputs import PAGE_SUFFIXES, check_file_to_write

_BYTES_PER_MEGABYTE = 1_000_000


def report(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Folders of scored runs, compared.", show_default=False)
    ],
    out: Annotated[
        Path | None, typer.Option(help="The page; RUN/report.html of the first run when left out.", show_default=False)
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DATA", help="The task, should it have moved since scoring.", show_default=False),
    ] = None,
    examples: Annotated[int, typer.Option(min=0, help="How many pairs to hear on the page.")] = 4,
    budget: Annotated[float, typer.Option(min=0.0, metavar="MB", help="How much sound the page may hold.")] = 12.0,
    force: ForceOption = False,
) -> None:
    """Report scores: a table here, and one HTML page with intervals, groups, plots and sound.

    Example: rebalance report exp/mixture exp/oracle --out report.html
    """
    import datetime as dt

    from rebalance.cli._reporting import CONSOLE, finish, say
    from rebalance.report import choose_pairs, listening_examples, read_report, terminal_tables, write_page

    page = out or runs[0] / "report.html"
    check_file_to_write(page, suffixes=PAGE_SUFFIXES, force=force or out is None)
    made = read_report(runs, data=data)
    pairs = choose_pairs(made.runs, examples)
    listening = listening_examples(made.runs, made.task, pairs, budget_bytes=int(budget * _BYTES_PER_MEGABYTE))
    write_page(page, made, listening, written_on=dt.datetime.now().astimezone().date())
    for table in terminal_tables(made):
        CONSOLE.print(table)
    say(made.verdict, style="bold")
    finish(f"page written: {page}", [])
