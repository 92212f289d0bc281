"""The leaderboard: how the files of teams are received and kept, and how their tokens are checked."""

from rebalance.web.leaderboard._stored_files import FileStore, StoredFile
from rebalance.web.leaderboard._tokens import hash_token, new_token, token_matches
from rebalance.web.leaderboard._uploads import Upload

__all__ = ["FileStore", "StoredFile", "Upload", "hash_token", "new_token", "token_matches"]
