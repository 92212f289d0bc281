"""Separators that look at the players, and so have to be shown a video."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from rebalance.separation._protocol import Separator


class PlayersAt(Protocol):
    """Gives the frames of all players, from left to right, at some times of a video."""

    def __call__(self, times_s: Sequence[float]) -> NDArray[np.uint8]:
        """Return bytes ``(n_players, n_times, height, width, 3)``, red, green, blue."""


@runtime_checkable
class Sighted(Protocol):
    """A separator that has to be shown the players.

    Examples
    --------
    >>> from rebalance.separation import Sighted, load_separator
    >>> isinstance(load_separator("mixture"), Sighted)
    False
    """

    def shown(self, players_at: PlayersAt) -> Separator:
        """Return the separator that sees the players."""
