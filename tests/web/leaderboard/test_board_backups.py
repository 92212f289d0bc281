"""A backup gives the same board, on the same and on another kind of database; pruning takes only what may go."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_boards import PHASE, make_board

from rebalance import ConfigError, RebalanceError
from rebalance.web.leaderboard import (
    Actor,
    Board,
    BoardQueries,
    Organising,
    StoredFile,
    Submission,
    Submitting,
    back_up_board,
    opened_board,
    prune_board,
    restore_board,
)
from rebalance.web.leaderboard._board_queue import JobQueue
from rebalance.web.leaderboard._board_values import Result

NOW = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)


def send(board: Board, team: str, content: bytes) -> Submission:
    submitting = Submitting(board=board, actor=Actor(role="team", team=team))
    file = StoredFile(digest=hashlib.sha256(content).hexdigest(), n_bytes=len(content))
    started = submitting.start(phase=PHASE, file_name=f"submission_{team}_causal.zip", file=file, now=NOW)
    submitting.append(started, 0, [content])
    return submitting.finish(started.identity, NOW)


def score(board: Board, mean: float) -> None:
    kept = board.files.add([f"scores {mean}".encode()], max_bytes=100)
    with board.transaction() as session:
        queue = JobQueue(session=session)
        checking = queue.claim("worker", NOW)
        assert checking is not None
        queue.keep_verdict(checking, kept, NOW, accepted=True)
        scoring = queue.claim("worker", NOW)
        assert scoring is not None
        queue.keep_result(scoring, Result(mean=mean, n_pairs=6, table=kept, summary=kept, scored_at=NOW), NOW)


@pytest.fixture
def used(empty_board: Board, tiny_task_root: Path) -> Board:
    """A board with two scored submissions and a third that waits."""
    make_board(empty_board, tiny_task_root)
    for team, mean in (("T001", 0.4), ("T002", 0.5)):
        send(empty_board, team, f"archive of {team}".encode())
        score(empty_board, mean)
    send(empty_board, "T001", b"another archive")
    with empty_board.transaction() as session:
        Organising(session=session, now=NOW).publish(PHASE, empty_board.files)
    return empty_board


@pytest.fixture
def new(tmp_path: Path) -> Iterator[Board]:
    with opened_board(tmp_path / "new", check_revision=False) as board:
        yield board


def told(board: Board) -> tuple[object, ...]:
    """Return all that can be asked of a board."""
    with board.reading() as session:
        queries = BoardQueries(session=session)
        submissions = queries.submissions()
        jobs = tuple(queries.jobs_of(submission.identity) for submission in submissions)
        lists = (queries.tasks(), queries.phases(), queries.teams(), queries.tokens(), queries.events())
        return (*lists, submissions, jobs, queries.standing(PHASE), queries.publications(PHASE))


def test_a_backup_of_either_database_gives_the_same_board(used: Board, new: Board, tmp_path: Path) -> None:
    assert back_up_board(used, tmp_path / "board.tar") == 6
    assert restore_board(new, tmp_path / "board.tar") == 6
    assert told(new) == told(used)
    for submission in told(used)[5]:
        assert isinstance(submission, Submission)
        kept = new.archives(submission.team).path_of(submission.file).read_bytes()
        assert hashlib.sha256(kept).hexdigest() == submission.file.digest
    assert send(new, "T002", b"goes on").state == "checking"


def test_a_backup_of_sqlite_can_go_to_postgresql_and_goes_on_there(
    board: Board, postgres: str, tiny_task_root: Path, tmp_path: Path
) -> None:
    from sqlalchemy import create_engine, text

    engine = create_engine(postgres.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    make_board(board, tiny_task_root)
    send(board, "T001", b"an archive")
    score(board, 0.4)
    back_up_board(board, tmp_path / "board.tar")
    with opened_board(tmp_path / "other", postgres, check_revision=False) as other:
        restore_board(other, tmp_path / "board.tar")
        assert told(other) == told(board)
        send(other, "T002", b"goes on")
        score(other, 0.6)
        with other.reading() as session:
            assert [s.team for s in BoardQueries(session=session).standing(PHASE)] == ["T002", "T001"]


def test_a_backup_goes_into_an_empty_board_only(used: Board, tmp_path: Path) -> None:
    back_up_board(used, tmp_path / "board.tar")
    with pytest.raises(ConfigError, match="an empty board"):
        restore_board(used, tmp_path / "board.tar")


def test_a_damaged_or_hostile_backup_is_refused(used: Board, new: Board, tmp_path: Path) -> None:
    back_up_board(used, tmp_path / "board.tar")
    content = (tmp_path / "board.tar").read_bytes()
    (tmp_path / "damaged.tar").write_bytes(content.replace(b"archive of T001", b"archive of T009"))
    with pytest.raises(RebalanceError, match="content of this SHA-256"):
        restore_board(new, tmp_path / "damaged.tar")
    with tarfile.open(tmp_path / "board.tar") as archive, tarfile.open(tmp_path / "hostile.tar", "w") as hostile:
        hostile.addfile(archive.getmember("rows.json"), archive.extractfile("rows.json"))
        link = tarfile.TarInfo("files/ab/" + "ab" * 32)
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        hostile.addfile(link)
    with pytest.raises(ConfigError, match="a backup of a board"):
        restore_board(new, tmp_path / "hostile.tar")


def test_pruning_removes_what_is_off_the_board_and_nothing_else(used: Board) -> None:
    before = told(used)
    withdrawn = send(used, "T002", b"to be withdrawn")
    begun = Submitting(board=used, actor=Actor(role="team", team="T001"))
    file = dataclasses.replace(withdrawn.file, digest="0" * 64)
    started = begun.start(phase=PHASE, file_name="submission_T001_causal.zip", file=file, now=NOW)
    begun.append(started, 0, [b"half"])
    with used.transaction() as session:
        Organising(session=session, now=NOW).withdraw(withdrawn.identity)
    late = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    assert prune_board(used, before=dt.datetime.now(dt.UTC) - dt.timedelta(days=1)).n_files in (0, 1)
    prune_board(used, before=late)
    assert not used.archives("T002").holds(withdrawn.file)
    assert not list(used.uploads.iterdir())
    for submission in before[5]:
        assert isinstance(submission, Submission)
        assert used.archives(submission.team).holds(submission.file)
        assert submission.verdict is None or used.files.holds(submission.verdict)
    assert told(used)[7:] == before[7:]
