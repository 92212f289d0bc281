"""The leaderboard: submissions received, checked, scored and ranked; its rules, database, server and workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebalance._base.lazy import lazy_names

if TYPE_CHECKING:
    from rebalance.web.leaderboard._board_database import Board, opened_board, upgrade_board
    from rebalance.web.leaderboard._databases import database_error, open_database
    from rebalance.web.leaderboard._stored_files import FileStore, StoredFile
    from rebalance.web.leaderboard._tokens import hash_token, new_token, token_matches
    from rebalance.web.leaderboard._uploads import Upload

__all__ = [
    "Board",
    "FileStore",
    "StoredFile",
    "Upload",
    "database_error",
    "hash_token",
    "new_token",
    "open_database",
    "opened_board",
    "token_matches",
    "upgrade_board",
]

__getattr__ = lazy_names(
    __name__,
    {
        "Board": "_board_database",
        "FileStore": "_stored_files",
        "StoredFile": "_stored_files",
        "Upload": "_uploads",
        "database_error": "_databases",
        "hash_token": "_tokens",
        "new_token": "_tokens",
        "open_database": "_databases",
        "opened_board": "_board_database",
        "token_matches": "_tokens",
        "upgrade_board": "_board_database",
    },
)
