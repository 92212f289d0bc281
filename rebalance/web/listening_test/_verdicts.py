"""What results say in a sentence or two."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rebalance._base.names import counted
from rebalance.web.listening_test._haaqi_relation import Correlation, HaaqiRelation
from rebalance.web.listening_test._listening_plans import ListeningPlan


def counted_people(screening: pd.DataFrame) -> str:
    """Return how many took part, and how many were left out."""
    n_excluded = int(screening["excluded"].sum())
    left_out = f", {n_excluded} left out by the hidden reference" if n_excluded else ""
    return f"{counted(len(screening), 'participant')}{left_out}"


def best_mean(means: pd.DataFrame, plan: ListeningPlan) -> str:
    """Return which run has the highest mean rating."""
    runs = means[means["system"].isin(list(plan.runs))]
    best = runs.iloc[int(runs["mean"].argmax())]
    limits = f" ({best['low']:.1f} to {best['high']:.1f})" if np.isfinite(best["low"]) else ""
    return f"{best['system']} has the highest mean rating, {best['mean']:.1f}{limits}"


def most_chosen(shares: pd.DataFrame) -> str:
    """Say which system won most, of the trials that were decided."""
    overall = shares[shares["against"] == "all"]
    if not overall["wins"].sum():
        return "no trial was decided"
    best = overall.iloc[int(np.nanargmax(overall["share"]))]
    decided = counted(int(best["wins"] + best["losses"]), "decided trial")
    limits = f"({100 * best['low']:.0f} to {100 * best['high']:.0f})"
    return f"{best['system']} was chosen most often, in {100 * best['share']:.0f} % of its {decided} {limits}"


def told_relation(relation: HaaqiRelation | None, no_relation: str) -> str:
    """Return how HAAQI goes with the answers, or why that cannot be told."""
    return relation_text(relation) if relation is not None else f"No relation to HAAQI: {no_relation}."


def relation_text(relation: HaaqiRelation) -> str:
    """Return both correlations with their intervals."""
    spearman, pearson = _correlation_text(relation.spearman), _correlation_text(relation.pearson)
    return f"HAAQI and answers: Spearman {spearman}, Pearson {pearson}, over {len(relation.points)} points."


def _correlation_text(correlation: Correlation) -> str:
    interval = correlation.interval
    limits = "" if interval is None else f" ({interval.low:.2f} to {interval.high:.2f})"
    return f"{correlation.value:.2f}{limits}"
