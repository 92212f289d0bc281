"""Separators in a line, and as a table for a notebook."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from rebalance.separation._info import info_of
from rebalance.separation._protocol import Oracle


def _facts_of(separator: object) -> dict[str, str]:
    """Return what a separator says of itself, in words; what it does not say is left out."""
    facts: dict[str, str] = {}
    info = info_of(separator)
    if info.n_parameters is not None:
        facts["parameters"] = _counted(info.n_parameters)
    if info.lookahead_ms is not None:
        whole = math.isinf(info.lookahead_ms)
        facts["look-ahead"] = "the whole signal" if whole else f"{info.lookahead_ms:.3g} ms"
    facts["sample rate"] = f"{getattr(separator, 'sample_rate', '?')} Hz"
    facts["shrinkage"] = _number_text(info.shrinkage)
    if isinstance(separator, Oracle):
        facts["needs"] = "the true sources"
    return facts


class Described:
    """A separator that is shown in one line, and as a table in a notebook; a dataclass of it needs ``repr=False``.

    Examples
    --------
    >>> from rebalance.separation import load_separator
    >>> load_separator("mixture")
    MixtureSeparator('mixture': parameters 0, look-ahead 0 ms, sample rate 44100 Hz, shrinkage 0)
    """

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def name(self) -> str:
            """What it is called."""

    def __repr__(self) -> str:
        facts = ", ".join(f"{name} {value}" for name, value in _facts_of(self).items())
        return f"{type(self).__name__}({self.name!r}: {facts})"

    def _repr_html_(self) -> str:
        lines = {"separator": self.name, **_facts_of(self)}
        rows = (f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>" for name, value in lines.items())
        return f"<table>{''.join(rows)}</table>"


def _counted(number: int) -> str:
    """Return a number of parameters: ``1.9 million``."""
    return f"{number / 1e6:.1f} million" if number >= 100_000 else f"{number}"


def _number_text(value: object) -> str:
    """Return one number, or several, as short as they are told apart."""
    if isinstance(value, tuple | list):
        return " ".join(_number_text(each) for each in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
