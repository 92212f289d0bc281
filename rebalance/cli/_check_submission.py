"""``rebalance check-submission``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalance.cli._options import DataArgument, JobsOption, SplitOption

if TYPE_CHECKING:
    from rebalance.submission import Verdict

_SHOWN_PER_KIND = 10


def check_submission(
    submission: Annotated[
        Path, typer.Argument(metavar="ZIP", help="Archive, one of its parts, or a folder.", show_default=False)
    ],
    data: DataArgument,
    split: SplitOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdict as JSON, every problem in it.")] = False,
    show_all: Annotated[bool, typer.Option("--all", help="List every problem, not the first ten of a kind.")] = False,
    jobs: JobsOption = None,
) -> None:
    """Tell whether a submission is what the challenge asks for, and all that is wrong with it.

    Nothing is unpacked. Exit status 0: accepted; 1: problems; 2: no archive, or one that is not safe to read.

    Example: rebalance check-submission submission_T002_causal.zip metadata/demo
    """
    from rebalance._base.errors import RebalanceError
    from rebalance._base.running import one_line
    from rebalance.cli._reporting import chosen_split
    from rebalance.submission import check_submission as check
    from rebalance.task import load_task

    try:
        verdict = check(submission, load_task(data, chosen_split(data, split)), jobs=jobs)
    except RebalanceError as error:
        if not as_json:
            raise
        refusal = {"submission": str(submission), "verdict": "not an archive", "reason": one_line(error)}
        sys.stdout.write(json.dumps(refusal, indent=2) + "\n")
        raise typer.Exit(2) from error
    if as_json:
        sys.stdout.write(json.dumps(verdict.as_json(), indent=2, allow_nan=False) + "\n")
    else:
        print_verdict(verdict, n_shown=None if show_all else _SHOWN_PER_KIND)
    if not verdict.accepted:
        raise typer.Exit(1)


def print_verdict(verdict: Verdict, *, n_shown: int | None = _SHOWN_PER_KIND) -> None:
    """Print a verdict, problems grouped, the first few of each kind unless told to print all."""
    from rebalance.cli._reporting import say
    from rebalance.submission import KINDS, by_kind

    for kind, found in by_kind(verdict.problems).items():
        say(f"{kind} ({KINDS[kind]}): {len(found)}", style="bold")
        for problem in found[:n_shown]:
            say(f"  {problem.severity}: {problem.line}", style="red" if problem.severity == "error" else "yellow")
        if n_shown is not None and len(found) > n_shown:
            say(f"  and {len(found) - n_shown} more; --all or --json lists them")
    for note in verdict.notes:
        say(f"note: {note}")
    n_warnings = len(verdict.problems) - len(verdict.errors)
    state = "accepted" if verdict.accepted else "refused"
    say(
        f"{verdict.submission}: {state}; {verdict.n_found} of {verdict.n_expected} pairs, {len(verdict.errors)} errors,"
        f" {n_warnings} warnings, {verdict.n_clipped_samples} clipped samples in {verdict.n_clipped_files} files",
        style="bold",
    )
