"""Compiling with numba, kept on disk where a place for it can be written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar, cast

from numba import njit

Loop = TypeVar("Loop", bound=Callable[..., object])


def compiled_and_kept(loop: Loop, *, fastmath: bool | set[str] = False, **options: bool | str) -> Loop:
    """Compile a loop on its first call and keep it on disk; without keeping it where nothing can be written.

    A service's user may have neither a home nor rights to the folder of the package: numba then refuses to cache.
    """
    chosen: Mapping[str, object] = {"fastmath": fastmath, "error_model": "numpy", **options}
    try:
        return cast("Loop", njit(cache=True, **chosen)(loop))
    except RuntimeError:
        return cast("Loop", njit(**chosen)(loop))
