"""What organisers do to a board, every act with its entry in the audit trail."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from rebalance._base.errors import RebalanceError
from rebalance._base.files import StrPath, expanded
from rebalance.submission import SubmissionName
from rebalance.task import checked_split, load_task
from rebalance.web.leaderboard._board_queries import BoardQueries
from rebalance.web.leaderboard._board_tables import (
    EventRow,
    JobRow,
    PhaseRow,
    PublicationRow,
    SubmissionRow,
    TaskRow,
    TeamRow,
    TokenRow,
)
from rebalance.web.leaderboard._board_values import (
    ORGANISER,
    Actor,
    BoardTask,
    NewToken,
    NotAllowedError,
    Phase,
    Publication,
    Submission,
    Team,
)
from rebalance.web.leaderboard._ranked_scores import score_column
from rebalance.web.leaderboard._row_values import found_row, phase_row, task_row, team_row, token_value
from rebalance.web.leaderboard._stored_files import FileStore
from rebalance.web.leaderboard._submission_rules import WITHDRAWABLE
from rebalance.web.leaderboard._tokens import hash_token, new_token

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", flags=re.ASCII)
_MAX_TITLE = 200
_MAX_PUBLICATION_BYTES = 1 << 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Organising:
    """Acts of an organiser within a transaction.

    Parameters
    ----------
    session
        From `Board.transaction`.
    actor
        Who acts; the command line is an organiser.
    now
        The moment of the act.

    Raises
    ------
    NotAllowedError
        If a team acts as an organiser.
    """

    session: Session
    now: dt.datetime
    actor: Actor = ORGANISER

    def __post_init__(self) -> None:
        if self.actor.role != "organiser":
            raise NotAllowedError("this is for organisers", where=self.actor.name)

    def add_task(self, name: str, folder: StrPath, *, title: str = "", split: str, metric: str = "haaqi") -> BoardTask:
        """Add a task: a folder in the challenge's format that holds the true sources of a split.

        Parameters
        ----------
        name
            Short, unique on the board.
        folder
            Root of the task.
        title
            What is shown; the name when empty.
        split
            Which of its splits.
        metric
            ``"haaqi"`` or an installed one.

        Raises
        ------
        RebalanceError
            If the name is taken or no name, the task cannot be read, or the metric is not installed.
        """
        score_column(metric)
        path = expanded(folder).resolve()
        task = load_task(path, checked_split(split), require_sources=True)
        row = TaskRow(
            name=self._free_name(TaskRow, name),
            title=_title(title or name),
            folder=str(path),
            split=task.split,
            metric=metric,
            added_at=self.now,
        )
        self.session.add(row)
        self._note("add task", name)
        return BoardTask(name=name, title=row.title, folder=row.folder, split=row.split, metric=metric)

    def add_phase(self, phase: Phase) -> Phase:
        """Add a phase to its task.

        Raises
        ------
        RebalanceError
            If the name is taken or no name, or there is no such task.
        """
        self._free_name(PhaseRow, phase.name)
        row = PhaseRow(task_id=task_row(self.session, phase.task).id, name=phase.name, **_settings(phase))
        self.session.add(row)
        self._note("add phase", phase.name)
        return BoardQueries(session=self.session).phase(phase.name)

    def change_phase(self, phase: Phase) -> Phase:
        """Give a phase other times, limits or another title."""
        row = phase_row(self.session, phase.name)
        for name, value in _settings(phase).items():
            setattr(row, name, value)
        self._note("change phase", phase.name)
        return BoardQueries(session=self.session).phase(phase.name)

    def add_team(self, name: str, *, title: str = "") -> Team:
        """Add a team under the name its archives carry.

        Parameters
        ----------
        name
            Unique on the board.
        title
            What is shown; the name when empty.

        Raises
        ------
        RebalanceError
            If the name is taken, or cannot stand in the name of an archive.
        """
        SubmissionName(team=name, causality="causal")
        if self.session.scalars(select(TeamRow).where(TeamRow.name == name)).first() is not None:
            raise RebalanceError(where="team", expected="a new name", got=repr(name))
        row = TeamRow(name=name, title=_title(title or name), added_at=self.now)
        self.session.add(row)
        self._note("add team", name)
        return Team(name=name, title=row.title, added_at=self.now)

    def make_token(self, team: str | None, *, label: str = "") -> NewToken:
        """Make a token of a team, or of an organiser when None; the token itself is not kept.

        Parameters
        ----------
        team
            Name of the team.
        label
            Purpose of the token, in words.
        """
        token = new_token()
        row = TokenRow(
            team_id=None if team is None else team_row(self.session, team).id,
            hash=hash_token(token),
            label=_title(label),
            made_at=self.now,
            revoked_at=None,
        )
        self.session.add(row)
        self.session.flush()
        self._note("make token", f"{row.id} of {team or 'an organiser'}")
        return NewToken(kept=token_value(row, team), token=token)

    def revoke_token(self, identity: int) -> None:
        """Make a token worthless; to revoke it again changes nothing."""
        row = found_row(self.session, TokenRow, "token", TokenRow.id == identity, str(identity))
        row.revoked_at = row.revoked_at or self.now
        self._note("revoke token", str(identity))

    def freeze(self, phase: str) -> None:
        """Let later submissions move the board of a phase no more."""
        row = phase_row(self.session, phase)
        row.frozen_at = row.frozen_at or self.now
        self._note("freeze", phase)

    def unfreeze(self, phase: str) -> None:
        """Let all submissions move the board again."""
        phase_row(self.session, phase).frozen_at = None
        self._note("unfreeze", phase)

    def publish(self, phase: str, files: FileStore) -> Publication:
        """Show the public the board of a phase as it is now: best submission of every system, in a file of its own.

        Parameters
        ----------
        phase
            Name of the phase.
        files
            Where the file is kept.
        """
        row = phase_row(self.session, phase)
        standing = BoardQueries(session=self.session).standing(phase)
        content = json.dumps([_published(submission) for submission in standing], sort_keys=True).encode()
        file = files.add([content], max_bytes=_MAX_PUBLICATION_BYTES)
        kept = PublicationRow(phase_id=row.id, digest=file.digest, n_bytes=file.n_bytes, published_at=self.now)
        self.session.add(kept)
        self.session.flush()
        self._note("publish", phase)
        return Publication(identity=kept.id, phase=phase, file=file, published_at=self.now)

    def withdraw(self, submission: str) -> None:
        """Take a submission of any team off the board; its files stay until they are pruned."""
        withdraw(self.session, submission, self.actor, self.now)

    def score_again(self, submission: str) -> None:
        """Put a failed submission back into the queue."""
        row = found_row(self.session, SubmissionRow, "submission", SubmissionRow.id == submission, submission)
        if row.state != "failed":
            raise NotAllowedError(where=f"submission {submission}", expected="one that failed", got=row.state)
        jobs = select(JobRow).where(JobRow.submission_id == submission, JobRow.state == "failed")
        for job in self.session.scalars(jobs):
            job.state, job.n_tries, job.ended_at = "waiting", 0, None
            row.state, row.reason = ("checking" if job.kind == "check" else "scoring"), ""
        self._note("score again", submission)

    def _free_name(self, kind: type[TaskRow | PhaseRow], name: str) -> str:
        if not _NAME.fullmatch(name):
            raise RebalanceError(where="name", expected="small letters, digits and hyphens", got=ascii(name[:80]))
        if self.session.scalars(select(kind).where(kind.name == name)).first() is not None:
            raise RebalanceError(where="name", expected="a new one", got=repr(name))
        return name

    def _note(self, action: str, subject: str) -> None:
        self.session.add(EventRow(at=self.now, actor=self.actor.name, action=action, subject=subject))


def withdraw(session: Session, submission: str, actor: Actor, now: dt.datetime) -> Submission:
    """Take a submission off the board: a team its own, an organiser any.

    Parameters
    ----------
    session
        Of the database, in a transaction.
    submission
        Its identity.
    actor
        The team or organiser who asks.
    now
        In UTC.

    Raises
    ------
    NotFoundError
        If it is not there for them.
    NotAllowedError
        If it is withdrawn already.

    Examples
    --------
    >>> import datetime as dt
    >>> import tempfile
    >>> from rebalance.web.leaderboard import ORGANISER, NotFoundError, opened_board, upgrade_board, withdraw
    >>> with tempfile.TemporaryDirectory() as folder, opened_board(folder, check_revision=False) as board:
    ...     _ = upgrade_board(board)
    ...     with board.transaction() as session:
    ...         try:
    ...             withdraw(session, "0" * 32, ORGANISER, dt.datetime.now(dt.UTC))
    ...         except NotFoundError as error:
    ...             print(error)
    submission: expected one that is there, got '00000000000000000000000000000000'
    """
    found = BoardQueries(session=session).submission(submission, actor)
    if found.state not in WITHDRAWABLE:
        raise NotAllowedError(f"is {found.state} already", where=f"submission {submission}")
    row = session.get_one(SubmissionRow, submission)
    row.state, row.withdrawn_at = "withdrawn", now
    unfinished = update(JobRow).where(JobRow.submission_id == submission, JobRow.state.in_(("waiting", "running")))
    session.execute(unfinished.values(state="failed", claim=None, ended_at=now))
    session.add(EventRow(at=now, actor=actor.name, action="withdraw", subject=submission))
    return dataclasses.replace(found, state="withdrawn", withdrawn_at=now)


def published_identities(content: bytes) -> tuple[str, ...]:
    """Return the submissions that the file of a publication lists, best first.

    Examples
    --------
    >>> from rebalance.web.leaderboard import published_identities
    >>> published_identities(b'[{"submission": "0a"}, {"submission": "0b"}]')
    ('0a', '0b')
    """
    return tuple(str(entry["submission"]) for entry in json.loads(content))


def _published(submission: Submission) -> dict[str, object]:
    """Return an entry of a publication as JSON."""
    assert submission.result is not None
    return {
        "submission": submission.identity,
        "team": submission.team,
        "causality": submission.causality,
        "augmented": submission.augmented,
        "supplementary": submission.supplementary,
        "mean": submission.result.mean,
        "scores": submission.result.table.digest,
    }


def _settings(phase: Phase) -> dict[str, object]:
    """Return what of a phase can be changed, by column."""
    names = ("opens_at", "closes_at", "max_per_day", "max_total", "is_live", "frozen_at")
    return {"title": _title(phase.title or phase.name), **{name: getattr(phase, name) for name in names}}


def _title(text: str) -> str:
    """Return a line to show.

    Raises
    ------
    RebalanceError
        If it is too long or holds control characters.
    """
    if len(text) > _MAX_TITLE or not text.isprintable():
        raise RebalanceError(where="title", expected=f"one line of at most {_MAX_TITLE} characters")
    return text
