"""Arguments and options several commands share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from rebalance._base.files import expanded

DataArgument: TypeAlias = Annotated[
    Path, typer.Argument(metavar="DATA", help="Root folder of a task, with metadata/ and audio/.", show_default=False)
]
RunArgument: TypeAlias = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of the run.", show_default=False)]
SplitOption: TypeAlias = Annotated[
    str | None, typer.Option(metavar="train|valid|test", help="Which split; may be left out where there is only one.")
]
JobsOption: TypeAlias = Annotated[
    int | None, typer.Option("--jobs", "-j", min=1, help="Number of processes; all cores when left out.")
]
SchedulerOption: TypeAlias = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Run on the Dask cluster at this address (tcp://host:8786).")
]
DeviceOption: TypeAlias = Annotated[str, typer.Option(metavar="auto|cpu|cuda|mps", help="Where networks run.")]
InstrumentsOption: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="violin,violin,viola,cello",
        help="Instruments in the recording, separated by commas, one for each player.",
        show_default=False,
    ),
]
SeparatorOption: TypeAlias = Annotated[
    str, typer.Option(metavar="NAME|PATH", help="Which separator: a registered name, or the path of a checkpoint.")
]

ForceOption: TypeAlias = Annotated[bool, typer.Option("--force", help="Replace files that are there already.")]


def expanding(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command whose paths may begin with ``~``: no shell expands it after ``--out=``."""

    @functools.wraps(command)
    def expanded_command(**values: object) -> None:
        command(**{name: _expanded(value) for name, value in values.items()})

    return expanded_command


def _expanded(value: object) -> object:
    """Return a path, or every path of a list, with its ``~`` expanded; anything else as it is."""
    if isinstance(value, Path):
        return expanded(value)
    return [_expanded(item) for item in value] if isinstance(value, list) else value
