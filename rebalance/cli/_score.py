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
    out: Annotated[
        Path | None,
        typer.Option(help="Where the scores of an archive go; beside it when left out.", show_default=False),
    ] = None,
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            help="A further metric: a column of its own in scores.csv. May be given several times.",
            show_default=False,
        ),
    ] = None,
    haaqi: Annotated[str | None, typer.Option(hidden=True)] = None,
    scenes: ScenesOption = None,
    limit: LimitOption = None,
    jobs: JobsOption = None,
    scheduler: SchedulerOption = None,
) -> None:
    """Score enhanced signals by HAAQI: the mean with its interval here, every pair and component in RUN/scores.csv.

    RUN/scores.json says what made the scores. Several runs are scored together, each reference heard only once. Scored
    pairs are kept: the same command goes on after an interruption.

    Example: rebalance score metadata/demo exp/mixture exp/oracle
    """
    from rebalance._base.running import executor_for
    from rebalance.cli._reporting import CONSOLE, chosen_split, finish, say_note
    from rebalance.cli._systems import systems_of
    from rebalance.pipeline import collect_scores, load_metric, score_metrics, score_task
    from rebalance.report import scores_table
    from rebalance.task import chosen_pairs, load_task

    if haaqi is not None:
        say_note("--haaqi changes nothing any more: HAAQI has one noise, pyclarity's")
    if out is not None:
        check_folder_to_write(out)
    for name in metrics or ():
        load_metric(name)
    task = load_task(data, chosen_split(data, split), require_sources=True)
    pairs = chosen_pairs(task, scenes=listed_scenes(scenes), limit=limit)
    systems = systems_of(runs, task, out=out, jobs=jobs)
    with executor_for(scheduler) as executor:
        failures = score_task(task, systems, only=pairs, jobs=jobs, executor=executor)
        for system in systems if metrics else ():
            failures += score_metrics(task, system, metrics or (), only=pairs, jobs=jobs, executor=executor)
    scored = {str(run): system for run, system in zip(runs, systems, strict=True)}
    if any((system.scores / "scores.csv").is_file() for system in systems):
        CONSOLE.print(scores_table(collect_scores(task, scored)))
    written = ", ".join(str(system.scores / "scores.csv") for system in systems)
    finish(f"{len(pairs)} pairs scored: {written}", failures, n_asked=len(pairs))
