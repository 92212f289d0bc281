"""Arguments and options several commands share."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from rebalance._base.errors import ConfigError
from rebalance._base.files import expanded
from rebalance._base.verbosity import Verbosity, telling
from rebalance.cli._completion import DEVICES, SPLITS, among, offering
from rebalance.cli._reporting import log_told

DataArgument: TypeAlias = Annotated[
    Path, typer.Argument(metavar="DATA", help="Root folder of a task, with metadata/ and audio/.", show_default=False)
]
RunArgument: TypeAlias = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of the run.", show_default=False)]
SplitOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar=among(SPLITS),
        autocompletion=offering(SPLITS),
        help="Which split; may be left out where there is only one.",
    ),
]
JobsOption: TypeAlias = Annotated[
    int | None, typer.Option("--jobs", "-j", min=1, help="Number of processes; all cores when left out.")
]
SchedulerOption: TypeAlias = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Run on the Dask cluster at this address (tcp://host:8786).")
]
DeviceOption: TypeAlias = Annotated[
    str, typer.Option(metavar=among(DEVICES), autocompletion=offering(DEVICES), help="Where networks run.")
]
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


ScenesOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--scenes", metavar="S50001,S50002", help="Only these scenes.", show_default=False),
]
LimitOption: TypeAlias = Annotated[
    int | None, typer.Option("--limit", metavar="N", min=1, help="Only the first N scenes, for a look.")
]


def listed_scenes(text: str | None) -> list[str] | None:
    """Read ``S50001,S50002``."""
    return None if text is None else [scene.strip() for scene in text.split(",") if scene.strip()]


QuietOption: TypeAlias = Annotated[
    bool, typer.Option("--quiet", "-q", help="Neither progress nor notes: results and errors only.")
]
VerboseOption: TypeAlias = Annotated[
    bool, typer.Option("--verbose", "-v", help="More of what is done, on the error stream.")
]


def telling_as_asked(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command that also takes ``--quiet`` and ``--verbose``."""

    @functools.wraps(command)
    def telling_command(*, quiet: bool = False, verbose: bool = False, **values: object) -> None:
        if quiet and verbose:
            raise ConfigError(where="--quiet and --verbose", expected="one of them at most")
        with telling(Verbosity.QUIET if quiet else Verbosity.VERBOSE if verbose else Verbosity.USUAL), log_told():
            command(**values)

    hints = typing.get_type_hints(command, include_extras=True)
    own = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[parameter.name])
        for parameter in inspect.signature(command).parameters.values()
    ]
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=annotation)
        for name, annotation in (("quiet", QuietOption), ("verbose", VerboseOption))
    ]
    telling_command.__signature__ = inspect.Signature([*own, *added])  # type: ignore[attr-defined]
    telling_command.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *added)}
    return telling_command


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
