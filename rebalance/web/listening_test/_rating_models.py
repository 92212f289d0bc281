"""What ratings say of the systems: means, and a model in which participants and scenes differ."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from rebalance._base.errors import ConfigError
from rebalance.report import clustered_mean

# Statsmodels' usual optimiser stops short where people or scenes hardly differ, so that a component is zero: Powell's,
# without gradients, does not, but may end where the Hessian is singular.
_OPTIMISERS = ("powell", "lbfgs", "nm")
_MAX_STEPS = 500
_COMPONENTS = {"participant": "0 + C(participant)", "scene": "0 + C(scene)"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedModel:
    """A linear mixed model of ratings.

    Parameters
    ----------
    baseline
        The system all others are compared with.
    effects
        A line for every other system, with the columns ``system``, ``effect`` (points above the baseline), ``low``,
        ``high`` (95 % interval) and ``p_value``.
    participant_sd, scene_sd, residual_sd
        Standard deviations in points: between participants, between scenes, and of what is left.
    converged
        Whether the fit found its optimum.
    text
        The table of statsmodels.
    """

    baseline: str
    effects: pd.DataFrame
    participant_sd: float
    scene_sd: float
    residual_sd: float
    converged: bool
    text: str


def rating_means(ratings: pd.DataFrame, systems: Sequence[str], *, rng: np.random.Generator) -> pd.DataFrame:
    """Return the mean rating of every system with its 95 % interval, whole participants resampled.

    Parameters
    ----------
    ratings
        With the columns ``participant``, ``system`` and ``rating``.
    systems
        In the order wanted; those without ratings are left out.
    rng
        Draws the resamples.

    Returns
    -------
    The columns ``system``, ``mean``, ``low``, ``high`` (empty for a single participant), ``n_ratings`` and
    ``n_participants``.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from rebalance.web.listening_test import rating_means
    >>> ratings = pd.DataFrame({"participant": [1, 2], "system": "fast", "rating": [60.0, 80.0]})
    >>> means = rating_means(ratings, ["fast"], rng=np.random.default_rng(0))
    >>> means.loc[0, ["mean", "low", "high"]].tolist()
    [70.0, 60.0, 80.0]
    """
    lines = []
    for system in systems:
        own = ratings[ratings["system"] == system]
        if own.empty:
            continue
        clusters = [str(participant) for participant in own["participant"]]
        found = clustered_mean(own["rating"].to_numpy(np.float64), clusters, rng=rng)
        low, high = (np.nan, np.nan) if found.interval is None else (found.interval.low, found.interval.high)
        lines.append((system, found.mean, low, high, found.n_values, found.n_clusters))
    return pd.DataFrame(lines, columns=["system", "mean", "low", "high", "n_ratings", "n_participants"])


def fit_mixed_model(ratings: pd.DataFrame, systems: Sequence[str]) -> MixedModel:
    """Fit ratings by system, with crossed random intercepts of participants and scenes (REML).

    Parameters
    ----------
    ratings
        With the columns ``participant``, ``scene``, ``system`` and ``rating``.
    systems
        Those of the model; the first is the baseline.

    Raises
    ------
    ConfigError
        If there are fewer than two participants or systems, or nothing varies.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from rebalance.web.listening_test import fit_mixed_model
    >>> places = pd.MultiIndex.from_product([range(6), ["S1", "S2", "S3"], ["fast", "slow"]])
    >>> ratings = places.to_frame(index=False, name=["participant", "scene", "system"])
    >>> noise = np.random.default_rng(0).normal(0, 2, len(ratings))
    >>> ratings["rating"] = 50 + 10 * (ratings["system"] == "slow") + 3 * (ratings["participant"] % 2) + noise
    >>> model = fit_mixed_model(ratings, ["fast", "slow"])
    >>> model.baseline, round(model.effects.loc[0, "effect"])
    ('fast', 11)

    Source: Bates et al. (2015), "Fitting Linear Mixed-Effects Models Using lme4", of which this is
    ``rating ~ system + (1 | participant) + (1 | scene)``.
    """
    kept = ratings[ratings["system"].isin(systems)].assign(everybody=1)
    present = [system for system in systems if system in set(kept["system"])]
    n_participants = kept["participant"].nunique()
    if n_participants < 2:
        raise ConfigError(where="mixed model", expected="two or more participants", got=str(n_participants))
    if len(present) < 2:
        raise ConfigError(where="mixed model", expected="two or more systems", got=", ".join(present) or "none")
    if kept["rating"].nunique() < 2:
        raise ConfigError(where="mixed model", expected="ratings that differ", got="one rating for all")
    return _fitted(kept, present)


def _fitted(ratings: pd.DataFrame, systems: Sequence[str]) -> MixedModel:
    """Fit the model: one group, in which participants and scenes are variance components."""
    from statsmodels.regression.mixed_linear_model import MixedLM

    ratings = ratings.assign(system=ratings["system"].astype(pd.CategoricalDtype(list(systems))))
    components = {name: text for name, text in _COMPONENTS.items() if len(set(ratings[name])) > 1}
    try:
        model = MixedLM.from_formula(
            "rating ~ system", ratings, groups="everybody", re_formula="0", vc_formula=components
        )
    except (np.linalg.LinAlgError, ValueError) as error:
        raise ConfigError(f"cannot be fitted: {' '.join(str(error).split())}", where="mixed model") from error
    result = _optimum(model)
    spread = dict(zip(model.exog_vc.names, np.sqrt(result.vcomp), strict=True))
    return MixedModel(
        baseline=systems[0],
        effects=_effects(result, systems),
        participant_sd=float(spread.get("participant", 0.0)),
        scene_sd=float(spread.get("scene", 0.0)),
        residual_sd=float(np.sqrt(result.scale)),
        converged=bool(result.converged),
        text=str(result.summary()),
    )


def _optimum(model: Any) -> Any:  # noqa: ANN401 - statsmodels has no types
    """Return the first fit that converges, else the likeliest."""
    results = []
    for optimiser in _OPTIMISERS:
        with warnings.catch_warnings(), contextlib.suppress(np.linalg.LinAlgError):
            warnings.simplefilter("ignore")  # a component at zero is told by its size
            results.append(model.fit(reml=True, method=optimiser, maxiter=_MAX_STEPS))
            if results[-1].converged:
                return results[-1]
    if not results:
        raise ConfigError("cannot be fitted: singular", where="mixed model")
    return max(results, key=lambda result: float(result.llf))


def _effects(result: Any, systems: Sequence[str]) -> pd.DataFrame:  # noqa: ANN401 - statsmodels has no types
    """Return the effect of every system but the first, which the intercept stands for."""
    others = slice(1, len(systems))
    limits = result.conf_int().iloc[others]
    return pd.DataFrame(
        {
            "system": list(systems[1:]),
            "effect": result.params.iloc[others].to_numpy(),
            "low": limits[0].to_numpy(),
            "high": limits[1].to_numpy(),
            "p_value": result.pvalues.iloc[others].to_numpy(),
        }
    )
