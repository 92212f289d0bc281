"""How much a command tells besides its results and errors: less, as usual, or more."""

from __future__ import annotations

import contextlib
import enum
import os
from collections.abc import Iterator
from contextvars import ContextVar

DEBUG_VARIABLE = "REBALANCE_DEBUG"


class Verbosity(enum.IntEnum):
    """What is told."""

    QUIET = 0
    USUAL = 1
    VERBOSE = 2


_VERBOSITY: ContextVar[Verbosity] = ContextVar("verbosity", default=Verbosity.USUAL)


def verbosity() -> Verbosity:
    """Return how much is to be told."""
    return _VERBOSITY.get()


def is_debugging() -> bool:
    """Tell whether whoever runs this looks for a fault in it."""
    return os.environ.get(DEBUG_VARIABLE, "0") not in ("", "0")


def is_quiet() -> bool:
    """Tell whether neither progress nor notes are wanted."""
    return verbosity() is Verbosity.QUIET


@contextlib.contextmanager
def telling(wanted: Verbosity) -> Iterator[None]:
    """Tell this much inside the block."""
    token = _VERBOSITY.set(wanted)
    try:
        yield
    finally:
        _VERBOSITY.reset(token)
