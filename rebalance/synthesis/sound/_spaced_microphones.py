"""Rooms as an orchestra is recorded: three spaced microphones above the conductor, and one close to every player."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError
from rebalance.synthesis.sound._rooms import (
    IMAGE_ORDER,
    RESPONSE_PEAK_MARGIN_S,
    SAMPLE_RATE,
    SPEED_OF_SOUND_M_S,
    WALL_MARGIN_M,
    Hall,
    mean_absorption,
    pyroomacoustics_module,
    with_tail,
)

# A Decca tree: left and right 2 m apart, the middle 1.5 m nearer the players (its usual size).
_HALF_WIDTH_M = 1.0
_FORWARD_M = 1.5
_TREE_HEIGHT_M = 3.0
_BELOW_CEILING_M = 0.5
_MIDDLE_GAIN = np.sqrt(0.5)
_CLOSE_M = 0.6
_SOURCE_HEIGHT_M = 1.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Where a player sits: metres ahead of the middle microphone, and to its left.

    Parameters
    ----------
    ahead_m
        Above 0.
    left_m
        Negative to the right.

    Raises
    ------
    ConfigError
        If the seat is not ahead of the microphones.

    Examples
    --------
    >>> from rebalance.synthesis.sound import Seat
    >>> Seat(ahead_m=3.0, left_m=-2.0).left_m
    -2.0
    """

    ahead_m: float
    left_m: float

    def __post_init__(self) -> None:
        if not self.ahead_m > 0:
            raise ConfigError(where="seat", expected="ahead of the microphones", got=f"{self.ahead_m} m")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedResponse:
    """Responses from one player to the microphones.

    Parameters
    ----------
    tree
        Of the three spaced microphones folded to stereo, shape ``(2, n_taps)``.
    close
        Of the player's own microphone, shape ``(1, n_taps)``.
    """

    tree: NDArray[np.float64]
    close: NDArray[np.float64]


def record_in(hall: Hall, seat: Seat, player: int) -> RecordedResponse:
    """Simulate what three spaced omnidirectional microphones and a close one hear of a player.

    The middle microphone goes to both sides 3 dB down. Times between the three are kept; the common delay of a
    player is not. Each of the two responses has a largest value of 1.

    Parameters
    ----------
    hall
        The room; its microphone position is below the middle of the tree.
    seat
        Of the player, moved into the room where it would lie outside.
    player
        Number of the player, for the tail.

    Raises
    ------
    ConfigError
        If pyroomacoustics is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.synthesis.sound import Seat, draw_hall, record_in
    >>> response = record_in(draw_hall(np.random.default_rng(0)), Seat(ahead_m=3.0, left_m=2.5), player=0)
    >>> left, right = response.tree
    >>> bool(np.argmax(np.abs(left)) < np.argmax(np.abs(right)))  # the sound comes from the left
    True

    Source: image sources by pyroomacoustics and the tail of `simulate_response`.
    """
    source_m = _within(hall, seat)
    tree = _heard(hall, source_m, _tree_m(hall), np.random.default_rng([hall.seed, player, 0]))
    toward = np.array(hall.microphone_m) - source_m
    close_m = source_m + _CLOSE_M * toward / np.linalg.norm(toward)
    close = _heard(hall, source_m, close_m[None], np.random.default_rng([hall.seed, player, 1]))
    left, right, middle = tree
    folded = np.stack([left + _MIDDLE_GAIN * middle, right + _MIDDLE_GAIN * middle])
    return RecordedResponse(tree=folded / np.max(np.abs(folded)), close=close / np.max(np.abs(close)))


def _tree_m(hall: Hall) -> NDArray[np.float64]:
    """Return the positions of the left, right and middle microphone; left is towards the larger second coordinate."""
    ahead, across, _ = hall.microphone_m
    height = min(_TREE_HEIGHT_M, hall.size_m[2] - _BELOW_CEILING_M)
    return np.array(
        [
            (ahead - _FORWARD_M, across + _HALF_WIDTH_M, height),
            (ahead - _FORWARD_M, across - _HALF_WIDTH_M, height),
            (ahead, across, height),
        ]
    )


def _within(hall: Hall, seat: Seat) -> NDArray[np.float64]:
    """Return a seat in the coordinates of the hall, no nearer to a wall than a metre."""
    length, width, _ = hall.size_m
    ahead = min(hall.microphone_m[0] + seat.ahead_m, length - WALL_MARGIN_M)
    across = min(max(hall.microphone_m[1] + seat.left_m, WALL_MARGIN_M), width - WALL_MARGIN_M)
    return np.array([ahead, across, _SOURCE_HEIGHT_M])


def _heard(
    hall: Hall, source_m: NDArray[np.float64], microphones_m: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the responses to omnidirectional microphones, ``(n_microphones, n_taps)``, their common delay cut."""
    acoustics = pyroomacoustics_module()
    walls = acoustics.Material(mean_absorption(hall))
    room = acoustics.ShoeBox(hall.size_m, fs=SAMPLE_RATE, materials=walls, max_order=IMAGE_ORDER)
    room.add_source(source_m)
    room.add_microphone_array(np.ascontiguousarray(microphones_m.T))
    room.compute_rir()
    responses = [np.asarray(each[0], dtype=np.float64) for each in room.rir]
    n_samples = min(len(response) for response in responses)
    early = np.stack([response[:n_samples] for response in responses])
    first = min(int(np.argmax(np.abs(response))) for response in early)
    early = early[:, max(first - int(RESPONSE_PEAK_MARGIN_S * SAMPLE_RATE), 0) :]
    horizon = int(IMAGE_ORDER * min(hall.size_m) / SPEED_OF_SOUND_M_S * SAMPLE_RATE)
    shares: Sequence[float] = [1.0] * len(early)
    return with_tail(early[:, : min(horizon, early.shape[1])], hall, rng, shares)
