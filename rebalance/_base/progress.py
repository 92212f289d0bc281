"""The one progress bar: how many or what share is done, how long it took, how long is left; on the error stream."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from rebalance._base.verbosity import is_quiet


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar on the screen.

    Parameters
    ----------
    progress, task
        What draws it, and which of its bars it is.
    """

    progress: Progress
    task: TaskID

    def advance(self, n: int = 1) -> None:
        """Count some more."""
        self.progress.advance(self.task, n)

    def reach(self, n_done: float, title: str | None = None) -> None:
        """Move to a count, under another title if one is given."""
        self.progress.update(self.task, completed=n_done, description=title)


@contextlib.contextmanager
def progress_bar(title: str, total: int, *, n_done: int = 0, quiet: bool = False) -> Iterator[Bar]:
    """Show a bar for the time of the block.

    Parameters
    ----------
    title
        What the work is called; shown as it is, without markup.
    total, n_done
        How much there is to do, and how much of it is done already.
    quiet
        Show nothing.
    """
    with _shown(MofNCompleteColumn(), quiet=quiet) as progress:
        yield Bar(progress, progress.add_task(title, total=total, completed=n_done))


@contextlib.contextmanager
def share_bar(title: str) -> Iterator[Callable[[float], None]]:
    """Show a bar for the time of the block; give the function that moves it to a share done, in [0, 1]."""
    with _shown(TaskProgressColumn()) as progress:
        bar = Bar(progress, progress.add_task(title, total=1.0))
        yield bar.reach
        bar.reach(1.0)


def _shown(done: ProgressColumn, *, quiet: bool = False) -> Progress:
    """Return what draws bars, with a column of its own for what is done."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), done)
    times = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    console = Console(stderr=True, force_jupyter=False)
    return Progress(*columns, *times, console=console, disable=quiet or is_quiet())
