"""Rankings, ties, agreement and exports, from scores made up for the purpose."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rebalance._base.bootstrap import holm
from rebalance._base.errors import ConfigError
from rebalance.hearing import Audiogram, EarFitting, Fitting, Listener
from rebalance.report import ScoredRun
from rebalance.report._comparing import (
    compare_runs,
    comparison_csv,
    concordance,
    listener_agreement,
    ranking_json,
)
from rebalance.task import Scene, Segment, Source, Task

N_PIECES = 12
LISTENERS = ("L0001", "L0002", "L0003")


def make_task():
    """Twelve pieces of one segment each, two scenes of it, three listeners."""
    ear = EarFitting(ratios=(1.0,) * 6, gains_db=(0.0,) * 6)
    segments, scenes = {}, {}
    for number in range(N_PIECES):
        sources = tuple(
            Source(name=f"source_{n}", instrument=name, duration_s=15.0) for n, name in ((1, "Flute"), (2, "Viola"))
        )
        mixture = Source(name="mixture", instrument="Mixture", duration_s=15.0)
        segment = Segment(name=f"piece{number}_000", mixture=mixture, sources=sources)
        segments[segment.name] = segment
        for gain_db in (3.0, 10.0):
            name = f"S{60_001 + len(scenes)}"
            gains_db = {"source_1": gain_db, "source_2": 0.0}
            scenes[name] = Scene(name=name, segment=segment, gain_name="gain", gains_db=gains_db)
    audiograms = {
        name: Audiogram(frequencies_hz=(500.0, 4000.0), thresholds_db_hl=(20.0 * n, 30.0 * n))
        for n, name in enumerate(LISTENERS)
    }
    return Task(
        music_dir=Path(),
        split="test",
        segments=segments,
        scenes=scenes,
        listeners={
            name: Listener(name=name, left=audiogram, right=audiogram) for name, audiogram in audiograms.items()
        },
        fittings={name: Fitting(left=ear, right=ear) for name in LISTENERS},
        scene_listeners=dict.fromkeys(scenes, LISTENERS),
    )


TASK = make_task()


def make_run(name, mean, *, seed=0, noise=0.02, pairs=None):
    """A run whose scores share the difficulty of the pieces and scatter a little by themselves."""
    difficulty = dict(zip(TASK.segments, np.random.default_rng(99).normal(0, 0.1, N_PIECES), strict=True))
    rng = np.random.default_rng(seed)
    rows = [
        {
            "scene": pair.scene,
            "listener": pair.listener,
            "song": TASK.scenes[pair.scene].segment.name,
            "avg_haaqi": mean + difficulty[TASK.scenes[pair.scene].segment.name] + rng.normal(0, noise),
        }
        for pair in (pairs or TASK.pairs)
    ]
    scores = pd.DataFrame(rows).set_index(["scene", "listener"])
    scores = scores.assign(left_haaqi=scores["avg_haaqi"], right_haaqi=scores["avg_haaqi"])
    return ScoredRun(
        name=name,
        folder=Path(name),
        separator=name,
        haaqi="exact",
        semantics="s",
        version="0",
        data=Path(),
        split="test",
        scores=scores,
    )


def test_runs_that_differ_plainly_are_ranked_though_pieces_differ_more():
    comparison = compare_runs([make_run("low", 0.30, seed=1), make_run("high", 0.36, seed=2)], TASK)
    first, second = comparison.ranking
    assert [(place.rank, place.run, place.is_tied) for place in comparison.ranking] == [
        (1, "high", False),
        (2, "low", False),
    ]
    assert first.estimate.interval.low < second.estimate.interval.high
    assert second.gap.estimate.interval.high < 0
    assert second.gap.estimate.mean == pytest.approx(-0.06, abs=0.01)
    assert first.gap is None


def test_runs_that_cannot_be_told_apart_are_tied():
    comparison = compare_runs([make_run("a", 0.30, seed=1, noise=0.2), make_run("b", 0.30, seed=2, noise=0.2)], TASK)
    assert [place.rank for place in comparison.ranking] == [1, 1]
    assert comparison.ranking[1].is_tied


def test_a_rank_counts_the_runs_that_are_better_not_the_runs_above():
    runs = [make_run("best", 0.40, seed=1), make_run("good", 0.402, seed=2, noise=0.1), make_run("bad", 0.2, seed=3)]
    comparison = compare_runs(runs, TASK)
    assert {place.run: place.rank for place in comparison.ranking} == {"best": 1, "good": 1, "bad": 3}


def test_runs_are_compared_on_the_pairs_they_share_and_the_rest_is_counted():
    easy = [pair for pair in TASK.pairs if pair.scene != "S60001"]
    comparison = compare_runs([make_run("all", 0.3), make_run("some", 0.3, seed=1, pairs=easy)], TASK)
    assert comparison.n_left_out == (3, 0)
    assert comparison.ranking[0].estimate.n_values == len(easy)


def test_the_order_of_the_runs_does_not_matter():
    runs = [make_run("a", 0.30, seed=1), make_run("b", 0.31, seed=2), make_run("c", 0.35, seed=3)]
    forward, backward = compare_runs(runs, TASK), compare_runs(runs[::-1], TASK)
    for one, other in zip(forward.ranking, backward.ranking, strict=True):
        assert (one.rank, one.run, one.estimate, one.p_value) == (other.rank, other.run, other.estimate, other.p_value)
        if one.gap is not None:
            assert one.gap.estimate.interval.low == pytest.approx(other.gap.estimate.interval.low, abs=1e-12)


def test_too_few_runs_and_runs_without_common_pairs_are_refused():
    with pytest.raises(ConfigError, match="two or more runs, got 1"):
        compare_runs([make_run("a", 0.3)], TASK)
    one, other = TASK.pairs[:3], TASK.pairs[3:6]
    with pytest.raises(ConfigError, match="a, b have no scored pair in common"):
        compare_runs([make_run("a", 0.3, pairs=one), make_run("b", 0.3, pairs=other)], TASK)


def test_p_values_are_adjusted_after_holm():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_listeners_who_agree_have_a_concordance_of_one_and_opposed_ones_of_nought():
    same = np.tile([1.0, 2.0, 3.0], (4, 1))
    assert concordance(same) == pytest.approx(1.0)
    assert concordance(np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])) == pytest.approx(0.0)
    assert concordance(same[:1]) is None
    assert concordance(np.ones((3, 3))) is None
    # Worked example with ties: ranks (1.5, 1.5, 3) and (1, 2, 3); S = 6.5, W = 12 S / (4 * 24 - 2 * 6).
    assert concordance(np.array([[1.0, 1.0, 2.0], [1.0, 2.0, 3.0]])) == pytest.approx(12 * 6.5 / 84)


def test_agreement_counts_favourites_and_correlates_scenes():
    scenes = [f"S{number}" for number in range(6)]
    index = pd.MultiIndex.from_product([scenes, LISTENERS], names=["scene", "listener"])
    rising = pd.Series(np.repeat(np.arange(6.0), 3), index=index)
    contrary = rising.copy()
    contrary[contrary.index.get_level_values("listener") == "L0003"] *= -1
    agreement = listener_agreement([rising, contrary])
    assert agreement.n_listeners == 3
    assert agreement.n_first == (3, 2)
    assert agreement.scene_correlations == pytest.approx((1.0, -1 / 3))


def test_too_few_shared_scenes_give_no_correlation():
    index = pd.MultiIndex.from_product([["S1", "S2"], LISTENERS], names=["scene", "listener"])
    assert listener_agreement([pd.Series(np.arange(6.0), index=index)] * 2).scene_correlations == (None, None)


def test_the_site_s_form_lists_runs_from_the_best_with_their_team():
    comparison = compare_runs([make_run("low", 0.3, seed=1), make_run("high", 0.4, seed=2)], TASK)
    value = json.loads(json.dumps(ranking_json(comparison, {"high": "T002"})))
    assert value["defaultSort"] == {"field": "HAAQI", "order": "desc"}
    assert [(row["id"], row["team"]) for row in value["data"]] == [("high", "T002"), ("low", "low")]
    assert value["data"][0]["HAAQI"] == round(comparison.ranking[0].estimate.mean, 4)
    assert {column["dataField"] for column in value["format"]} == set(value["data"][0])


def test_the_table_holds_ranking_and_groups():
    comparison = compare_runs([make_run("low", 0.3, seed=1), make_run("high", 0.4, seed=2)], TASK)
    rows = list(csv.DictReader(io.StringIO(comparison_csv(comparison))))
    assert [row["run"] for row in rows if row["table"] == "all"] == ["high", "low"]
    assert {row["table"] for row in rows} > {"all", "Instrument", "Number of sources", "Gain size"}
    sizes = [row for row in rows if row["table"] == "Gain size" and row["run"] == "high"]
    assert [(row["group"], int(row["pairs"])) for row in sizes] == [("3 dB", 36), ("10 dB", 36)]
    assert float(rows[1]["minus_previous"]) < 0
