"""``rebalance demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebalance._base.challenge import Split
from rebalance.cli._options import JobsOption
from rebalance.cli._outputs import check_folder_to_write

_SPLIT: Split = "valid"
_SEPARATORS = ("mixture", "default", "ideal-ratio-mask", "oracle")


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the runs and the page.")] = Path("demo-run"),
    jobs: JobsOption = None,
) -> None:
    """Run the whole chain on the embedded task: check, enhance, score, report.

    Example: rebalance demo --out demo-run
    """
    from rebalance._base.running import Failure
    from rebalance.assets import demo_folder
    from rebalance.cli._check import check
    from rebalance.cli._reporting import finish, say
    from rebalance.pipeline import EnhanceOptions, enhance_task, score_task, system_of_run
    from rebalance.task import load_task

    check_folder_to_write(out)
    say("Checking the embedded task", style="bold")
    check(demo_folder(), split=_SPLIT, audio=True, strict=False, as_json=False, jobs=jobs)
    task = load_task(demo_folder(), _SPLIT, require_sources=True)
    runs = [out / name for name in _SEPARATORS]
    failures: list[Failure] = []
    for name, run in zip(_SEPARATORS, runs, strict=True):
        failures += enhance_task(task, run, EnhanceOptions(separator=name), jobs=jobs)
    failures += score_task(task, [system_of_run(run, _SPLIT) for run in runs], jobs=jobs)
    _report(runs, out)
    finish(f"{len(task.pairs)} scenes and listeners, {len(runs)} systems, all of it in {out}", failures)


def _report(runs: list[Path], out: Path) -> None:
    """Print the table and write the page."""
    from rebalance.cli._report import report

    report(runs, out=out / "report.html", force=True)
