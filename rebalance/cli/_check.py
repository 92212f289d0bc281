"""``rebalance check``."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from rebalance.cli._completion import SPLITS, among, offering
from rebalance.cli._options import DataArgument
from rebalance.cli._reporting import CONSOLE, say

if TYPE_CHECKING:
    from rebalance.task import CheckReport, Problem


def check(
    data: DataArgument,
    split: Annotated[
        str | None,
        typer.Option(
            metavar=among(SPLITS),
            autocompletion=offering(SPLITS),
            help="Which split; every one there is when left out.",
        ),
    ] = None,
    audio: Annotated[bool, typer.Option(help="Decode the audio too.")] = True,
    strict: Annotated[bool, typer.Option("--strict", help="Take warnings for errors.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, help="How many segments to decode at once; one per core, up to 8."),
    ] = None,
) -> None:
    """Check the metadata and audio of a task and every reference between them.

    All problems are listed at once. The exit status is 1 if there is an error (with --strict: anything), else 0.

    Example: rebalance check metadata/demo --split valid
    """
    from rebalance.task import check_task, splits_to_check

    reports = [check_task(data, name, audio=audio, jobs=jobs) for name in splits_to_check(data, split)]
    if as_json:
        typer.echo(json.dumps([_as_json(report) for report in reports], indent=2, allow_nan=False))
    else:
        for report in reports:
            _print(report)
    if any(report.problems if strict else report.errors for report in reports):
        raise typer.Exit(1)


def _print(report: CheckReport) -> None:
    """Print the problems of a split by file, then a summary."""
    problems = sorted(report.problems, key=lambda problem: problem.file)
    for file, group in itertools.groupby(problems, key=lambda problem: problem.file):
        say(file, style="bold")
        for problem in group:
            _print_problem(problem)
    say(f"{report.split}: {_summary(report)}")


def _print_problem(problem: Problem) -> None:
    colour = "red" if problem.severity == "error" else "yellow"
    hint = f"; did you mean {problem.suggestion!r}?" if problem.suggestion else ""
    line = Text.assemble("  ", (problem.severity, colour), f" {problem.message}{hint}")
    CONSOLE.print(line, soft_wrap=True)
    details = {"key": problem.key, "expected": problem.expected, "got": problem.got} if problem.has_own_words else {}
    for name, value in details.items():
        if value:
            CONSOLE.print(Text.assemble("      ", (f"{name:9}", "dim"), value), soft_wrap=True)


def _summary(report: CheckReport) -> str:
    """Count what was found and say how well the sources add up."""
    counts = f"{_count(report.errors, 'error')}, {_count(report.warnings, 'warning')}"
    if not report.residuals_db:
        return counts
    worst = max(report.residuals_db, key=lambda segment: report.residuals_db[segment])
    level_db = report.residuals_db[worst]
    if math.isinf(level_db):
        return f"{counts}; sources add up to their mixtures exactly"
    return f"{counts}; sources add up to their mixtures within {level_db:.1f} dB (worst: {worst})"


def _count(problems: Sequence[Problem], noun: str) -> str:
    return f"{len(problems) or 'no'} {noun}{'' if len(problems) == 1 else 's'}"


def _as_json(report: CheckReport) -> dict[str, object]:
    """Return a report as JSON; a residual of minus infinity (the sources add up exactly) becomes null."""
    residuals_db = {name: None if math.isinf(level) else level for name, level in report.residuals_db.items()}
    problems = [asdict(problem) for problem in report.problems]
    return {"split": report.split, "problems": problems, "residuals_db": residuals_db}
