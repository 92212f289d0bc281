"""What commands share when they start and when they end."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.text import Text

from rebalance._base.challenge import Split
from rebalance._base.errors import ConfigError
from rebalance._base.running import Failure
from rebalance._base.verbosity import Verbosity, is_debugging, is_quiet, verbosity

if TYPE_CHECKING:
    from rebalance.separation import Separator

# Nothing printed is markup: a file may be called "take [2]" or ":cello:".
CONSOLE = Console(highlight=False, markup=False, emoji=False)
ERRORS = Console(stderr=True, highlight=False, markup=False, emoji=False)


def say(text: str, style: str | None = None) -> None:
    """Print a line as it is, however long."""
    CONSOLE.print(text, style=style, soft_wrap=True)


def note(text: str) -> None:
    """Print a line that explains a result, unless told to be quiet."""
    if not is_quiet():
        say(text)


def detail(text: str) -> None:
    """Print a line on the error stream where more is to be told than usual."""
    if verbosity() is Verbosity.VERBOSE:
        ERRORS.print(text, style="dim", soft_wrap=True)


class _Details(logging.Handler):
    """Prints what the library logs, a line for each."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record."""
        detail(record.getMessage())


@contextmanager
def log_told() -> Iterator[None]:
    """Print what the library logs inside the block, where more is to be told than usual; files too for a developer."""
    if verbosity() is not Verbosity.VERBOSE:
        yield
        return
    log, handler = logging.getLogger("rebalance"), _Details()
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.DEBUG if is_debugging() else logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before)


def say_details(separator: Separator, players: Sequence[str]) -> None:
    """Say on the error stream what separates, where more is to be told than usual."""
    from rebalance.separation import info_of, instruments_of, source_names

    info = info_of(separator)
    size = "" if info.n_parameters is None else f", {info.n_parameters:,} parameters"
    detail(f"separator {separator.name}{size}, {separator.sample_rate} Hz, shrinkage {info.shrinkage}")
    detail(f"players: {', '.join(source_names(players, also=instruments_of(separator)))}")


def chosen_split(root: Path, asked: str | None) -> Split:
    """Return the split asked for, or the only one a task has.

    Raises
    ------
    ConfigError
        If the name is no split, or none was given and the task has none or several.
    """
    from rebalance.task import available_splits, checked_split

    if asked is not None:
        return checked_split(asked)
    present = available_splits(root)
    if len(present) != 1:
        found = ", ".join(present) or "none"
        raise ConfigError(where=root, expected=f"metadata of one split, or --split to name one; found {found}")
    return present[0]


@contextmanager
def working(title: str) -> Iterator[None]:
    """Show on the error stream that something takes a while."""
    with ERRORS.status(title):
        yield


def say_remarks(file: Path, remarks: Sequence[str]) -> None:
    """Say on the error stream what was wrong with a file that could be read all the same."""
    if is_quiet():
        return
    for remark in remarks:
        ERRORS.print(Text.assemble(("note", "yellow"), f": {file}: {remark}"), soft_wrap=True)


def say_note(text: str) -> None:
    """Say on the error stream what was assumed."""
    ERRORS.print(Text.assemble(("note", "yellow"), f": {text}"), soft_wrap=True)


def finish(done: str, failures: Sequence[Failure], *, n_asked: int | None = None, n_left: int | None = None) -> None:
    """Say what was done; list what failed and end with status 1 if anything did.

    Parameters
    ----------
    done
        Said where nothing failed.
    failures
        Each listed with its reason.
    n_asked
        How many items there were; None where they were not counted.
    n_left
        How many of them are not done; the number of failures when None.
    """
    for failure in failures:
        ERRORS.print(Text.assemble(("failed", "red"), f" {failure.item}: {failure.reason}"), soft_wrap=True)
    if failures:
        ERRORS.print(_failed(len(failures) if n_left is None else n_left, n_asked), soft_wrap=True)
        raise typer.Exit(1)
    say(done)


def _failed(n_failed: int, n_asked: int | None) -> str:
    """Return how many items failed and how many are done, as far as they are counted."""
    if n_asked is None:
        return f"{n_failed} failed for the reasons above; run the same command again for these"
    if n_failed >= n_asked:
        return f"{n_failed} of {n_asked} failed for the reasons above; nothing is done"
    return f"{n_failed} of {n_asked} failed; {n_asked - n_failed} are done, run the same command again for the others"
