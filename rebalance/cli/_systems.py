"""From what a user names, folders or archives, to what is scored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from rebalance._base.errors import ConfigError
from rebalance.pipeline import System, system_of_run
from rebalance.task import Task


def systems_of(runs: Sequence[Path], task: Task, *, out: Path | None, jobs: int | None) -> list[System]:
    """Return one system per folder or archive, ready to be scored; archives are checked first.

    Raises
    ------
    ConfigError
        If one is neither, was made for another split, or `out` does not fit what is scored.
    SubmissionError
        If an archive is not safe to read.
    Exit
        With status 1 if an archive is not an acceptable submission to the task; the problems are printed.
    """
    if out is not None and (len(runs) != 1 or runs[0].is_dir()):
        raise ConfigError(where="--out", expected="one submission archive; the scores of a run go into its folder")
    return [system_of_run(run, task.split) if run.is_dir() else _archived_system(run, task, out, jobs) for run in runs]


def _archived_system(archive: Path, task: Task, out: Path | None, jobs: int | None) -> System:
    """Return the system whose signals lie in an archive."""
    from rebalance.cli._check_submission import print_verdict
    from rebalance.submission import ArchivedSignals, check_submission

    verdict = check_submission(archive, task, jobs=jobs)
    if verdict.problems:
        print_verdict(verdict)
    if not verdict.accepted:
        raise typer.Exit(1)
    description = {
        "separator": archive.stem,
        "configuration": {"submission": archive.name, "archive": str(archive.resolve())},
    }
    scores = out or archive.with_name(f"{archive.stem}_scores")
    return System(signals=ArchivedSignals.of(archive, task), scores=scores, description=description)
