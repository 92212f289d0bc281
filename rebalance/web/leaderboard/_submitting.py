"""What a team does: announce a file, send it, see it become a submission."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from rebalance._base.errors import RebalanceError
from rebalance.web.leaderboard._board_database import Board
from rebalance.web.leaderboard._board_queries import BoardQueries
from rebalance.web.leaderboard._board_tables import EventRow, JobRow, PhaseRow, SubmissionRow, TeamRow, UploadRow
from rebalance.web.leaderboard._board_values import (
    Actor,
    NotAllowedError,
    NotFoundError,
    Phase,
    StartedUpload,
    Submission,
)
from rebalance.web.leaderboard._row_values import phase_row, team_row
from rebalance.web.leaderboard._stored_files import FileStore, StoredFile
from rebalance.web.leaderboard._submission_rules import named_submission, require_open, require_room
from rebalance.web.leaderboard._uploads import Upload

_IDENTITY_BYTES = 16
_MAX_STARTED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitting:
    """Uploads of a team to a board.

    Parameters
    ----------
    board
        The board that is uploaded to.
    actor
        The team that uploads.
    max_bytes
        No file may be larger.

    Raises
    ------
    NotAllowedError
        If an organiser submits.
    """

    board: Board
    actor: Actor
    max_bytes: int = 20_000_000_000

    def __post_init__(self) -> None:
        if self.actor.role != "team":
            raise NotAllowedError("submissions are sent with the token of a team", where=self.actor.name)

    def start(self, *, phase: str, file_name: str, file: StoredFile, now: dt.datetime) -> StartedUpload:
        """Announce a file; the same announcement again goes on with what has arrived of it.

        Parameters
        ----------
        phase
            Name of the phase.
        file_name
            As `rebalance pack` names archives.
        file
            Digest and size of the whole file.
        now
            In UTC.

        Raises
        ------
        NotAllowedError
            If the phase is closed, a limit is reached, or too many uploads are under way.
        RebalanceError
            If the name or the size cannot be a submission's.
        """
        named_submission(file_name, self.actor.team)
        if not 0 < file.n_bytes <= self.max_bytes:
            raise RebalanceError(where="size", expected=f"1 to {self.max_bytes:,} bytes", got=f"{file.n_bytes:,}")
        with self.board.transaction() as session:
            self._require_may_submit(session, phase, now)
            row = self._same(session, phase, file_name, file) or self._announce(session, phase, file_name, file, now)
            return self._value(row, phase)

    def upload(self, identity: str) -> StartedUpload:
        """Return how far an upload of this team is.

        Raises
        ------
        NotFoundError
            If it is not there, or another team's.
        """
        with self.board.transaction() as session:
            row = self._own(session, identity)
            return self._value(row, session.get_one(PhaseRow, row.phase_id).name)

    def append(self, started: StartedUpload, offset: int, blocks: Iterable[bytes]) -> int:
        """Append a chunk and return the new offset once it is on the disk; see `Upload.append`.

        Parameters
        ----------
        started
            The upload.
        offset
            Where the chunk begins, in bytes.
        blocks
            The chunk, in pieces.
        """
        return self._upload(started.identity, started.file).append(offset, blocks)

    def finish(self, identity: str, now: dt.datetime) -> Submission:
        """Make a whole upload a submission and queue its check; to finish again gives the same submission.

        The file is in the store before the rows are committed, so what was accepted is never lost.

        Parameters
        ----------
        identity
            Of the upload.
        now
            In UTC.

        Raises
        ------
        RebalanceError
            If bytes are missing or wrong.
        NotAllowedError
            If the phase has closed or a limit was reached meanwhile.
        """
        with self.board.transaction() as session:
            if (row := session.get(SubmissionRow, identity)) is not None:
                return BoardQueries(session=session).submission(row.id, self.actor)
            upload = self._own(session, identity)
            file = StoredFile(digest=upload.digest, n_bytes=upload.n_bytes)
        self._upload(identity, file).finish(self._archives)
        try:
            return self._accept(identity, now)
        except RebalanceError as error:
            if isinstance(error.__cause__, IntegrityError):  # finished twice at the same moment
                return self.finish(identity, now)
            raise

    def discard(self, identity: str) -> None:
        """Give an upload up."""
        with self.board.transaction() as session:
            row = self._own(session, identity)
            self._upload(identity, StoredFile(digest=row.digest, n_bytes=row.n_bytes)).discard()
            session.delete(row)

    def _accept(self, identity: str, now: dt.datetime) -> Submission:
        """Write the rows of a submission whose file is kept."""
        with self.board.transaction() as session:
            upload = self._own(session, identity)
            phase = session.get_one(PhaseRow, upload.phase_id)
            self._require_may_submit(session, phase.name, now)
            session.add(_submission_row(upload, self.actor.team, now))
            session.flush()
            session.add(new_job(identity, "check", now))
            session.add(EventRow(at=now, actor=self.actor.name, action="submit", subject=identity))
            session.delete(upload)
            session.flush()
            return BoardQueries(session=session).submission(identity, self.actor)

    def _require_may_submit(self, session: Session, phase: str, now: dt.datetime) -> Phase:
        queries = BoardQueries(session=session)
        session.execute(select(TeamRow.id).where(TeamRow.name == self.actor.team).with_for_update())  # counts hold
        value = queries.phase(phase)
        require_open(value, now)
        require_room(value, queries.counts(phase=phase, team=self.actor.team, now=now))
        return value

    def _same(self, session: Session, phase: str, file_name: str, file: StoredFile) -> UploadRow | None:
        """Return the upload of the same file that was begun before."""
        query = select(UploadRow).where(
            UploadRow.team_id == team_row(session, self.actor.team).id,
            UploadRow.phase_id == phase_row(session, phase).id,
            UploadRow.file_name == file_name,
            UploadRow.digest == file.digest,
            UploadRow.n_bytes == file.n_bytes,
        )
        return session.scalars(query).first()

    def _announce(self, session: Session, phase: str, file_name: str, file: StoredFile, now: dt.datetime) -> UploadRow:
        team = team_row(session, self.actor.team)
        begun = select(func.count(UploadRow.id)).where(UploadRow.team_id == team.id)
        if session.execute(begun).scalar_one() >= _MAX_STARTED:
            raise NotAllowedError(where=f"team {team.name}", expected=f"at most {_MAX_STARTED} uploads at a time")
        row = UploadRow(
            id=secrets.token_hex(_IDENTITY_BYTES),
            phase_id=phase_row(session, phase).id,
            team_id=team.id,
            file_name=file_name,
            digest=file.digest,
            n_bytes=file.n_bytes,
            started_at=now,
        )
        session.add(row)
        session.flush()
        return row

    def _own(self, session: Session, identity: str) -> UploadRow:
        query = select(UploadRow).join(TeamRow, TeamRow.id == UploadRow.team_id)
        query = query.where(UploadRow.id == identity, TeamRow.name == self.actor.team)
        row = session.scalars(query).one_or_none()
        if row is None:
            raise NotFoundError(where="upload", expected="one that is there", got=ascii(identity[:64]))
        return row

    @property
    def _archives(self) -> FileStore:
        return self.board.archives(self.actor.team)

    def _upload(self, identity: str, file: StoredFile) -> Upload:
        return Upload(folder=self.board.uploads, identifier=identity, expected=file)

    def _value(self, row: UploadRow, phase: str) -> StartedUpload:
        file = StoredFile(digest=row.digest, n_bytes=row.n_bytes)
        offset = file.n_bytes if self._archives.holds(file) else self._upload(row.id, file).offset
        return StartedUpload(
            identity=row.id, phase=phase, team=self.actor.team, file_name=row.file_name, file=file, offset=offset
        )


def new_job(submission: str, kind: str, now: dt.datetime) -> JobRow:
    """Return the row of a job that waits."""
    return JobRow(
        submission_id=submission, kind=kind, state="waiting", claim=None, leased_until=None, n_tries=0, n_done=0,
        n_all=0, queued_at=now, ended_at=None,
    )  # fmt: skip


def _submission_row(upload: UploadRow, team: str, now: dt.datetime) -> SubmissionRow:
    name = named_submission(upload.file_name, team)
    return SubmissionRow(
        id=upload.id,
        phase_id=upload.phase_id,
        team_id=upload.team_id,
        file_name=upload.file_name,
        digest=upload.digest,
        n_bytes=upload.n_bytes,
        causality=name.causality,
        augmented=name.augmented,
        supplementary=name.supplementary,
        state="checking",
        reason="",
        verdict_digest=None,
        verdict_bytes=None,
        submitted_at=now,
        withdrawn_at=None,
    )
