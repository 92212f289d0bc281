"""Which submissions the public sees: the board as it is now where it is live, else as it was last published."""

from __future__ import annotations

from rebalance.web.leaderboard._board_database import Board
from rebalance.web.leaderboard._board_queries import BoardQueries
from rebalance.web.leaderboard._board_values import NotFoundError, Submission
from rebalance.web.leaderboard._organising import published_identities


def public_standing(board: Board, queries: BoardQueries, phase: str) -> tuple[Submission, ...]:
    """Return the public's board of a phase, best first; what was withdrawn since it was published is left out.

    Parameters
    ----------
    board
        Database and files.
    queries
        In a session of it.
    phase
        Name of the phase.

    Raises
    ------
    NotFoundError
        If there is no such phase, or its board was not published.

    Examples
    --------
    >>> import tempfile
    >>> from rebalance.web.leaderboard import BoardQueries, NotFoundError, opened_board, public_standing, upgrade_board
    >>> with tempfile.TemporaryDirectory() as folder, opened_board(folder, check_revision=False) as board:
    ...     _ = upgrade_board(board)
    ...     with board.reading() as session:
    ...         try:
    ...             public_standing(board, BoardQueries(session=session), "final")
    ...         except NotFoundError as error:
    ...             print(error)
    phase: expected one that is there, got 'final'
    """
    if queries.phase(phase).is_live:
        return queries.standing(phase)
    published = queries.publications(phase)
    if not published:
        raise NotFoundError("has no board yet: it was not published", where=f"phase {phase}")
    identities = published_identities(board.files.path_of(published[0].file).read_bytes())
    return tuple(found for found in queries.by_identity(identities) if found.state == "scored")


def rank_of(queries: BoardQueries, submission: Submission) -> int | None:
    """Return the place of a submission on a live board, from 1; None where it has none, or the board is not live.

    Parameters
    ----------
    queries
        In a session of the board.
    submission
        The submission whose place is asked for.

    Examples
    --------
    >>> import datetime as dt, tempfile
    >>> from rebalance.web.leaderboard import BoardQueries, StoredFile, Submission, opened_board, rank_of, upgrade_board
    >>> unscored = Submission(
    ...     identity="0" * 32, phase="final", task="demo", team="T002", file_name="submission_T002_causal.zip",
    ...     file=StoredFile(digest="0" * 64, n_bytes=1), causality="causal", augmented=False, supplementary=False,
    ...     state="scoring", reason="", submitted_at=dt.datetime.now(dt.UTC), withdrawn_at=None, verdict=None,
    ...     result=None,
    ... )
    >>> with tempfile.TemporaryDirectory() as folder, opened_board(folder, check_revision=False) as board:
    ...     _ = upgrade_board(board)
    ...     with board.reading() as session:
    ...         print(rank_of(BoardQueries(session=session), unscored))
    None
    """
    if submission.result is None or not queries.phase(submission.phase).is_live:
        return None
    standing = queries.standing(submission.phase)
    places = (place for place, found in enumerate(standing, 1) if found.identity == submission.identity)
    return next(places, None)
