"""How the metric's inner loops are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

Loop = TypeVar("Loop", bound=Callable[..., object])


def compiled(loop: Loop) -> Loop:
    """Compile a loop on its first call, keep it on disk, and release the interpreter's lock while it runs.

    Sums may be reordered and NaN is not expected: callers hand over finite arrays only.
    """
    return cast("Loop", njit(cache=True, nogil=True, fastmath=True, error_model="numpy")(loop))


def compiled_in_order(loop: Loop) -> Loop:
    """Compile a loop whose sums keep the order they are written in.

    A reordered sum has been seen to end in another digit from one process to the next; this one cannot.
    """
    return cast("Loop", njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")(loop))


def compiled_inline(loop: Loop) -> Loop:
    """Compile a scalar function into the loops that call it."""
    return cast("Loop", njit(cache=True, nogil=True, fastmath=True, error_model="numpy", inline="always")(loop))
