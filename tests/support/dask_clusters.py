"""A real Dask scheduler with two real workers, each a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Cluster:
    """Where the scheduler listens, and the processes."""

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]


@contextlib.contextmanager
def dask_cluster(folder: Path, *, port: int = 0, cwd: Path | None = None) -> Iterator[Cluster]:
    """Run a cluster for the time of the block; `cwd` is where its processes are, here when None."""
    note = folder / "scheduler.json"
    note.unlink(missing_ok=True)
    own = {"OMP_NUM_THREADS": "1", "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "5s"}
    places = [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]  # of what tests import
    environment = os.environ | own | {"PYTHONPATH": os.pathsep.join(places)}

    def started(*arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", *arguments, "--scheduler-file", str(note), "--no-dashboard"]
        return subprocess.Popen(command, env=environment, cwd=cwd, stderr=subprocess.DEVNULL, start_new_session=True)

    scheduler = started("scheduler", "--host", "127.0.0.1", "--port", str(port))
    deadline = time.monotonic() + 60
    while not note.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    workers = [started("worker", "--nthreads", "1", "--local-directory", str(folder / "dask")) for _ in range(2)]
    try:
        yield Cluster(json.loads(note.read_text())["address"], scheduler, workers)
    finally:
        for process in [*workers, scheduler]:
            kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process of a cluster and what it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
