"""The queue of jobs: a table with leases, for SQLite and PostgreSQL alike.

Libraries were looked at first: procrastinate and pgqueuer need PostgreSQL, huey's and litequeue's tables need SQLite,
and celery calls its database transport experimental. What is needed is small: a job is claimed under a random claim
and a lease, the worker renews the lease while it works, a job whose lease ran out is claimed anew, and whoever lost the
claim can write nothing. The result is committed together with the end of the job, so it is written once.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from rebalance.web.leaderboard._board_tables import AttemptRow, EventRow, JobRow, ScoreRow, SubmissionRow
from rebalance.web.leaderboard._board_values import Job, JobKind, Result
from rebalance.web.leaderboard._row_values import job_value
from rebalance.web.leaderboard._stored_files import StoredFile
from rebalance.web.leaderboard._submitting import new_job

LEASE = dt.timedelta(seconds=60)
MAX_TRIES = 8
_CLAIM_BYTES = 16
_KINDS: tuple[JobKind, ...] = ("check", "score")
_LOST_WORKERS = f"{MAX_TRIES} workers died at it without getting any further"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedJob:
    """A job in the hands of a worker, as long as the claim holds."""

    job: Job
    claim: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobQueue:
    """Jobs within a transaction.

    Parameters
    ----------
    session
        From `Board.transaction`.
    lease
        How long a worker may be silent before its job is given to another. The clocks of all workers must agree to a
        small part of it.
    """

    session: Session
    lease: dt.timedelta = LEASE

    def claim(self, worker: str, now: dt.datetime, kinds: Collection[JobKind] = _KINDS) -> ClaimedJob | None:
        """Take the next job that waits or whose worker is silent, checks first; None where there is none."""
        free = or_(JobRow.state == "waiting", and_(JobRow.state == "running", JobRow.leased_until < now))
        query = select(JobRow).where(free, JobRow.kind.in_(kinds)).order_by(JobRow.kind, JobRow.id).limit(1)
        row = self.session.scalars(query.with_for_update(skip_locked=True)).one_or_none()
        if row is None:
            return None
        self._end_attempt(row.claim, "lost", now)
        if row.n_tries >= MAX_TRIES:
            self._fail(row, _LOST_WORKERS, now)
            return self.claim(worker, now, kinds)
        row.state, row.claim, row.leased_until = "running", secrets.token_hex(_CLAIM_BYTES), now + self.lease
        row.n_tries += 1
        attempt = AttemptRow(
            job_id=row.id, claim=row.claim, worker=worker, started_at=now, ended_at=None, outcome="running"
        )
        self.session.add(attempt)
        self.session.flush()
        return ClaimedJob(job=job_value(row), claim=row.claim)

    def renew(self, claimed: ClaimedJob, now: dt.datetime, *, n_done: int, n_all: int) -> bool:
        """Say that a worker lives and how far it is; False where the claim was lost or the job called off.

        Tries are counted anew whenever scenes were finished: only workers that die without getting further count.
        """
        row = self._held(claimed)
        if row is None:
            return False
        if n_done > row.n_done:
            row.n_tries = 1
        row.leased_until, row.n_done, row.n_all = now + self.lease, n_done, n_all
        return True

    def release(self, claimed: ClaimedJob, now: dt.datetime) -> None:
        """Give a job back unfinished: the worker was told to stop."""
        if (row := self._held(claimed)) is not None:
            row.state, row.claim, row.leased_until = "waiting", None, None
            row.n_tries -= 1
            self._end_attempt(claimed.claim, "released", now)

    def keep_verdict(self, claimed: ClaimedJob, verdict: StoredFile, now: dt.datetime, *, accepted: bool) -> bool:
        """Write the verdict of a check, and queue the scoring where it was accepted; False where the claim was lost."""
        row = self._held(claimed)
        if row is None:
            return False
        submission = self.session.get_one(SubmissionRow, row.submission_id)
        submission.verdict_digest, submission.verdict_bytes = verdict.digest, verdict.n_bytes
        if submission.state == "checking":
            submission.state = "scoring" if accepted else "refused"
            if accepted:
                self.session.add(new_job(submission.id, "score", now))
        self._done(row, now, "accepted" if accepted else "refused")
        return True

    def keep_result(self, claimed: ClaimedJob, result: Result, now: dt.datetime) -> bool:
        """Write the result of a scoring; False where the claim was lost."""
        row = self._held(claimed)
        if row is None:
            return False
        self.session.add(
            ScoreRow(
                submission_id=row.submission_id,
                mean=result.mean,
                n_pairs=result.n_pairs,
                table_digest=result.table.digest,
                table_bytes=result.table.n_bytes,
                summary_digest=result.summary.digest,
                summary_bytes=result.summary.n_bytes,
                scored_at=result.scored_at,
            )
        )
        submission = self.session.get_one(SubmissionRow, row.submission_id)
        if submission.state == "scoring":
            submission.state = "scored"
        row.n_done = row.n_all
        self._done(row, now, "scored")
        return True

    def fail(self, claimed: ClaimedJob, reason: str, now: dt.datetime) -> bool:
        """Write that a job cannot be done, for a reason that would be met again; False where the claim was lost."""
        row = self._held(claimed)
        if row is None:
            return False
        self._fail(row, reason, now)
        return True

    def _held(self, claimed: ClaimedJob) -> JobRow | None:
        """Return the job, locked, if it is still this worker's."""
        query = select(JobRow).where(JobRow.id == claimed.job.identity, JobRow.claim == claimed.claim)
        row = self.session.scalars(query.where(JobRow.state == "running").with_for_update()).one_or_none()
        if row is None:
            return None
        return row

    def _done(self, row: JobRow, now: dt.datetime, outcome: str) -> None:
        self._end_attempt(row.claim, outcome, now)
        row.state, row.leased_until, row.ended_at = "done", None, now

    def _fail(self, row: JobRow, reason: str, now: dt.datetime) -> None:
        self._end_attempt(row.claim, "failed", now)
        row.state, row.leased_until, row.ended_at = "failed", None, now
        submission = self.session.get_one(SubmissionRow, row.submission_id)
        if submission.state in ("checking", "scoring"):
            submission.state, submission.reason = "failed", reason
        self.session.add(EventRow(at=now, actor="worker", action=f"{row.kind} failed", subject=row.submission_id))

    def _end_attempt(self, claim: str | None, outcome: str, now: dt.datetime) -> None:
        ended = update(AttemptRow).where(AttemptRow.claim == claim, AttemptRow.ended_at.is_(None))
        self.session.execute(ended.values(outcome=outcome, ended_at=now))
