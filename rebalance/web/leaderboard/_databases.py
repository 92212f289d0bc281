"""Opening a database by its address: SQLite or PostgreSQL, every commit on the disk."""

from __future__ import annotations

import sqlite3

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from rebalance._base.errors import ConfigError, RebalanceError

WRITING = "rebalance_writing"

_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
_BUSY_S = 30
_CONNECT_S = 10


def open_database(address: str) -> Engine:
    """Return a database that can be reached.

    Raises
    ------
    ConfigError
        If the address is none, of another kind of database, or the database cannot be reached.

    Examples
    --------
    >>> from rebalance.web.leaderboard import open_database
    >>> open_database("sqlite://").dialect.name
    'sqlite'
    """
    url = _checked_url(address)
    wait = {"timeout": _BUSY_S} if url.get_backend_name() == "sqlite" else {"connect_timeout": _CONNECT_S}
    engine = create_engine(url, connect_args=wait, pool_pre_ping=True)
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _make_durable)
    try:
        with engine.connect():
            pass
    except SQLAlchemyError as error:
        engine.dispose()
        raise ConfigError(f"the database cannot be reached: {_reason_of(error)}", where=_shown_address(url)) from error
    return engine


def begin_explicitly(engine: Engine) -> None:
    """Have SQLite begin transactions when they are begun, and take the right to write first where one will write.

    Left alone, the driver begins at the first change, so that what was read before may have changed by then. Nothing
    changes for PostgreSQL.
    """
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _leave_beginning)
        event.listen(engine, "begin", _begin)


def database_error(engine: Engine, error: SQLAlchemyError) -> RebalanceError:
    """Return what to say where a database fails while it is used.

    Parameters
    ----------
    engine
        Of the database; its address, without the password, stands in the message.
    error
        The error of SQLAlchemy.

    Examples
    --------
    >>> from sqlalchemy.exc import SQLAlchemyError
    >>> from rebalance.web.leaderboard import database_error, open_database
    >>> print(database_error(open_database("sqlite://"), SQLAlchemyError("disk full")))
    sqlite://: the database failed: disk full
    """
    return RebalanceError(f"the database failed: {_reason_of(error)}", where=_shown_address(engine.url))


def _reason_of(error: SQLAlchemyError) -> str:
    """Return what a database said, in one line."""
    return " ".join(str(getattr(error, "orig", None) or error).split())


def _shown_address(url: URL) -> str:
    """Return an address without its password."""
    return url.render_as_string(hide_password=True)


def _checked_url(address: str) -> URL:
    """Return an address with the driver that is installed."""
    try:
        url = make_url(address)
    except ArgumentError as error:
        expected = "an address such as postgresql://user@host/name or sqlite:///answers.sqlite"
        raise ConfigError(where="database", expected=expected, got=repr(address)) from error
    name = url.get_backend_name()
    if name not in _DRIVERS:
        raise ConfigError(where="database", expected="sqlite or postgresql", got=repr(name))
    return url.set(drivername=_DRIVERS[name])


def _make_durable(connection: sqlite3.Connection, _: object) -> None:
    """Have SQLite wait for the disk at every answer, and hold what refers to what."""
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _leave_beginning(connection: sqlite3.Connection, _: object) -> None:
    """Have the driver begin no transactions by itself."""
    connection.isolation_level = None


def _begin(connection: Connection) -> None:
    """Begin a transaction."""
    writing = connection.get_execution_options().get(WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
