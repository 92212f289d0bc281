"""The tables in which a listening test is kept, and the opening of the database that holds them."""

from __future__ import annotations

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
)
from sqlalchemy.exc import SQLAlchemyError

from rebalance._base.errors import ConfigError
from rebalance.web.leaderboard import database_error, open_database

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


def open_answers(address: str) -> Engine:
    """Return a database with all tables made.

    Raises
    ------
    ConfigError
        If the address is none, of another kind of database, or the database cannot be reached.
    """
    engine = open_database(address)
    try:
        TABLES.create_all(engine)
    except SQLAlchemyError as error:
        engine.dispose()
        raise ConfigError(f"{database_error(engine, error)}") from error
    return engine
