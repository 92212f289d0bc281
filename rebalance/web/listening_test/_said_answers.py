"""What a participant is and says."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rebalance._base.errors import ConfigError
from rebalance.web.listening_test._trial_orders import BlindTrial


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a participant said of one signal.

    Parameters
    ----------
    rating
        From 0 to 100; None where two signals are compared.
    chosen
        Whether it was chosen of the two, False for both where none was; None where signals are rated.
    plays
        How often it was listened to, at least once.
    seconds
        Time from the first sound of the page to the answer.

    Raises
    ------
    ConfigError
        If a value is out of range.

    Examples
    --------
    >>> from rebalance.web.listening_test import Answer
    >>> try:
    ...     Answer(rating=101.0, plays=1, seconds=3.0)
    ... except ValueError as error:
    ...     print(error)
    rating: expected a number from 0 to 100, got 101
    """

    rating: float | None = None
    chosen: bool | None = None
    plays: int
    seconds: float

    def __post_init__(self) -> None:
        if (self.rating is None) == (self.chosen is None):
            raise ConfigError(where="answer", expected="a rating or a choice")
        if self.rating is not None and not 0 <= self.rating <= 100:
            raise ConfigError(where="rating", expected="a number from 0 to 100", got=f"{self.rating:g}")
        if self.plays < 1:
            raise ConfigError(where="plays", expected="every sound heard at least once", got=str(self.plays))
        if not (self.seconds >= 0 and math.isfinite(self.seconds)):
            raise ConfigError(where="seconds", expected="0 or more", got=f"{self.seconds:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """Somebody who takes a test.

    Parameters
    ----------
    identity
        In the database.
    number
        Within the test, from 1; decides the orders.
    trials
        In their order.
    """

    identity: int
    number: int
    trials: tuple[BlindTrial, ...]
