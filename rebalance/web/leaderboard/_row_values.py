"""From rows of the database to values, and the look-ups of rows by name."""

from __future__ import annotations

from typing import TypeVar, cast

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from rebalance.web.leaderboard._board_tables import (
    JobRow,
    PhaseRow,
    ScoreRow,
    SubmissionRow,
    Table,
    TaskRow,
    TeamRow,
    TokenRow,
)
from rebalance.web.leaderboard._board_values import (
    Job,
    JobKind,
    JobState,
    KeptToken,
    NotFoundError,
    Phase,
    Result,
    Submission,
    SubmissionState,
)
from rebalance.web.leaderboard._stored_files import StoredFile

Row = TypeVar("Row", bound=Table)


def found_row(session: Session, kind: type[Row], what: str, condition: ColumnElement[bool], name: str) -> Row:
    """Return the one row that is meant.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    row = session.scalars(select(kind).where(condition)).one_or_none()
    if row is None:
        raise NotFoundError(where=what, expected="one that is there", got=ascii(name[:64]))
    return row


def task_row(session: Session, name: str) -> TaskRow:
    """Return the row of a task."""
    return found_row(session, TaskRow, "task", TaskRow.name == name, name)


def phase_row(session: Session, name: str) -> PhaseRow:
    """Return the row of a phase."""
    return found_row(session, PhaseRow, "phase", PhaseRow.name == name, name)


def team_row(session: Session, name: str) -> TeamRow:
    """Return the row of a team."""
    return found_row(session, TeamRow, "team", TeamRow.name == name, name)


def phase_value(row: PhaseRow, task: TaskRow) -> Phase:
    """Return a phase as a value."""
    return Phase(
        name=row.name,
        title=row.title,
        task=task.name,
        task_title=task.title,
        opens_at=row.opens_at,
        closes_at=row.closes_at,
        max_per_day=row.max_per_day,
        max_total=row.max_total,
        is_live=row.is_live,
        frozen_at=row.frozen_at,
    )


def token_value(row: TokenRow, team: str | None) -> KeptToken:
    """Return what may be shown of a token."""
    return KeptToken(identity=row.id, team=team or "", label=row.label, made_at=row.made_at, revoked_at=row.revoked_at)


def job_value(row: JobRow) -> Job:
    """Return a job as a value."""
    return Job(
        identity=row.id,
        submission=row.submission_id,
        kind=cast("JobKind", row.kind),
        state=cast("JobState", row.state),
        n_tries=row.n_tries,
        n_done=row.n_done,
        n_all=row.n_all,
        queued_at=row.queued_at,
        ended_at=row.ended_at,
    )


def submission_value(
    row: SubmissionRow, phase: PhaseRow, task: TaskRow, team: TeamRow, score: ScoreRow | None
) -> Submission:
    """Return a submission as a value."""
    return Submission(
        identity=row.id,
        phase=phase.name,
        task=task.name,
        team=team.name,
        file_name=row.file_name,
        file=StoredFile(digest=row.digest, n_bytes=row.n_bytes),
        causality=row.causality,
        augmented=row.augmented,
        supplementary=row.supplementary,
        state=cast("SubmissionState", row.state),
        reason=row.reason,
        submitted_at=row.submitted_at,
        withdrawn_at=row.withdrawn_at,
        verdict=_file(row.verdict_digest, row.verdict_bytes),
        result=None if score is None else _result(score),
    )


def _file(digest: str | None, n_bytes: int | None) -> StoredFile | None:
    return None if digest is None or n_bytes is None else StoredFile(digest=digest, n_bytes=n_bytes)


def _result(row: ScoreRow) -> Result:
    return Result(
        mean=row.mean,
        n_pairs=row.n_pairs,
        table=StoredFile(digest=row.table_digest, n_bytes=row.table_bytes),
        summary=StoredFile(digest=row.summary_digest, n_bytes=row.summary_bytes),
        scored_at=row.scored_at,
    )
