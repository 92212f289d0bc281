"""Numbers and tables as a reader sees them, the same in the terminal, in Markdown and on the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rebalance._base.bootstrap import Estimate, Interval


def estimate_text(estimate: Estimate | None, *, places: int = 3) -> str:
    """Return a mean with its interval, ``0.512 [0.480, 0.541]``; a dash when there is none.

    Parameters
    ----------
    estimate
        Of the mean.
    places
        Number of decimals.

    Examples
    --------
    >>> from rebalance.report import Estimate, estimate_text
    >>> estimate_text(Estimate(mean=0.5, interval=None, n_values=3, n_clusters=1)), estimate_text(None)
    ('0.500', '–')
    """
    if estimate is None:
        return "–"
    return f"{number_text(estimate.mean, places=places)} {interval_text(estimate.interval, places=places)}".rstrip()


def difference_text(estimate: Estimate, *, places: int = 3) -> str:
    """Return a mean difference with its sign and interval.

    Parameters
    ----------
    estimate
        Of the difference.
    places
        Number of decimals.

    Examples
    --------
    >>> from rebalance.report import Estimate, difference_text
    >>> difference_text(Estimate(mean=0.5, interval=None, n_values=3, n_clusters=1))
    '+0.500'
    """
    interval = interval_text(estimate.interval, signed=True, places=places)
    return f"{signed_text(estimate.mean, places=places)} {interval}".rstrip()


def interval_text(interval: Interval | None, *, signed: bool = False, places: int = 3) -> str:
    """Return ``[0.480, 0.541]``; nothing when there is no interval."""
    if interval is None:
        return ""
    write = signed_text if signed else number_text
    return f"[{write(interval.low, places=places)}, {write(interval.high, places=places)}]"


def p_value_text(p_value: float) -> str:
    """Return a p-value to two figures, a small one as a bound.

    Examples
    --------
    >>> from rebalance.report import p_value_text
    >>> p_value_text(0.0123), p_value_text(1e-6)
    ('0.012', '< 0.001')
    """
    return "< 0.001" if p_value < 0.001 else f"{p_value:.2g}"


def number_text(value: float, *, places: int = 3) -> str:
    """Return a number with the minus sign of print.

    Parameters
    ----------
    value
        The number.
    places
        Number of decimals.

    Examples
    --------
    >>> from rebalance.report import number_text
    >>> number_text(-0.012)
    '−0.012'
    """
    return f"{value:.{places}f}".replace("-", "−")


def signed_text(value: float, *, places: int = 3) -> str:
    """Return a number with its sign: ``+0.012``.

    Parameters
    ----------
    value
        The number.
    places
        Number of decimals.

    Examples
    --------
    >>> from rebalance.report import signed_text
    >>> signed_text(0.012)
    '+0.012'
    """
    return f"{value:+.{places}f}".replace("-", "−")


def short_text(value: float, *, signed: bool = False) -> str:
    """Return a number without the nought before its point, for narrow columns: ``.512``, ``+.012``."""
    text = signed_text(value) if signed else number_text(value)
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def markdown_lines(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Return a table in Markdown, line by line.

    Parameters
    ----------
    header
        Titles of the columns.
    rows
        As many cells each.

    Examples
    --------
    >>> from rebalance.report import markdown_lines
    >>> print(*markdown_lines(["system", "SDR"], [["mixture", "0.00"]]), sep=chr(10))
    | system | SDR |
    |---|---|
    | mixture | 0.00 |
    """
    yield f"| {' | '.join(header)} |"
    yield "|---" * len(header) + "|"
    yield from (f"| {' | '.join(row)} |" for row in rows)
