"""The database of the board: opened, brought up to date when told, and read and written in transactions."""

from __future__ import annotations

import contextlib
import importlib.resources
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded
from rebalance.submission import SubmissionName
from rebalance.web.leaderboard._board_tables import Table
from rebalance.web.leaderboard._board_values import UnavailableError
from rebalance.web.leaderboard._databases import WRITING, begin_explicitly, database_error, open_database
from rebalance.web.leaderboard._stored_files import FileStore

DATABASE_FILE = "board.sqlite"


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Where a board is kept: a database, and a folder of files.

    Parameters
    ----------
    engine
        The database.
    data
        The folder.
    """

    engine: Engine
    data: Path

    @property
    def files(self) -> FileStore:
        """Verdicts, scores and publications, under their digests."""
        return FileStore(root=self.data / "files")

    def archives(self, team: str) -> FileStore:
        """Return where the archives of a team lie: of its own, for whoever knows a digest need not have the file.

        Raises
        ------
        RebalanceError
            If this is no name of a team.
        """
        SubmissionName(team=team, causality="causal")
        return FileStore(root=self.data / "archives" / team)

    @property
    def uploads(self) -> Path:
        """Where partial files lie."""
        return self.data / "uploads"

    @property
    def work(self) -> Path:
        """Where workers keep what is unfinished."""
        return self.data / "work"

    @property
    def summaries(self) -> Path:
        """Where summaries of scores are kept; may be deleted at any time."""
        return self.data / "summaries"

    def transaction(self) -> contextlib.AbstractContextManager[Session]:
        """Do everything within, or nothing; what was read within still holds when it is written.

        Raises
        ------
        RebalanceError
            If the database fails.
        """
        return self._session(self.engine.execution_options(**{WRITING: True}))

    def reading(self) -> contextlib.AbstractContextManager[Session]:
        """Read only; waits for no writer.

        Raises
        ------
        RebalanceError
            If the database fails.
        """
        return self._session(self.engine)

    @contextlib.contextmanager
    def _session(self, engine: Engine) -> Iterator[Session]:
        try:
            with Session(engine) as session, session.begin():
                yield session
        except SQLAlchemyError as error:
            raise UnavailableError(f"{database_error(self.engine, error)}") from error

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


@contextlib.contextmanager
def opened_board(data: StrPath, database: str | None = None, *, check_revision: bool = True) -> Iterator[Board]:
    """Open a board for the time of the block.

    Parameters
    ----------
    data
        Folder of the board, made when missing.
    database
        ``postgresql://USER@HOST/NAME``; a SQLite file in `data` when None.
    check_revision
        Whether the database must be up to date.

    Raises
    ------
    ConfigError
        If the database cannot be reached, or is not up to date.

    Examples
    --------
    >>> import tempfile
    >>> from rebalance.web.leaderboard import opened_board, upgrade_board
    >>> with tempfile.TemporaryDirectory() as folder, opened_board(folder, check_revision=False) as board:
    ...     upgrade_board(board)
    'empty -> 0002'
    """
    folder = expanded(data)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = open_database(database or f"sqlite:///{folder / DATABASE_FILE}")
    begin_explicitly(engine)
    board = Board(engine=engine, data=folder)
    try:
        if check_revision:
            require_newest(board)
        yield board
    finally:
        board.close()


def upgrade_board(board: Board, revision: str = "head") -> str:
    """Bring a database up to date, all of it or nothing, and say from where to where.

    Parameters
    ----------
    board
        The board whose database is brought up to date.
    revision
        Up to which revision; the newest by default.

    Raises
    ------
    RebalanceError
        If the database refuses.

    Examples
    --------
    >>> import tempfile
    >>> from rebalance.web.leaderboard import opened_board, upgrade_board
    >>> with tempfile.TemporaryDirectory() as folder, opened_board(folder, check_revision=False) as board:
    ...     upgrade_board(board, "0001"), upgrade_board(board), upgrade_board(board)
    ('empty -> 0001', '0001 -> 0002', '0002 -> 0002')
    """
    config, scripts = Config(), _scripts()
    before = current_revision(board)
    context = EnvironmentContext(config, scripts, fn=lambda rev, _: scripts._upgrade_revs(revision, rev))  # noqa: SLF001 - what alembic's own command does
    try:
        with board.engine.begin() as connection, context:
            context.configure(connection=connection, target_metadata=Table.metadata, transactional_ddl=True)
            context.run_migrations()
    except SQLAlchemyError as error:
        raise database_error(board.engine, error) from error
    return f"{before or 'empty'} -> {current_revision(board)}"


def current_revision(board: Board) -> str | None:
    """Return the revision a database is at; None for an empty one."""
    try:
        with board.engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except SQLAlchemyError as error:
        raise database_error(board.engine, error) from error


def newest_revision() -> str:
    """Return the revision this version of the package works with."""
    newest = _scripts().get_current_head()
    assert newest is not None
    return newest


def require_newest(board: Board) -> None:
    """Raise unless a database is up to date; nothing is changed unasked.

    Raises
    ------
    ConfigError
        If it is older or newer.
    """
    found, newest = current_revision(board), newest_revision()
    if found != newest:
        raise ConfigError(
            where=board.engine.url.render_as_string(hide_password=True),
            expected=f"a database of revision {newest}",
            got=found or "an empty one",
            more="; 'rebalance board upgrade' brings it up to date",
        )


def _scripts() -> ScriptDirectory:
    folder = importlib.resources.files("rebalance.web.leaderboard.migrations")
    return ScriptDirectory(str(folder), version_locations=[str(folder)])
