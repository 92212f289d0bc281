"""``rebalance separators``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rebalance.cli._options import DeviceOption

if TYPE_CHECKING:
    from rebalance.separation import SeparatorEntry

_QUARTET = ("Violin", "Violin", "Viola", "Cello")
_COST_UNIT = " of one core for a second of a stereo quartet"


def separators(
    time: Annotated[
        bool, typer.Option("--time", help="Measure what each with weights costs on this machine, which takes a minute.")
    ] = False,
    device: DeviceOption = "auto",
) -> None:
    """List the separators there are: what ships, what is built in, what others have installed, and models of your own.

    Size, look-ahead, cost, and what each is worth by its card; then how models in a folder or a file of yours are
    named. module:callable works as a name, too.

    Example: rebalance separators
    """
    from rich import box
    from rich.table import Table

    from rebalance.cli._reporting import CONSOLE, say
    from rebalance.separation import OWN_MODELS, list_separators

    entries = list_separators()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("name", no_wrap=True)
    for heading in ("parameters", "MB"):
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in ("looks ahead", "cost"):
        table.add_column(heading, overflow="fold")
    for entry in entries:
        table.add_row(
            entry.name,
            "" if entry.n_parameters is None else f"{entry.n_parameters / 1e6:.2f} M",
            "" if entry.n_bytes is None else f"{entry.n_bytes / 1e6:.1f}",
            entry.look_ahead,
            _measured(entry, device) if time and entry.origin == "weights" else entry.cost.removesuffix(_COST_UNIT),
        )
    CONSOLE.print(table)
    say(f"cost: time{_COST_UNIT}, {'measured here' if time else 'by the card'}\n")
    for entry in entries:
        say(f"{entry.name}: {'; '.join(_told(entry))}")
    say("\nmodels of your own:")
    for name, about in OWN_MODELS.items():
        say(f"{name}: {about}")


def _told(entry: SeparatorEntry) -> list[str]:
    """Return what a separator is, and what is known of its results."""
    about = f"installed, {entry.about}" if entry.origin == "installed" else entry.about
    return [*([about] if about else []), *(f"{where}: {text}" for where, text in entry.worth.items())]


def _measured(entry: SeparatorEntry, device: str) -> str:
    """Return what a separator costs here, in processor time."""
    from rebalance.separation import load_separator, measure_cost

    seconds = measure_cost(load_separator(entry.name, device=device), _QUARTET)
    return f"{seconds:.2f} s"
