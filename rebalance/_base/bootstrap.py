"""Means, differences and their uncertainty when scores come in clusters: pure functions of arrays.

Scenes of one piece share players, hall and music, so that their scores are not independent. Whole pieces
are resampled, never single scores.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rebalance._base.errors import ConfigError

N_RESAMPLES = 5000
CONFIDENCE = 0.95
_EXACT_CLUSTERS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A confidence interval."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean over clustered values.

    Parameters
    ----------
    mean
        Of all values, each counting the same.
    interval
        Confidence interval of the mean; None when there is but one cluster, which tells nothing of others.
    n_values, n_clusters
        How many it rests on.

    Examples
    --------
    >>> from rebalance.report import Estimate, estimate_text
    >>> estimate_text(Estimate(mean=0.5123, interval=None, n_values=12, n_clusters=1))
    '0.512'
    """

    mean: float
    interval: Interval | None
    n_values: int
    n_clusters: int


def cells_of(estimate: Estimate) -> dict[str, float | int]:
    """Return an estimate as cells of a table by column; no limits where there is no interval."""
    interval = estimate.interval
    limits = {} if interval is None else {"low": interval.low, "high": interval.high}
    return {"mean": estimate.mean, **limits, "pairs": estimate.n_values, "pieces": estimate.n_clusters}


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedDifference:
    """How much higher a second set of values is than a first, pair by pair.

    Parameters
    ----------
    estimate
        Mean of second minus first.
    p_value
        Chance of a mean this far from zero, either way, were the sign of every cluster's difference random.
    """

    estimate: Estimate
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clusters:
    """Sum and number of values of every cluster, in the order of their names."""

    sums: NDArray[np.float64]
    counts: NDArray[np.float64]


def clustered_mean(
    values: ArrayLike,
    clusters: Sequence[str],
    *,
    rng: np.random.Generator,
    n_resamples: int = N_RESAMPLES,
    confidence: float = CONFIDENCE,
) -> Estimate:
    """Return the mean of values and its bootstrap interval, whole clusters resampled.

    Parameters
    ----------
    values
        Shape ``(n_values,)``, finite.
    clusters
        Name of the cluster of every value; their order does not matter.
    rng
        Draws the resamples.
    n_resamples
        Number of bootstrap resamples.
    confidence
        Coverage asked of the interval, between 0 and 1.

    Raises
    ------
    ConfigError
        If there are no values, one is not finite, or the lengths differ.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.report import clustered_mean
    >>> estimate = clustered_mean([0.5, 0.7, 0.3], ["haydn", "haydn", "mozart"], rng=np.random.default_rng(0))
    >>> round(estimate.mean, 3), estimate.n_clusters
    (0.5, 2)

    Source: the percentile bootstrap over clusters, Davison and Hinkley (1997), "Bootstrap Methods and
    their Application", section 3.8.
    """
    grouped = _grouped(values, clusters)
    n_clusters = len(grouped.sums)
    interval = None
    if (chosen := resampled_clusters(n_clusters, n_resamples, rng)) is not None:
        means = grouped.sums[chosen].sum(axis=1) / grouped.counts[chosen].sum(axis=1)
        tail = (1.0 - confidence) / 2.0
        low, high = np.quantile(means, [tail, 1.0 - tail])
        interval = Interval(low=float(low), high=float(high))
    return Estimate(
        mean=float(grouped.sums.sum() / grouped.counts.sum()),
        interval=interval,
        n_values=int(grouped.counts.sum()),
        n_clusters=n_clusters,
    )


