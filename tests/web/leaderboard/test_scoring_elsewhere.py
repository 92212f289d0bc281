"""Scoring by several processes and on a Dask cluster: the same scores to the bit, and an outage that costs nothing."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from dask_clusters import Cluster, dask_cluster, kill
from small_boards import PHASE, Tokens, free_port, make_board

from rebalance.web.leaderboard import (
    Actor,
    Board,
    BoardQueries,
    Result,
    Submission,
    Submitting,
    WorkerOptions,
    describe_file,
    opened_board,
)
from rebalance.web.leaderboard._board_worker import Worker

pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    folder = tmp_path / "cluster"
    folder.mkdir()
    with dask_cluster(folder, cwd=folder) as started:
        yield started


def submit(board: Board, archive: Path) -> str:
    sender, now = Submitting(board=board, actor=Actor(role="team", team="T001")), dt.datetime.now(dt.UTC)
    started = sender.start(phase=PHASE, file_name=archive.name, file=describe_file(archive), now=now)
    sender.append(started, 0, [archive.read_bytes()])
    return sender.finish(started.identity, now).identity


def found(board: Board, identity: str) -> Submission:
    with board.reading() as session:
        return BoardQueries(session=session).submission(identity, Actor(role="organiser"))


def scored_with(folder: Path, task_root: Path, archive: Path, options: WorkerOptions) -> tuple[Result, list[bytes]]:
    """Score an archive on a board of its own, and return the result with its two files."""
    with opened_board(folder, check_revision=False) as board:
        make_board(board, task_root)
        identity = submit(board, archive)
        assert Worker(board=board, options=options).run(threading.Event(), until_idle=True) == 2
        submission = found(board, identity)
        assert submission.result is not None, submission.reason
        assert not list(board.work.iterdir())
        files = (submission.result.table, submission.result.summary)
        return submission.result, [board.files.path_of(file).read_bytes() for file in files]


def test_one_process_several_and_a_cluster_give_the_same_scores_and_digests(
    cluster: Cluster, tiny_task_root: Path, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(
        tmp_path
    )  # the folder of the board is a relative one, and the workers of the cluster are elsewhere
    made = {
        name: scored_with(Path(name), tiny_task_root, archive, options)
        for name, options in {
            "alone": WorkerOptions(),
            "several": WorkerOptions(jobs=2),
            "cluster": WorkerOptions(scheduler=cluster.address),
        }.items()
    }
    alone, files = made.pop("alone")
    for result, other_files in made.values():
        assert other_files == files
        assert (result.mean, result.n_pairs) == (alone.mean, alone.n_pairs)
        assert (result.table, result.summary) == (alone.table, alone.summary)


def test_a_scheduler_that_is_away_costs_a_submission_nothing(
    tiny_task_root: Path, archive: Path, tmp_path: Path, board: Board, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rebalance._base.running._CONNECT_TIMEOUT_S", 1)
    assert tokens.teams
    identity, port, stop = submit(board, archive), free_port(), threading.Event()
    options = WorkerOptions(scheduler=f"tcp://127.0.0.1:{port}", idle_s=0.1)
    with ThreadPoolExecutor(1) as executor:
        working = executor.submit(Worker(board=board, options=options).run, stop)
        try:
            wait_for_state(board, identity, "scoring")
            stop.wait(5)  # several tries
            with board.reading() as session:
                scoring = BoardQueries(session=session).jobs_of(identity)[1]
            assert scoring.n_tries <= 1
            assert found(board, identity).state == "scoring"
            folder = tmp_path / "late"
            folder.mkdir()
            with dask_cluster(folder, port=port):
                wait_for_state(board, identity, "scored")
        finally:
            stop.set()
        assert working.result(60) == 2


def test_a_scheduler_that_is_lost_in_the_midst_leaves_the_job_to_whoever_comes_next(
    cluster: Cluster, archive: Path, board: Board, tokens: Tokens
) -> None:
    assert tokens.teams
    identity, stop = submit(board, archive), threading.Event()
    with ThreadPoolExecutor(1) as executor:
        working = executor.submit(Worker(board=board, options=WorkerOptions(scheduler=cluster.address)).run, stop)
        try:
            wait_until(lambda: list(board.work.glob("*/scores/*.json")))
            kill(cluster.scheduler)
            stop.set()
        finally:
            stop.set()
        working.result(120)
    assert found(board, identity).state in ("scoring", "scored")
    Worker(board=board).run(threading.Event(), until_idle=True)
    assert found(board, identity).state == "scored"


def wait_for_state(board: Board, identity: str, state: str) -> None:
    wait_until(lambda: found(board, identity).state == state)


def wait_until(holds) -> None:
    until = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)
