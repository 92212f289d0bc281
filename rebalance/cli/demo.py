"""``rebalance demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebalance.challenge import Split
from rebalance.cli.options import JobsOption
from rebalance.errors import ConfigError

_DEMO_ROOT = Path(__file__).parents[2] / "metadata" / "demo"
_SPLIT: Split = "valid"
_SEPARATORS = ("mixture", "default", "ideal-ratio-mask", "oracle")


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the runs and the page.")] = Path("demo-run"),
    jobs: JobsOption = None,
) -> None:
    """Run the whole chain on the embedded task: check, enhance, score, report.

    Example: rebalance demo --out demo-run
    """
    from rebalance.cli.check import check
    from rebalance.cli.reporting import CONSOLE, finish
    from rebalance.enhancing import EnhanceOptions, enhance_task
    from rebalance.loading import load_task
    from rebalance.running import Failure
    from rebalance.scoring import score_task, system_of_run

    if not _DEMO_ROOT.is_dir():
        raise ConfigError(f"{_DEMO_ROOT}: the embedded task comes with a checkout of the repository, found none")
    CONSOLE.print("[bold]Checking[/bold] the embedded task")
    check(_DEMO_ROOT, split=_SPLIT, audio=True, strict=False, as_json=False, jobs=jobs)
    task = load_task(_DEMO_ROOT, _SPLIT, require_sources=True)
    runs = [out / name for name in _SEPARATORS]
    failures: list[Failure] = []
    for name, run in zip(_SEPARATORS, runs, strict=True):
        failures += enhance_task(task, run, EnhanceOptions(separator=name), jobs=jobs)
    failures += score_task(task, [system_of_run(run, _SPLIT) for run in runs], jobs=jobs)
    _report(runs, out)
    finish(f"{len(task.pairs)} scenes and listeners, {len(runs)} systems, all of it in {out}", failures)


def _report(runs: list[Path], out: Path) -> None:
    """Print the table and write the page."""
    from rebalance.cli.report import report

    report(runs, out=out / "report.html")
