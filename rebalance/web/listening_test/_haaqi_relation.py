"""How HAAQI goes with what people said, point by point."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from rebalance._base.bootstrap import CONFIDENCE, Interval
from rebalance._base.errors import ConfigError
from rebalance.report import ScoredRun

_N_RESAMPLES = 2000
_MIN_POINTS = 3
_DECIMALS = 9  # what rounding leaves of equal differences is no difference

Rank = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """A correlation between HAAQI and answers.

    Parameters
    ----------
    value
        From −1 to 1.
    interval
        Of 95 %, whole participants resampled; None for a single participant.
    """

    value: float
    interval: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HaaqiRelation:
    """How HAAQI goes with answers.

    Parameters
    ----------
    spearman, pearson
        Over the points.
    points
        A line for every point, with the columns ``point``, ``system``, ``haaqi`` and ``answer``, the mean of all
        participants.
    """

    spearman: Correlation
    pearson: Correlation
    points: pd.DataFrame


def relate_to_haaqi(said: pd.DataFrame, *, rng: np.random.Generator, n_resamples: int = _N_RESAMPLES) -> HaaqiRelation:
    """Correlate HAAQI with answers.

    Source: the percentile bootstrap over clusters, Davison and Hinkley (1997), section 3.8. A resample in which one
    side does not vary has no correlation and is left out.

    Parameters
    ----------
    said
        A line for every answer, with the columns ``participant``, ``point`` (what was judged), ``system``, ``haaqi``
        and ``answer``.
    rng
        Draws the resamples.
    n_resamples
        Number of bootstrap resamples.

    Raises
    ------
    ConfigError
        If there are fewer than three points, or HAAQI or the answers are the same for all.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from rebalance.web.listening_test import relate_to_haaqi
    >>> said = pd.DataFrame({"participant": [1, 1, 1, 2, 2, 2], "point": [1, 2, 3] * 2, "system": "fast"})
    >>> said = said.assign(haaqi=[0.3, 0.5, 0.6] * 2, answer=[20, 50, 55, 30, 60, 65])
    >>> relate_to_haaqi(said, rng=np.random.default_rng(0)).spearman.value
    1.0
    """
    by_person = said.pivot_table(index="participant", columns="point", values="answer", aggfunc="mean")
    points = said.groupby("point", sort=True).agg(system=("system", "first"), haaqi=("haaqi", "first"))
    points["answer"] = by_person.mean(axis=0)
    if len(points) < _MIN_POINTS:
        expected = f"{_MIN_POINTS} or more points to correlate"
        raise ConfigError(where="HAAQI", expected=expected, got=str(len(points)))
    points[["haaqi", "answer"]] = points[["haaqi", "answer"]].round(_DECIMALS)
    for name in ("haaqi", "answer"):
        if points[name].nunique() < 2:
            raise ConfigError(where="HAAQI", expected=f"values of {name} that differ", got="one for all points")
    people = by_person.to_numpy(np.float64)
    chosen = rng.integers(len(people), size=(n_resamples, len(people)))
    haaqi, answer = points["haaqi"].to_numpy(np.float64), points["answer"].to_numpy(np.float64)
    return HaaqiRelation(
        spearman=_correlation(haaqi, answer, people, chosen, rankdata),
        pearson=_correlation(haaqi, answer, people, chosen, np.asarray),
        points=points.reset_index(),
    )


def rated_points(ratings: pd.DataFrame, scores: Mapping[str, ScoredRun]) -> pd.DataFrame:
    """Return the ratings of runs, each with the HAAQI of its signal; a point is a signal."""
    own = ratings[ratings["system"].isin(list(scores))]
    signals = list(zip(own["system"], own["scene"], own["listener"], strict=True))
    points = [" ".join(signal) for signal in signals]
    haaqi = [_score(scores[system], scene, listener) for system, scene, listener in signals]
    return pd.DataFrame(
        {
            "participant": own["participant"].to_numpy(),
            "point": points,
            "system": own["system"].to_numpy(),
            "haaqi": haaqi,
            "answer": own["rating"].to_numpy(np.float64),
        }
    )


def compared_points(met: pd.DataFrame, scores: Mapping[str, ScoredRun]) -> pd.DataFrame:
    """Return the scores of trials, each with how much higher the HAAQI of the first is; a point is two signals."""
    columns = (met[name] for name in ("first", "second", "scene", "listener"))
    pairs = [tuple(map(str, values)) for values in zip(*columns, strict=True)]
    differences = [
        _score(scores[first], scene, listener) - _score(scores[second], scene, listener)
        for first, second, scene, listener in pairs
    ]
    return pd.DataFrame(
        {
            "participant": met["participant"].to_numpy(),
            "point": [" ".join(pair) for pair in pairs],
            "system": [f"{first} against {second}" for first, second, _, _ in pairs],
            "haaqi": differences,
            "answer": met["score"].to_numpy(np.float64),
        }
    )


def _score(run: ScoredRun, scene: str, listener: str) -> float:
    """Return the HAAQI of a signal, mean of both ears."""
    if (scene, listener) not in run.scores.index:
        wanted = f"a score of scene {scene} for listener {listener}"
        raise ConfigError(where=run.folder, expected=wanted, found="none; run 'rebalance score' again")
    return float(run.scores["avg_haaqi"].loc[(scene, listener)])


def _correlation(
    haaqi: NDArray[np.float64],
    answer: NDArray[np.float64],
    people: NDArray[np.float64],
    chosen: NDArray[np.int64],
    rank: Rank,
) -> Correlation:
    """Correlate, and resample participants; a point that no participant of a resample judged is left out of it."""
    value = _pearson(rank(haaqi), rank(answer))
    if len(people) < 2:
        return Correlation(value=value, interval=None)
    found = [_resampled(haaqi, people[rows], rank) for rows in chosen]
    finite = [each for each in found if np.isfinite(each)]
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(finite, [tail, 1 - tail]) if finite else (np.nan, np.nan)
    return Correlation(value=value, interval=Interval(low=float(low), high=float(high)) if finite else None)


def _resampled(haaqi: NDArray[np.float64], people: NDArray[np.float64], rank: Rank) -> float:
    heard = np.isfinite(people)
    n_heard = heard.sum(axis=0)
    here = n_heard > 0
    means = np.round(np.where(heard, people, 0.0).sum(axis=0)[here] / n_heard[here], _DECIMALS)
    return _pearson(rank(haaqi[here]), rank(means))


def _pearson(first: Sequence[float] | NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return Pearson's correlation, NaN where one side does not vary."""
    x, y = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    x, y = x - x.mean(), y - y.mean()
    return float(np.clip(x @ y / np.sqrt((x @ x) * (y @ y)), -1.0, 1.0))
