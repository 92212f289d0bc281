"""What can be asked of a board; every answer is a frozen value."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from rebalance.web.leaderboard._board_tables import (
    EventRow,
    JobRow,
    PhaseRow,
    PublicationRow,
    ScoreRow,
    SubmissionRow,
    TaskRow,
    TeamRow,
    TokenRow,
)
from rebalance.web.leaderboard._board_values import (
    Actor,
    BoardTask,
    Event,
    Job,
    KeptToken,
    NotFoundError,
    Page,
    Phase,
    Publication,
    Submission,
    Team,
)
from rebalance.web.leaderboard._ranked_scores import is_higher_better
from rebalance.web.leaderboard._row_values import (
    job_value,
    phase_row,
    phase_value,
    submission_value,
    task_row,
    team_row,
    token_value,
)
from rebalance.web.leaderboard._stored_files import StoredFile
from rebalance.web.leaderboard._submission_rules import DAY, SubmissionCounts
from rebalance.web.leaderboard._tokens import hash_token, token_matches

_FIRST_PAGE = Page()
_COUNTED = ("checking", "scoring", "scored", "withdrawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardQueries:
    """Questions to a board within a transaction.

    Parameters
    ----------
    session
        From `Board.transaction`.
    """

    session: Session

    def actor(self, token: str) -> Actor | None:
        """Return whose token it is; None where it is nobody's, or was revoked."""
        hashed = hash_token(token)
        query = select(TokenRow, TeamRow.name).outerjoin(TeamRow).where(TokenRow.hash == hashed)
        row = self.session.execute(query.where(TokenRow.revoked_at.is_(None))).one_or_none()
        if row is None or not token_matches(token, row.TokenRow.hash):
            return None
        return Actor(role="team", team=row.name) if row.name else Actor(role="organiser")

    def tasks(self) -> tuple[BoardTask, ...]:
        """Return all tasks by name."""
        rows = self.session.scalars(select(TaskRow).order_by(TaskRow.name))
        return tuple(map(_task_value, rows))

    def task(self, name: str) -> BoardTask:
        """Return a task."""
        return _task_value(task_row(self.session, name))

    def phases(self) -> tuple[Phase, ...]:
        """Return all phases, those of a task together, in the order they were added."""
        query = select(PhaseRow, TaskRow).join(TaskRow).order_by(TaskRow.name, PhaseRow.id)
        return tuple(phase_value(*row) for row in self.session.execute(query))

    def phase(self, name: str) -> Phase:
        """Return a phase."""
        row = phase_row(self.session, name)
        return phase_value(row, self.session.get_one(TaskRow, row.task_id))

    def teams(self) -> tuple[Team, ...]:
        """Return all teams by name."""
        rows = self.session.scalars(select(TeamRow).order_by(TeamRow.name))
        return tuple(Team(name=row.name, title=row.title, added_at=row.added_at) for row in rows)

    def team(self, name: str) -> Team:
        """Return a team."""
        row = team_row(self.session, name)
        return Team(name=row.name, title=row.title, added_at=row.added_at)

    def tokens(self) -> tuple[KeptToken, ...]:
        """Return what may be shown of all tokens, newest first."""
        query = select(TokenRow, TeamRow.name).outerjoin(TeamRow).order_by(TokenRow.id.desc())
        return tuple(token_value(*row) for row in self.session.execute(query))

    def submission(self, identity: str, actor: Actor) -> Submission:
        """Return a submission to those who may see it: its team, and organisers.

        Parameters
        ----------
        identity
            Of the submission.
        actor
            The team or organiser who asks.

        Raises
        ------
        NotFoundError
            If there is none, or it is another team's: the two look alike.
        """
        query = _submissions().where(SubmissionRow.id == identity)
        if actor.role == "team":
            query = query.where(TeamRow.name == actor.team)
        row = self.session.execute(query).one_or_none()
        if row is None:
            raise NotFoundError(where="submission", expected="one that is there", got=ascii(identity[:64]))
        return submission_value(*row)

    def submissions(
        self, *, phase: str | None = None, team: str | None = None, page: Page = _FIRST_PAGE
    ) -> tuple[Submission, ...]:
        """Return submissions of a phase, a team, both or all, newest first.

        Parameters
        ----------
        phase
            Name; of all phases when None.
        team
            Name; of all teams when None.
        page
            Which stretch of the list.
        """
        query = _submissions().order_by(SubmissionRow.submitted_at.desc(), SubmissionRow.id)
        query = query.where(*self._conditions(phase, team)).offset(page.start).limit(page.n_shown)
        return tuple(submission_value(*row) for row in self.session.execute(query))

    def count_submissions(self, *, phase: str | None = None, team: str | None = None) -> int:
        """Return how many submissions there are of a phase, a team, both or in all.

        Parameters
        ----------
        phase
            Name; of all phases when None.
        team
            Name; of all teams when None.
        """
        query = select(func.count(SubmissionRow.id)).where(*self._conditions(phase, team))
        return self.session.execute(query).scalar_one()

    def counts(self, *, phase: str, team: str, now: dt.datetime) -> SubmissionCounts:
        """Return how many submissions count against the limits of a team.

        Parameters
        ----------
        phase
            Name of the phase.
        team
            Name of the team.
        now
            In UTC; the day is the 24 hours before.
        """
        counted = select(func.count(SubmissionRow.id)).where(*self._conditions(phase, team))
        counted = counted.where(SubmissionRow.state.in_(_COUNTED))
        recent = counted.where(SubmissionRow.submitted_at > now - DAY)
        return SubmissionCounts(
            in_day=self.session.execute(recent).scalar_one(), in_all=self.session.execute(counted).scalar_one()
        )

    def standing(self, phase: str) -> tuple[Submission, ...]:
        """Return the best scored submission of every system as of now, or of the freeze, best first.

        A system is a team with causality, augmentation and supplementary data. Of equal scores the earlier is the
        better. What was withdrawn has no place.
        """
        row = phase_row(self.session, phase)
        task = self.session.get_one(TaskRow, row.task_id)
        best_first = ScoreRow.mean.desc() if is_higher_better(task.metric) else ScoreRow.mean.asc()
        ranks = func.row_number().over(
            partition_by=(
                SubmissionRow.team_id,
                SubmissionRow.causality,
                SubmissionRow.augmented,
                SubmissionRow.supplementary,
            ),
            order_by=(best_first, SubmissionRow.submitted_at, SubmissionRow.id),
        )
        ranked = select(SubmissionRow.id, ranks.label("place")).join(ScoreRow)
        ranked = ranked.where(SubmissionRow.phase_id == row.id, SubmissionRow.state == "scored")
        if row.frozen_at is not None:
            ranked = ranked.where(SubmissionRow.submitted_at <= row.frozen_at)
        best = ranked.subquery()
        query = _submissions().join(best, best.c.id == SubmissionRow.id).where(best.c.place == 1)
        query = query.order_by(best_first, SubmissionRow.submitted_at, SubmissionRow.id)
        return tuple(submission_value(*found) for found in self.session.execute(query))

    def by_identity(self, identities: Sequence[str]) -> tuple[Submission, ...]:
        """Return submissions in the order named, those of a publication for instance; absent ones are left out."""
        rows = self.session.execute(_submissions().where(SubmissionRow.id.in_(identities)))
        found = {value.identity: value for value in (submission_value(*row) for row in rows)}
        return tuple(found[identity] for identity in identities if identity in found)

    def publications(self, phase: str) -> tuple[Publication, ...]:
        """Return what was published of a phase, newest first."""
        row = phase_row(self.session, phase)
        query = select(PublicationRow).where(PublicationRow.phase_id == row.id).order_by(PublicationRow.id.desc())
        return tuple(
            Publication(
                identity=kept.id,
                phase=phase,
                file=StoredFile(digest=kept.digest, n_bytes=kept.n_bytes),
                published_at=kept.published_at,
            )
            for kept in self.session.scalars(query)
        )

    def jobs_of(self, submission: str) -> tuple[Job, ...]:
        """Return the jobs of a submission: its check, then its scoring."""
        query = select(JobRow).where(JobRow.submission_id == submission).order_by(JobRow.id)
        return tuple(map(job_value, self.session.scalars(query)))

    def unfinished_jobs(self, page: Page = _FIRST_PAGE) -> tuple[Job, ...]:
        """Return what waits or runs, in the order it is taken."""
        query = select(JobRow).where(JobRow.state.in_(("waiting", "running"))).order_by(JobRow.kind, JobRow.id)
        return tuple(map(job_value, self.session.scalars(query.offset(page.start).limit(page.n_shown))))

    def events(self, page: Page = _FIRST_PAGE) -> tuple[Event, ...]:
        """Return the audit trail, newest first."""
        query = select(EventRow).order_by(EventRow.id.desc()).offset(page.start).limit(page.n_shown)
        rows = self.session.scalars(query)
        return tuple(Event(at=row.at, actor=row.actor, action=row.action, subject=row.subject) for row in rows)

    def _conditions(self, phase: str | None, team: str | None) -> tuple[ColumnElement[bool], ...]:
        """Return what the submissions of a phase and a team fulfil."""
        found: list[ColumnElement[bool]] = []
        if phase is not None:
            found.append(SubmissionRow.phase_id == phase_row(self.session, phase).id)
        if team is not None:
            found.append(SubmissionRow.team_id == team_row(self.session, team).id)
        return tuple(found)


def _submissions() -> Select[SubmissionRow, PhaseRow, TaskRow, TeamRow, ScoreRow]:
    """Return the query for whole submissions."""
    return (
        select(SubmissionRow, PhaseRow, TaskRow, TeamRow, ScoreRow)
        .join(PhaseRow, PhaseRow.id == SubmissionRow.phase_id)
        .join(TaskRow, TaskRow.id == PhaseRow.task_id)
        .join(TeamRow, TeamRow.id == SubmissionRow.team_id)
        .outerjoin(ScoreRow, ScoreRow.submission_id == SubmissionRow.id)
    )


def _task_value(row: TaskRow) -> BoardTask:
    return BoardTask(name=row.name, title=row.title, folder=row.folder, split=row.split, metric=row.metric)
