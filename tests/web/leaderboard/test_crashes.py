"""Kill -9 of server, worker and database at random moments: nothing accepted is lost, nothing is scored twice."""

from __future__ import annotations

import random
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from postgres_server import PostgresServer, killable_postgres, postgres_folder
from small_boards import PHASE, Tokens, free_port, make_board, start_server, start_worker, wait_for_port, write_archive
from sqlalchemy import select

from rebalance.web.leaderboard import Board, BoardClient, BoardQueries, opened_board
from rebalance.web.leaderboard._board_tables import AttemptRow, JobRow, ScoreRow, SubmissionRow, UploadRow

MAX_S = 600
Standing = list[tuple[str, str, float, str]]


@dataclass
class Machinery:
    """A database, a server and a worker that are killed and started again."""

    postgres: PostgresServer
    data: Path
    port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        if name == "database":
            self.postgres.start()
        elif name == "server":
            self.processes[name] = start_server(self.data, self.postgres.address, self.port)
        else:
            self.processes[name] = start_worker(self.data, self.postgres.address)

    def kill(self, name: str) -> None:
        if name == "database":
            self.postgres.kill()
        else:
            self.processes[name].kill()
            self.processes[name].wait()

    def stop(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()


@pytest.fixture
def machinery(tmp_path: Path) -> Iterator[Callable[[str], Machinery]]:
    """Make machinery with a database of its own."""
    binaries = postgres_folder()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    started: list[Machinery] = []
    with killable_postgres(binaries) as first, killable_postgres(binaries) as second:
        servers = {"calm": first, "killed": second}

        def make(name: str) -> Machinery:
            started.append(Machinery(postgres=servers[name], data=tmp_path / name))
            return started[-1]

        yield make
        for found in started:
            found.stop()


def send_all(port: int, tokens: Tokens, archives: Sequence[Path]) -> list[str]:
    """Send archives, those of each team one after another, and wait until all are scored."""

    def send(team: str) -> list[str]:
        client = BoardClient(address=f"http://127.0.0.1:{port}", token=tokens.teams[team], patience_s=MAX_S)
        own = [path for path in archives if f"_{team}_" in path.name]
        sent = [client.send(path, PHASE, on_bytes=lambda *_: None) for path in own]
        until = time.monotonic() + MAX_S
        while not all(client.progress(identity).has_ended for identity in sent):
            assert time.monotonic() < until
            time.sleep(0.2)
        return sent

    with ThreadPoolExecutor(len(tokens.teams)) as senders:
        return [identity for sent in senders.map(send, tokens.teams) for identity in sent]


def results(board: Board) -> Standing:
    """Return every submission's team, archive, score and digest of its table, in an order of their own."""
    with board.reading() as session:
        found = BoardQueries(session=session).submissions()
    assert all(submission.result is not None for submission in found)
    return sorted((s.team, s.file.digest, s.result.mean, s.result.table.digest) for s in found if s.result)


def standing(board: Board) -> list[tuple[str, float]]:
    with board.reading() as session:
        return [(s.team, s.result.mean) for s in BoardQueries(session=session).standing(PHASE) if s.result]


def written_archives(run: Path, folder: Path, n_each: int) -> list[Path]:
    """Write different archives of two teams."""
    made = []
    for team in ("T001", "T002"):
        for number in range(n_each):
            own = folder / str(number)
            own.mkdir(exist_ok=True, parents=True)
            seed = 100 * number + int(team[1:])
            made.append(write_archive(run, own / f"submission_{team}_noncausal.zip", seed))
    return made


def run_calmly(calm: Machinery, task_root: Path, archives: Sequence[Path]) -> tuple[Standing, list[tuple[str, float]]]:
    with opened_board(calm.data, calm.postgres.address, check_revision=False) as board:
        tokens = make_board(board, task_root)
        for name in ("server", "worker"):
            calm.start(name)
        wait_for_port(calm.port)
        send_all(calm.port, tokens, archives)
        calm.stop()
        return results(board), standing(board)


def kill_at_random(killed: Machinery, n_moments: int, seed: int, ended: threading.Event) -> int:
    """Kill something at every moment and start it again; return how many were killed while there was work."""
    rng = random.Random(seed)
    for moment in range(n_moments):
        if ended.wait(rng.uniform(0.2, 3.0)):
            return moment
        name = rng.choice(("server", "worker", "worker", "database"))
        killed.kill(name)
        time.sleep(rng.uniform(0, 0.3))
        killed.start(name)
    return n_moments


def check_crashes(
    make: Callable[[str], Machinery], task_root: Path, archives: Sequence[Path], n_moments: int, seed: int
) -> None:
    expected, expected_standing = run_calmly(make("calm"), task_root, archives)
    killed = make("killed")
    ended = threading.Event()
    with opened_board(killed.data, killed.postgres.address, check_revision=False) as board:
        tokens = make_board(board, task_root)
        for name in ("server", "worker"):
            killed.start(name)
        wait_for_port(killed.port)
        with ThreadPoolExecutor(1) as killer:
            counted = killer.submit(kill_at_random, killed, n_moments, seed, ended)
            try:
                identities = send_all(killed.port, tokens, archives)
            finally:
                ended.set()
            n_killed = counted.result()
        assert results(board) == expected
        assert standing(board) == expected_standing
        check_rows(board, identities)
    assert n_killed == n_moments, f"the work ended after {n_killed} moments"


def check_rows(board: Board, identities: Sequence[str]) -> None:
    """Every accepted upload is one submission with one check, one scoring and one score."""
    with board.reading() as session:
        submissions = list(session.execute(select(SubmissionRow.id, SubmissionRow.state)))
        scores = list(session.scalars(select(ScoreRow.submission_id)))
        jobs = list(session.execute(select(JobRow.id, JobRow.kind, JobRow.state)))
        outcomes = list(session.execute(select(AttemptRow.job_id, AttemptRow.outcome)))
        assert not list(session.scalars(select(UploadRow)))
    assert sorted(identity for identity, _ in submissions) == sorted(identities) == sorted(scores)
    assert {state for _, state in submissions} == {"scored"}
    assert {(kind, state) for _, kind, state in jobs} == {("check", "done"), ("score", "done")}
    assert len(jobs) == 2 * len(identities)
    ended_well = [job for job, outcome in outcomes if outcome in ("accepted", "scored")]
    assert sorted(ended_well) == sorted(job for job, _, _ in jobs)


def test_kills_at_five_moments_lose_nothing_and_score_nothing_twice(
    machinery: Callable[[str], Machinery], tiny_task_root: Path, mixture_run: Path, tmp_path: Path
) -> None:
    archives = written_archives(mixture_run, tmp_path / "archives", 2)
    check_crashes(machinery, tiny_task_root, archives, n_moments=5, seed=2024)


@pytest.mark.slow
def test_kills_at_a_hundred_moments_lose_nothing_and_score_nothing_twice(
    machinery: Callable[[str], Machinery], tiny_task_root: Path, mixture_run: Path, tmp_path: Path
) -> None:
    archives = written_archives(mixture_run, tmp_path / "archives", 24)
    check_crashes(machinery, tiny_task_root, archives, n_moments=100, seed=7)
