"""What may go: uploads nobody finishes, archives of what is off the board, unfinished work, files no row names."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from rebalance._base.files import TEMPORARY_SUFFIX
from rebalance.web.leaderboard._board_database import Board
from rebalance.web.leaderboard._board_tables import PublicationRow, ScoreRow, SubmissionRow, TeamRow, UploadRow

_KEPT_STATES = ("checking", "scoring", "scored")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What was removed."""

    n_files: int
    n_bytes: int


def prune_board(board: Board, *, before: dt.datetime) -> Pruned:
    """Remove what is older than a moment and is needed no more; every row but those of old uploads stays.

    Parameters
    ----------
    board
        The board to prune.
    before
        What changed since stays.

    Examples
    --------
    >>> import datetime as dt, tempfile
    >>> from rebalance.web.leaderboard import opened_board, prune_board, upgrade_board
    >>> with tempfile.TemporaryDirectory() as folder, opened_board(folder, check_revision=False) as board:
    ...     _ = upgrade_board(board)
    ...     prune_board(board, before=dt.datetime.now(dt.UTC)).n_files
    0
    """
    with board.transaction() as session:
        for row in session.scalars(select(UploadRow).where(UploadRow.started_at < before)):
            session.delete(row)
        session.flush()
        wanted = _wanted(board, session)
    sizes = [
        _remove(path)
        for folder in ("uploads", "files", "archives", "work")
        for path in sorted((board.data / folder).rglob("*"))
        if path.is_file() and path not in wanted and _is_older(path, before)
    ]
    for folder in board.work.iterdir() if board.work.is_dir() else ():
        if not any(path.is_file() for path in folder.rglob("*")):
            shutil.rmtree(folder, ignore_errors=True)
    return Pruned(n_files=len(sizes), n_bytes=sum(sizes))


def _wanted(board: Board, session: Session) -> set[Path]:
    """Return the files that are needed."""
    archives = select(TeamRow.name, SubmissionRow.digest, SubmissionRow.id).join(
        SubmissionRow, SubmissionRow.team_id == TeamRow.id
    )
    needed = session.execute(archives.where(SubmissionRow.state.in_(_KEPT_STATES))).all()
    paths = {board.data / "archives" / team / digest[:2] / digest for team, digest, _ in needed}
    digests = (SubmissionRow.verdict_digest, ScoreRow.table_digest, ScoreRow.summary_digest, PublicationRow.digest)
    kept = (digest for column in digests for digest in session.scalars(select(column)) if digest)
    paths |= {board.data / "files" / digest[:2] / digest for digest in kept}
    paths |= {board.uploads / f"{identity}{TEMPORARY_SUFFIX}" for identity in session.scalars(select(UploadRow.id))}
    unfinished = select(SubmissionRow.id).where(SubmissionRow.state.in_(("checking", "scoring")))
    return paths | {path for identity in session.scalars(unfinished) for path in (board.work / identity).rglob("*")}


def _is_older(path: Path, before: dt.datetime) -> bool:
    return path.stat().st_mtime < before.timestamp()


def _remove(path: Path) -> int:
    n_bytes = path.stat().st_size
    path.unlink()
    return n_bytes
