"""Compiling with numba: what the compiler may change of a loop, by name; kept on disk where possible."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from numba import njit

Loop = TypeVar("Loop", bound=Callable[..., Any])


def compiled(loop: Loop) -> Loop:
    """Compile a loop on its first call, keeping every operation as it is written."""
    return _compiled(loop)


def compiled_in_order(loop: Loop) -> Loop:
    """Compile a loop whose sums keep their order; products may be fused with them.

    A reordered sum has been seen to end in another digit from one process to the next; this one cannot.
    """
    return _compiled(loop, nogil=True, fastmath={"contract"})


def compiled_loosely(loop: Loop) -> Loop:
    """Compile a loop over finite numbers whose sums may be reordered; infinities and NaN are not expected."""
    return _compiled(loop, nogil=True, fastmath=True)


def compiled_inline(function: Loop) -> Loop:
    """Compile a scalar function into the loops that call it, as loosely as `compiled_loosely`."""
    return _compiled(function, nogil=True, fastmath=True, inline="always")


def _compiled(loop: Loop, *, fastmath: bool | set[str] = False, **options: bool | str) -> Loop:
    """Compile a loop on its first call and keep it on disk; without keeping it where nothing can be written.

    A service's user may have neither a home nor rights to the folder of the package: numba then refuses to cache.
    """
    chosen: Mapping[str, object] = {"fastmath": fastmath, "error_model": "numpy", **options}
    try:
        return cast("Loop", njit(cache=True, **chosen)(loop))
    except RuntimeError:
        return cast("Loop", njit(**chosen)(loop))
