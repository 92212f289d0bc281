"""``rebalance evaluate-separation``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebalance.cli._options import (
    DataArgument,
    DeviceOption,
    ForceOption,
    JobsOption,
    LimitOption,
    ScenesOption,
    SplitOption,
    listed_scenes,
)
from rebalance.cli._outputs import check_file_to_write

_BOUNDS = ("mixture", "average-spectra", "ideal-binary-mask", "ideal-ratio-mask")


def evaluate_separation(
    data: DataArgument,
    split: SplitOption = None,
    separator: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME|PATH", help="Separator to measure; repeatable. [default: default]"),
    ] = None,
    bounds: Annotated[bool, typer.Option(help="Add the mixture, fixed masks and ideal masks.")] = True,
    bss: Annotated[bool, typer.Option(help="Compute BSS Eval (SDR, SIR, SAR) too, which is slow.")] = True,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Every source's figures.", show_default=False)
    ] = None,
    device: DeviceOption = "auto",
    scenes: ScenesOption = None,
    limit: LimitOption = None,
    jobs: JobsOption = None,
    force: ForceOption = False,
) -> None:
    """Measure how well separators tell the sources apart: SDR, SI-SDR, SIR, SAR by instrument and ensemble.

    Intervals are 95 % over whole pieces. The row "mixture" takes the mixture for every source.

    Example: rebalance evaluate-separation metadata/demo --separator default --csv sources.csv
    """
    from rebalance import pipeline
    from rebalance._base.files import write_text
    from rebalance.cli._reporting import CONSOLE, chosen_split, finish
    from rebalance.report import separation_group_table, separation_means_table
    from rebalance.task import chosen_pairs, load_task

    if csv is not None:
        check_file_to_write(csv, suffixes=[".csv"], force=force)
    wanted = tuple(separator or ["default"])
    names = (*(name for name in _BOUNDS if bounds and name not in wanted), *wanted)
    whole = load_task(data, chosen_split(data, split), require_sources=True)
    task = whole.subset(chosen_pairs(whole, scenes=listed_scenes(scenes), limit=limit))
    options = pipeline.EvaluationOptions(separators=names, device=device, with_bss=bss)
    measured = pipeline.evaluate_separation(task, options, jobs=jobs)
    if csv is not None:
        write_text(csv, measured.rows.to_csv(index=False, float_format="%.3f"))
    if not measured.rows.empty:
        CONSOLE.print(separation_means_table(measured.rows, names))
        for column in ("instrument", "n_sources", "ensemble"):
            CONSOLE.print(separation_group_table(measured.rows, names, column))
    finish(
        f"{len(task.segments)} segments measured" + (f": {csv}" if csv else ""),
        measured.failures,
        n_asked=len(task.segments),
    )
