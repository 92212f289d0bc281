"""Matching what people type against the names there are."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name most like the one given, ignoring case, or None if none is near."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    near = difflib.get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[near[0]] if near else None


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'Viola'?"`` or an empty string, to end an error line with."""
    near = closest(name, known)
    return f"; did you mean {near!r}?" if near else ""
