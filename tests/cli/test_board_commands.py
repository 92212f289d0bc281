"""The commands of the leaderboard, as they are typed."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the extra 'web' is not installed")

from small_boards import (
    MAX_CHUNK_BYTES,
    environment,
    free_port,
    make_board,
    running,
    start_server,
    wait_for_port,
    write_archive,
    write_run,
)
from sqlalchemy import select

from rebalance.cli import _reporting, app
from rebalance.cli._boundary import run
from rebalance.web.leaderboard import Actor, Board, BoardQueries, Submitting, describe_file, opened_board
from rebalance.web.leaderboard._board_queue import JobQueue
from rebalance.web.leaderboard._board_tables import UploadRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def rebalance(*arguments: object, **variables: str) -> Finished:
    """Run a command in this process."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr), pytest.MonkeyPatch.context() as patch:
        for console in (_reporting.CONSOLE, _reporting.ERRORS):
            patch.setattr(console, "_width", 200)
        for name, value in variables.items():
            patch.setenv(name, value)
        status = run(lambda: app(list(map(str, arguments)), prog_name="rebalance", standalone_mode=False))
    return Finished(returncode=status, stdout=stdout.getvalue(), stderr=stderr.getvalue())


def done(*arguments: object, **variables: str) -> str:
    finished = rebalance(*arguments, **variables)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@pytest.fixture(scope="module")
