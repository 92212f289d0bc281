"""What answers tell, against values worked out by hand and effects that were put in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rebalance import ConfigError
from rebalance.report import ScoredRun
from rebalance.web.listening_test import (
    ListeningPlan,
    choice_worths,
    evaluate_answers,
    fit_mixed_model,
    rating_means,
    relate_to_haaqi,
    screen_participants,
    win_shares,
    write_results,
)
from rebalance.web.listening_test._choice_models import comparisons, wilson_interval
from rebalance.web.listening_test._result_files import model_text

SCENES = tuple(f"S{number}" for number in range(8))
EFFECTS = {"reference": 95.0, "anchor 3.5 kHz": 25.0, "fast": 60.0, "slow": 72.0}
PAIRS = pd.MultiIndex.from_tuples([(scene, "L0001") for scene in SCENES], names=["scene", "listener"])


def made_plan(kind: str = "mushra") -> ListeningPlan:
    runs = {"fast": Path("exp/fast"), "slow": Path("exp/slow")}
    return ListeningPlan(title="Made up", kind=kind, task=Path("data"), runs=runs)  # type: ignore[arg-type]


def scored(name: str, first: float) -> ScoredRun:
    facts = dict.fromkeys(("separator", "haaqi", "semantics", "version"), "made up")
    scores = pd.DataFrame({"avg_haaqi": first + 0.02 * np.arange(len(SCENES))}, index=PAIRS)
    return ScoredRun(name=name, folder=Path(name), data=Path("data"), split="valid", scores=scores, **facts)


SCORES = {"fast": scored("fast", 0.4), "slow": scored("slow", 0.6)}


def simulated(n_participants: int = 12, *, seed: int = 0) -> pd.DataFrame:
    """Ratings with known effects: of systems, participants (6 points), scenes (4 points), and noise (5 points)."""
    rng = np.random.default_rng(seed)
    of_participant = rng.normal(0, 6, n_participants)
    of_scene = rng.normal(0, 4, len(SCENES))
    lines = []
    for participant in range(n_participants):
        for trial, scene in enumerate(SCENES):
            for system, effect in EFFECTS.items():
                differs = 0.0 if system == "reference" else of_participant[participant] + of_scene[trial]
                noise = 0.0 if system == "reference" else rng.normal(0, 5)
                lines.append((participant + 1, trial + 1, scene, "L0001", system, effect + differs + noise))
    columns = ["participant", "trial", "scene", "listener", "system", "rating"]
    table = pd.DataFrame(lines, columns=columns)
    return table.assign(rating=table["rating"].clip(0, 100), chosen=None, plays=1, seconds=10.0)


def compared(n_participants: int = 10, *, n_won: int = 6) -> pd.DataFrame:
    """Answers in which slow wins of fast in some of the eight scenes, and the last is a tie."""
    lines = []
    for participant in range(1, n_participants + 1):
        for trial, scene in enumerate(SCENES):
            winner = "slow" if trial < n_won else "fast" if trial < len(SCENES) - 1 else ""
            lines += [
                (participant, trial, scene, "L0001", system, int(system == winner)) for system in ("slow", "fast")
            ]
    return pd.DataFrame(lines, columns=["participant", "trial", "scene", "listener", "system", "chosen"])


@pytest.mark.parametrize(
    ("n_below", "n_trials", "excluded"), [(0, 20, False), (3, 20, False), (4, 20, True), (1, 7, False), (1, 6, True)]
)
def test_who_misses_the_hidden_reference_too_often_is_excluded(n_below: int, n_trials: int, excluded: bool) -> None:
    ratings = [89.9] * n_below + [90.0] * (n_trials - n_below)
    answers = pd.DataFrame({"participant": 1, "system": "reference", "rating": ratings})
    low = answers.assign(system="fast", rating=0.0)  # says nothing of the participant
    (line,) = screen_participants(pd.concat([answers, low])).to_dict("records")
    assert (line["n_reference_below_90"], line["n_trials"], line["excluded"]) == (n_below, n_trials, excluded)
    assert line["share_below_90"] == pytest.approx(n_below / n_trials)


def test_an_anchor_that_is_rated_high_is_counted_and_excludes_nobody() -> None:
    answers = pd.DataFrame(
        {"participant": 1, "system": ["reference", "anchor 3.5 kHz", "anchor 7 kHz"], "rating": [100.0, 95.0, 90.0]}
    )
    (line,) = screen_participants(answers).to_dict("records")
    assert (line["n_anchor_above_90"], line["excluded"]) == (1, False)


def test_the_mixed_model_recovers_the_effects_that_were_put_in() -> None:
    model = fit_mixed_model(simulated(), ["fast", "slow", "anchor 3.5 kHz"])
    found = model.effects.set_index("system")
    assert model.converged
    assert found.loc["slow", "effect"] == pytest.approx(12, abs=1.5)
    assert found.loc["anchor 3.5 kHz", "effect"] == pytest.approx(-35, abs=1.5)
    assert found.loc["slow", "low"] < 12 < found.loc["slow", "high"]
    assert (found["p_value"] < 0.001).all()
    assert model.participant_sd == pytest.approx(6, rel=0.5)
    assert model.scene_sd == pytest.approx(4, rel=0.6)
    assert model.residual_sd == pytest.approx(5, rel=0.1)


def test_the_interval_of_the_mixed_model_covers_the_effect_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(40):
        found = fit_mixed_model(simulated(6, seed=seed), ["fast", "slow"]).effects.loc[0]
        covered += found["low"] <= 12 <= found["high"]
    assert covered >= 34  # 95 % of 40 are 38; fewer than 34 are seen in one of 200 such runs


def test_the_name_of_a_system_may_hold_anything() -> None:
    odd = {"fast": 'it\'s "fast"]', "slow": "slow\\ ~ C(x)"}
    model = fit_mixed_model(simulated().replace({"system": odd}), list(odd.values()))
    plain = fit_mixed_model(simulated(), list(odd))
    assert model.effects["effect"].tolist() == pytest.approx(plain.effects["effect"].tolist())
    assert model.effects["system"].tolist() == [odd["slow"]]


def test_participants_who_do_not_differ_leave_no_spread_between_them() -> None:
    rng = np.random.default_rng(0)
    places = pd.MultiIndex.from_product([range(3), SCENES[:3], ["fast", "slow", "odd"]])
    ratings = places.to_frame(index=False, name=["participant", "scene", "system"])
    of_system = ratings["system"].map({"fast": 66.0, "slow": 98.0, "odd": 86.0})
    by_hand = ratings.groupby(["scene", "system"]).ngroup() % 5 * 3.0  # alike for all participants
    ratings["rating"] = of_system + by_hand + rng.normal(0, 1, len(ratings))
    model = fit_mixed_model(ratings, ["fast", "slow", "odd"])
    assert model.converged
    assert model.participant_sd < 0.3
    means = ratings.groupby("system")["rating"].mean()
    assert model.effects.loc[0, "effect"] == pytest.approx(means["slow"] - means["fast"])
    half_width = (model.effects.loc[0, "high"] - model.effects.loc[0, "low"]) / 2
    assert half_width == pytest.approx(1.96 * model.residual_sd * np.sqrt(2 / 9), rel=0.01)


def test_no_difference_is_not_found_where_there_is_none() -> None:
    ratings = simulated()
    ratings.loc[ratings["system"] == "slow", "rating"] -= 12
    found = fit_mixed_model(ratings, ["fast", "slow"]).effects.loc[0]
    assert found["low"] < 0 < found["high"]


@pytest.mark.parametrize(
    ("ratings", "message"),
    [
        (simulated(1), "mixed model: expected two or more participants, got 1"),
        (simulated()[lambda table: table["system"] == "fast"], "mixed model: expected two or more systems, got fast"),
        (simulated().assign(rating=50.0), "mixed model: expected ratings that differ, got one rating for all"),
    ],
)
def test_a_model_that_cannot_be_fitted_is_told(ratings: pd.DataFrame, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        fit_mixed_model(ratings, ["fast", "slow"])


def test_means_are_those_of_the_ratings() -> None:
    ratings = pd.DataFrame({"participant": [1, 1, 2, 3], "system": "fast", "rating": [10.0, 20.0, 60.0, 70.0]})
    means = rating_means(ratings, ["slow", "fast"], rng=np.random.default_rng(0))
    (line,) = means.to_dict("records")
    assert (line["system"], line["mean"], line["n_ratings"], line["n_participants"]) == ("fast", 40.0, 4, 3)
    assert line["low"] < 40 < line["high"]
    single = rating_means(ratings[:2], ["fast"], rng=np.random.default_rng(0))
    assert single[["low", "high"]].isna().to_numpy().all()


@pytest.mark.parametrize(
    ("n_wins", "n_decided", "low", "high"),
    [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (0, 0, 0.0, 1.0)],
)
def test_wilson_intervals_are_those_of_the_formula(n_wins: int, n_decided: int, low: float, high: float) -> None:
    assert wilson_interval(n_wins, n_decided) == pytest.approx((low, high), abs=1e-4)


def test_wins_are_counted_for_both_sides() -> None:
    met = comparisons(compared(10), ["fast", "slow"])
    assert len(met) == 80
    assert set(zip(met["first"], met["second"], strict=True)) == {("fast", "slow")}
    shares = win_shares(met, ["fast", "slow"]).set_index(["system", "against"])
    assert shares.loc[("slow", "all"), ["wins", "losses", "ties"]].tolist() == [60, 10, 10]
    assert shares.loc[("fast", "slow"), ["wins", "losses", "ties"]].tolist() == [10, 60, 10]
    assert shares.loc[("slow", "fast"), "share"] == pytest.approx(6 / 7)


def test_worths_recover_those_that_were_put_in() -> None:
    rng = np.random.default_rng(1)
    worths = {"a": 1.0, "b": 0.0, "c": -1.0}
    lines = []
    for participant in range(40):
        for first, second in (("a", "b"), ("a", "c"), ("b", "c")):
            for _ in range(10):
                chance = 1 / (1 + np.exp(worths[second] - worths[first]))
                lines.append((participant, first, second, float(rng.random() < chance)))
    met = pd.DataFrame(lines, columns=["participant", "first", "second", "score"])
    found = choice_worths(met, ["a", "b", "c"], rng=np.random.default_rng(0)).set_index("system")
    assert found["worth"].tolist() == pytest.approx([1, 0, -1], abs=0.2)
    assert found["worth"].sum() == pytest.approx(0, abs=1e-9)
    for system, worth in worths.items():
        assert found.loc[system, "low"] < worth < found.loc[system, "high"]


def test_a_system_that_always_wins_has_a_finite_strength() -> None:
    met = pd.DataFrame({"participant": [1, 2], "first": "a", "second": "b", "score": 1.0})
    found = choice_worths(met, ["a", "b"], rng=np.random.default_rng(0))
    assert found["worth"].tolist() == pytest.approx([0.5 * np.log(5), -0.5 * np.log(5)])


def test_the_relation_to_haaqi_is_that_of_the_means() -> None:
    said = pd.DataFrame({"participant": np.repeat([1, 2, 3], 4), "point": [1, 2, 3, 4] * 3, "system": "fast"})
    haaqi = np.array([0.2, 0.4, 0.5, 0.9])
    answers = np.array([[10, 30, 20, 90], [20, 40, 30, 80], [0, 20, 40, 100]])
    said = said.assign(haaqi=np.tile(haaqi, 3), answer=answers.ravel())
    relation = relate_to_haaqi(said, rng=np.random.default_rng(0))
    assert relation.pearson.value == pytest.approx(np.corrcoef(haaqi, answers.mean(axis=0))[0, 1])
    assert relation.spearman.value == pytest.approx(0.9486833)  # means 10, 30, 30, 90: a tie
    interval = relation.pearson.interval
    assert interval is not None
    assert interval.low <= relation.pearson.value <= interval.high
    alone = relate_to_haaqi(said[said["participant"] == 1], rng=np.random.default_rng(0))
    assert alone.pearson.interval is None


def test_the_order_of_answers_changes_no_digit() -> None:
    answers = simulated()
    shuffled = answers.sample(frac=1, random_state=1)
    first, second = (evaluate_answers(made_plan(), table, SCORES) for table in (answers, shuffled))
    pd.testing.assert_frame_equal(first.results, second.results)
    assert first.verdict == second.verdict


def test_a_relation_that_cannot_be_told_is_refused() -> None:
    said = pd.DataFrame({"participant": 1, "point": [1, 2], "system": "a", "haaqi": [0.1, 0.2], "answer": [1, 2]})
    with pytest.raises(ConfigError, match="HAAQI: expected 3 or more points to correlate, got 2"):
        relate_to_haaqi(said, rng=np.random.default_rng(0))
    flat = pd.DataFrame({"participant": 1, "point": [1, 2, 3], "system": "a", "haaqi": 0.1, "answer": [1, 2, 3]})
    with pytest.raises(ConfigError, match="expected values of haaqi that differ"):
        relate_to_haaqi(flat, rng=np.random.default_rng(0))


def test_a_mushra_test_is_evaluated_and_written(tmp_path: Path) -> None:
    answers = simulated()
    careless = answers["participant"] == 3
    answers.loc[careless & (answers["system"] == "reference"), "rating"] = 50.0
    results = evaluate_answers(made_plan(), answers, SCORES)
    assert results.verdict.startswith("12 participants, 1 left out by the hidden reference; slow has the highest mean")
    assert 3 not in set(results.kept["participant"])
    assert results.results["system"].tolist() == ["reference", "anchor 3.5 kHz", "fast", "slow"]
    assert results.results["n_participants"].tolist() == [11] * 4
    assert results.results.loc[3, "haaqi"] == pytest.approx(0.67)
    assert results.relation is not None
    assert len(results.relation.points) == 16
    assert results.relation.pearson.value > 0.5
    write_results(results, tmp_path)
    names = ["answers.csv", "haaqi.png", "haaqi.svg", "model.txt", "ratings.png", "ratings.svg", "results.csv"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [*names, "screening.csv"]
    assert len(pd.read_csv(tmp_path / "answers.csv")) == len(answers)
    assert pd.read_csv(tmp_path / "screening.csv")["excluded"].sum() == 1
    text = (tmp_path / "model.txt").read_text(encoding="utf-8")
    assert "rating ~ system + (1 | participant) + (1 | scene)" in text
    assert "seed 0" in text
    assert "Spearman" in text


@pytest.mark.parametrize("kind", ["ab", "preference"])
def test_a_test_of_two_sounds_is_evaluated_and_written(tmp_path: Path, kind: str) -> None:
    results = evaluate_answers(made_plan(kind), compared(), SCORES)
    assert results.verdict.startswith("10 participants; slow was chosen most often, in 86 % of its 70 decided trials")
    assert results.relation is None
    assert "expected values of haaqi that differ" in results.no_relation  # made up: slow is 0.2 above in every scene
    write_results(results, tmp_path)
    assert (tmp_path / "ratings.svg").is_file()
    assert "Bradley-Terry" in model_text(results)


def test_the_plots_are_the_same_again(tmp_path: Path) -> None:
    results = evaluate_answers(made_plan(), simulated(), SCORES)
    for folder in ("one", "two"):
        write_results(results, tmp_path / folder)
    for name in ("ratings.svg", "haaqi.svg"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_what_cannot_be_evaluated_is_told() -> None:
    answers = simulated()
    with pytest.raises(ConfigError, match="there are no answers to this test yet"):
        evaluate_answers(made_plan(), answers[:0], SCORES)
    deaf = answers.assign(rating=answers["rating"].where(answers["system"] != "reference", 0.0))
    with pytest.raises(
        ConfigError, match="expected a participant who hears the hidden reference, got 12, all excluded"
    ):
        evaluate_answers(made_plan(), deaf, SCORES)
    results = evaluate_answers(made_plan(), answers[answers["participant"] == 1], SCORES)
    assert results.model is None
    assert results.no_model == "expected two or more participants, got 1"
    assert "No mixed model" in model_text(results)


def test_a_signal_without_a_score_is_told() -> None:
    few = scored("fast", 0.4)
    few = ScoredRun(**{name: getattr(few, name) for name in few.__slots__ if name != "scores"}, scores=few.scores[:2])
    with pytest.raises(ConfigError, match="fast: expected a score of scene S2 for listener L0001, found none"):
        evaluate_answers(made_plan(), simulated(), {**SCORES, "fast": few})
