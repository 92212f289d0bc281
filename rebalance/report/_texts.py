"""Numbers as a reader sees them, the same in the terminal and on the page."""

from __future__ import annotations

from rebalance.report._statistics import Estimate, Interval


def estimate_text(estimate: Estimate | None) -> str:
    """Return a mean with its interval, ``0.512 [0.480, 0.541]``; a dash when there is none.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.report import clustered_mean, estimate_text
    >>> estimate_text(clustered_mean([0.5, 0.6], ["bach", "bach"], rng=np.random.default_rng(0))), estimate_text(None)
    ('0.550', '–')
    """
    return "–" if estimate is None else f"{estimate.mean:.3f} {interval_text(estimate.interval)}".rstrip()


def difference_text(estimate: Estimate) -> str:
    """Return a mean difference with its sign and interval.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.report import clustered_mean, difference_text
    >>> difference_text(clustered_mean([0.02, 0.04], ["bach", "bach"], rng=np.random.default_rng(0)))
    '+0.030'
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
    >>> p_value_text(0.0432), p_value_text(0.00002)
    ('0.043', '< 0.001')
    """
    return "< 0.001" if p_value < 0.001 else f"{p_value:.2g}"


def signed_text(value: float) -> str:
    """Return a number with its sign: ``+0.012``.

    Examples
    --------
    >>> from rebalance.report import signed_text
    >>> signed_text(0.0123), signed_text(-0.0123)
    ('+0.012', '−0.012')
    """
    return f"{value:+.3f}".replace("-", "−")
