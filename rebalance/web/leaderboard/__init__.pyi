from ._board_askers import Askers as Askers, address_of as address_of
from ._board_backups import back_up_board as back_up_board, restore_board as restore_board
from ._board_client import (
    BoardClient as BoardClient,
    SubmissionProgress as SubmissionProgress,
    read_token as read_token,
)
from ._board_database import Board as Board, opened_board as opened_board, upgrade_board as upgrade_board
from ._board_options import BoardOptions as BoardOptions
from ._board_queries import BoardQueries as BoardQueries
from ._board_server import create_board_app as create_board_app
from ._board_serving import DATABASE_VARIABLE as DATABASE_VARIABLE, serve_board as serve_board
from ._board_values import (
    ORGANISER as ORGANISER,
    Actor as Actor,
    BoardTask as BoardTask,
    Event as Event,
    Job as Job,
    KeptToken as KeptToken,
    NewToken as NewToken,
    NotAllowedError as NotAllowedError,
    NotFoundError as NotFoundError,
    Page as Page,
    Phase as Phase,
    Publication as Publication,
    Result as Result,
    StartedUpload as StartedUpload,
    Submission as Submission,
    Team as Team,
)
from ._board_worker import WorkerOptions as WorkerOptions
from ._board_working import work_for_board as work_for_board
from ._databases import database_error as database_error, open_database as open_database
from ._form_tokens import COOKIE as COOKIE, FIELD as FIELD, FormTokens as FormTokens
from ._kept_summaries import read_result as read_result
from ._organising import Organising as Organising, published_identities as published_identities, withdraw as withdraw
from ._pruning import prune_board as prune_board
from ._public_boards import public_standing as public_standing, rank_of as rank_of
from ._rate_limits import RateLimit as RateLimit
from ._stored_files import FileStore as FileStore, StoredFile as StoredFile, describe_file as describe_file
from ._submitting import Submitting as Submitting
from ._tokens import hash_token as hash_token, new_token as new_token, token_matches as token_matches
from ._uploads import Upload as Upload
