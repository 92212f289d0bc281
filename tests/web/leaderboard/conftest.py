"""Boards to try: empty or of the tiny task, in SQLite and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra 'web' is not installed")
pytest.importorskip("sqlalchemy", reason="the extra 'web' is not installed")

from postgres_server import postgres_folder, postgres_server
from small_boards import Tokens, make_board, write_archive, write_run
from sqlalchemy import create_engine, text

from rebalance.web.leaderboard import Board, opened_board


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Address of a PostgreSQL server; tests that need one are skipped where there is none."""
    binaries = postgres_folder()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with postgres_server(binaries) as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of an empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'own.sqlite'}"
    address: str = request.getfixturevalue("postgres")
    engine = create_engine(address.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return address


@pytest.fixture
def empty_board(database: str, tmp_path: Path) -> Iterator[Board]:
    """A board without tables."""
    with opened_board(tmp_path / "board", database, check_revision=False) as board:
        yield board


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    """A board without tables, in SQLite."""
    with opened_board(tmp_path / "board", check_revision=False) as opened:
        yield opened


@pytest.fixture
def tokens(board: Board, tiny_task_root: Path) -> Tokens:
    """The tokens of `board`, which gets a task, a phase and two teams."""
    return make_board(board, tiny_task_root)


@pytest.fixture(scope="session")
def mixture_run(tiny_task_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the tiny task. Never write into it."""
    run = tmp_path_factory.mktemp("mixture")
    write_run(tiny_task_root, run)
    return run


@pytest.fixture(scope="session")
def archive(mixture_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of team T001. Never write into it."""
    return write_archive(mixture_run, tmp_path_factory.mktemp("archive") / "submission_T001_noncausal.zip", seed=1)
