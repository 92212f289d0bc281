"""Teams, organisers and the queue, on both kinds of database."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from small_boards import PHASE, make_board

from rebalance import RebalanceError
from rebalance.web.leaderboard import (
    Actor,
    Board,
    BoardQueries,
    NotAllowedError,
    NotFoundError,
    Organising,
    Page,
    StoredFile,
    Submission,
    Submitting,
    public_standing,
    rank_of,
)
from rebalance.web.leaderboard._board_queue import LEASE, MAX_TRIES, ClaimedJob, JobQueue
from rebalance.web.leaderboard._board_values import ORGANISER, Result

NOW = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
FIRST, SECOND = Actor(role="team", team="T001"), Actor(role="team", team="T002")
CONTENT = b"an archive"
FILE = StoredFile(digest=hashlib.sha256(CONTENT).hexdigest(), n_bytes=len(CONTENT))


@pytest.fixture
def filled(empty_board: Board, tiny_task_root: Path) -> Board:
    make_board(empty_board, tiny_task_root)
    return empty_board


def send(board: Board, actor: Actor = FIRST, now: dt.datetime = NOW, causality: str = "causal") -> Submission:
    submitting = Submitting(board=board, actor=actor)
    name = f"submission_{actor.team}_{causality}.zip"
    started = submitting.start(phase=PHASE, file_name=name, file=FILE, now=now)
    if started.offset < FILE.n_bytes:
        submitting.append(started, 0, [CONTENT])
    return submitting.finish(started.identity, now)


def claim(board: Board, now: dt.datetime = NOW) -> ClaimedJob:
    with board.transaction() as session:
        claimed = JobQueue(session=session).claim("worker", now)
    assert claimed is not None
    return claimed


def score(board: Board, mean: float, now: dt.datetime = NOW) -> None:
    """Check and score the next submission."""
    kept = board.files.add([f"{mean}".encode()], max_bytes=100)
    with board.transaction() as session:
        assert JobQueue(session=session).keep_verdict(claim_in(session, now), kept, now, accepted=True)
    with board.transaction() as session:
        result = Result(mean=mean, n_pairs=6, table=kept, summary=kept, scored_at=now)
        assert JobQueue(session=session).keep_result(claim_in(session, now), result, now)


def claim_in(session, now):
    claimed = JobQueue(session=session).claim("worker", now)
    assert claimed is not None
    return claimed


def change_phase(board: Board, **changes: object) -> None:
    with board.transaction() as session:
        found = BoardQueries(session=session).phase(PHASE)
        Organising(session=session, now=NOW).change_phase(dataclasses.replace(found, **changes))


def found_submission(board: Board, identity: str, actor: Actor = ORGANISER) -> Submission:
    with board.reading() as session:
        return BoardQueries(session=session).submission(identity, actor)


def test_an_upload_becomes_a_submission_once(filled: Board) -> None:
    sent = send(filled)
    again = Submitting(board=filled, actor=FIRST).finish(sent.identity, NOW)
    assert again == sent
    assert sent.state == "checking"
    assert filled.archives("T001").holds(FILE)


def test_two_finishes_at_the_same_moment_make_one_submission(filled: Board) -> None:
    submitting = Submitting(board=filled, actor=FIRST)
    started = submitting.start(phase=PHASE, file_name="submission_T001_causal.zip", file=FILE, now=NOW)
    submitting.append(started, 0, [CONTENT])
    with ThreadPoolExecutor(4) as senders:
        outcomes = list(senders.map(lambda _: outcome(submitting, started.identity), range(4)))
    assert started.identity in outcomes
    with filled.reading() as session:
        assert BoardQueries(session=session).count_submissions() == 1
        assert len(BoardQueries(session=session).jobs_of(started.identity)) == 1


def outcome(submitting: Submitting, identity: str) -> str:
    try:
        return submitting.finish(identity, NOW).identity
    except RebalanceError as error:
        return str(error)


def test_limits_hold_when_a_team_sends_many_at_once(filled: Board) -> None:
    change_phase(filled, max_per_day=2)
    barrier = threading.Barrier(4)

    def try_one(causality: str) -> bool:
        barrier.wait()
        try:
            send(filled, causality=causality)
        except NotAllowedError:
            return False
        return True

    names = ("causal", "noncausal", "causal_aug", "noncausal_aug")
    with ThreadPoolExecutor(4) as senders:
        assert sum(senders.map(try_one, names)) == 2


def test_a_limit_of_a_day_ends_with_the_day(filled: Board) -> None:
    change_phase(filled, max_per_day=1)
    send(filled)
    with pytest.raises(NotAllowedError):
        send(filled, now=NOW + dt.timedelta(hours=23))
    send(filled, now=NOW + dt.timedelta(hours=25))


def test_an_upload_that_was_begun_before_the_deadline_is_too_late_after_it(filled: Board) -> None:
    submitting = Submitting(board=filled, actor=FIRST)
    started = submitting.start(phase=PHASE, file_name="submission_T001_causal.zip", file=FILE, now=NOW)
    submitting.append(started, 0, [CONTENT])
    change_phase(filled, closes_at=NOW)
    with pytest.raises(NotAllowedError, match="closed"):
        submitting.finish(started.identity, NOW)


def test_a_team_that_knows_a_digest_does_not_get_the_file_of_another(filled: Board) -> None:
    send(filled)
    other = Submitting(board=filled, actor=SECOND)
    started = other.start(phase=PHASE, file_name="submission_T002_causal.zip", file=FILE, now=NOW)
    assert started.offset == 0
    with pytest.raises(RebalanceError, match="expected 10 bytes, got 0"):
        other.finish(started.identity, NOW)


def test_what_is_anothers_looks_like_what_is_not_there(filled: Board) -> None:
    sent = send(filled)
    messages = set()
    for identity in (sent.identity, "0" * 32):
        with pytest.raises(NotFoundError) as error:
            found_submission(filled, identity, SECOND)
        messages.add(str(error.value).replace(identity, ""))
    assert len(messages) == 1


def test_a_board_ranks_the_best_of_every_system_and_earlier_before_later(filled: Board) -> None:
    for minute, (actor, mean) in enumerate([(FIRST, 0.4), (FIRST, 0.5), (SECOND, 0.5), (SECOND, 0.3)]):
        now = NOW + dt.timedelta(minutes=minute)
        send(filled, actor, now)
        score(filled, mean, now)
    with filled.reading() as session:
        queries = BoardQueries(session=session)
        standing = queries.standing(PHASE)
        assert [(s.team, s.result.mean) for s in standing if s.result] == [("T001", 0.5), ("T002", 0.5)]
        assert rank_of(queries, standing[1]) == 2
        assert len(queries.submissions(phase=PHASE, team="T001", page=Page(n_shown=1))) == 1


def test_a_frozen_board_does_not_move_and_a_withdrawn_submission_leaves_it(filled: Board) -> None:
    first = send(filled)
    score(filled, 0.4)
    with filled.transaction() as session:
        Organising(session=session, now=NOW).freeze(PHASE)
    later = NOW + dt.timedelta(minutes=1)
    send(filled, now=later)
    score(filled, 0.9, later)
    with filled.transaction() as session:
        queries = BoardQueries(session=session)
        assert [s.identity for s in queries.standing(PHASE)] == [first.identity]
        Organising(session=session, now=later).withdraw(first.identity)
        assert not queries.standing(PHASE)
        Organising(session=session, now=later).unfreeze(PHASE)
        assert len(queries.standing(PHASE)) == 1


def test_a_published_board_stays_as_it_was(filled: Board) -> None:
    change_phase(filled, is_live=False)
    send(filled)
    score(filled, 0.4)
    with filled.reading() as session, pytest.raises(NotFoundError, match="not published"):
        public_standing(filled, BoardQueries(session=session), PHASE)
    with filled.transaction() as session:
        Organising(session=session, now=NOW).publish(PHASE, filled.files)
    send(filled, SECOND)
    score(filled, 0.6)
    with filled.reading() as session:
        assert [s.team for s in public_standing(filled, BoardQueries(session=session), PHASE)] == ["T001"]


def test_every_act_is_in_the_audit_trail_and_no_token_is(filled: Board) -> None:
    with filled.transaction() as session:
        made = Organising(session=session, now=NOW).make_token("T001", label="laptop")
        Organising(session=session, now=NOW).revoke_token(made.kept.identity)
    with filled.reading() as session:
        events = BoardQueries(session=session).events()
        assert [event.action for event in events[:2]] == ["revoke token", "make token"]
        assert made.token not in repr(events)
        assert BoardQueries(session=session).actor(made.token) is None


def test_a_job_is_claimed_by_one_worker_and_checks_come_first(filled: Board) -> None:
    sent = send(filled)
    kept = filled.files.add([b"{}"], max_bytes=9)
    with filled.transaction() as session:
        JobQueue(session=session).keep_verdict(claim_in(session, NOW), kept, NOW, accepted=True)
    newer = send(filled, SECOND)
    with ThreadPoolExecutor(4) as workers:
        claims = list(workers.map(lambda _: try_claim(filled), range(4)))
    taken = [claimed.job for claimed in claims if claimed is not None]
    assert sorted((job.kind, job.submission) for job in taken) == [("check", newer.identity), ("score", sent.identity)]


def try_claim(board: Board) -> ClaimedJob | None:
    with board.transaction() as session:
        return JobQueue(session=session).claim("worker", NOW)


def test_the_job_of_a_silent_worker_is_claimed_again_and_its_own_result_is_refused(filled: Board) -> None:
    send(filled)
    silent = claim(filled)
    assert try_claim(filled) is None
    later = NOW + LEASE + dt.timedelta(seconds=1)
    other = claim(filled, later)
    kept = filled.files.add([b"{}"], max_bytes=9)
    with filled.transaction() as session:
        queue = JobQueue(session=session)
        assert not queue.renew(silent, later, n_done=1, n_all=4)
        assert not queue.keep_verdict(silent, kept, later, accepted=True)
        assert queue.keep_verdict(other, kept, later, accepted=False)
    assert found_submission(filled, other.job.submission).state == "refused"


def test_a_job_that_kills_its_workers_fails_unless_it_gets_further(filled: Board) -> None:
    sent = send(filled)
    now = NOW
    for _ in range(MAX_TRIES):
        claimed = claim(filled, now)
        now += LEASE + dt.timedelta(seconds=1)
    with filled.transaction() as session:
        assert JobQueue(session=session).renew(claimed, now, n_done=1, n_all=4)
    now += LEASE + dt.timedelta(seconds=1)
    for _ in range(MAX_TRIES - 1):
        claim(filled, now)
        now += LEASE + dt.timedelta(seconds=1)
    with filled.transaction() as session:
        assert JobQueue(session=session).claim("worker", now) is None
    failed = found_submission(filled, sent.identity)
    assert failed.state == "failed"
    assert "workers died" in failed.reason
    with filled.transaction() as session:
        Organising(session=session, now=now).score_again(sent.identity)
    assert claim(filled, now).job.n_tries == 1


def test_the_jobs_of_a_withdrawn_submission_are_called_off(filled: Board) -> None:
    sent = send(filled)
    claimed = claim(filled)
    with filled.transaction() as session:
        Organising(session=session, now=NOW).withdraw(sent.identity)
    with filled.transaction() as session:
        assert not JobQueue(session=session).renew(claimed, NOW, n_done=0, n_all=4)
    with pytest.raises(NotAllowedError), filled.transaction() as session:
        Organising(session=session, now=NOW).withdraw(sent.identity)


def test_names_that_are_taken_or_none_are_refused(filled: Board) -> None:
    with filled.transaction() as session:
        acts = Organising(session=session, now=NOW)
        phase = BoardQueries(session=session).phase(PHASE)
        for act in (
            lambda: acts.add_team("T001"),
            lambda: acts.add_team("../T001"),
            lambda: acts.add_phase(phase),
            lambda: acts.add_phase(dataclasses.replace(phase, name="a b")),
            lambda: acts.make_token("T009"),
        ):
            with pytest.raises(RebalanceError):
                act()
    with pytest.raises(NotAllowedError):
        Organising(session=session, now=NOW, actor=FIRST)
