"""The leaderboard: submissions received, checked, scored and ranked; its rules, database, server and workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebalance._base.lazy import lazy_names

if TYPE_CHECKING:
    from rebalance.web.leaderboard._board_askers import Askers, address_of
    from rebalance.web.leaderboard._board_backups import back_up_board, restore_board
    from rebalance.web.leaderboard._board_client import BoardClient, SubmissionProgress, read_token
    from rebalance.web.leaderboard._board_database import Board, opened_board, upgrade_board
    from rebalance.web.leaderboard._board_options import BoardOptions
    from rebalance.web.leaderboard._board_queries import BoardQueries
    from rebalance.web.leaderboard._board_server import create_board_app
    from rebalance.web.leaderboard._board_serving import DATABASE_VARIABLE, serve_board
    from rebalance.web.leaderboard._board_values import (
        ORGANISER,
        Actor,
        BoardTask,
        Event,
        Job,
        KeptToken,
        NewToken,
        NotAllowedError,
        NotFoundError,
        Page,
        Phase,
        Publication,
        Result,
        StartedUpload,
        Submission,
        Team,
    )
    from rebalance.web.leaderboard._board_worker import WorkerOptions
    from rebalance.web.leaderboard._board_working import work_for_board
    from rebalance.web.leaderboard._databases import database_error, open_database
    from rebalance.web.leaderboard._form_tokens import COOKIE, FIELD, FormTokens
    from rebalance.web.leaderboard._kept_summaries import read_result
    from rebalance.web.leaderboard._organising import Organising, published_identities, withdraw
    from rebalance.web.leaderboard._pruning import prune_board
    from rebalance.web.leaderboard._public_boards import public_standing, rank_of
    from rebalance.web.leaderboard._rate_limits import RateLimit
    from rebalance.web.leaderboard._stored_files import FileStore, StoredFile, describe_file
    from rebalance.web.leaderboard._submitting import Submitting
    from rebalance.web.leaderboard._tokens import hash_token, new_token, token_matches
    from rebalance.web.leaderboard._uploads import Upload

__all__ = [
    "COOKIE",
    "DATABASE_VARIABLE",
    "FIELD",
    "ORGANISER",
    "Actor",
    "Askers",
    "Board",
    "BoardClient",
    "BoardOptions",
    "BoardQueries",
    "BoardTask",
    "Event",
    "FileStore",
    "FormTokens",
    "Job",
    "KeptToken",
    "NewToken",
    "NotAllowedError",
    "NotFoundError",
    "Organising",
    "Page",
    "Phase",
    "Publication",
    "RateLimit",
    "Result",
    "StartedUpload",
    "StoredFile",
    "Submission",
    "SubmissionProgress",
    "Submitting",
    "Team",
    "Upload",
    "WorkerOptions",
    "address_of",
    "back_up_board",
    "create_board_app",
    "database_error",
    "describe_file",
    "hash_token",
    "new_token",
    "open_database",
    "opened_board",
    "prune_board",
    "public_standing",
    "published_identities",
    "rank_of",
    "read_result",
    "read_token",
    "restore_board",
    "serve_board",
    "token_matches",
    "upgrade_board",
    "withdraw",
    "work_for_board",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "_board_askers": ("Askers", "address_of"),
        "_board_backups": ("back_up_board", "restore_board"),
        "_board_client": ("BoardClient", "SubmissionProgress", "read_token"),
        "_board_database": ("Board", "opened_board", "upgrade_board"),
        "_board_options": ("BoardOptions",),
        "_board_queries": ("BoardQueries",),
        "_board_server": ("create_board_app",),
        "_board_serving": ("DATABASE_VARIABLE", "serve_board"),
        "_board_values": (
            "Actor",
            "BoardTask",
            "Event",
            "Job",
            "KeptToken",
            "NewToken",
            "NotAllowedError",
            "NotFoundError",
            "ORGANISER",
            "Page",
            "Phase",
            "Publication",
            "Result",
            "StartedUpload",
            "Submission",
            "Team",
        ),
        "_board_worker": ("WorkerOptions",),
        "_board_working": ("work_for_board",),
        "_databases": ("database_error", "open_database"),
        "_form_tokens": ("COOKIE", "FIELD", "FormTokens"),
        "_kept_summaries": ("read_result",),
        "_organising": ("Organising", "published_identities", "withdraw"),
        "_pruning": ("prune_board",),
        "_public_boards": ("public_standing", "rank_of"),
        "_rate_limits": ("RateLimit",),
        "_stored_files": ("FileStore", "StoredFile", "describe_file"),
        "_submitting": ("Submitting",),
        "_tokens": ("hash_token", "new_token", "token_matches"),
        "_uploads": ("Upload",),
    },
)
