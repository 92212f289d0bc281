"""A board with seven made-up systems, and a Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra 'web' is not installed")
pytest.importorskip("sqlalchemy", reason="the extra 'web' is not installed")

from scored_boards import add_field, set_up, write_large_task

from rebalance.web.leaderboard import Board, opened_board

LEVELS = {"T002": 0.358, "T040": 0.335, "T019": 0.33, "T013": 0.349, "E01": 0.352}


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeBoard:
    """A board, where its task lies, and a token of each team and of an organiser ("")."""

    board: Board
    task: Path
    tokens: Mapping[str, str]


@pytest.fixture(scope="session")
def pieces_task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A task of ten pieces with empty audio files."""
    root = tmp_path_factory.mktemp("pieces") / "task"
    write_large_task(root, n_pieces=10)
    return root


@pytest.fixture(scope="session")
def shown_board(pieces_task: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MadeBoard]:
    """A live board of five teams. To be read, not to be written to."""
    with opened_board(tmp_path_factory.mktemp("shown"), check_revision=False) as board:
        tokens = set_up(board, pieces_task, teams=list(LEVELS))
        add_field(board, pieces_task, LEVELS)
        yield MadeBoard(board=board, task=pieces_task, tokens=tokens)


@pytest.fixture
def own_board(pieces_task: Path, tmp_path: Path) -> Iterator[MadeBoard]:
    """A live board of two teams that a test may change."""
    with opened_board(tmp_path / "board", check_revision=False) as board:
        tokens = set_up(board, pieces_task, teams=["T002", "E01"])
        add_field(board, pieces_task, {"T002": 0.4, "E01": 0.3})
        yield MadeBoard(board=board, task=pieces_task, tokens=tokens)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium; without one the tests of the pages are skipped."""
    pytest.importorskip("playwright", reason="playwright is not installed")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    return found
