"""From answers to results: who counts, how the systems stand, and how HAAQI goes with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rebalance._base.errors import ConfigError
from rebalance._base.seeding import stream
from rebalance.report import ScoredRun, read_scored_runs
from rebalance.web.listening_test._choice_models import choice_worths, comparisons, win_shares
from rebalance.web.listening_test._haaqi_relation import (
    HaaqiRelation,
    compared_points,
    rated_points,
    relate_to_haaqi,
)
from rebalance.web.listening_test._listening_plans import REFERENCE, ListeningPlan
from rebalance.web.listening_test._rating_models import MixedModel, fit_mixed_model, rating_means
from rebalance.web.listening_test._screening import screen_participants
from rebalance.web.listening_test._verdicts import best_mean, counted_people, most_chosen, told_relation


@dataclass(frozen=True, slots=True, kw_only=True)
class ListeningResults:
    """What a listening test says.

    Parameters
    ----------
    plan
        Of the test.
    answers
        All of them, as `AnswerStore.table` gives them.
    screening
        See `screen_participants`; of a test of two sounds, nobody is excluded.
    kept
        The answers of those who are not excluded.
    results
        Means of ratings, or shares of wins.
    model
        The mixed model of ratings; None in a test of two sounds and where it cannot be fitted.
    worths
        See `choice_worths`; None in a MUSHRA test.
    no_model
        Why the model cannot be fitted; empty where it can, and in a test of two sounds.
    relation
        How HAAQI goes with the answers; None where it cannot be told.
    no_relation
        Why it cannot be told; empty where it can.
    verdict
        In a sentence or two.
    """

    plan: ListeningPlan
    answers: pd.DataFrame
    screening: pd.DataFrame
    kept: pd.DataFrame
    results: pd.DataFrame
    model: MixedModel | None
    worths: pd.DataFrame | None
    no_model: str
    relation: HaaqiRelation | None
    no_relation: str
    verdict: str


def evaluate_answers(plan: ListeningPlan, answers: pd.DataFrame, scores: Mapping[str, ScoredRun]) -> ListeningResults:
    """Say what the answers to a test tell.

    Parameters
    ----------
    plan
        Of the test; its seed draws the resamples.
    answers
        A line for every signal, as `AnswerStore.table` gives them.
    scores
        Scores of every run by the name of its system.

    Raises
    ------
    ConfigError
        If there are no answers, all participants are excluded, or a signal has no score.

    Examples
    --------
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> from rebalance.web.listening_test import ListeningPlan, evaluate_answers
    >>> runs = {"fast": Path("exp/fast"), "mixture": Path("exp/mixture")}
    >>> plan = ListeningPlan(title="Demo", kind="ab", task=Path("metadata/demo"), runs=runs)
    >>> facts = {"participant": 1, "trial": 1, "scene": "S50001", "listener": "L0001"}
    >>> answers = pd.DataFrame([{**facts, "system": name, "chosen": int(name == "fast")} for name in runs])
    >>> pairs = pd.MultiIndex.from_tuples([("S50001", "L0001")], names=["scene", "listener"])
    >>> made_up = dict.fromkeys(("separator", "haaqi", "semantics", "version"), "made up")
    >>> from rebalance.report import ScoredRun
    >>> def scored(name):
    ...     scores = pd.DataFrame({"avg_haaqi": [0.5]}, index=pairs)
    ...     return ScoredRun(name=name, folder=Path(name), data=Path("demo"), split="valid", scores=scores, **made_up)
    >>> results = evaluate_answers(plan, answers, {name: scored(name) for name in runs})
    >>> results.verdict.partition(".")[0]
    '1 participant; fast was chosen most often, in 100 % of its 1 decided trial (21 to 100)'
    """
    if answers.empty:
        raise ConfigError("there are no answers to this test yet", where="listening test")
    return _rated(plan, answers, scores) if plan.kind == "mushra" else _compared(plan, answers, scores)


def read_scores(plan: ListeningPlan) -> dict[str, ScoredRun]:
    """Read the scores of every run of a test.

    Raises
    ------
    ConfigError
        If a run was not scored.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.web.listening_test import ListeningPlan, read_scores
    >>> plan = ListeningPlan(title="Demo", kind="mushra", task=Path("data"), runs={"fast": Path("exp/fast")})
    >>> try:
    ...     read_scores(plan)
    ... except ValueError as error:
    ...     print(error)
    exp/fast: expected scores.csv and scores.json, found no such files; run 'rebalance score' first
    """
    return {name: read_scored_runs([folder])[0] for name, folder in plan.runs.items()}


def _rated(plan: ListeningPlan, answers: pd.DataFrame, scores: Mapping[str, ScoredRun]) -> ListeningResults:
    """Evaluate a MUSHRA test."""
    screening = screen_participants(answers)
    kept = answers[~answers["participant"].isin(screening.loc[screening["excluded"], "participant"])]
    if kept.empty:
        expected = "a participant who hears the hidden reference"
        raise ConfigError(where="screening", expected=expected, got=f"{len(screening)}, all excluded")
    means = rating_means(kept, plan.systems, rng=stream(plan.seed, "listening test", "means"))
    haaqi = {name: _mean_haaqi(run, kept[kept["system"] == name]) for name, run in scores.items()}
    means["haaqi"] = [haaqi.get(str(system), np.nan) for system in means["system"]]
    model, no_model = _model(plan, kept)
    relation, no_relation = _relation(plan, rated_points(kept, scores))
    return ListeningResults(
        plan=plan,
        answers=answers,
        screening=screening,
        kept=kept,
        results=means,
        model=model,
        worths=None,
        no_model=no_model,
        relation=relation,
        no_relation=no_relation,
        verdict=f"{counted_people(screening)}; {best_mean(means, plan)}. {told_relation(relation, no_relation)}",
    )


def _compared(plan: ListeningPlan, answers: pd.DataFrame, scores: Mapping[str, ScoredRun]) -> ListeningResults:
    """Evaluate a test of two sounds."""
    met = comparisons(answers, plan.systems)
    shares = win_shares(met, plan.systems)
    screening = met.groupby("participant").size().rename("n_trials").reset_index().assign(excluded=False)
    relation, no_relation = _relation(plan, compared_points(met, scores))
    return ListeningResults(
        plan=plan,
        answers=answers,
        screening=screening,
        kept=answers,
        results=shares,
        model=None,
        worths=choice_worths(met, plan.systems, rng=stream(plan.seed, "listening test", "worths")),
        no_model="",
        relation=relation,
        no_relation=no_relation,
        verdict=f"{counted_people(screening)}; {most_chosen(shares)}. {told_relation(relation, no_relation)}",
    )


def _model(plan: ListeningPlan, kept: pd.DataFrame) -> tuple[MixedModel | None, str]:
    """Fit the mixed model to runs and anchors: the hidden reference stands at the end of the scale."""
    hidden = [system for system in plan.systems if system not in plan.runs and system != REFERENCE]
    try:
        return fit_mixed_model(kept, [*plan.runs, *hidden]), ""
    except ConfigError as error:
        return None, str(error).removeprefix("mixed model: ")


def _relation(plan: ListeningPlan, points: pd.DataFrame) -> tuple[HaaqiRelation | None, str]:
    """Correlate, or say why not."""
    try:
        return relate_to_haaqi(points, rng=stream(plan.seed, "listening test", "HAAQI")), ""
    except ConfigError as error:
        return None, str(error).removeprefix("HAAQI: ")


def _mean_haaqi(run: ScoredRun, own: pd.DataFrame) -> float:
    """Return the mean HAAQI of the signals that were rated, each once."""
    pairs = sorted(set(zip(own["scene"], own["listener"], strict=True)))
    scored = [pair for pair in pairs if pair in run.scores.index]
    return float(np.mean([run.scores.loc[pair, "avg_haaqi"] for pair in scored])) if scored else float("nan")
