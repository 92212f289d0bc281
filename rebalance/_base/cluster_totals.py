"""Many systems at once from the sums of their clusters: the numbers of `paired_difference`, drawn once for all.

Where all systems have scored the same pairs, the sums of every cluster say all that means, paired differences and
their tests need. Resamples and flips of signs are those of `clustered_mean` and `paired_difference`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rebalance._base.bootstrap import (
    CONFIDENCE,
    N_RESAMPLES,
    Estimate,
    Interval,
    PairedDifference,
    cluster_signs,
    resampled_clusters,
)
from rebalance._base.errors import ConfigError

_TOLERANCE = 1e-12
_STATISTIC_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterTotals:
    """The sums of systems over the same clusters of values.

    Parameters
    ----------
    sums
        Shape ``(n_systems, n_clusters)``, finite.
    counts
        How many values every cluster has, shape ``(n_clusters,)``.

    Raises
    ------
    ConfigError
        If the shapes differ, a sum is not finite, or a cluster is empty.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance._base.cluster_totals import ClusterTotals, differences
    >>> totals = ClusterTotals(sums=np.array([[1.0, 2.0], [1.2, 2.4]]), counts=np.array([2.0, 4.0]))
    >>> (found,) = differences(totals, [(0, 1)], seed=0)
    >>> round(found.estimate.mean, 3), found.p_value
    (0.1, 0.5)
    """

    sums: NDArray[np.float64]
    counts: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.sums.ndim != 2 or self.counts.shape != self.sums.shape[1:] or not self.counts.size:
            raise ConfigError(
                expected="sums of systems over clusters, and a count for each cluster",
                got=f"shapes {self.sums.shape} and {self.counts.shape}",
            )
        if not np.isfinite(self.sums).all() or not (self.counts > 0).all():
            raise ConfigError(expected="finite sums of clusters that are not empty", got="others")


def differences(totals: ClusterTotals, pairs: list[tuple[int, int]], *, seed: int) -> tuple[PairedDifference, ...]:
    """Return how much higher the second of two systems is than the first, for several such pairs.

    Parameters
    ----------
    totals
        Sums and numbers of values per cluster, of all systems.
    pairs
        Places of the first and the second.
    seed
        Of the resamples and of the flips of signs.

    Source: as for `rebalance.report.paired_difference`.
    """
    if not pairs:
        return ()
    rng = np.random.default_rng(seed)
    first, second = (list(places) for places in zip(*pairs, strict=True))
    sums = totals.sums[second] - totals.sums[first]
    intervals = _intervals(sums, totals.counts, rng)
    p_values = _sign_flip_p_values(totals, pairs, rng)
    n_values, n_clusters = int(totals.counts.sum()), len(totals.counts)
    return tuple(
        PairedDifference(
            estimate=Estimate(mean=float(mean), interval=interval, n_values=n_values, n_clusters=n_clusters),
            p_value=float(p_value),
        )
        for mean, interval, p_value in zip(sums.sum(axis=1) / n_values, intervals, p_values, strict=True)
    )


def adjusted_p_values(totals: ClusterTotals, *, seed: int) -> NDArray[np.float64]:
    """Return the p-value of every two systems, adjusted for the number of comparisons; 1 on the diagonal.

    The statistic of two systems is the sum of their differences over the root of the summed squares of every cluster's.
    A p-value is the share of flips under which the largest statistic of all comparisons reaches the one observed, so
    that the chance of any false difference on the whole board is held. Unlike Bonferroni's and Holm's, the smallest
    value that can be reached does not grow with the number of systems.

    Returns
    -------
    NDArray
        Shape ``(n_systems, n_systems)``, symmetrical.

    Source: the single-step maxT adjustment, Westfall and Young (1993), "Resampling-Based Multiple Testing",
    section 2.3.
    """
    rng = np.random.default_rng(seed)
    resampled_clusters(len(totals.counts), N_RESAMPLES, rng)  # the flips follow the resamples in the stream
    signs = cluster_signs(len(totals.counts), N_RESAMPLES, rng)
    flipped = np.ascontiguousarray((signs @ totals.sums.T).T)  # a system's flips side by side in memory
    largest, observed = np.zeros(len(signs)), np.zeros((len(totals.sums),) * 2)
    for place, sums in enumerate(totals.sums[:-1]):
        others = totals.sums[place + 1 :] - sums
        size = np.sqrt(np.sum(others**2, axis=1))
        size[size <= _TOLERANCE * np.abs(totals.sums).sum()] = np.inf  # the same scores: no difference to test
        observed[place, place + 1 :] = np.abs(others.sum(axis=1)) / size
        statistics = flipped[place + 1 :] - flipped[place]
        np.abs(statistics, out=statistics)
        statistics /= size[:, None]
        np.maximum(largest, statistics.max(axis=0), out=largest)
    below = np.searchsorted(np.sort(largest), (observed + observed.T) * (1 - _STATISTIC_TOLERANCE))
    p_values = 1.0 - below / len(signs)
    np.fill_diagonal(p_values, 1.0)
    return p_values


def _intervals(
    sums: NDArray[np.float64], counts: NDArray[np.float64], rng: np.random.Generator
) -> list[Interval | None]:
    """Return the bootstrap interval of the mean of every row."""
    chosen = resampled_clusters(len(counts), N_RESAMPLES, rng)
    if chosen is None:
        return [None] * len(sums)
    places = chosen + len(counts) * np.arange(len(chosen))[:, None]
    weights = (
        np.bincount(places.ravel(), minlength=len(chosen) * len(counts))
        .reshape(len(chosen), len(counts))
        .astype(np.float64)
    )
    means = (weights @ sums.T) / (weights @ counts)[:, None]
    tail = (1.0 - CONFIDENCE) / 2.0
    lows, highs = np.quantile(means, [tail, 1.0 - tail], axis=0)
    return [Interval(low=float(low), high=float(high)) for low, high in zip(lows, highs, strict=True)]


def _sign_flip_p_values(
    totals: ClusterTotals, pairs: list[tuple[int, int]], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the two-sided p-values of pairs; every system is flipped once, and two flipped sums are subtracted."""
    signs = cluster_signs(len(totals.counts), N_RESAMPLES, rng)
    flipped = signs @ totals.sums.T
    found = np.empty(len(pairs))
    for place, (first, second) in enumerate(pairs):
        difference = totals.sums[second] - totals.sums[first]
        tolerance = _TOLERANCE * np.abs(totals.sums[[first, second]]).sum()
        observed = abs(difference.sum())
        found[place] = np.count_nonzero(np.abs(flipped[:, second] - flipped[:, first]) >= observed - tolerance)
    return found / len(signs)
