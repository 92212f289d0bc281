"""A process that works for a board until it is interrupted, or until the one that started it has ended."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator

from rebalance._base.files import StrPath
from rebalance.web.leaderboard._board_database import opened_board
from rebalance.web.leaderboard._board_worker import Worker, WorkerOptions

_CHECK_S = 1.0


def work_for_board(
    data: StrPath,
    *,
    database: str | None = None,
    options: WorkerOptions | None = None,
    until_idle: bool = False,
    with_parent: bool = False,
) -> int:
    """Work for a board until interrupted, and return how many jobs were done.

    Parameters
    ----------
    data, database
        Of the board; see `serve_board`.
    options
        Kinds of jobs, number of processes and scheduler.
    until_idle
        End when there is no job.
    with_parent
        End when the process that started this one has ended.

    Raises
    ------
    ConfigError
        If the database cannot be reached or is not up to date.

    Examples
    --------
    >>> import tempfile
    >>> from rebalance.web.leaderboard import opened_board, upgrade_board, work_for_board
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with opened_board(folder, check_revision=False) as board:
    ...         _ = upgrade_board(board)
    ...     work_for_board(folder, until_idle=True)
    0
    """
    stop = threading.Event()
    if with_parent:
        threading.Thread(target=_stop_without_parent, args=(os.getppid(), stop), daemon=True).start()
    done = 0
    with _interrupted_in_order(), opened_board(data, database) as board:
        done += Worker(board=board, options=options or WorkerOptions()).run(stop, until_idle=until_idle)
    return done


@contextlib.contextmanager
def _interrupted_in_order() -> Iterator[None]:
    """Let both signals that end a command end the block, as an interruption that nothing within takes for a failure."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with contextlib.suppress(KeyboardInterrupt):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop_without_parent(parent: int, stop: threading.Event) -> None:
    """Tell a worker to stop once the server that started it has ended, in whatever way."""
    while os.getppid() == parent:
        if stop.wait(_CHECK_S):
            return
    stop.set()
