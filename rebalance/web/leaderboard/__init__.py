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
    from rebalance.web.leaderboard._board_serving import DATABASE_VARIABLE, serve_board, work_for_board
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

__getattr__ = lazy_names(
    __name__,
    {
        "COOKIE": "_form_tokens",
        "DATABASE_VARIABLE": "_board_serving",
        "FIELD": "_form_tokens",
        "ORGANISER": "_board_values",
        "Actor": "_board_values",
        "Askers": "_board_askers",
        "Board": "_board_database",
        "BoardClient": "_board_client",
        "BoardOptions": "_board_options",
        "BoardQueries": "_board_queries",
        "BoardTask": "_board_values",
        "Event": "_board_values",
        "FileStore": "_stored_files",
        "FormTokens": "_form_tokens",
        "Job": "_board_values",
        "KeptToken": "_board_values",
        "NewToken": "_board_values",
        "NotAllowedError": "_board_values",
        "NotFoundError": "_board_values",
        "Organising": "_organising",
        "Page": "_board_values",
        "Phase": "_board_values",
        "Publication": "_board_values",
        "RateLimit": "_rate_limits",
        "Result": "_board_values",
        "StartedUpload": "_board_values",
        "StoredFile": "_stored_files",
        "Submission": "_board_values",
        "SubmissionProgress": "_board_client",
        "Submitting": "_submitting",
        "Team": "_board_values",
        "Upload": "_uploads",
        "WorkerOptions": "_board_worker",
        "address_of": "_board_askers",
        "back_up_board": "_board_backups",
        "create_board_app": "_board_server",
        "database_error": "_databases",
        "describe_file": "_stored_files",
        "hash_token": "_tokens",
        "new_token": "_tokens",
        "open_database": "_databases",
        "opened_board": "_board_database",
        "prune_board": "_pruning",
        "public_standing": "_public_boards",
        "published_identities": "_organising",
        "rank_of": "_public_boards",
        "read_result": "_kept_summaries",
        "read_token": "_board_client",
        "restore_board": "_board_backups",
        "serve_board": "_board_serving",
        "token_matches": "_tokens",
        "upgrade_board": "_board_database",
        "withdraw": "_organising",
        "work_for_board": "_board_serving",
    },
)
