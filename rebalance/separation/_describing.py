"""Separators in a line, and as a table for a notebook."""

from __future__ import annotations

import math
from html import escape
from typing import Any

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


def described(separator: Any) -> str:  # noqa: ANN401 - anything that may be a separator
    """Return a separator in one line.

    Examples
    --------
    >>> from rebalance.separation import load_separator
    >>> load_separator("mixture")
    MixtureSeparator('mixture': parameters 0, look-ahead 0 ms, sample rate 44100 Hz, shrinkage 0)
    """
    facts = ", ".join(f"{name} {value}" for name, value in _facts_of(separator).items())
    return f"{type(separator).__name__}({separator.name!r}: {facts})"


def described_as_html(separator: Any) -> str:  # noqa: ANN401 - anything that may be a separator
    """Return a separator as a table for a notebook.

    Examples
    --------
    >>> from rebalance.separation import described_as_html, load_separator
    >>> described_as_html(load_separator("mixture")).startswith("<table>")
    True
    """
    lines = {"separator": separator.name, **_facts_of(separator)}
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>" for name, value in lines.items())
    return f"<table>{rows}</table>"


def _counted(number: int) -> str:
    """Return a number of parameters: ``1.9 million``."""
    return f"{number / 1e6:.1f} million" if number >= 100_000 else f"{number}"


def _number_text(value: object) -> str:
    """Return one number, or several, as short as they are told apart."""
    if isinstance(value, tuple | list):
        return " ".join(_number_text(each) for each in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
