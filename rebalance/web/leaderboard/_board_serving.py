"""One command up: the server and its workers, which are started again when they die."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence

from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath
from rebalance.web import LOOPBACK_NAMES, ServerOptions, bound_socket, closing_in_order, run_server
from rebalance.web.leaderboard._board_database import Board, opened_board
from rebalance.web.leaderboard._board_options import BoardOptions
from rebalance.web.leaderboard._board_server import AddPages, create_board_app

LOG = logging.getLogger("rebalance.board")

DATABASE_VARIABLE = "REBALANCE_DATABASE"
_RESTART_S = 2.0
_GOODBYE_S = 10.0
_CHECK_S = 1.0


def serve_board(
    data: StrPath,
    options: ServerOptions,
    *,
    database: str | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    limits: BoardOptions | None = None,
    add_pages: AddPages | None = None,
    on_address: Callable[[str], None],
) -> None:
    """Serve a board until the command is interrupted, with one process that checks and others that score.

    Parameters
    ----------
    data
        Folder of the board.
    options
        Host and port.
    database
        Address of the database; a SQLite file in `data` when None.
    workers
        Processes that score; with 0 none is started, not even the one that checks.
    scheduler
        Address of a Dask cluster that scores for them.
    limits
        Of uploads and requests.
    add_pages
        Adds pages to the API; none are served without it.
    on_address
        Told the address of the board.

    Raises
    ------
    ConfigError
        If the database cannot be reached or is not up to date, or the port is taken.

    Examples
    --------
    >>> import tempfile
    >>> from rebalance.web import ServerOptions
    >>> from rebalance.web.leaderboard import serve_board
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     try:
    ...         serve_board(folder, ServerOptions(port=0), on_address=print)
    ...     except ValueError as error:
    ...         print(str(error).partition("expected ")[2])
    a database of revision 0002, got an empty one; 'rebalance board upgrade' brings it up to date
    """
    if workers < 0:
        raise ConfigError(where="workers", expected="0 or more", got=str(workers))
    with closing_in_order(), opened_board(data, database) as board, bound_socket(options) as bound:
        hosts = LOOPBACK_NAMES if options.is_local else None
        app = create_board_app(board, limits, hosts=hosts, add_pages=add_pages)
        with _supervised(_worker_commands(board, workers, scheduler), database):
            run_server(app, bound, options, on_address=on_address)


def _worker_commands(board: Board, workers: int, scheduler: str | None) -> list[list[str]]:
    """Return the commands that start the workers: one for checks alone, so that no verdict waits for a scoring."""
    start = [
        sys.executable,
        "-m",
        "rebalance",
        "board",
        "worker",
        "--data",
        str(board.data),
        "--with-parent",
        "--quiet",
    ]
    where = [] if scheduler is None else ["--scheduler", scheduler]
    scoring = [[*start, "--kind", "score", *where] for _ in range(workers)]
    return [[*start, "--kind", "check"], *scoring] if workers else []


@contextlib.contextmanager
def _supervised(commands: Sequence[Sequence[str]], database: str | None) -> Iterator[None]:
    """Keep processes running for the time of the block."""
    ended = threading.Event()
    keepers = [
        threading.Thread(target=_keep_running, args=(command, database, ended), daemon=True) for command in commands
    ]
    for keeper in keepers:
        keeper.start()
    try:
        yield
    finally:
        ended.set()
        for keeper in keepers:
            keeper.join(2 * _GOODBYE_S)


def _keep_running(command: Sequence[str], database: str | None, ended: threading.Event) -> None:
    """Start a process, and again whenever it ends, until told to end it."""
    while not ended.is_set():
        process = subprocess.Popen(command, env=_environment(database), stdin=subprocess.DEVNULL)  # noqa: S603 - our own
        while process.poll() is None and not ended.wait(_CHECK_S / 4):
            pass
        if ended.is_set():
            _end(process)
        else:
            LOG.warning("a worker ended with status %s; another is started", process.returncode)
            ended.wait(_RESTART_S)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_GOODBYE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _environment(database: str | None) -> dict[str, str]:
    """Return the environment of a worker: one computing thread; the database's address is seen by no `ps`."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    named = {} if database is None else {DATABASE_VARIABLE: database}
    return {**os.environ, **threads, **named}
