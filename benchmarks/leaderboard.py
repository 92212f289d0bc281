"""Measure a leaderboard: a large upload, pages over a long history, many readers while a submission is scored.

    python benchmarks/leaderboard.py [--miniature]

Everything stays on this machine. `--miniature` takes a minute and tells whether it runs.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import functools
import http.cookiejar
import multiprocessing
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import MetaData, insert, select

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from scored_boards import START, result_of, served, set_up, write_large_task
from small_boards import PHASE, environment, free_port, make_board, wait_for_port

from rebalance import load_task
from rebalance.assets import demo_folder
from rebalance.report import ScoredRun, read_score_files
from rebalance.web.board import SummaryCache
from rebalance.web.leaderboard import Board, BoardClient, BoardOptions, Result, opened_board, upgrade_board

_PAGES = (
    ("boards", "", "/"),
    ("board", "", "/board/validation"),
    ("board by instrument", "", "/board/validation?by=instrument"),
    ("plot of intervals", "", "/board/validation/causal-intervals.svg"),
    ("listeners", "", "/board/validation/listeners"),
    ("one listener", "", "/board/validation/listeners/L0001"),
    ("a team's history", "T003", "/team?page=3"),
    ("all submissions, late page", "organiser", "/organise/submissions?page=399"),
    ("queue", "organiser", "/organise/queue"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much of everything."""

    upload_bytes: int = 2_000_000_000
    n_teams: int = 25
    n_history: int = 10_000
    n_readers: int = 200
    reading_s: float = 20.0


MINIATURE = Sizes(upload_bytes=50_000_000, n_teams=3, n_history=300, n_readers=20, reading_s=4.0)


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


