"""``rebalance audiogram``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalance.cli._options import ForceOption
from rebalance.cli._outputs import check_file_to_write

if TYPE_CHECKING:
    from rebalance.hearing import Listener

_PLOTS = (".png", ".svg", ".pdf")


def audiogram(
    table: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="A CSV table, or a JSON file of listeners to show.", show_default=False),
    ] = None,
    left: Annotated[
        str | None,
        typer.Option(metavar="20,25,...", help="Thresholds of the left ear in dB HL.", show_default=False),
    ] = None,
    right: Annotated[
        str | None, typer.Option(metavar="20,25,...", help="Thresholds of the right ear.", show_default=False)
    ] = None,
    both: Annotated[
        str | None, typer.Option(metavar="20,25,...", help="Thresholds both ears have.", show_default=False)
    ] = None,
    frequencies: Annotated[
        str, typer.Option(metavar="HZ,HZ,...", help="Where the thresholds were measured, in Hz.")
    ] = "250,500,1000,2000,3000,4000,6000,8000",
    name: Annotated[str, typer.Option(help="What to call the person.")] = "me",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="The listener file to write.", show_default=False)
    ] = None,
    add: Annotated[bool, typer.Option("--add", help="Add to the people in the file that is there.")] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.png|svg|pdf", help="A plot to write.", show_default=False)
    ] = None,
    force: ForceOption = False,
) -> None:
    """Make the listener file of one person or several from an audiogram, and show it.

    Thresholds stand in the order of the frequencies, or as pairs 500:20,1000:25. An ear that is not given is taken to
    have no loss, and is not amplified.

    Example: rebalance audiogram --left 20,25,30,40,45,50,60,65 --right 15,20,25,30,35,45,55,60 --out me.json
    """
    from rebalance._base.challenge import EARS
    from rebalance._base.errors import ConfigError
    from rebalance.cli._reporting import CONSOLE, say
    from rebalance.task import read_listeners, write_listeners

    if (table is None) == (left is None and right is None and both is None):
        raise ConfigError(
            where="audiogram", expected="either --left, --right or --both, or a table; see audiogram --help"
        )
    if both is not None and (left is not None or right is not None):
        raise ConfigError(where="audiogram", expected="--both, or --left and --right, not all of them")
    if add and out is None:
        raise ConfigError(where="--add", expected="--out to name the file to add to")
    if out is not None:
        check_file_to_write(out, inputs=[] if table is None else [table], suffixes=[".json"], force=force or add)
    if plot is not None:
        check_file_to_write(plot, suffixes=_PLOTS, force=force)
    people = _read(table) if table is not None else _typed(name, left or both, right or both, frequencies)
    if add and out is not None and out.is_file():
        before = read_listeners(out)
        if (known := next((person for person in people if person in before), None)) and not force:
            raise ConfigError(f"{known!r} is in it already; --force replaces the audiogram", where=out)
        people = {**before, **people}
    if out is not None:
        write_listeners(out, people.values())
    if plot is not None:
        _draw(plot, people)
    CONSOLE.print(_shown(people))
    for key, person in people.items():
        losses = (f"{ear} ear {person.audiogram(ear).severity('site')}" for ear in EARS)
        say(f"{key}: loss of the {', of the '.join(losses)}, by the challenge's site (mean at 0.5, 1, 2 and 4 kHz)")
    if table is not None:
        _note_what_is_assumed(people)
    for path in (out, plot):
        if path is not None:
            say(f"written: {path}")


def _typed(name: str, left: str | None, right: str | None, frequencies: str) -> dict[str, Listener]:
    """Return the listener whose thresholds were typed."""
    from rebalance._base.errors import MetadataError
    from rebalance.cli._reporting import say_note
    from rebalance.task import listener_of, parse_thresholds

    try:
        frequencies_hz = [float(cell) for cell in frequencies.split(",")]
    except ValueError as error:
        raise MetadataError(where="--frequencies", expected="numbers in Hz", got=repr(frequencies)) from error
    ears = {
        "left": {} if left is None else parse_thresholds(left, frequencies_hz),
        "right": {} if right is None else parse_thresholds(right, frequencies_hz),
    }
    listener = listener_of(name, {"left": ears["left"], "right": ears["right"]})
    if absent := [ear for ear, thresholds in ears.items() if not thresholds]:
        say_note(f"the {absent[0]} ear is taken to have no loss and is not amplified; --both gives both the same")
    return {name: listener}


def _note_what_is_assumed(people: Mapping[str, Listener]) -> None:
    """Say of people read from a table or file which ear has no loss, and where the degree of loss is a guess."""
    from rebalance._base.challenge import EARS
    from rebalance.cli._reporting import say_note
    from rebalance.hearing import SITE_SEVERITY_FREQUENCIES_HZ

    for key, person in people.items():
        has_loss = {ear: any(person.audiogram(ear).thresholds_db_hl) for ear in EARS}
        if len(set(has_loss.values())) == len(EARS):
            well = next(ear for ear, loss in has_loss.items() if not loss)
            say_note(f"{key}: the {well} ear is taken to have no loss and is not amplified")
        measured = {hz for ear in EARS if has_loss[ear] for hz in person.audiogram(ear).frequencies_hz}
        if measured and (guessed := [hz for hz in SITE_SEVERITY_FREQUENCIES_HZ if hz not in measured]):
            at = ", ".join(f"{hz:g}" for hz in guessed)
            say_note(f"{key}: not measured at {at} Hz; the degree of loss rests on the neighbouring frequencies")


def _read(path: Path) -> dict[str, Listener]:
    """Return the people of a table, or of a listener file."""
    from rebalance.task import read_audiogram_table, read_listeners

    return read_listeners(path) if path.suffix.lower() == ".json" else read_audiogram_table(path)


def _shown(people: Mapping[str, Listener]) -> object:
    """Return the thresholds as a table for a terminal."""
    from rich.table import Table
    from rich.text import Text

    from rebalance._base.challenge import EARS

    frequencies_hz = sorted(
        {hz for person in people.values() for ear in EARS for hz in person.audiogram(ear).frequencies_hz}
    )
    table = Table(title="Thresholds, dB HL")
    table.add_column("name", overflow="fold", min_width=6)
    table.add_column("ear")
    for frequency in frequencies_hz:
        table.add_column(f"{frequency:g}", justify="right", overflow="fold")
    for name, person in people.items():
        for ear in EARS:
            audiogram = person.audiogram(ear)
            measured = dict(zip(audiogram.frequencies_hz, audiogram.thresholds_db_hl, strict=True))
            cells = (f"{measured[hz]:g}" if hz in measured else "–" for hz in frequencies_hz)
            table.add_row(Text(name), ear, *cells)
    return table


def _draw(path: Path, people: Mapping[str, Listener]) -> None:
    """Draw the audiograms of all people into one file."""
    from rebalance._base.extras import optional_packages
    from rebalance._base.files import replacing

    with optional_packages():
        from matplotlib.figure import Figure
    n_columns = min(len(people), 3)
    n_rows = -(-len(people) // n_columns)
    figure = Figure(figsize=(4.2 * n_columns, 3.6 * n_rows), layout="constrained")
    panels = list(figure.subplots(n_rows, n_columns, squeeze=False).flat)
    for panel, person in zip(panels, people.values(), strict=False):
        person.plot(panel)
    for panel in panels[len(people) :]:
        panel.set_visible(False)
    with replacing(path) as temporary:
        figure.savefig(temporary, format=path.suffix.lower()[1:], dpi=150)
