"""The summary of a result, made by the worker that scored it: the pages find it and nobody waits for it."""

from __future__ import annotations

import logging

from rebalance._base.errors import RebalanceError
from rebalance._base.running import one_line
from rebalance.report import ScoredRun, read_score_files
from rebalance.task import Task
from rebalance.web.board import SummaryCache
from rebalance.web.leaderboard._board_database import Board
from rebalance.web.leaderboard._board_values import Result

LOG = logging.getLogger("rebalance.board")


def read_result(board: Board, result: Result, *, name: str) -> ScoredRun:
    """Read the scores of a submission from the files of the board.

    Parameters
    ----------
    board
        The board whose files hold the scores.
    result
        Of the submission.
    name
        What to call the run: the identity of the submission.

    Returns
    -------
    ScoredRun
        Its scores.

    Raises
    ------
    ConfigError
        If a file is damaged or not there.

    Examples
    --------
    >>> import datetime as dt
    >>> import tempfile
    >>> from rebalance.web.leaderboard import Result, StoredFile, opened_board, read_result
    >>> lost = StoredFile(digest="0" * 64, n_bytes=1)
    >>> result = Result(mean=0.5, n_pairs=1, table=lost, summary=lost, scored_at=dt.datetime.now(dt.UTC))
    >>> with tempfile.TemporaryDirectory() as folder, opened_board(folder, check_revision=False) as board:
    ...     read_result(board, result, name="lost")
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: ...: not the summary of a scored run: FileNotFoundError(...)
    """
    table, summary = (board.files.path_of(one) for one in (result.table, result.summary))
    return read_score_files(table, summary, name=name)


def keep_summary(board: Board, result: Result, task: Task, *, name: str, column: str) -> None:
    """Make the summary that the pages show; where it cannot be made the result stands, and the pages try again."""
    cache = SummaryCache(board.summaries, task)
    try:
        cache.summary(result.table.digest, lambda: read_result(board, result, name=name), column=column)
    except (RebalanceError, OSError) as error:
        LOG.warning("summary of submission %s: %s", name, one_line(error))