def upload_lines(folder: Path, sizes: Sizes) -> Iterator[str]:
    """Upload a large file to a server of its own and tell the time and the memory of the server."""
    with opened_board(folder / "board", check_revision=False) as board:
        upgrade_board(board)
        tokens = make_board(board, demo_folder())
        port = free_port()
        command = [sys.executable, "-m", "rebalance", "serve", "--data", str(board.data), "--port", str(port)]
        large = write_large(folder / "submission_T001_causal.zip", sizes.upload_bytes)
        server = subprocess.Popen(
            [*command, "--workers", "0"], env=environment(None), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            wait_for_port(port)
            before_mb = peak_mb(server.pid)
            client = BoardClient(address=f"http://127.0.0.1:{port}", token=tokens.teams["T001"])
            start = time.perf_counter()
            client.send(large, PHASE, on_bytes=lambda *_: None)
            taken_s = time.perf_counter() - start
            yield "| an upload of | takes | server before | server at most |"
            yield "|---|---|---|---|"
            size = f"{sizes.upload_bytes / 1e9:.3g} GB"
            yield f"| {size} | {taken_s:.1f} s | {before_mb:.0f} MB | {peak_mb(server.pid):.0f} MB |"
        finally:
            server.terminate()
            server.wait(60)


def add_history(board: Board, task_root: Path, teams: list[str], n_history: int) -> None:
    """Add scored submissions: two systems of each team, causal and not, sent again and again."""
    task = load_task(task_root, "valid")
    results = [result_of(board, task, level=0.3 + 0.003 * n, seed=n, now=START) for n in range(2 * len(teams))]
    cache = SummaryCache(board.summaries, task)
    for result in results:
        cache.summary(result.table.digest, functools.partial(_scores, board, result))  # as a worker does after scoring
    with board.transaction() as session:
        tables = MetaData()
        tables.reflect(session.connection())
        phase = session.scalars(select(tables.tables["phases"].c.id)).one()
        ids = {team.name: team.id for team in session.execute(select(tables.tables["teams"]))}
        rows = [_submission(number, teams, ids, phase) for number in range(n_history)]
        session.execute(insert(tables.tables["submissions"]), rows)
        scores = [_score(str(row["id"]), n, results[n % len(results)]) for n, row in enumerate(rows)]
        session.execute(insert(tables.tables["scores"]), scores)


def _scores(board: Board, result: Result) -> ScoredRun:
    return read_score_files(board.files.path_of(result.table), board.files.path_of(result.summary), name="scores")


def _submission(number: int, teams: list[str], ids: Mapping[str, int], phase: int) -> dict[str, object]:
    team = teams[number // 2 % len(teams)]
    return {
        "id": f"{number:032x}", "phase_id": phase, "team_id": ids[team], "file_name": f"submission_{team}_causal.zip",
        "digest": "ab" * 32, "n_bytes": 100, "causality": "causal" if number % 2 else "noncausal", "augmented": False,
        "supplementary": False, "state": "scored", "reason": "", "submitted_at": START + dt.timedelta(minutes=number),
    }  # fmt: skip


def _score(identity: str, number: int, result: Result) -> dict[str, object]:
    return {
        "submission_id": identity, "mean": result.mean - 1e-4 * (number % 7), "n_pairs": result.n_pairs,
        "table_digest": result.table.digest, "table_bytes": result.table.n_bytes, "scored_at": START,
        "summary_digest": result.summary.digest, "summary_bytes": result.summary.n_bytes,
    }  # fmt: skip


@dataclass(slots=True)
class Visitor:
    """Somebody who looks at pages, signed in or not."""

    address: str
    token: str = ""
    opener: urllib.request.OpenerDirector = field(init=False)

    def __post_init__(self) -> None:
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(jar)
        if self.token:
            self.opener.open(f"{self.address}/enter", urllib.parse.urlencode({"token": self.token}).encode()).close()

    def ms(self, path: str) -> float:
        """Return how long a page takes, in ms."""
        start = time.perf_counter()
        with self.opener.open(self.address + path) as answer:
            answer.read()
        return 1000 * (time.perf_counter() - start)


def page_lines(address: str, tokens: Mapping[str, str]) -> Iterator[str]:
    """Tell how long pages take at first and then."""
    who_signs_in = {"T003": tokens["T003"], "organiser": tokens[""], "": ""}
    visitors = {who: Visitor(address, token) for who, token in who_signs_in.items()}
    yield "| page | first view | then, median of 5 |"
    yield "|---|---|---|"
    for title, who, path in _PAGES:
        first = visitors[who].ms(path)
        time.sleep(1.2)
        then = statistics.median(visitors[who].ms(path) for _ in range(5))
        yield f"| {title} | {first:.0f} ms | {then:.0f} ms |"


async def _read(address: str, end: float, taken: list[float]) -> None:
    """Ask for the board once a second, as one reader."""
    host, port = address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    request = f"GET /board/validation HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()
    while time.monotonic() < end:
        start = time.perf_counter()
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        if " 200 " not in head.split("\r\n")[0]:
            raise RuntimeError(head)
        length = next(line for line in head.split("\r\n") if line.startswith("content-length:"))
        await reader.readexactly(int(length.split(":")[1]))
        taken.append(1000 * (time.perf_counter() - start))
        await asyncio.sleep(1.0)
    writer.close()


async def _all_read(address: str, sizes: Sizes) -> list[float]:
    taken: list[float] = []
    end = time.monotonic() + sizes.reading_s
    readers = []
    for _ in range(sizes.n_readers):
        readers.append(asyncio.create_task(_read(address, end, taken)))
        await asyncio.sleep(1.0 / sizes.n_readers)
    await asyncio.gather(*readers)
    return sorted(taken)


def read_all(address: str, sizes: Sizes) -> list[float]:
    """Have all readers read, and return how long each answer took, in ms."""
    return asyncio.run(_all_read(address, sizes))


@contextmanager
def scoring(folder: Path) -> Iterator[None]:
    """Score the embedded task, over and over, for the time of the block."""
    rebalance = [sys.executable, "-m", "rebalance"]
    run = folder / "run"
    enhance = [*rebalance, "enhance", str(demo_folder()), str(run), "--separator", "mixture", "--quiet"]
    subprocess.run(enhance, check=True, stdout=subprocess.DEVNULL)
    score = [*rebalance, "score", str(demo_folder()), str(run), "--jobs", "1", "--quiet"]
    again = f"while :; do {shlex.join(score)}; rm -r {shlex.quote(str(run / 'scores'))}; done"
    none = subprocess.DEVNULL
    loop = subprocess.Popen(["/bin/sh", "-c", again], start_new_session=True, stdout=none, stderr=none)
    time.sleep(5)
    try:
        yield
    finally:
        os.killpg(loop.pid, 15)
        loop.wait(30)


def reader_lines(address: str, folder: Path, sizes: Sizes) -> Iterator[str]:
    """Tell how long many readers wait while the same machine scores a submission."""
    spawning = multiprocessing.get_context("spawn")
    with scoring(folder), ProcessPoolExecutor(1, mp_context=spawning) as readers:
        taken = readers.submit(read_all, address, sizes).result()
    yield "| readers, a request a second each | requests | p50 | p95 | slowest |"
    yield "|---|---|---|---|---|"
    p50, p95 = taken[len(taken) // 2], taken[int(0.95 * len(taken))]
    yield f"| {sizes.n_readers} | {len(taken)} | {p50:.0f} ms | {p95:.0f} ms | {taken[-1]:.0f} ms |"


def board_lines(folder: Path, sizes: Sizes) -> Iterator[str]:
    """Fill a board and look at it."""
    task_root = folder / "task"
    write_large_task(task_root, n_pieces=21)
    teams = [f"T{number:03}" for number in range(1, sizes.n_teams + 1)]
    with opened_board(folder / "board", check_revision=False) as board:
        tokens = set_up(board, task_root, teams=teams)
        add_history(board, task_root, teams, sizes.n_history)
        with served(board, BoardOptions(requests_per_minute=10_000_000)) as address:
            n_systems = f"A board of {2 * sizes.n_teams} systems on 21 pieces"
            yield f"{n_systems}, {sizes.n_history:,} submissions in its history:"
            yield ""
            yield from page_lines(address, tokens)
            yield ""
            yield "The same board, read by many while `rebalance score` works on the same two cores:"
            yield ""
            yield from reader_lines(address, folder, sizes)


def main() -> None:
    """Measure and print the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--miniature", action="store_true", help="small sizes")
    sizes = MINIATURE if parser.parse_args().miniature else Sizes()
    with tempfile.TemporaryDirectory() as folder:
        for part, lines in (("upload", upload_lines), ("board", board_lines)):
            place = Path(folder, part)
            place.mkdir()
            for line in lines(place, sizes):
                print(line, flush=True)
            print()
    print("The verdict on as many files as the evaluation has is under *Checking submissions*.")


if __name__ == "__main__":
    main()
