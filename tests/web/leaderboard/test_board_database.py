"""The database is brought up to date when told, from nothing and from an older revision, and not otherwise."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from small_boards import make_board
from sqlalchemy import text

from rebalance import ConfigError
from rebalance.web.leaderboard import Board, BoardQueries, opened_board, upgrade_board
from rebalance.web.leaderboard._board_database import current_revision, require_newest
from rebalance.web.leaderboard._board_tables import Table

NOW = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)


def differences(board: Board) -> list[object]:
    with board.engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), Table.metadata))


def test_an_empty_database_becomes_what_the_models_say(empty_board: Board) -> None:
    assert upgrade_board(empty_board) == "empty -> 0002"
    assert not differences(empty_board)


def test_an_older_database_keeps_its_rows(empty_board: Board, tiny_task_root: Path) -> None:
    upgrade_board(empty_board, "0001")
    assert differences(empty_board)
    row = {"name": "old", "title": "Old", "folder": str(tiny_task_root), "split": "valid", "added_at": NOW}
    with empty_board.engine.begin() as connection:
        names = ", ".join(row)
        values = ", ".join(f":{name}" for name in row)
        connection.execute(text(f"INSERT INTO tasks ({names}) VALUES ({values})"), row | {"added_at": NOW.isoformat()})
    assert upgrade_board(empty_board) == "0001 -> 0002"
    assert not differences(empty_board)
    with empty_board.reading() as session:
        (task,) = BoardQueries(session=session).tasks()
    assert (task.name, task.metric) == ("old", "haaqi")


def test_to_upgrade_again_changes_nothing(empty_board: Board) -> None:
    upgrade_board(empty_board)
    assert upgrade_board(empty_board) == "0002 -> 0002"


def test_a_database_that_is_not_up_to_date_is_refused_in_one_line_and_left_alone(empty_board: Board) -> None:
    upgrade_board(empty_board, "0001")
    with pytest.raises(ConfigError, match="expected a database of revision 0002, got 0001; 'rebalance board upgrade'"):
        require_newest(empty_board)
    assert current_revision(empty_board) == "0001"


def test_an_empty_database_is_not_filled_unasked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="got an empty one"), opened_board(tmp_path):
        pass


def test_a_failed_transaction_leaves_nothing(empty_board: Board, tiny_task_root: Path) -> None:
    make_board(empty_board, tiny_task_root)

    def break_off() -> None:
        with empty_board.transaction() as session:
            session.execute(text("DELETE FROM tokens"))
            raise KeyError("broken off")

    with pytest.raises(KeyError):
        break_off()
    with empty_board.reading() as session:
        assert len(BoardQueries(session=session).tokens()) == 3
