"""What the board tells: frozen values, made from rows, that outlive their session."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal, TypeAlias

from rebalance._base.errors import RebalanceError
from rebalance.web.leaderboard._stored_files import StoredFile

SubmissionState: TypeAlias = Literal["checking", "refused", "scoring", "scored", "failed", "withdrawn"]
JobKind: TypeAlias = Literal["check", "score"]
JobState: TypeAlias = Literal["waiting", "running", "done", "failed"]
Role: TypeAlias = Literal["organiser", "team"]


class NotAllowedError(RebalanceError):
    """The one who asks may not do this."""


class NotFoundError(RebalanceError):
    """There is no such thing, or not for the one who asks."""


class UnavailableError(RebalanceError):
    """The database cannot be asked at the moment; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks: an organiser, or a team.

    Parameters
    ----------
    role
        What they may do.
    team
        Name of the team; empty for an organiser.

    Raises
    ------
    RebalanceError
        If a team has no name or an organiser has one.
    """

    role: Role
    team: str = ""

    def __post_init__(self) -> None:
        if (self.role == "team") != bool(self.team):
            raise RebalanceError(where="actor", expected="a team with a name, or an organiser without one")

    @property
    def name(self) -> str:
        """What stands in the audit trail."""
        return f"team {self.team}" if self.team else self.role


ORGANISER = Actor(role="organiser")


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardTask:
    """A task of the board; `folder` is for the server alone.

    Parameters
    ----------
    name, title
        Short name, unique on the board, and what is shown.
    folder
        Root of the task on the server.
    split
        Which of its splits.
    metric
        By which it is ranked.
    """

    name: str
    title: str
    folder: str
    split: str
    metric: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A phase of a task.

    Parameters
    ----------
    name, title
        Short name, unique on the board, and what is shown.
    task, task_title
        Of the task.
    opens_at, closes_at
        Between them teams may submit; None for no limit.
    max_per_day, max_total
        Submissions of one team, in 24 hours and in all; None for no limit.
    is_live
        Whether the public sees the board as it is now; otherwise it sees what was last published.
    frozen_at
        Submissions after this moment do not move the board; None while it is not frozen.

    Raises
    ------
    RebalanceError
        If a limit is below 1, or it closes before it opens.
    """

    name: str
    title: str
    task: str
    task_title: str
    opens_at: dt.datetime | None = None
    closes_at: dt.datetime | None = None
    max_per_day: int | None = None
    max_total: int | None = None
    is_live: bool = False
    frozen_at: dt.datetime | None = None

    def __post_init__(self) -> None:
        for name in ("max_per_day", "max_total"):
            limit = getattr(self, name)
            if limit is not None and limit < 1:
                raise RebalanceError(where=name, expected="1 or more", got=str(limit))
        if self.opens_at and self.closes_at and self.opens_at >= self.closes_at:
            raise RebalanceError(where=f"phase {self.name}", expected="to open before it closes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A team.

    Parameters
    ----------
    name, title
        As its archives carry it, and what is shown.
    added_at
        In UTC.
    """

    name: str
    title: str
    added_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptToken:
    """What may be shown of a token: never the token, nor its hash. An organiser's has no team.

    Parameters
    ----------
    identity
        Number of the token.
    team
        Name; empty for an organiser's.
    label
        Purpose of the token, in words.
    made_at, revoked_at
        In UTC.
    """

    identity: int
    team: str
    label: str
    made_at: dt.datetime
    revoked_at: dt.datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A token that was just made: the only time it is seen.

    Parameters
    ----------
    kept
        What may be shown of it later.
    token
        The token.
    """

    kept: KeptToken
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work on a submission; `n_done` of `n_all` scenes.

    Parameters
    ----------
    identity
        Number of the job.
    submission
        Identity of the submission.
    kind, state
        Check or score, and how far it is.
    n_tries
        Number of tries so far.
    n_done, n_all
        Number of scenes that are done, and of all.
    queued_at, ended_at
        In UTC.
    """

    identity: int
    submission: str
    kind: JobKind
    state: JobState
    n_tries: int
    n_done: int
    n_all: int
    queued_at: dt.datetime
    ended_at: dt.datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The score of a submission; `table` is its ``scores.csv``, `summary` its ``scores.json``.

    Parameters
    ----------
    mean
        Of the scores.
    n_pairs
        Of scene and listener.
    table, summary
        Digests and sizes.
    scored_at
        In UTC.
    """

    mean: float
    n_pairs: int
    table: StoredFile
    summary: StoredFile
    scored_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A submission, and what became of it.

    Parameters
    ----------
    identity
        32 hexadecimal digits.
    phase, task, team
        Names of phase, task and team.
    file_name, file
        As the team called it, and its content.
    causality, augmented, supplementary
        As its name says.
    state, reason
        What became of it; the reason where it failed.
    submitted_at, withdrawn_at
        When it arrived whole, and when it was withdrawn.
    verdict
        The verdict as JSON, once there is one.
    result
        Once it is scored.
    """

    identity: str
    phase: str
    task: str
    team: str
    file_name: str
    file: StoredFile
    causality: str
    augmented: bool
    supplementary: bool
    state: SubmissionState
    reason: str
    submitted_at: dt.datetime
    withdrawn_at: dt.datetime | None
    verdict: StoredFile | None
    result: Result | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedUpload:
    """An upload under way: `offset` of `file.n_bytes` bytes are on the disk.

    Parameters
    ----------
    identity
        Of the upload.
    phase, team
        Names of phase and team.
    file_name
        As announced.
    file
        Digest and size as announced.
    offset
        Number of bytes that have arrived.
    """

    identity: str
    phase: str
    team: str
    file_name: str
    file: StoredFile
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A board as it was published; `file` lists its submissions.

    Parameters
    ----------
    identity
        Number of the publication.
    phase
        Name of the phase.
    file
        Digest and size.
    published_at
        In UTC.
    """

    identity: int
    phase: str
    file: StoredFile
    published_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An entry of the audit trail.

    Parameters
    ----------
    at
        Time in UTC.
    actor
        Name of the team or organiser who acted.
    action
        Name of the action.
    subject
        Name of what the action was done to.
    """

    at: dt.datetime
    actor: str
    action: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A stretch of a list: from `start`, at most `n_shown` items.

    Parameters
    ----------
    start
        Index of the first entry shown, from 0.
    n_shown
        From 1 on.

    Raises
    ------
    RebalanceError
        If it begins before 0, or has no or more than 500 items.
    """

    start: int = 0
    n_shown: int = 50

    def __post_init__(self) -> None:
        if self.start < 0 or not 1 <= self.n_shown <= 500:
            raise RebalanceError(where="page", expected="a start from 0 and 1 to 500 items")
