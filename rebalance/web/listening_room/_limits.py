"""What the listening room accepts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadLimits:
    """What the listening room accepts.

    Parameters
    ----------
    n_bytes
        Size of a file.
    shortest_s, longest_s
        Duration of a recording.
    lowest_sample_rate, highest_sample_rate
        In Hz; the page plays a recording at its own rate.
    n_players
        How many players a recording may have.

    Examples
    --------
    >>> from rebalance.web.listening_room import UploadLimits
    >>> UploadLimits().longest_s
    3660.0
    """

    n_bytes: int = 2 * 2**30
    shortest_s: float = 1.0
    longest_s: float = 3660.0
    lowest_sample_rate: int = 16_000
    highest_sample_rate: int = 96_000
    n_players: int = 8
