"""A board in one file: every row and every kept file, for another machine or another kind of database."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import tarfile
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, DateTime, Integer, MetaData, Table as SqlTable, func, insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from rebalance._base.errors import ConfigError, RebalanceError
from rebalance._base.files import StrPath, expanded, replacing
from rebalance.web.leaderboard._board_database import Board, current_revision, upgrade_board
from rebalance.web.leaderboard._databases import database_error
from rebalance.web.leaderboard._stored_files import FileStore

FORMAT = 1
_ROWS = "rows.json"
_VERSION_TABLE = "alembic_version"
_MAX_ROWS_BYTES = 1 << 32
_STORED = re.compile(r"(?:files|archives/[A-Za-z0-9][A-Za-z0-9-]*)/([0-9a-f]{2})/(\1[0-9a-f]{62})", flags=re.ASCII)
_BLOCK = 1 << 20


def back_up_board(board: Board, out: StrPath) -> int:
    """Write a board into one tar file while it goes on, and return how many files it holds.

    Rows are read first, in one transaction; files that rows name are never changed, so the two fit together. Uploads
    under way are left out: their senders send them again.

    Parameters
    ----------
    board
        The board to back up.
    out
        The file, replaced when it is there.

    Raises
    ------
    RebalanceError
        If the database or the disk refuses; nothing is left behind.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.web.leaderboard import back_up_board, opened_board, restore_board, upgrade_board
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with opened_board(Path(folder, "old"), check_revision=False) as board:
    ...         _ = upgrade_board(board)
    ...         print(back_up_board(board, Path(folder, "board.tar")))
    ...     with opened_board(Path(folder, "new"), check_revision=False) as board:
    ...         print(restore_board(board, Path(folder, "board.tar")))
    0
    0
    """
    rows = json.dumps(_all_rows(board)).encode()
    count = 0
    with replacing(expanded(out)) as temporary, tarfile.open(temporary, "w") as archive:
        entry = tarfile.TarInfo(_ROWS)
        entry.size = len(rows)
        archive.addfile(entry, io.BytesIO(rows))
        for name in _stored_names(board):
            archive.add(board.data / name, arcname=name, recursive=False)
            count += 1
    return count


def restore_board(board: Board, backup: StrPath) -> int:
    """Put a backup into an empty board, bring it up to date, and return how many files it held.

    Parameters
    ----------
    board
        An empty one; opened without a check of its revision.
    backup
        From `back_up_board`.

    Raises
    ------
    ConfigError
        If the board is not empty, or the file is no backup.
    RebalanceError
        If a file in it is damaged, or the database or the disk refuses.

    Examples
    --------
    See `back_up_board`.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.web.leaderboard import opened_board, restore_board
    >>> with tempfile.TemporaryDirectory() as folder, opened_board(folder, check_revision=False) as board:
    ...     try:
    ...         restore_board(board, "metadata/demo/make_demo.py")
    ...     except ValueError as error:
    ...         print(error)
    metadata/demo/make_demo.py: expected a backup of a board
    """
    path = expanded(backup)
    if current_revision(board) is not None:
        raise ConfigError(where=board.data, expected="an empty board to restore into")
    try:
        with tarfile.open(path, "r:") as archive:
            content = _rows_of(archive)
            count = sum(_restore_file(board, archive, member) for member in archive)
    except (tarfile.TarError, OSError, ValueError, KeyError) as error:
        raise ConfigError(where=path, expected="a backup of a board") from error
    upgrade_board(board, str(content["revision"]))
    _insert_all(board, content["tables"])
    upgrade_board(board)
    return count


def _stored_names(board: Board) -> Iterator[str]:
    """Yield the names of all kept files, below the folder of the board."""
    for folder in ("files", "archives"):
        for path in sorted((board.data / folder).rglob("*")):
            name = path.relative_to(board.data).as_posix()
            if path.is_file() and _STORED.fullmatch(name):
                yield name


def _all_rows(board: Board) -> dict[str, Any]:
    """Return all rows by table, as of one moment."""
    level = "REPEATABLE READ" if board.engine.dialect.name == "postgresql" else "SERIALIZABLE"
    try:
        with board.engine.connect().execution_options(isolation_level=level) as connection, connection.begin():
            tables = _tables(connection)
            rows = {
                table.name: [_plain(row._asdict()) for row in connection.execute(select(table))] for table in tables
            }
    except SQLAlchemyError as error:
        raise database_error(board.engine, error) from error
    return {"format": FORMAT, "revision": current_revision(board), "tables": rows}


def _tables(connection: Connection) -> list[SqlTable]:
    """Return the tables there are, those that others refer to first."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != _VERSION_TABLE]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as JSON takes it."""
    return {name: value.isoformat() if isinstance(value, dt.datetime) else value for name, value in row.items()}


def _rows_of(archive: tarfile.TarFile) -> dict[str, Any]:
    first = archive.next()
    if first is None or first.name != _ROWS or not first.isreg() or first.size > _MAX_ROWS_BYTES:
        raise ValueError(_ROWS)
    opened = archive.extractfile(first)
    assert opened is not None
    content: dict[str, Any] = json.loads(opened.read())
    if content["format"] != FORMAT or not isinstance(content["tables"], dict):
        raise ValueError(_ROWS)
    return content


def _restore_file(board: Board, archive: tarfile.TarFile, member: tarfile.TarInfo) -> bool:
    """Keep a file of a backup under its digest; False for what is none."""
    if member.name == _ROWS:
        return False
    if not member.isreg() or not (matched := _STORED.fullmatch(member.name)):
        raise ValueError(member.name)
    opened = archive.extractfile(member)
    assert opened is not None
    store = FileStore(root=(board.data / member.name).parents[1])
    kept = store.add(iter(lambda: opened.read(_BLOCK), b""), max_bytes=member.size)
    if kept.digest != matched[2]:
        store.path_of(kept).unlink()
        raise RebalanceError(where=member.name, expected="content of this SHA-256", got=kept.digest)
    return True


def _insert_all(board: Board, rows: dict[str, list[dict[str, Any]]]) -> None:
    try:
        with board.engine.begin() as connection:
            for table in _tables(connection):
                values = [_typed(table, row) for row in rows.get(table.name, [])]
                if values:
                    connection.execute(insert(table), values)
                    _set_counter(connection, table)
    except SQLAlchemyError as error:
        raise database_error(board.engine, error) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"not a backup: {error}") from error


def _typed(table: SqlTable, row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as the database takes it."""
    return {name: _moment(table, value) if _is_moment(table, name) else value for name, value in row.items()}


def _is_moment(table: SqlTable, name: str) -> bool:
    return isinstance(table.c[name].type, DateTime)


def _moment(table: SqlTable, value: str | None) -> dt.datetime | None:
    """Return a moment; without a zone where the database keeps none."""
    if value is None:
        return None
    found = dt.datetime.fromisoformat(value)
    found = found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)
    keeps_zone = any(isinstance(column.type, DateTime) and column.type.timezone for column in table.c)
    return found if keeps_zone else found.replace(tzinfo=None)


def _set_counter(connection: Connection, table: SqlTable) -> None:
    """Have PostgreSQL count on after the rows that were put in."""
    if connection.dialect.name == "postgresql" and "id" in table.c and isinstance(table.c.id.type, Integer):
        last = connection.execute(select(func.max(table.c.id))).scalar_one()
        counter = text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :last)")
        connection.execute(counter, {"table": table.name, "last": last})
