"""A board of the tiny task: archives to send, a board with teams, and processes that serve and work."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from rebalance import load_task
from rebalance.pipeline import EnhanceOptions, enhance_task
from rebalance.web import ServerOptions
from rebalance.web.leaderboard import (
    Board,
    BoardOptions,
    Organising,
    Phase,
    serve_board,
    upgrade_board,
)

PHASE = "dev"
MAX_CHUNK_BYTES = 100_000
LEASE_S = 2.0


def write_run(root: Path, run: Path) -> None:
    """Enhance the tiny task by leaving the mixture as it is."""
    with ThreadPoolExecutor(1) as executor:
        assert not enhance_task(load_task(root, "valid"), run, EnhanceOptions(separator="mixture"), executor=executor)


def write_archive(run: Path, path: Path, seed: int) -> Path:
    """Write an archive of a run's signals with a little noise, another for every seed."""
    rng = np.random.default_rng(seed)
    level = 10 ** rng.uniform(-5, -3)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for flac in sorted((run / "enhanced_signals" / "valid").glob("*.flac")):
            samples, rate = soundfile.read(flac, dtype="float64")
            noisy = path.with_name(flac.name)
            soundfile.write(noisy, samples + level * rng.standard_normal(samples.shape), rate, subtype="PCM_16")
            archive.write(noisy, f"enhanced_signals/{flac.name}")
            noisy.unlink()
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Tokens of a board."""

    organiser: str
    teams: dict[str, str]


def make_board(board: Board, task_root: Path, teams: tuple[str, ...] = ("T001", "T002")) -> Tokens:
    """Fill an empty board with a task, a live phase, teams and tokens."""
    upgrade_board(board)
    with board.transaction() as session:
        acts = Organising(session=session, now=dt.datetime.now(dt.UTC))
        acts.add_task("tiny", task_root, split="valid")
        acts.add_phase(Phase(name=PHASE, title="Development", task="tiny", task_title="", is_live=True))
        for team in teams:
            acts.add_team(team)
        made = {team: acts.make_token(team).token for team in teams}
        return Tokens(organiser=acts.make_token(None).token, teams=made)


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def environment(database: str | None) -> dict[str, str]:
    """Return the environment of a server or worker."""
    own = {} if database is None else {"REBALANCE_DATABASE": database}
    return {**os.environ, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", **own}


def start_server(data: Path, database: str | None, port: int) -> subprocess.Popen[bytes]:
    """Start a server of small chunks and no workers."""
    command = [sys.executable, __file__, str(data), str(port)]
    return _started(command, database, data / "server.log")


def start_worker(data: Path, database: str | None) -> subprocess.Popen[bytes]:
    """Start a worker whose lease is short."""
    command = [sys.executable, "-m", "rebalance", "board", "worker", "--data", str(data), "--lease-s", str(LEASE_S)]
    return _started(command, database, data / "worker.log")


def _started(command: list[str], database: str | None, log: Path) -> subprocess.Popen[bytes]:
    """Start a process whose words are added to a log."""
    with log.open("ab") as words:
        return subprocess.Popen(command, env=environment(database), stdout=words, stderr=words)


@contextlib.contextmanager
def running(*processes: subprocess.Popen[bytes]) -> Iterator[None]:
    """End processes after the block."""
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def wait_for_port(port: int, seconds: float = 60) -> None:
    """Wait until somebody listens."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise TimeoutError(port)


def main() -> None:
    """Serve a board, for `start_server`."""
    data, port = sys.argv[1:]
    options = ServerOptions(port=int(port), open_browser=False)
    database = os.environ.get("REBALANCE_DATABASE")
    limits = BoardOptions(max_chunk_bytes=MAX_CHUNK_BYTES)
    serve_board(data, options, database=database, workers=0, limits=limits, on_address=print)


if __name__ == "__main__":
    main()
