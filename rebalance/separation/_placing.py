"""Separators made for one recording, which have to know where in it a block begins."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from rebalance.separation._protocol import Separator


@runtime_checkable
class Placed(Protocol):
    """A separator made for one recording, which has to know where in it a block begins."""

    def beginning_at(self, start_s: float) -> Separator:
        """Return it for a block of the recording that begins at a time in seconds."""


def placed_at(separator: Separator, start_s: float) -> Separator:
    """Return a separator for a block of a recording that begins at a time in seconds; itself where it need not know.

    Parameters
    ----------
    separator
        A separator that knows places in a recording, or one that does not.
    start_s
        Where the block begins in the recording, in seconds from 0.

    Examples
    --------
    >>> from rebalance.separation import load_separator, placed_at
    >>> separator = load_separator("mixture")
    >>> placed_at(separator, 30.0) is separator
    True
    """
    return separator.beginning_at(start_s) if isinstance(separator, Placed) else separator
