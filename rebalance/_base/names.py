"""Matching what people type against the names there are."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

from rebalance._base.errors import ConfigError

Choice = TypeVar("Choice", bound=str)


def one_of(option: str, word: str, known: Sequence[Choice]) -> Choice:
    """Return the known word a user typed.

    Raises
    ------
    ConfigError
        If there is no such word.
    """
    for choice in known:
        if word == choice:
            return choice
    raise ConfigError(where=option, expected=f"one of {', '.join(known)}", got=repr(word))


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name most like the one given, ignoring case, or None if none is near."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    near = difflib.get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[near[0]] if near else None


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'Viola'?"`` or an empty string, to end an error line with."""
    near = closest(name, known)
    return f"; did you mean {near!r}?" if near else ""


def shortened(names: Collection[str], *, most: int = 6) -> str:
    """Return the first names, and how many more there are."""
    shown = ", ".join(itertools.islice(names, most))
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: ``"1 error"``, ``"2 errors"``; the plural where it is not that with an s."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