def data(tiny_task_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A board made by its commands, with a team whose token lies beside it."""
    data = tmp_path_factory.mktemp("boards") / "board"
    (data.parent / "organiser").write_text(done("board", "init", "--data", data).splitlines()[-1])
    done("board", "task", "add", "tiny", tiny_task_root, "--split", "valid", "--data", data)
    done("board", "phase", "add", "dev", "--task", "tiny", "--live", "--per-day", 9, "--data", data)
    done("board", "team", "add", "T001", "--data", data)
    (data.parent / "token").write_text(done("board", "token", "new", "T001", "--data", data, "--quiet"))
    return data


@pytest.fixture(scope="module")
def zipped(tiny_task_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zipped")
    write_run(tiny_task_root, folder / "run")
    return write_archive(folder / "run", folder / "submission_T001_noncausal.zip", seed=3)


@pytest.fixture(scope="module")
def address(data: Path) -> Iterator[str]:
    """Where `rebalance serve` answers, with its workers."""
    port = free_port()
    command = [sys.executable, "-m", "rebalance", "serve", "--data", str(data), "--port", str(port), "--workers", "1"]
    with (data.parent / "serve.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment(None), stdout=log, stderr=log)
    wait_for_port(port)
    yield f"http://127.0.0.1:{port}"
    server.send_signal(signal.SIGTERM)
    server.wait(60)
    assert not processes_of(data), "workers that outlive their server"


def test_a_team_submits_and_sees_verdict_score_and_rank(address: str, data: Path, zipped: Path) -> None:
    said = done("submit", zipped, "--to", address, "--token-file", data.parent / "token")
    assert "submission_T001_noncausal.zip: accepted; 6 of 6 pairs" in said
    assert re.search(r"mean HAAQI 0\.\d{4}, rank 1", said)
    assert len(list((data / "summaries").glob("*.json"))) == 1, "made by the worker, before anybody looks at the board"


def test_a_refused_submission_ends_with_status_1_and_its_verdict(address: str, data: Path, tmp_path: Path) -> None:
    bad = tmp_path / "submission_T001_causal.zip"
    bad.write_bytes(b"no archive")
    finished = rebalance("submit", bad, "--to", address, REBALANCE_TOKEN=(data.parent / "token").read_text().strip())
    assert finished.returncode == 1
    assert "refused" in finished.stdout


def test_the_parts_of_an_archive_are_one_submission(address: str, data: Path, zipped: Path, tmp_path: Path) -> None:
    content = zipped.read_bytes()
    parts = [tmp_path / f"submission_T001_causal.zip.{number + 1:03}" for number in range(3)]
    for number, path in enumerate(parts):
        path.write_bytes(content[number * 100_000 : (number + 1) * 100_000 if number < 2 else None])
    arguments = ("--to", address, "--token-file", data.parent / "token")
    said = done("submit", parts[2], parts[0], parts[1], *arguments)
    assert "submission_T001_causal.zip: accepted; 6 of 6 pairs" in said
    assert "mean HAAQI" in said
    refused = rebalance("submit", parts[0], parts[2], *arguments)
    assert (refused.returncode, refused.stderr.count("part submission_T001_causal.zip.002 is missing")) == (2, 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--to", "{address}"], "token: expected --token-file, or one in REBALANCE_TOKEN"),
        (["--to", "http://board.example.org", "--token-file", "{token}"], "the token would go unencrypted"),
        (["--to", "{address}", "--token-file", "{wrong}"], "this token is not valid"),
        (["--to", "{address}", "--token-file", "{token}", "--phase", "none"], "phase: expected one that is there"),
        (["--to", "{address}", "--token-file", "{missing}"], "no token can be read"),
    ],
)
def test_what_cannot_be_sent_ends_with_status_2_and_one_line(
    address: str, data: Path, zipped: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    (tmp_path / "wrong").write_text("wrong")
    places = {"address": address, "token": data.parent / "token", "wrong": tmp_path / "wrong", "missing": "missing"}
    finished = rebalance("submit", zipped, *(argument.format(**places) for argument in arguments))
    assert finished.returncode == 2
    assert said in finished.stderr
    assert sum(line.startswith("rebalance: ") for line in finished.stderr.splitlines()) == 1
    assert "Traceback" not in finished.stderr


def processes_of(data: Path) -> list[str]:
    """Return the commands of all workers of a board."""
    found = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True)
    return [line for line in found.stdout.splitlines() if "board worker" in line and str(data) in line]


def test_one_process_checks_and_others_score(data: Path, address: str) -> None:
    own = processes_of(data)
    assert sum("--kind check" in line for line in own) == 1
    assert sum("--kind score" in line for line in own) == 1


def test_the_log_of_the_server_holds_no_token(address: str, data: Path) -> None:
    log = (data.parent / "serve.log").read_text()
    assert "of submission" in log
    for name in ("token", "organiser"):
        assert (data.parent / name).read_text().strip() not in log


def test_tokens_are_listed_without_being_shown_and_revoked(data: Path) -> None:
    made = done("board", "token", "new", "--organiser", "--label", "laptop", "--data", data, "--quiet").strip()
    listed = done("board", "token", "list", "--data", data)
    assert made not in listed
    number = listed.partition(":")[0]
    done("board", "token", "revoke", number, "--data", data)
    assert "revoked" in done("board", "token", "list", "--data", data).splitlines()[0]


def test_a_board_is_frozen_published_backed_up_and_restored(data: Path, tmp_path: Path) -> None:
    assert "frozen" in done("board", "freeze", "dev", "--data", data)
    assert "free" in done("board", "freeze", "dev", "--undo", "--data", data)
    assert "published" in done("board", "publish", "dev", "--data", data)
    done("board", "backup", tmp_path / "board.tar", "--data", data)
    assert rebalance("board", "backup", tmp_path / "board.tar", "--data", data).returncode == 2
    done("board", "restore", tmp_path / "board.tar", "--data", tmp_path / "new")
    both = [done("board", "token", "list", "--data", folder) for folder in (data, tmp_path / "new")]
    assert both[0] == both[1]
    assert "0 files" in done("board", "prune", "--data", data)


def test_a_board_that_is_there_is_not_made_again_and_an_old_one_not_served(data: Path, tmp_path: Path) -> None:
    again = rebalance("board", "init", "--data", data)
    assert again.returncode == 2
    served = rebalance("serve", "--data", tmp_path / "none", "--port", 0)
    assert served.returncode == 2
    assert served.stderr.strip().endswith("'rebalance board upgrade' brings it up to date")
    assert "empty -> " in done("board", "upgrade", "--data", tmp_path / "none")


def test_a_worker_ends_when_told_in_the_midst_of_a_scoring_and_the_job_waits_again(
    tiny_task_root: Path, zipped: Path, tmp_path: Path
) -> None:
    with opened_board(tmp_path, check_revision=False) as board:
        make_board(board, tiny_task_root)
        submitting, now = Submitting(board=board, actor=Actor(role="team", team="T001")), dt.datetime.now(dt.UTC)
        started = submitting.start(phase="dev", file_name=zipped.name, file=describe_file(zipped), now=now)
        submitting.append(started, 0, [zipped.read_bytes()])
        submitting.finish(started.identity, now)
        command = [sys.executable, "-m", "rebalance", "board", "worker", "--data", str(tmp_path)]
        worker = subprocess.Popen(command, env=environment(None), stderr=subprocess.DEVNULL)
        state = ""
        until = time.monotonic() + 60
        while state != "running" and time.monotonic() < until:
            time.sleep(0.02)
            with board.reading() as session:
                jobs = BoardQueries(session=session).jobs_of(started.identity)
            state = jobs[1].state if len(jobs) > 1 else ""
        os.kill(worker.pid, signal.SIGTERM)
        assert worker.wait(30) == 0
        with board.reading() as session:
            scoring = BoardQueries(session=session).jobs_of(started.identity)[1]
        assert scoring.state in ("waiting", "done")


def fail_check(board: Board, reason: str) -> None:
    """Claim the check of the next submission that comes, and let it fail."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        now = dt.datetime.now(dt.UTC)
        with board.transaction() as session:
            queue = JobQueue(session=session)
            if (claimed := queue.claim("test", now, ["check"])) is not None:
                assert queue.fail(claimed, reason, now)
                return
        time.sleep(0.05)
    raise TimeoutError(reason)


def test_a_check_that_failed_without_a_verdict_ends_with_status_1_and_its_reason(
    tiny_task_root: Path, zipped: Path, tmp_path: Path
) -> None:
    port = free_port()
    command = [sys.executable, "-m", "rebalance", "submit", str(zipped), "--to", f"http://127.0.0.1:{port}"]
    with opened_board(tmp_path, check_revision=False) as board:
        tokens = make_board(board, tiny_task_root)
        with running(start_server(tmp_path, None, port)):
            wait_for_port(port)
            own = {**environment(None), "REBALANCE_TOKEN": tokens.teams["T001"], "COLUMNS": "200"}
            submit = subprocess.Popen(command, env=own, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            with running(submit):
                fail_check(board, "the disk was full")
                stdout, stderr = submit.communicate(timeout=60)
    assert (submit.returncode, stdout.splitlines()[-1]) == (1, "failed: the disk was full"), stderr


def test_an_upload_whose_command_is_killed_goes_on_and_becomes_one_submission(
    tiny_task_root: Path, tmp_path: Path
) -> None:
    n_bytes, port = 150 * MAX_CHUNK_BYTES, free_port()
    archive = tmp_path / "submission_T001_causal.zip"
    archive.write_bytes(np.random.default_rng(0).bytes(n_bytes))
    command = [sys.executable, "-m", "rebalance", "submit", str(archive), "--no-wait", "--quiet"]
    command += ["--to", f"http://127.0.0.1:{port}"]
    with opened_board(tmp_path / "board", check_revision=False) as board:
        tokens = make_board(board, tiny_task_root)
        own = {**environment(None), "REBALANCE_TOKEN": tokens.teams["T001"], "COLUMNS": "200"}
        with running(start_server(board.data, None, port)):
            wait_for_port(port)
            reached = [0]
            for _ in range(3):
                sender = subprocess.Popen(command, env=own)
                reached.append(killed_in_mid_upload(sender, board, reached[-1]))
            assert 0 < reached[1] < reached[2] < reached[3] < n_bytes
            with board.reading() as session:
                (upload,) = session.scalars(select(UploadRow.id))
                assert not BoardQueries(session=session).submissions()
            last = subprocess.run(command, env=own, check=True, capture_output=True, text=True)
            metrics = metrics_of(port, tokens.organiser)
        with board.reading() as session:
            (submission,) = BoardQueries(session=session).submissions()
            assert not list(session.scalars(select(UploadRow.id)))
    assert (submission.identity, submission.file) == (upload, describe_file(archive))
    assert upload in last.stdout
    n_chunks = sum(
        float(n) for n in re.findall(r'rebalance_requests_total\{method="PATCH",status="200"\} (\S+)', metrics)
    )
    assert 150 - 3 <= n_chunks <= 150 + 3, (
        "every chunk was sent once, but for those under way when the command was killed"
    )


def killed_in_mid_upload(sender: subprocess.Popen[bytes], board: Board, before: int) -> int:
    """Kill a command with SIGKILL once it has sent something more, and return how much has arrived in all."""
    until = time.monotonic() + 60
    while sum(path.stat().st_size for path in board.uploads.glob("*")) <= before + 5 * MAX_CHUNK_BYTES:
        assert sender.poll() is None, "it was through before it was killed"
        assert time.monotonic() < until
        time.sleep(0.005)
    sender.kill()
    assert sender.wait(30) == -signal.SIGKILL
    time.sleep(0.5)  # the chunk under way arrives or does not
    return sum(path.stat().st_size for path in board.uploads.glob("*"))


def metrics_of(port: int, token: str) -> str:
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(asked) as answer:
        return answer.read().decode()
