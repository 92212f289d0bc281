"""How the metric's inner loops are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from rebalance._base.compiling import compiled_and_kept

Loop = TypeVar("Loop", bound=Callable[..., object])


def compiled(loop: Loop) -> Loop:
    """Compile a loop on its first call, keep it on disk, and release the interpreter's lock while it runs.

    Sums may be reordered and NaN is not expected: callers hand over finite arrays only.
    """
    return compiled_and_kept(loop, nogil=True, fastmath=True)


def compiled_in_order(loop: Loop) -> Loop:
    """Compile a loop whose sums keep the order they are written in.

    A reordered sum has been seen to end in another digit from one process to the next; this one cannot.
    """
    return compiled_and_kept(loop, nogil=True, fastmath={"contract"})


def compiled_inline(loop: Loop) -> Loop:
    """Compile a scalar function into the loops that call it."""
    return compiled_and_kept(loop, nogil=True, fastmath=True, inline="always")
