"""The tables of the board, as SQLAlchemy 2 models; migrations make them, see `rebalance.web.leaderboard.migrations`."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, MetaData, String, Text, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcTime(TypeDecorator[dt.datetime]):
    """A moment in UTC; SQLite keeps no time zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """Return a moment as the database takes it."""
        if value is None:
            return None
        utc = value.astimezone(dt.UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.datetime | None:  # noqa: ANN401, ARG002
        """Return a moment as it is used."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)  # type: ignore[no-any-return]


class Table(DeclarativeBase):
    """What all tables have in common: how constraints are named, and which types stand for which columns."""

    metadata = MetaData(naming_convention=_CONVENTION)
    type_annotation_map = {dt.datetime: UtcTime, str: Text}  # noqa: RUF012 - the form SQLAlchemy asks for


class TaskRow(Table):
    """A task whose references stay on the server."""

    __tablename__ = "tasks"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[str]
    folder: Mapped[str]
    split: Mapped[str] = mapped_column(String(8))
    metric: Mapped[str] = mapped_column(String(64))
    added_at: Mapped[dt.datetime]


class PhaseRow(Table):
    """A phase of a task: when it is open, and how often a team may submit."""

    __tablename__ = "phases"
    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id"))
    name: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[str]
    opens_at: Mapped[dt.datetime | None]
    closes_at: Mapped[dt.datetime | None]
    max_per_day: Mapped[int | None]
    max_total: Mapped[int | None]
    is_live: Mapped[bool]
    frozen_at: Mapped[dt.datetime | None]


class TeamRow(Table):
    """A team, under the name that its archives carry."""

    __tablename__ = "teams"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[str]
    added_at: Mapped[dt.datetime]


class TokenRow(Table):
    """A token by its hash; without a team it is an organiser's."""

    __tablename__ = "tokens"
    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"), index=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    label: Mapped[str]
    made_at: Mapped[dt.datetime]
    revoked_at: Mapped[dt.datetime | None]


class UploadRow(Table):
    """A file that is on its way in, as its sender announced it."""

    __tablename__ = "uploads"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    phase_id: Mapped[int] = mapped_column(ForeignKey("phases.id"))
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), index=True)
    file_name: Mapped[str]
    digest: Mapped[str] = mapped_column(String(64))
    n_bytes: Mapped[int] = mapped_column(BigInteger)
    started_at: Mapped[dt.datetime]


class SubmissionRow(Table):
    """An upload that arrived whole, and what became of it."""

    __tablename__ = "submissions"
    __table_args__ = (
        Index("ix_submissions_phase_id_submitted_at", "phase_id", "submitted_at"),
        Index("ix_submissions_team_id_submitted_at", "team_id", "submitted_at"),
    )
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    phase_id: Mapped[int] = mapped_column(ForeignKey("phases.id"))
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    file_name: Mapped[str]
    digest: Mapped[str] = mapped_column(String(64))
    n_bytes: Mapped[int] = mapped_column(BigInteger)
    causality: Mapped[str] = mapped_column(String(16))
    augmented: Mapped[bool]
    supplementary: Mapped[bool]
    state: Mapped[str] = mapped_column(String(16), index=True)
    reason: Mapped[str]
    verdict_digest: Mapped[str | None] = mapped_column(String(64))
    verdict_bytes: Mapped[int | None]
    submitted_at: Mapped[dt.datetime]
    withdrawn_at: Mapped[dt.datetime | None]


class JobRow(Table):
    """Work on a submission: at most one of each kind."""

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("submission_id", "kind"),
        Index("ix_jobs_state_kind_id", "state", "kind", "id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submissions.id"))
    kind: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(8))
    claim: Mapped[str | None] = mapped_column(String(32))
    leased_until: Mapped[dt.datetime | None]
    n_tries: Mapped[int]
    n_done: Mapped[int]
    n_all: Mapped[int]
    queued_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]


class AttemptRow(Table):
    """One try of one worker at a job."""

    __tablename__ = "attempts"
    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id"), index=True)
    claim: Mapped[str] = mapped_column(String(32), unique=True)
    worker: Mapped[str]
    started_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
    outcome: Mapped[str]


class ScoreRow(Table):
    """The result of a submission: written once, the files under their digests."""

    __tablename__ = "scores"
    submission_id: Mapped[str] = mapped_column(ForeignKey("submissions.id"), primary_key=True)
    mean: Mapped[float]
    n_pairs: Mapped[int]
    table_digest: Mapped[str] = mapped_column(String(64))
    table_bytes: Mapped[int]
    summary_digest: Mapped[str] = mapped_column(String(64))
    summary_bytes: Mapped[int]
    scored_at: Mapped[dt.datetime]


class PublicationRow(Table):
    """A board as it was published, in a file under its digest."""

    __tablename__ = "publications"
    id: Mapped[int] = mapped_column(primary_key=True)
    phase_id: Mapped[int] = mapped_column(ForeignKey("phases.id"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    n_bytes: Mapped[int] = mapped_column(BigInteger)
    published_at: Mapped[dt.datetime]


class EventRow(Table):
    """Who did what, and when: only ever added to."""

    __tablename__ = "events"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime]
    actor: Mapped[str]
    action: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str]
