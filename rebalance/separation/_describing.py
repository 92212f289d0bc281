"""Separators in a line, and as a table for a notebook."""

from __future__ import annotations

from html import escape
from typing import Any


def facts_of(separator: object) -> dict[str, str]:
    """Return what a separator says of itself, in words; what it does not say is left out.

    Examples
    --------
    >>> from rebalance.separation import facts_of, load_separator
    >>> facts_of(load_separator("mixture"))["look-ahead"]
    '0 ms'
    """
    facts: dict[str, str] = {}
    n_parameters = getattr(separator, "n_parameters", None)
    if n_parameters is not None:
        facts["parameters"] = _counted(n_parameters)
    if hasattr(separator, "lookahead_ms"):
        lookahead_ms = separator.lookahead_ms
        facts["look-ahead"] = "the whole signal" if lookahead_ms is None else f"{lookahead_ms:.3g} ms"
    for name, attribute in (("sample rate", "sample_rate"), ("shrinkage", "shrinkage")):
        if hasattr(separator, attribute):
            facts[name] = _number_text(getattr(separator, attribute))
    facts["sample rate"] = f"{facts['sample rate']} Hz" if "sample rate" in facts else "unknown"
    if getattr(separator, "needs_sources", False):
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
    facts = ", ".join(f"{name} {value}" for name, value in facts_of(separator).items())
    return f"{type(separator).__name__}({separator.name!r}: {facts})"


def described_as_html(separator: Any) -> str:  # noqa: ANN401 - anything that may be a separator
    """Return a separator as a table for a notebook.

    Examples
    --------
    >>> from rebalance.separation import described_as_html, load_separator
    >>> described_as_html(load_separator("mixture")).startswith("<table>")
    True
    """
    lines = {"separator": separator.name, **facts_of(separator)}
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
