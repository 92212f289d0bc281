"""Load on a leaderboard: a large upload, the verdict on many files, a long history, many readers while scoring.

Everything stays on this machine. `--miniature` takes seconds; without it the sizes are those of the challenge.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import insert

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from small_boards import PHASE, Tokens, environment, free_port, make_board, wait_for_port

from rebalance import load_task
from rebalance.assets import demo_folder
from rebalance.web.leaderboard import Board, BoardClient, BoardQueries, opened_board, upgrade_board
from rebalance.web.leaderboard._board_tables import ScoreRow, SubmissionRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much of everything."""

    upload_bytes: int = 2_000_000_000
    n_history: int = 10_000
    n_readers: int = 200
    n_reads_each: int = 20


MINIATURE = Sizes(upload_bytes=50_000_000, n_history=500, n_readers=20, n_reads_each=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was found."""

    upload_bytes: int
    upload_s: float
    server_peak_mb: float
    verdict_s: float
    n_history: int
    history_page_ms: float
    standing_ms: float
    n_readers: int
    read_p50_ms: float
    read_p95_ms: float


def peak_mb(process: int) -> float:
    """Return the most memory a process has held, in MB."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1000


def write_large(path: Path, n_bytes: int) -> Path:
    """Write a file that is no archive, of random bytes."""
    with path.open("wb") as opened:
        for start in range(0, n_bytes, 1 << 20):
            opened.write(os.urandom(min(1 << 20, n_bytes - start)))
    return path


def add_history(board: Board, n: int) -> None:
    """Add scored submissions of two teams."""
    first = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    submissions = [
        {
            "id": f"{number:032x}", "phase_id": 1, "team_id": 1 + number % 2, "file_name": "submission_T001_causal.zip",
            "digest": f"{number:064x}", "n_bytes": 1, "causality": "causal", "augmented": False, "supplementary": False,
            "state": "scored", "reason": "", "submitted_at": first + dt.timedelta(minutes=number),
        }
        for number in range(n)
    ]  # fmt: skip
    scores = [
        {
            "submission_id": row["id"], "mean": 0.3 + 0.4 * number / n, "n_pairs": 12, "table_digest": row["digest"],
            "table_bytes": 1, "summary_digest": row["digest"], "summary_bytes": 1, "scored_at": row["submitted_at"],
        }
        for number, row in enumerate(submissions)
    ]  # fmt: skip
    with board.transaction() as session:
        session.execute(insert(SubmissionRow), submissions)
        session.execute(insert(ScoreRow), scores)


def timed_ms(work: object) -> float:
    """Return the median of five runs in ms."""
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        work()  # type: ignore[operator]
        taken.append(1000 * (time.perf_counter() - start))
    return statistics.median(taken)


def read_all(address: str, sizes: Sizes) -> list[float]:
    """Have many readers ask for the board and return how long each answer took, in ms."""
    barrier = threading.Barrier(sizes.n_readers)

    def read(_: int) -> list[float]:
        barrier.wait()
        taken = []
        for _ in range(sizes.n_reads_each):
            start = time.perf_counter()
            with urllib.request.urlopen(f"{address}/api/phases/{PHASE}/board", timeout=60) as answer:  # noqa: S310
                answer.read()
            taken.append(1000 * (time.perf_counter() - start))
        return taken

    with ThreadPoolExecutor(sizes.n_readers) as readers:
        return sorted(one for taken in readers.map(read, range(sizes.n_readers)) for one in taken)


def ended(client: BoardClient, identity: str) -> float:
    """Wait until a submission has its verdict; return the seconds it took."""
    start = time.perf_counter()
    while client.progress(identity).state == "checking":
        time.sleep(0.1)
    return time.perf_counter() - start


def measure(folder: Path, sizes: Sizes, archive: Path | None, task: Path) -> Measured:
    """Start a board with a worker and put load on it."""
    with opened_board(folder / "board", check_revision=False) as board:
        upgrade_board(board)
        tokens: Tokens = make_board(board, task)
        add_history(board, sizes.n_history)
        port = free_port()
        command = [sys.executable, "-m", "rebalance", "serve", "--data", str(board.data), "--port", str(port)]
        server = subprocess.Popen(command, env=environment(None), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for_port(port)
            return _loaded(board, tokens, f"http://127.0.0.1:{port}", server.pid, folder, sizes, archive)
        finally:
            server.terminate()
            server.wait(60)


def _loaded(
    board: Board, tokens: Tokens, address: str, process: int, folder: Path, sizes: Sizes, archive: Path | None
) -> Measured:
    client = BoardClient(address=address, token=tokens.teams["T001"])
    large = write_large(folder / "submission_T001_causal.zip", sizes.upload_bytes)
    start = time.perf_counter()
    identity = client.send(large, PHASE, on_bytes=lambda *_: None)
    upload_s = time.perf_counter() - start
    ended(client, identity)
    sent = identity if archive is None else client.send(archive, PHASE, on_bytes=lambda *_: None)
    verdict_s = ended(client, sent)
    with board.reading() as session:
        queries = BoardQueries(session=session)
        page_ms = timed_ms(lambda: queries.submissions(phase=PHASE))
        standing_ms = timed_ms(lambda: queries.standing(PHASE))
    reads = read_all(address, sizes)
    return Measured(
        upload_bytes=sizes.upload_bytes,
        upload_s=upload_s,
        server_peak_mb=peak_mb(process),
        verdict_s=verdict_s,
        n_history=sizes.n_history,
        history_page_ms=page_ms,
        standing_ms=standing_ms,
        n_readers=sizes.n_readers,
        read_p50_ms=reads[len(reads) // 2],
        read_p95_ms=reads[int(0.95 * len(reads))],
    )


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--miniature", action="store_true", help="small sizes")
    parser.add_argument("--archive", type=Path, help="submission_T001_*.zip of the task, for verdict and scoring")
    parser.add_argument("--task", type=Path, default=demo_folder(), help="a task whose validation split is scored")
    asked = parser.parse_args()
    load_task(asked.task, "valid", require_sources=True)
    with tempfile.TemporaryDirectory() as folder:
        sizes = MINIATURE if asked.miniature else Sizes()
        found = measure(Path(folder), sizes, asked.archive, asked.task)
    print(json.dumps({name: round(value, 3) for name, value in asdict(found).items()}, indent=1))


if __name__ == "__main__":
    main()
