"""``rebalance causality``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalance._base.errors import ConfigError
from rebalance.cli._options import DeviceOption

if TYPE_CHECKING:
    from rebalance.separation import LookAhead


def causality(
    separator: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|PATH",
            help="Which separator: a registered name, or the path of a checkpoint; that of the run with --run.",
            show_default=False,
        ),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="Measure what made this run, and record the result in it: pack asks for it.",
            show_default=False,
        ),
    ] = None,
    require_causal: Annotated[
        bool, typer.Option("--require-causal", help="End with status 1 if the whole chain looks over 5 ms ahead.")
    ] = False,
    instruments: Annotated[
        str, typer.Option(metavar="violin,viola,cello", help="Instruments of the test signal.")
    ] = "violin,viola,cello",
    seconds: Annotated[float, typer.Option(min=0.5, max=60.0, help="Length of the test signal.")] = 3.0,
    device: DeviceOption = "auto",
) -> None:
    """Measure how many milliseconds ahead a separator looks, and the whole chain with remix and hearing aid.

    The input is changed from some sample on, and the first output sample that changes is searched for. Noise
    below -100 dB of the output's peak counts as rounding. The chain ends at 44.1 kHz, before the file is written.

    Example: rebalance causality --separator mixture --require-causal
    """
    from rich.table import Table

    from rebalance._base.challenge import CAD2_TASK2
    from rebalance._base.instrument_names import instruments_listed
    from rebalance.cli._reporting import CONSOLE, say
    from rebalance.pipeline import read_run, record_causality
    from rebalance.separation import WHOLE_CHAIN, load_separator, measure_chain

    if (separator is None) == (run is None):
        raise ConfigError(expected="either --separator, or --run for what made a run")
    name = separator if run is None else read_run(run).separator
    loaded = load_separator(str(name), device=device)
    measured = measure_chain(loaded, instruments_listed(instruments), duration_s=seconds)
    table = Table(title=f"{name}: look-ahead", title_justify="left")
    for column in ("stage", "samples", "ms", "verdict"):
        table.add_column(column, justify="left" if column in ("stage", "verdict") else "right")
    for stage, look_ahead in measured.items():
        table.add_row(stage, *_shown(look_ahead, CAD2_TASK2.lookahead_limit_ms))
    if run is not None:
        record_causality(run, loaded, measured[WHOLE_CHAIN])
    CONSOLE.print(table)
    if run is not None:
        say(f"recorded in {run / 'run.json'}")
    if require_causal and not measured[WHOLE_CHAIN].within(CAD2_TASK2.lookahead_limit_ms):
        raise typer.Exit(1)


def _shown(look_ahead: LookAhead, limit_ms: float) -> tuple[str, str, str]:
    """Return samples, milliseconds and verdict as text."""
    at_least = "at least " if look_ahead.to_the_end else ""
    verdict = "causal" if look_ahead.within(limit_ms) else f"not causal (over {limit_ms:g} ms)"
    return f"{at_least}{look_ahead.samples}", f"{at_least}{look_ahead.ms:.2f}", verdict
