"""Many independent items on an executor: progress, failures kept apart, a broken worker survived."""

from __future__ import annotations

import concurrent.futures
import contextlib
import logging
import multiprocessing
import os
import re
import sys
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rebalance._base.errors import ConfigError, RebalanceError, SchedulerError
from rebalance._base.extras import optional_packages
from rebalance._base.progress import progress_bar

Item = TypeVar("Item")
Result = TypeVar("Result")

_LOG = logging.getLogger(__name__)
_QUEUED_PER_WORKER = 4
_CONNECT_TIMEOUT_S = 10
_FRAME = re.compile(r'^\s*File "(.+)", line (\d+), in (\S+)', re.MULTILINE)
_PACKAGE = Path(__file__).resolve().parents[1]
_INSTALLED = {"site-packages", "dist-packages", f"python{sys.version_info.major}.{sys.version_info.minor}"}
_LOST_SCHEDULER = "the scheduler was lost; what is finished is kept, run the same command again for the rest"
_UNGUARDED = "a worker process ran the calling script again: put its work under if __name__ == '__main__':"
_NO_START = (
    "no worker process can start, what it says stands above: a script needs if __name__ == '__main__': round its work"
)
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An item that could not be done, and why, in one line."""

    item: str
    reason: str


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def executor_for(scheduler: str | None) -> Iterator[Executor | None]:
    """Connect to a running Dask cluster for the time of the block; None without an address.

    Parameters
    ----------
    scheduler
        Address such as ``tcp://host:8786``.

    Raises
    ------
    ConfigError
        If the extra ``cluster`` is not installed.
    SchedulerError
        If nothing answers at the address.
    """
    if scheduler is None:
        yield None
        return
    with optional_packages("--scheduler"):
        from distributed import Client
    try:
        client = Client(scheduler, timeout=_CONNECT_TIMEOUT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise SchedulerError(f"cannot connect: {one_line(error)}", where=f"scheduler {scheduler}") from error
    with _quiet(), client, client.get_executor(pure=False) as executor:
        yield executor


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the cluster's own reports of lost connections out of the terminal: ours say what it means."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(before)


def run_items(
    items: Sequence[Item],
    work: Callable[[Item], Result],
    *,
    title: str,
    jobs: int | None = None,
    executor: Executor | None = None,
    describe: Callable[[Item], str] = str,
    on_result: Callable[[Item, Result], None] | None = None,
) -> tuple[Failure, ...]:
    """Do every item once, in any order, and report those that failed.

    Workers are processes with one computing thread each, whatever their number, so that no result
    depends on it. An item fails alone; one whose worker died is tried once more on a new one.

    Parameters
    ----------
    items
        What to do; items and results must pickle.
    work
        A module-level function (or a partial of one).
    title
        What the progress bar calls the work.
    jobs
        Number of processes; all available cores when None.
    executor
        Use this executor instead of local processes.
    describe
        Names an item in failure reports.
    on_result
        Called in this process as results come in.

    Raises
    ------
    ConfigError
        If `jobs` is below 1.
    SchedulerError
        If the cluster behind `executor` is lost.
    RebalanceError
        If a script calls this while its own workers import it.
    """
    if executor is None and getattr(multiprocessing.process.current_process(), "_inheriting", False):
        raise RebalanceError(_UNGUARDED)
    jobs = available_cores() if jobs is None else jobs
    if jobs < 1:
        raise ConfigError(where="jobs", expected="at least 1", got=str(jobs))
    _LOG.info("%s: %d items", title, len(items))
    depth = jobs * _QUEUED_PER_WORKER if executor is None else len(items)
    failures: list[Failure] = []
    with progress_bar(title, len(items)) as bar:

        def settle(item: Item, future: Future[Result]) -> None:
            try:
                result = future.result()
            except BrokenProcessPool:
                raise
            except CancelledError as error:
                raise SchedulerError(_LOST_SCHEDULER) from error
            except Exception as error:  # noqa: BLE001 - one failed item must not stop the rest
                failures.append(Failure(item=describe(item), reason=one_line(error)))
            else:
                if on_result is not None:
                    on_result(item, result)
            bar.advance()

        waiting = deque(items)
        while waiting:
            with _pool(executor, min(jobs, len(waiting))) as pool:
                suspects = _drain(pool, waiting, work, depth, settle)
            for suspect in suspects:
                _LOG.info("%s: a worker died, trying once more", describe(suspect))
                with _pool(executor, 1) as pool:
                    if executor is None:
                        _require_start(pool)
                    if _drain(pool, deque([suspect]), work, 1, settle):
                        failures.append(Failure(item=describe(suspect), reason="its worker died twice"))
                        bar.advance()
    return tuple(failures)


def _require_start(pool: Executor) -> None:
    """Raise if a worker dies before it is given any work."""
    try:
        pool.submit(int).result()
    except BrokenProcessPool as error:
        raise RebalanceError(_NO_START) from error


def _drain(
    pool: Executor,
    waiting: deque[Item],
    work: Callable[[Item], Result],
    depth: int,
    settle: Callable[[Item, Future[Result]], None],
) -> list[Item]:
    """Work off the queue until it is empty or the executor breaks; return the items in its hands when it broke."""
    running: dict[Future[Result], Item] = {}
    suspects: list[Item] = []
    while running or (waiting and not suspects):
        try:
            while waiting and not suspects and len(running) < depth:
                running[pool.submit(work, waiting[0])] = waiting[0]
                waiting.popleft()
        except BrokenProcessPool:
            suspects += running.values()
            break
        done, _ = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
        for future in done:
            item = running.pop(future)
            try:
                settle(item, future)
            except BrokenProcessPool:
                suspects.append(item)
    return suspects


def one_line(error: Exception) -> str:
    """Return what went wrong in one line; where it was not foreseen with the kind of error and its place.

    The place is the innermost line of code outside installed packages and outside this one: that of a separator of
    one's own.

    Examples
    --------
    >>> from rebalance._base.running import one_line
    >>> one_line(KeyError("weights"))
    "KeyError: 'weights'"
    """
    text = " ".join(str(error).split())
    if isinstance(error, RebalanceError):
        return text
    place = _place(error)
    return f"{type(error).__name__}: {text}" + (f" ({place})" if place else "")


def _place(error: Exception) -> str | None:
    """Return file, line and function of the innermost frame that is the caller's own, also of another process."""
    frames = [(each.filename, each.lineno, each.name) for each in traceback.extract_tb(error.__traceback__)]
    frames += [(name, int(line), function) for name, line, function in _FRAME.findall(str(error.__cause__ or ""))]
    own = [
        frame
        for frame in frames
        if not Path(frame[0]).is_relative_to(_PACKAGE) and not _INSTALLED.intersection(Path(frame[0]).parts)
    ]
    if not own:
        return None
    filename, line, function = own[-1]
    return f"{Path(filename).name}:{line} in {function}"


@contextlib.contextmanager
def _pool(executor: Executor | None, n_workers: int) -> Iterator[Executor]:
    """Give the caller's executor, or a fresh pool of single-threaded processes."""
    if executor is not None:
        yield executor
        return
    with _environment(dict.fromkeys(_THREAD_VARIABLES, "1")):
        pool = ProcessPoolExecutor(n_workers, mp_context=multiprocessing.get_context("spawn"))
        try:
            yield pool
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Set environment variables for the processes started inside the block."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
