"""What a server of the board allows."""

from __future__ import annotations

from dataclasses import dataclass, fields

from rebalance._base.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardOptions:
    """Limits of a server.

    Parameters
    ----------
    max_upload_bytes
        Largest size of a file.
    max_chunk_bytes, max_chunk_s
        Of a chunk, and how long it may take to arrive.
    requests_per_minute
        Largest number of requests of one address in a minute.
    guesses_per_minute
        Wrong tokens of one address.

    Raises
    ------
    ConfigError
        If a limit is not positive.

    Examples
    --------
    >>> from rebalance.web.leaderboard import BoardOptions
    >>> BoardOptions(guesses_per_minute=5).max_chunk_bytes
    8388608
    """

    max_upload_bytes: int = 20_000_000_000
    max_chunk_bytes: int = 8 << 20
    max_chunk_s: float = 120.0
    requests_per_minute: float = 6000
    guesses_per_minute: float = 10

    def __post_init__(self) -> None:
        for limit in fields(self):
            if getattr(self, limit.name) <= 0:
                raise ConfigError(where=limit.name, expected="more than 0", got=str(getattr(self, limit.name)))
