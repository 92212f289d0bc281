"""What choices between two say of the systems: shares of wins, and worths."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from rebalance._base.errors import ConfigError

_CONFIDENCE = 0.95
_N_RESAMPLES = 2000
_N_STEPS = 10_000
_TOLERANCE = 1e-9
_HALF_A_WIN = 0.5  # each way for every two systems that met, so that one that always wins has a finite worth


def comparisons(answers: pd.DataFrame, systems: Sequence[str]) -> pd.DataFrame:
    """Return a line for every trial: ``first`` and ``second`` system, and the ``score`` of the first (1, 0.5, 0).

    Parameters
    ----------
    answers
        A line for every signal, as `AnswerStore.table` gives them.
    systems
        The order that says which of two is the first.
    """
    order = {system: place for place, system in enumerate(systems)}
    lines = []
    for (participant, trial), two in answers.groupby(["participant", "trial"], sort=True):
        by_order = two.assign(order=two["system"].map(order)).sort_values("order")
        first, second = by_order["system"]
        first_chosen, second_chosen = by_order["chosen"].to_numpy(np.float64)
        scene, listener = by_order[["scene", "listener"]].iloc[0]
        score = 0.5 + 0.5 * (first_chosen - second_chosen)
        lines.append((participant, trial, scene, listener, first, second, score))
    columns = ["participant", "trial", "scene", "listener", "first", "second", "score"]
    return pd.DataFrame(lines, columns=columns)


def win_shares(met: pd.DataFrame, systems: Sequence[str]) -> pd.DataFrame:
    """Return how often every system won, against each other one and against all.

    Source: Wilson (1927), "Probable inference, the law of succession, and statistical inference".

    Parameters
    ----------
    met
        A line for every trial, with the columns ``first``, ``second`` and ``score`` of the first (1, 0.5 or 0).
    systems
        In the order wanted.

    Returns
    -------
    The columns ``system``, ``against`` (``all`` for all others), ``wins``, ``losses``, ``ties``, ``share`` of the wins
    among those decided, ``low`` and ``high`` (95 % interval of Wilson).

    Examples
    --------
    >>> import pandas as pd
    >>> from rebalance.web.listening_test import win_shares
    >>> met = pd.DataFrame({"first": "a", "second": "b", "score": [1.0, 1.0, 0.0, 0.5]})
    >>> shares = win_shares(met, ["a", "b"])
    >>> shares.loc[0, ["wins", "losses", "ties"]].astype(int).to_dict(), shares["share"].round(2)[0].item()
    ({'wins': 2, 'losses': 1, 'ties': 1}, 0.67)
    """
    turned = met.assign(first=met["second"], second=met["first"], score=1.0 - met["score"])
    both = pd.concat([met, turned], ignore_index=True)
    lines = []
    for system in systems:
        own = both[both["first"] == system]
        others = [other for other in systems if other in set(own["second"])]
        for against in ("all", *others):
            scores = (own if against == "all" else own[own["second"] == against])["score"]
            wins, losses = int((scores == 1).sum()), int((scores == 0).sum())
            low, high = wilson_interval(wins, wins + losses)
            share = wins / (wins + losses) if wins + losses else np.nan
            lines.append((system, against, wins, losses, len(scores) - wins - losses, share, low, high))
    return pd.DataFrame(lines, columns=["system", "against", "wins", "losses", "ties", "share", "low", "high"])


def wilson_interval(n_wins: int, n_decided: int) -> tuple[float, float]:
    """Return the 95 % interval of a share; from 0 to 1 where nothing was decided."""
    if not n_decided:
        return 0.0, 1.0
    z = float(norm.ppf(0.5 + _CONFIDENCE / 2))
    share = n_wins / n_decided
    middle = share + z**2 / (2 * n_decided)
    reach = z * np.sqrt(share * (1 - share) / n_decided + z**2 / (4 * n_decided**2))
    scale = 1 + z**2 / n_decided
    return float(max(0.0, (middle - reach) / scale)), float(min(1.0, (middle + reach) / scale))


def choice_worths(
    met: pd.DataFrame, systems: Sequence[str], *, rng: np.random.Generator, n_resamples: int = _N_RESAMPLES
) -> pd.DataFrame:
    """Return the Bradley-Terry worth of every system with its 95 % interval, whole participants resampled.

    Source: Bradley and Terry (1952); fitted as in Hunter (2004), "MM algorithms for generalized Bradley-Terry models",
    section 2. A tie is half a win for either; half a win each way is added to every two that met.

    Parameters
    ----------
    met
        A line for every trial, with the columns ``participant``, ``first``, ``second`` and ``score`` of the first.
    systems
        In the order wanted.
    rng
        Draws the resamples.
    n_resamples
        Number of bootstrap resamples.

    Returns
    -------
    The columns ``system``, ``worth`` (natural log of the odds against the average system), ``low`` and ``high``,
    which are empty for a single participant.

    Raises
    ------
    ConfigError
        If there is no trial.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from rebalance.web.listening_test import choice_worths
    >>> met = pd.DataFrame({"participant": range(20), "first": "a", "second": "b", "score": [1.0] * 15 + [0.0] * 5})
    >>> worths = choice_worths(met, ["a", "b"], rng=np.random.default_rng(0))
    >>> [round(worth, 2) for worth in worths["worth"]]  # half the log of 15.5 to 5.5
    [0.52, -0.52]
    """
    if met.empty:
        raise ConfigError(where="worths", expected="one or more trials", got="none")
    wins = _wins_by_participant(met, systems)
    worths = _bradley_terry(wins.sum(axis=0)[None])[0]
    low, high = np.full((2, len(systems)), np.nan)
    if len(wins) > 1:
        chosen = rng.integers(len(wins), size=(n_resamples, len(wins)))
        drawn = np.stack([wins[rows].sum(axis=0) for rows in chosen])
        tail = (1 - _CONFIDENCE) / 2
        low, high = np.quantile(_bradley_terry(drawn), [tail, 1 - tail], axis=0)
    return pd.DataFrame({"system": list(systems), "worth": worths, "low": low, "high": high})


def _wins_by_participant(met: pd.DataFrame, systems: Sequence[str]) -> NDArray[np.float64]:
    """Return how often each system beat each other one, shape ``(n_participants, n_systems, n_systems)``."""
    place = {system: index for index, system in enumerate(systems)}
    people = {participant: index for index, participant in enumerate(sorted(set(met["participant"])))}
    wins = np.zeros((len(people), len(systems), len(systems)))
    columns = (met[name] for name in ("participant", "first", "second", "score"))
    for participant, first, second, score in zip(*columns, strict=True):
        wins[people[participant], place[first], place[second]] += score
        wins[people[participant], place[second], place[first]] += 1.0 - score
    return wins


def _bradley_terry(wins: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return log worths that add up to zero, ``(n, n_systems)``, of wins ``(n, n_systems, n_systems)``."""
    met = wins + wins.transpose(0, 2, 1)
    own = (wins + _HALF_A_WIN * (met > 0)).sum(axis=2)
    met = met + 2 * _HALF_A_WIN * (met > 0)
    worths = np.ones(own.shape)
    for _ in range(_N_STEPS):
        new = own / np.maximum((met / (worths[:, :, None] + worths[:, None, :])).sum(axis=2), _TOLERANCE)
        new /= np.exp(np.mean(np.log(np.maximum(new, _TOLERANCE)), axis=1, keepdims=True))
        done = np.max(np.abs(new - worths)) < _TOLERANCE
        worths = new
        if done:
            break
    logs = np.log(np.maximum(worths, _TOLERANCE))
    return np.asarray(logs - logs.mean(axis=1, keepdims=True))
