"""The tables in which a listening test is kept, and the opening of the database that holds them."""

from __future__ import annotations

import sqlite3

from sqlalchemy import (
    CheckConstraint,
    Column,
    Engine,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from rebalance._base.errors import ConfigError, RebalanceError

TABLES = MetaData()

TESTS = Table(
    "listening_tests",
    TABLES,
    Column("id", String(64), primary_key=True),
    Column("title", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("seed", Integer, nullable=False),
    Column("plan", Text, nullable=False),
    Column("sounds", String(64), nullable=False),
    Column("version", String(64), nullable=False),
)
PARTICIPANTS = Table(
    "participants",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("test", ForeignKey("listening_tests.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("agreed_at", String(40), nullable=False),
    UniqueConstraint("test", "number"),
)
TRIALS = Table(
    "trials",
    TABLES,
    Column("participant", ForeignKey("participants.id"), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("scene", Text, nullable=False),
    Column("listener", Text, nullable=False),
    Column("reference_id", String(64), nullable=False),
)
STIMULI = Table(
    "stimuli",
    TABLES,
    Column("blind_id", String(64), primary_key=True),
    Column("participant", ForeignKey("participants.id"), nullable=False, index=True),
    Column("place", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("system", Text, nullable=False),
)
ANSWERS = Table(
    "answers",
    TABLES,
    Column("blind_id", ForeignKey("stimuli.blind_id"), primary_key=True),
    Column("rating", Float),
    Column("chosen", Integer),
    Column("plays", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("answered_at", String(40), nullable=False),
    CheckConstraint("rating IS NULL OR (rating >= 0 AND rating <= 100)", name="rating_in_range"),
    CheckConstraint("chosen IS NULL OR chosen IN (0, 1)", name="chosen_or_not"),
    CheckConstraint("plays >= 1 AND seconds >= 0", name="heard"),
)

_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
_BUSY_S = 30
_CONNECT_S = 10


def open_database(address: str) -> Engine:
    """Return a database with all tables made.

    Raises
    ------
    ConfigError
        If the address is none, of another kind of database, or the database cannot be reached.
    """
    url = _checked_url(address)
    wait = {"timeout": _BUSY_S} if url.get_backend_name() == "sqlite" else {"connect_timeout": _CONNECT_S}
    engine = create_engine(url, connect_args=wait, pool_pre_ping=True)
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _make_durable)
    try:
        TABLES.create_all(engine)
    except SQLAlchemyError as error:
        engine.dispose()
        raise ConfigError(f"the database cannot be reached: {reason_of(error)}", where=shown_address(url)) from error
    return engine


def reason_of(error: SQLAlchemyError) -> str:
    """Return what a database said, in one line."""
    return " ".join(str(getattr(error, "orig", None) or error).split())


def shown_address(url: URL) -> str:
    """Return an address without its password."""
    return url.render_as_string(hide_password=True)


def database_error(engine: Engine, error: SQLAlchemyError) -> RebalanceError:
    """Return what to say where a database fails while it is used."""
    return RebalanceError(f"the database failed: {reason_of(error)}", where=shown_address(engine.url))


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
