"""``rebalance prescribe``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rebalance._base.errors import ConfigError
from rebalance.cli._options import ForceOption
from rebalance.cli._outputs import check_file_to_write

if TYPE_CHECKING:
    from rebalance.hearing import Fitting


def prescribe(
    audiogram: Annotated[
        Path,
        typer.Argument(
            metavar="AUDIOGRAM.json",
            help="Audiograms of one person, or of many as in listeners.<split>.json.",
            show_default=False,
        ),
    ],
    out: Annotated[Path | None, typer.Option(help="File to write instead of printing.", show_default=False)] = None,
    table: Annotated[bool, typer.Option("--table", help="Print a table to read in place of JSON.")] = False,
    force: ForceOption = False,
) -> None:
    """Prescribe compressor settings for listeners from their audiograms, in the form of compressor_params.<split>.json.

    The rule is like CAMFIT: gains for 65 dB, ratios from 55 to 85 dB, both to one decimal.

    Example: rebalance prescribe me.json --out compressor_params.valid.json
    """
    import json

    from rebalance import hearing
    from rebalance._base.files import write_json
    from rebalance.cli._reporting import CONSOLE, finish
    from rebalance.task import read_listeners

    if out is not None:
        check_file_to_write(out, inputs=[audiogram], suffixes=[".json"], force=force)
    if table and out is not None:
        raise ConfigError(where="--table", expected="to be printed", got="--out, which writes JSON")
    listeners = read_listeners(audiogram)
    fittings = {name: hearing.prescribe(listener) for name, listener in listeners.items()}
    if table:
        CONSOLE.print(_table(fittings))
        return
    settings = {name: _entry(fitting) for name, fitting in fittings.items()}
    if out is None:
        CONSOLE.print_json(json.dumps(settings), indent=2)
        return
    write_json(out, settings)
    finish(f"compressor settings written: {out} ({len(settings)})", [])


def _table(fittings: Mapping[str, Fitting]) -> object:
    """Return a line for each ear: gain and ratio of every band."""
    from rich.table import Table

    from rebalance._base.challenge import CAD2_TASK2, EARS

    table = Table("listener", "ear", title="gain in dB for 65 dB, compression ratio")
    for frequency in CAD2_TASK2.compressor_band_frequencies_hz:
        table.add_column(f"{frequency:g} Hz", justify="right")
    for name, fitting in fittings.items():
        for ear in EARS:
            bands = getattr(fitting, ear)
            cells = [f"{gain:.1f}, {ratio:.1f}" for gain, ratio in zip(bands.gains_db, bands.ratios, strict=True)]
            table.add_row(name, ear, *cells)
    return table


def _entry(fitting: Fitting) -> dict[str, Any]:
    """Return the settings of one listener as the challenge writes them."""
    from rebalance._base.challenge import CAD2_TASK2

    return {
        "frequencies": [int(frequency) for frequency in CAD2_TASK2.compressor_band_frequencies_hz],
        "cr_l": _rounded(fitting.left.ratios),
        "gain_l": _rounded(fitting.left.gains_db),
        "cr_r": _rounded(fitting.right.ratios),
        "gain_r": _rounded(fitting.right.gains_db),
    }


def _rounded(values: tuple[float, ...]) -> list[float]:
    """Return values to one decimal."""
    return [round(value, 1) for value in values]