def paired_difference(
    first: ArrayLike,
    second: ArrayLike,
    clusters: Sequence[str],
    *,
    rng: np.random.Generator,
    n_resamples: int = N_RESAMPLES,
    confidence: float = CONFIDENCE,
) -> PairedDifference:
    """Return the mean of second minus first, its bootstrap interval and a test against no difference.

    Parameters
    ----------
    first, second
        Values of the same pairs in the same order, shape ``(n_values,)``.
    clusters, rng, n_resamples, confidence
        See `clustered_mean`.

    Raises
    ------
    ConfigError
        As `clustered_mean`.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.report import paired_difference
    >>> found = paired_difference([0.5, 0.6], [0.6, 0.7], ["haydn", "mozart"], rng=np.random.default_rng(0))
    >>> round(found.estimate.mean, 3), found.p_value
    (0.1, 0.5)
    """
    differences = np.asarray(second, dtype=np.float64) - np.asarray(first, dtype=np.float64)
    estimate = clustered_mean(differences, clusters, rng=rng, n_resamples=n_resamples, confidence=confidence)
    return PairedDifference(
        estimate=estimate, p_value=sign_flip_p_value(differences, clusters, rng=rng, n_flips=n_resamples)
    )


def sign_flip_p_value(
    differences: ArrayLike, clusters: Sequence[str], *, rng: np.random.Generator, n_flips: int = N_RESAMPLES
) -> float:
    """Test whether paired differences could be centred at zero, flipping the sign of whole clusters.

    All flips are tried up to twelve clusters, random ones beyond.

    Source: the randomisation test, Fisher (1935), "The Design of Experiments", section 21, over clusters.

    Parameters
    ----------
    differences
        Shape ``(n_values,)``.
    clusters, rng
        See `clustered_mean`.
    n_flips
        How many random flips.

    Returns
    -------
    float
        Two-sided p-value, never below ``1 / (n_flips + 1)`` or ``2 / 2**n_clusters``.
    """
    sums = _grouped(differences, clusters).sums
    signs = cluster_signs(len(sums), n_flips, rng)
    observed = abs(sums.sum())
    tolerance = 1e-12 * np.abs(sums).sum()
    return float(np.mean(np.abs(signs @ sums) >= observed - tolerance))


def smallest_p_value(n_clusters: int, *, n_flips: int = N_RESAMPLES) -> float:
    """Return the smallest p-value `sign_flip_p_value` can give for so many clusters."""
    return 2.0 ** (1 - n_clusters) if n_clusters <= _EXACT_CLUSTERS else 1.0 / (n_flips + 1)


def resampled_clusters(n_clusters: int, n_resamples: int, rng: np.random.Generator) -> NDArray[np.int64] | None:
    """Draw which clusters make up every resample, shape ``(n_resamples, n_clusters)``; None for a single cluster."""
    return rng.integers(n_clusters, size=(n_resamples, n_clusters)) if n_clusters > 1 else None


def cluster_signs(n_clusters: int, n_flips: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return flips of signs, shape ``(n, n_clusters)``: all there are of up to twelve clusters, random ones beyond."""
    if n_clusters <= _EXACT_CLUSTERS:
        return np.array(list(itertools.product((-1.0, 1.0), repeat=n_clusters)))
    drawn = rng.choice((-1.0, 1.0), size=(n_flips, n_clusters))
    return np.vstack([np.ones(n_clusters), drawn])


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for their number, in the order given.

    Source: Holm (1979), "A simple sequentially rejective multiple test procedure".
    """
    order = np.argsort(p_values, kind="stable")
    stepped = [float(p_values[index]) * (len(p_values) - step) for step, index in enumerate(order)]
    adjusted = np.minimum(np.maximum.accumulate(stepped), 1.0) if stepped else np.zeros(0)
    return [float(value) for value in adjusted[np.argsort(order, kind="stable")]]


def _grouped(values: ArrayLike, clusters: Sequence[str]) -> _Clusters:
    """Add up the values of every cluster."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or len(array) != len(clusters):
        raise ConfigError(expected="one cluster per value", got=f"{len(clusters)} for values of shape {array.shape}")
    if not array.size or not np.isfinite(array).all():
        raise ConfigError(expected="one or more finite values", got=f"{array.size}, not all of them finite")
    members: dict[str, list[float]] = {}
    for cluster, value in zip(clusters, array.tolist(), strict=True):
        members.setdefault(cluster, []).append(value)
    names = sorted(members)
    return _Clusters(
        sums=np.array([math.fsum(members[name]) for name in names]),
        counts=np.array([float(len(members[name])) for name in names]),
    )
