"""Numbers as a reader sees them, the same in the terminal and on the page."""

from __future__ import annotations

from rebalance._base.bootstrap import Estimate, Interval


def estimate_text(estimate: Estimate | None) -> str:
    """Return a mean with its interval, ``0.512 [0.480, 0.541]``; a dash when there is none.

    Examples
    --------
    >>> from rebalance.report import Estimate, estimate_text
    >>> estimate_text(Estimate(mean=0.5, interval=None, n_values=3, n_clusters=1)), estimate_text(None)
    ('0.500', '–')
    """
    return "–" if estimate is None else f"{estimate.mean:.3f} {interval_text(estimate.interval)}".rstrip()


def difference_text(estimate: Estimate) -> str:
    """Return a mean difference with its sign and interval.

    Examples
    --------
    >>> from rebalance.report import Estimate, difference_text
    >>> difference_text(Estimate(mean=0.5, interval=None, n_values=3, n_clusters=1))
    '+0.500'
    """
    return f"{signed_text(estimate.mean)} {interval_text(estimate.interval, signed=True)}".rstrip()


def interval_text(interval: Interval | None, *, signed: bool = False) -> str:
    """Return ``[0.480, 0.541]``; nothing when there is no interval."""
    if interval is None:
        return ""
    low, high = (signed_text(value) if signed else f"{value:.3f}" for value in (interval.low, interval.high))
    return f"[{low}, {high}]"


def p_value_text(p_value: float) -> str:
    """Return a p-value to two figures, a small one as a bound.

    Examples
    --------
    >>> from rebalance.report import p_value_text
    >>> p_value_text(0.0123), p_value_text(1e-6)
    ('0.012', '< 0.001')
    """
    return "< 0.001" if p_value < 0.001 else f"{p_value:.2g}"


def signed_text(value: float) -> str:
    """Return a number with its sign: ``+0.012``.

    Examples
    --------
    >>> from rebalance.report import signed_text
    >>> signed_text(0.012)
    '+0.012'
    """
    return f"{value:+.3f}".replace("-", "−")


def short_text(value: float, *, signed: bool = False) -> str:
    """Return a number without the nought before its point, for narrow columns: ``.512``, ``+.012``."""
    text = signed_text(value) if signed else f"{value:.3f}".replace("-", "−")
    return text.replace("0.", ".", 1) if abs(value) < 1 else text
