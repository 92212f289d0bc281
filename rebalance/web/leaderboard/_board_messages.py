"""What goes over the wire: the messages of the API, named for its OpenAPI description."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from rebalance.web.leaderboard._board_values import (
    Actor,
    BoardTask,
    Event,
    Job,
    KeptToken,
    NewToken,
    Phase,
    Publication,
    StartedUpload,
    Submission,
    Team,
)
from rebalance.web.leaderboard._stored_files import StoredFile

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
TeamName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,62}$")]
Title = Annotated[str, Field(max_length=200)]
Identity = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Limit = Annotated[int, Field(ge=1, le=1_000_000)]


class _Message(BaseModel):
    """A message without unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)


class Failed(_Message):
    """What is wrong, in one line."""

    error: str


class Me(_Message):
    """Whose token was sent."""

    role: str
    team: str

    @classmethod
    def of(cls, actor: Actor) -> Me:
        """Return it as a message."""
        return cls(role=actor.role, team=actor.team)


class AnnouncedUpload(_Message):
    """A file that is going to be sent."""

    phase: Name
    file_name: Annotated[
        str, Field(min_length=1, max_length=200, description="Of the whole archive; its parts are sent joined.")
    ]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="Of all bytes, those of parts in their order.")]
    n_bytes: Annotated[int, Field(ge=1, le=1 << 50)]

    @property
    def file(self) -> StoredFile:
        """The file that is meant."""
        return StoredFile(digest=self.sha256, n_bytes=self.n_bytes)


class UploadState(_Message):
    """How far an upload is: the next chunk begins at `offset`."""

    id: str
    phase: str
    file_name: str
    n_bytes: int
    offset: int
    max_chunk_bytes: int

    @classmethod
    def of(cls, started: StartedUpload, max_chunk_bytes: int) -> UploadState:
        """Return it as a message."""
        return cls(
            id=started.identity,
            phase=started.phase,
            file_name=started.file_name,
            n_bytes=started.file.n_bytes,
            offset=started.offset,
            max_chunk_bytes=max_chunk_bytes,
        )


class JobProgress(_Message):
    """How far a job is, in scenes."""

    kind: str
    state: str
    n_done: int
    n_all: int

    @classmethod
    def of(cls, job: Job) -> JobProgress:
        """Return it as a message."""
        return cls(kind=job.kind, state=job.state, n_done=job.n_done, n_all=job.n_all)


class QueuedJob(JobProgress):
    """A job that waits or runs."""

    submission: str
    n_tries: int

    @classmethod
    def of(cls, job: Job) -> QueuedJob:
        """Return it as a message."""
        progress = JobProgress.of(job).model_dump()
        return cls(submission=job.submission, n_tries=job.n_tries, **progress)


class SubmissionState(_Message):
    """A submission and what became of it; the rank is that on a live board."""

    id: str
    phase: str
    team: str
    file_name: str
    causality: str
    augmented: bool
    supplementary: bool
    state: str
    reason: str
    submitted_at: dt.datetime
    has_verdict: bool
    mean_haaqi: float | None
    n_pairs: int | None
    rank: int | None = None
    jobs: tuple[JobProgress, ...] = ()

    @classmethod
    def of(cls, found: Submission, jobs: tuple[Job, ...] = (), rank: int | None = None) -> SubmissionState:
        """Return it as a message."""
        return cls(
            id=found.identity,
            has_verdict=found.verdict is not None,
            mean_haaqi=None if found.result is None else found.result.mean,
            n_pairs=None if found.result is None else found.result.n_pairs,
            jobs=tuple(map(JobProgress.of, jobs)),
            rank=rank,
            **{name: getattr(found, name) for name in _SUBMISSION_FIELDS},
        )


_SUBMISSION_FIELDS = (
    "phase", "team", "file_name", "causality", "augmented", "supplementary", "state", "reason", "submitted_at",
)  # fmt: skip


class SubmissionList(_Message):
    """A stretch of submissions, newest first, and how many there are."""

    total: int
    submissions: tuple[SubmissionState, ...]


class BoardEntry(_Message):
    """A line of a board."""

    rank: int
    submission: str
    team: str
    causality: str
    augmented: bool
    supplementary: bool
    mean_haaqi: float
    n_pairs: int

    @classmethod
    def of(cls, rank: int, found: Submission) -> BoardEntry:
        """Return it as a message."""
        assert found.result is not None
        return cls(
            rank=rank,
            submission=found.identity,
            team=found.team,
            causality=found.causality,
            augmented=found.augmented,
            supplementary=found.supplementary,
            mean_haaqi=found.result.mean,
            n_pairs=found.result.n_pairs,
        )


class NewTask(_Message):
    """A task to add; the folder is one below ``tasks`` in the server's data folder."""

    name: Name
    folder: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
    split: Annotated[str, Field(pattern="^(train|valid|test)$")]
    title: Title = ""
    metric: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")] = "haaqi"


class TaskState(_Message):
    """A task."""

    name: str
    title: str
    split: str
    metric: str

    @classmethod
    def of(cls, task: BoardTask) -> TaskState:
        """Return it as a message."""
        return cls(name=task.name, title=task.title, split=task.split, metric=task.metric)


class PhaseSettings(_Message):
    """What of a phase can be changed."""

    title: Title = ""
    opens_at: AwareDatetime | None = None
    closes_at: AwareDatetime | None = None
    max_per_day: Limit | None = None
    max_total: Limit | None = None
    is_live: bool = False


class NewPhase(PhaseSettings):
    """A phase to add."""

    name: Name
    task: Name

    def value(self) -> Phase:
        """Return it as a value."""
        return Phase(task_title="", **self.model_dump())


class PhaseState(NewPhase):
    """A phase."""

    task_title: str
    frozen_at: dt.datetime | None

    @classmethod
    def of(cls, phase: Phase) -> PhaseState:
        """Return it as a message."""
        return cls.model_validate(phase)


class NewTeam(_Message):
    """A team to add."""

    name: TeamName
    title: Title = ""


class TeamState(_Message):
    """A team."""

    name: str
    title: str
    added_at: dt.datetime

    @classmethod
    def of(cls, team: Team) -> TeamState:
        """Return it as a message."""
        return cls.model_validate(team)


class WantedToken(_Message):
    """A token to make: a team's, or an organiser's where no team is named."""

    team: TeamName | None = None
    label: Title = ""


class TokenState(_Message):
    """What may be shown of a token."""

    id: int
    team: str
    label: str
    made_at: dt.datetime
    revoked_at: dt.datetime | None

    @classmethod
    def of(cls, kept: KeptToken) -> TokenState:
        """Return it as a message."""
        names = ("team", "label", "made_at", "revoked_at")
        return cls(id=kept.identity, **{name: getattr(kept, name) for name in names})


class MadeToken(TokenState):
    """A token that was just made, and is not shown again."""

    token: str

    @classmethod
    def of_new(cls, made: NewToken) -> MadeToken:
        """Return it as a message."""
        return cls(token=made.token, **TokenState.of(made.kept).model_dump())


class PublicationState(_Message):
    """A board as it was published."""

    phase: str
    sha256: str
    published_at: dt.datetime

    @classmethod
    def of(cls, published: Publication) -> PublicationState:
        """Return it as a message."""
        return cls(phase=published.phase, sha256=published.file.digest, published_at=published.published_at)


class EventState(_Message):
    """An entry of the audit trail."""

    at: dt.datetime
    actor: str
    action: str
    subject: str

    @classmethod
    def of(cls, event: Event) -> EventState:
        """Return it as a message."""
        return cls.model_validate(event)
