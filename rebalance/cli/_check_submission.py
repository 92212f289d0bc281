"""``rebalance check-submission``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rebalance._base.names import counted
from rebalance.cli._options import DataArgument, JobsOption, SplitOption

if TYPE_CHECKING:
    from rebalance.submission import Verdict
    from rebalance.task import Task

_SHOWN_PER_KIND = 10
_UNREADABLE = 2
_STATES = {0: "accepted", 1: "refused", _UNREADABLE: "cannot be checked"}


def check_submission(
    submissions: Annotated[
        list[Path],
        typer.Argument(
            metavar="ZIP...", help="Archives, one part of each, or folders. DATA comes after them.", show_default=False
        ),
    ],
    data: DataArgument,
    split: SplitOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdict as JSON, every problem in it.")] = False,
    show_all: Annotated[bool, typer.Option("--all", help="List every problem, not the first ten of a kind.")] = False,
    jobs: JobsOption = None,
) -> None:
    """Tell whether submissions are what the challenge asks for, and all that is wrong with them.

    Nothing is unpacked. Exit status 0: all accepted; 1: problems; 2: no archive, or one that is not safe to read. With
    --json, one submission gives an object, several give a list.

    Example: rebalance check-submission submission_T002_causal.zip metadata/demo
    """
    from rebalance.cli._reporting import chosen_split, say
    from rebalance.task import load_task

    _require_order(submissions, data)
    task = load_task(data, chosen_split(data, split))
    outcomes = [_outcome(path, task, jobs, is_alone=len(submissions) == 1 and not as_json) for path in submissions]
    if as_json:
        values = [outcome.as_json for outcome in outcomes]
        value = values[0] if len(values) == 1 else values
        sys.stdout.write(json.dumps(value, indent=2, allow_nan=False) + "\n")
    else:
        for outcome in outcomes:
            if len(outcomes) > 1:
                say(f"{outcome.submission}:", style="bold")
            outcome.show(n_shown=None if show_all else _SHOWN_PER_KIND)
        if len(outcomes) > 1:
            counts = {state: sum(outcome.status == status for outcome in outcomes) for status, state in _STATES.items()}
            say(", ".join(f"{count} {state}" for state, count in counts.items() if count), style="bold")
    if status := max(outcome.status for outcome in outcomes):
        raise typer.Exit(status)


def _require_order(submissions: Sequence[Path], data: Path) -> None:
    """Raise where a task stands among the submissions, or the last argument is none."""
    from rebalance._base.errors import ConfigError

    swapped = next((path for path in submissions if (path / "metadata").is_dir()), None)
    if data.is_file() or (swapped is not None and not (data / "metadata").is_dir()):
        raise ConfigError(
            where=data,
            expected="the root folder of the task as the last argument",
            more="" if swapped is None else f"; {swapped} is one, put it after the archives",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What became of one submission: a verdict, or the reason why there is none."""

    submission: Path
    verdict: Verdict | None = None
    reason: str = ""

    @property
    def status(self) -> int:
        """Exit status: 0 accepted, 1 refused, 2 cannot be read."""
        return _UNREADABLE if self.verdict is None else int(not self.verdict.accepted)

    @property
    def as_json(self) -> dict[str, Any]:
        """The outcome as a JSON value."""
        if self.verdict is not None:
            return self.verdict.as_json()
        return {"submission": str(self.submission), "verdict": "not an archive", "reason": self.reason}

    def show(self, *, n_shown: int | None) -> None:
        """Print the outcome."""
        from rebalance.cli._reporting import say

        if self.verdict is None:
            say(f"{self.submission}: cannot be checked: {self.reason}", style="red")
        else:
            print_verdict(self.verdict, n_shown=n_shown)


def _outcome(path: Path, task: Task, jobs: int | None, *, is_alone: bool) -> _Outcome:
    """Check one submission; one that cannot be read stops nothing, unless it stands alone."""
    from rebalance._base.errors import RebalanceError
    from rebalance._base.running import one_line
    from rebalance.submission import check_submission as check

    try:
        return _Outcome(submission=path, verdict=check(path, task, jobs=jobs))
    except RebalanceError as error:
        if is_alone:
            raise
        return _Outcome(submission=path, reason=one_line(error))


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
        f"{verdict.submission}: {state}; {verdict.n_found} of {verdict.n_expected} pairs,"
        f" {counted(len(verdict.errors), 'error')}, {counted(n_warnings, 'warning')},"
        f" {counted(verdict.n_clipped_samples, 'clipped sample')} in {counted(verdict.n_clipped_files, 'file')}",
        style="bold",
    )
