"""``rebalance evaluate-separation``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalance.cli.options import DataArgument, DeviceOption, JobsOption, SplitOption

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

_BOUNDS = ("mixture", "average-spectra", "ideal-binary-mask", "ideal-ratio-mask")
_TITLES = {
    "sdr": "SDR",
    "si_sdr": "SI-SDR",
    "frame_sdr": "SDR, median of 1 s",
    "bss_sdr": "BSS SDR",
    "bss_sir": "SIR",
    "bss_sar": "SAR",
}


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
    jobs: JobsOption = None,
) -> None:
    """Measure how well separators tell the sources apart: SDR, SI-SDR, SIR, SAR by instrument and ensemble.

    Intervals are 95 % over whole pieces. The row "mixture" takes the mixture for every source.

    Example: rebalance evaluate-separation metadata/demo --separator default --csv sources.csv
    """
    from rebalance.cli.reporting import CONSOLE, chosen_split, finish
    from rebalance.files import write_text
    from rebalance.loading import load_task
    from rebalance.training import evaluation

    wanted = tuple(separator or ["default"])
    names = (*(name for name in _BOUNDS if bounds and name not in wanted), *wanted)
    task = load_task(data, chosen_split(data, split), require_sources=True)
    options = evaluation.EvaluationOptions(separators=names, device=device, with_bss=bss)
    measured = evaluation.evaluate_separation(task, options, jobs=jobs)
    if not measured.rows.empty:
        CONSOLE.print(means_table(measured.rows, names))
        for column in ("instrument", "n_sources", "ensemble"):
            CONSOLE.print(group_table(measured.rows, names, column))
    if csv is not None:
        write_text(csv, measured.rows.to_csv(index=False, float_format="%.3f"))
    finish(f"{len(task.segments)} segments measured" + (f": {csv}" if csv else ""), measured.failures)


def means_table(rows: pd.DataFrame, names: tuple[str, ...]) -> Table:
    """Tabulate every metric of every separator, means over sources with intervals over pieces, in dB."""
    from rich.table import Table

    from rebalance.training.evaluation import metric_columns

    metrics = metric_columns(rows)
    table = Table("separator", *(_TITLES[metric] for metric in metrics), title="Separation, dB")
    for name in names:
        its = rows[rows["separator"] == name]
        table.add_row(name, *(_mean_text(its, metric) for metric in metrics))
    return table


def group_table(rows: pd.DataFrame, names: tuple[str, ...], column: str) -> Table:
    """Tabulate the SDR of every separator by groups, in dB."""
    from rich.table import Table

    title = {"instrument": "instrument", "n_sources": "number of sources", "ensemble": "ensemble"}[column]
    table = Table(title, *names, title=f"SDR by {title}, dB")
    for group, its in rows.groupby(column):
        table.add_row(str(group), *(_mean_text(its[its["separator"] == name], "sdr") for name in names))
    return table


def _mean_text(rows: pd.DataFrame, metric: str) -> str:
    """Return a mean with its interval, ``5.1 [4.2, 6.0]``."""
    import numpy as np

    from rebalance.report.statistics import clustered_mean

    if rows.empty:
        return "–"
    estimate = clustered_mean(rows[metric].to_numpy(), rows["piece"].tolist(), rng=np.random.default_rng(0))
    interval = f" [{estimate.interval.low:.1f}, {estimate.interval.high:.1f}]" if estimate.interval else ""
    return f"{estimate.mean:.1f}{interval}".replace("-", "−")
