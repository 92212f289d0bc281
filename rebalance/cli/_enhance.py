"""``rebalance enhance``."""

from __future__ import annotations

from typing import Annotated

import typer

from rebalance.cli._options import (
    DataArgument,
    DeviceOption,
    JobsOption,
    LimitOption,
    RunArgument,
    ScenesOption,
    SchedulerOption,
    SeparatorOption,
    SplitOption,
    listed_scenes,
)
from rebalance.cli._outputs import check_folder_to_write


def enhance(
    data: DataArgument,
    run: RunArgument,
    split: SplitOption = None,
    separator: SeparatorOption = "default",
    official: Annotated[
        bool, typer.Option("--official", help="Remix as the official baseline does, quirks included (convtasnet only).")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Remove the signals and scores of the run in this folder and start anew.")
    ] = False,
    device: DeviceOption = "auto",
    scenes: ScenesOption = None,
    limit: LimitOption = None,
    jobs: JobsOption = None,
    scheduler: SchedulerOption = None,
) -> None:
    """Write the submission file of every scene and listener of a task.

    Finished files are kept: the same command goes on after an interruption. A run is not continued with another
    separator, other weights, source or settings; --fresh starts anew.

    Example: rebalance enhance metadata/demo exp/oracle --separator oracle
    """
    from rebalance._base.running import executor_for
    from rebalance.cli._reporting import CONSOLE, chosen_split, finish
    from rebalance.pipeline import EnhanceOptions, count_finished, enhance_task
    from rebalance.task import chosen_pairs, load_task

    check_folder_to_write(run)
    whole = load_task(data, chosen_split(data, split))
    task = whole.subset(chosen_pairs(whole, scenes=listed_scenes(scenes), limit=limit))
    options = EnhanceOptions(separator=separator, remix="official" if official else "edit", device=device)
    n_kept = 0 if fresh else count_finished(task, run)
    with executor_for(scheduler) as executor:
        failures = enhance_task(task, run, options, fresh=fresh, jobs=jobs, executor=executor)
    n_computed = count_finished(task, run) - n_kept
    CONSOLE.print(f"{n_kept} pairs kept, {n_computed} computed")
    finish(
        f"{len(task.pairs)} pairs in {run / 'enhanced_signals' / task.split}",
        failures,
        n_asked=len(task.pairs),
        n_left=len(task.pairs) - n_kept - n_computed,
    )
