"""``rebalance check-separator``."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from rebalance.cli._options import DeviceOption

if TYPE_CHECKING:
    from rebalance.separation import ContractReport

_STYLES = {"passed": "green", "failed": "bold red", "does not apply": "dim"}


def check_separator(
    separator: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:CALLABLE", help="What makes it; or a registered name, or a checkpoint.", show_default=False
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
    device: DeviceOption = "auto",
) -> None:
    """Try whether a separator of your own keeps the contract: names, shapes, sums, silence, rates, causality and more.

    The folder of the module must be on Python's path: PYTHONPATH=. before the command. Exit status 0: all checks
    passed; 1: some failed.

    Example: rebalance check-separator mymodule:MySeparator
    """
    from rebalance._base.progress import progress_bar
    from rebalance.cli._reporting import CONSOLE, say
    from rebalance.separation import CONTRACT, check_separator as check, load_separator

    made = load_separator(separator, device=device)
    with progress_bar("checks", len(CONTRACT)) as bar:
        report = check(made, on_check=lambda _: bar.advance())
    if as_json:
        results = {result.name: {"outcome": result.outcome, "detail": result.detail} for result in report.results}
        sys.stdout.write(
            json.dumps({"separator": separator, "passed": report.passed, "checks": results}, indent=2) + "\n"
        )
    else:
        CONSOLE.print(_table(report))
        n_failed = len(report.failed)
        say(f"{separator}: {f'{n_failed} checks failed' if n_failed else 'keeps the contract'}", style="bold")
    if not report.passed:
        raise typer.Exit(1)


def _table(report: ContractReport) -> object:
    """Return a table of the checks."""
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for column in ("check", "promise", "outcome", "what was found"):
        table.add_column(column, overflow="fold")
    for result in report.results:
        outcome = Text(result.outcome, _STYLES[result.outcome])
        table.add_row(result.name, result.promise, outcome, Text(result.detail))
    return table
