"""``rebalance score``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebalance.cli._options import (
    DataArgument,
    JobsOption,
    LimitOption,
    ScenesOption,
    SchedulerOption,
    SplitOption,
    listed_scenes,
)
from rebalance.cli._outputs import check_folder_to_write


def score(
    data: DataArgument,
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", help="Folders of runs, or submission archives.", show_default=False),
    ],
    split: SplitOption = None,
    haaqi: Annotated[
        str,
        typer.Option(
            metavar="exact|fast|pyclarity",
            help="exact: the official noise, number for number; fast: our own noise; pyclarity: the peer itself.",
        ),
    ] = "exact",
    out: Annotated[
        Path | None,
        typer.Option(help="Where the scores of an archive go; beside it when left out.", show_default=False),
    ] = None,
    scenes: ScenesOption = None,
    limit: LimitOption = None,
    jobs: JobsOption = None,
    scheduler: SchedulerOption = None,
) -> None:
    """Score enhanced signals by HAAQI: RUN/scores.csv with every component, RUN/scores.json with what made it.

    Several runs are scored together, each reference heard only once. Scored pairs are kept: the same
    command goes on after an interruption.

    Example: rebalance score metadata/demo exp/mixture exp/oracle
    """
    from rebalance._base.running import executor_for
    from rebalance.cli._reporting import chosen_split, finish
    from rebalance.cli._systems import systems_of
    from rebalance.haaqi import chosen_mode
    from rebalance.pipeline import score_task
    from rebalance.task import chosen_pairs, load_task

    mode = chosen_mode(haaqi, option="--haaqi")
    if out is not None:
        check_folder_to_write(out)
    task = load_task(data, chosen_split(data, split), require_sources=True)
    pairs = chosen_pairs(task, scenes=listed_scenes(scenes), limit=limit)
    systems = systems_of(runs, task, out=out, jobs=jobs)
    with executor_for(scheduler) as executor:
        failures = score_task(task, systems, mode=mode, only=pairs, jobs=jobs, executor=executor)
    written = ", ".join(str(system.scores / "scores.csv") for system in systems)
    finish(f"{len(pairs)} pairs scored ({mode}): {written}", failures, n_asked=len(pairs))
