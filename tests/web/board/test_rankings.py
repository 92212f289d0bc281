"""Boards from summaries: the numbers of the report, ties, what is kept, and how fast it is."""

from __future__ import annotations

import dataclasses
import json
import pickle
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_rankings import entry_of, run_of, task_of

from rebalance._base.bootstrap import Estimate
from rebalance._base.cluster_totals import ClusterTotals, adjusted_p_values
from rebalance._base.errors import ConfigError
from rebalance.assets import demo_folder
from rebalance.report import ScoredRun, compare_runs
from rebalance.task import load_task
from rebalance.web.board import (
    Kept,
    SummaryCache,
    rank_systems,
    ranking_csv,
    site_json,
    summarise_scores,
    task_digest,
    view_listener,
)


def close(found: Estimate, expected: Estimate) -> bool:
    both = [found, expected]
    numbers = [
        [each.mean, *([] if each.interval is None else [each.interval.low, each.interval.high])] for each in both
    ]
    counts = [(each.n_values, each.n_clusters) for each in both]
    return numbers[0] == pytest.approx(numbers[1], abs=1e-12) and counts[0] == counts[1]


@pytest.mark.parametrize("n_pieces", [1, 6, 14])
def test_a_board_has_the_means_and_gaps_of_the_report_on_the_same_scores(n_pieces: int) -> None:
    task = task_of(n_pieces)
    levels = (0.5, 0.502, 0.56, 0.45, 0.501)
    runs = [run_of(task, f"T{place}", level, seed=place) for place, level in enumerate(levels)]
    expected = compare_runs(runs, task)
    board = rank_systems([entry_of(task, run) for run in runs])
    means = {place.run: place.estimate for place in expected.ranking}
    assert [line.entry.team for line in board.lines] == sorted(means, key=lambda name: -means[name].mean)
    for line, above in zip(board.lines, (None, *board.lines[:-1]), strict=True):
        assert close(line.mean, means[line.entry.team])
        assert (line.gap is None) == (above is None)
        if line.gap is not None and above is not None:
            test = expected.tests[line.entry.team, above.entry.team]
            assert close(line.gap.estimate, test.difference.estimate)
            assert line.gap.p_value == pytest.approx(test.difference.p_value, abs=1e-12)


@pytest.mark.parametrize("n_pieces", [6, 14])
def test_two_systems_have_the_p_value_of_the_report(n_pieces: int) -> None:
    task = task_of(n_pieces)
    runs = [run_of(task, f"T{place}", 0.5 + 0.01 * place, seed=place) for place in range(2)]
    board, expected = rank_systems([entry_of(task, run) for run in runs]), compare_runs(runs, task)
    assert board.lines[1].p_value == pytest.approx(expected.ranking[1].p_value, abs=1e-12)


def test_systems_that_differ_by_chance_alone_are_seldom_told_apart() -> None:
    draw = np.random.default_rng(5)
    n_rankings, n_false = 200, 0
    for seed in range(n_rankings):
        totals = ClusterTotals(sums=draw.normal(0, 1, (8, 14)), counts=np.ones(14))
        n_false += bool((adjusted_p_values(totals, seed=seed) < 0.05).any())
    assert n_false <= 0.05 * n_rankings + 3 * np.sqrt(n_rankings * 0.05 * 0.95)
    assert n_false > 0  # the adjustment is not so strict that nothing ever passes


def test_a_clear_difference_is_found_among_fifty_systems() -> None:
    draw = np.random.default_rng(6)
    sums = draw.normal(0, 0.1, (50, 21))
    sums[0] += 1.0
    p_values = adjusted_p_values(ClusterTotals(sums=sums, counts=np.ones(21)), seed=0)
    assert (p_values[0, 1:] < 0.01).all()
    assert (p_values == p_values.T).all()


def test_the_same_scores_twice_are_never_told_apart() -> None:
    sums = np.vstack([np.arange(14.0), np.arange(14.0), np.arange(14.0) + 5])
    p_values = adjusted_p_values(ClusterTotals(sums=sums, counts=np.ones(14)), seed=0)
    assert p_values[0, 1] == 1.0
    assert p_values[0, 2] < 0.05


def test_systems_that_no_test_can_tell_apart_share_a_rank_and_say_so() -> None:
    task = task_of(14)
    runs = [run_of(task, "A", 0.6, seed=1), run_of(task, "B", 0.6, seed=2), run_of(task, "C", 0.4, seed=3)]
    board = rank_systems([entry_of(task, run) for run in reversed(runs)])
    assert [line.shown_rank for line in board.lines] == ["1=", "1=", "3"]
    assert [line.is_tied for line in board.lines] == [False, True, False]
    assert "1 other system cannot be told from it" in board.verdict
    assert board.n_comparisons == 3


def test_one_piece_ranks_nobody_before_another() -> None:
    task = task_of(1)
    board = rank_systems([entry_of(task, run_of(task, name, level)) for name, level in (("A", 0.2), ("B", 0.9))])
    assert [line.rank for line in board.lines] == [1, 1]
    assert board.lines[0].entry.team == "B"
    assert "cannot tell 2 systems apart" in board.verdict


def test_lower_may_be_better() -> None:
    task = task_of(14)
    entries = [entry_of(task, run_of(task, name, level)) for name, level in (("A", 0.2), ("B", 0.9))]
    board = rank_systems(entries, higher_is_better=False)
    assert [(line.rank, line.entry.team) for line in board.lines] == [(1, "A"), (2, "B")]


def test_a_system_that_lacks_pairs_is_shown_without_a_rank() -> None:
    task = task_of(6)
    whole, part = run_of(task, "whole", 0.5), run_of(task, "part", 0.9)
    part = dataclasses.replace(part, scores=part.scores.iloc[1:])
    board = rank_systems([entry_of(task, whole), entry_of(task, part)])
    assert [line.entry.team for line in board.lines] == ["whole"]
    assert [entry.team for entry in board.incomplete] == ["part"]


def test_the_digest_of_a_board_changes_with_what_it_shows_and_not_with_the_order() -> None:
    task = task_of(3)
    entries = [entry_of(task, run_of(task, name, 0.5)) for name in "AB"]
    digest = rank_systems(entries).digest
    assert rank_systems(entries[::-1]).digest == digest
    assert rank_systems([entries[0], dataclasses.replace(entries[1], system="renamed")]).digest != digest
    assert rank_systems(entries[:1]).digest != digest


def test_the_same_submission_twice_is_refused() -> None:
    task = task_of(2)
    entry = entry_of(task, run_of(task, "A", 0.5))
    with pytest.raises(ConfigError, match="every submission once"):
        rank_systems([entry, entry])


def test_a_system_is_called_by_its_team_and_its_flags() -> None:
    task = task_of(2)
    entry = entry_of(task, run_of(task, "a", 0.5), team="T1", augmented=True, supplementary=True)
    assert entry.name == "T1_aug_sup"


def test_sums_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ConfigError, match="finite sums"):
        ClusterTotals(sums=np.array([[np.nan]]), counts=np.array([1.0]))
    with pytest.raises(ConfigError, match="a count for each cluster"):
        ClusterTotals(sums=np.ones((2, 3)), counts=np.ones(2))


def test_a_summary_is_computed_once_and_read_again_by_whoever_comes_next(tmp_path: Path) -> None:
    task = task_of(4)
    run = run_of(task, "A", 0.5)
    asked: list[str] = []

    def read() -> ScoredRun:
        asked.append("read")
        return run

    first = SummaryCache(tmp_path, task).summary("1" * 64, read)
    cache = SummaryCache(tmp_path, task)
    assert cache.summary("1" * 64, read) == first
    assert cache.summary("1" * 64, read) is cache.summary("1" * 64, read)
    assert len(asked) == 1
    assert cache.summary("2" * 64, read).digest != first.digest
    assert len(asked) == 2


def test_a_kept_summary_that_is_damaged_or_of_another_task_is_computed_anew(tmp_path: Path) -> None:
    task = task_of(4)
    run = run_of(task, "A", 0.5)
    first = SummaryCache(tmp_path, task).summary("1" * 64, lambda: run)
    (path,) = tmp_path.glob("*.json")
    for spoilt in ("{", json.dumps(json.loads(path.read_text()) | {"digest": "of another"})):
        path.write_text(spoilt)
        assert SummaryCache(tmp_path, task).summary("1" * 64, lambda: run) == first
    scene = task.scenes["S50000"]
    louder = dataclasses.replace(scene, gains_db={"source_1": 10.0, "source_2": 0.0})
    changed = dataclasses.replace(task, scenes={**task.scenes, "S50000": louder})
    assert task_digest(changed) != task_digest(task)
    assert SummaryCache(tmp_path, changed).summary("1" * 64, lambda: run).digest != first.digest


def test_the_scores_of_a_listener_are_kept_with_the_summary_and_made_anew_where_they_are_damaged(
    tmp_path: Path,
) -> None:
    task = task_of(4)
    run, asked = run_of(task, "A", 0.5), []

    def read() -> ScoredRun:
        asked.append(1)
        return run

    expected = run.scores["avg_haaqi"].xs("L0001", level="listener").to_dict()
    SummaryCache(tmp_path, task).summary("1" * 64, read)
    cache = SummaryCache(tmp_path, task)
    assert cache.listener_scores("1" * 64, read, "L0001").to_dict() == expected
    assert len(asked) == 1
    (path,) = tmp_path.glob("*.npz")
    for spoilt in (b"", b"PK", path.read_bytes()[:-40], pickle.dumps({"values": [1.0]})):
        path.write_bytes(spoilt)
        assert cache.listener_scores("1" * 64, read, "L0001").to_dict() == expected
    assert len(asked) == 5
    path.unlink()
    assert cache.listener_scores("1" * 64, read, "L0001").to_dict() == expected
    assert cache.listener_scores("1" * 64, read, "L9999").empty


def test_a_column_that_is_missing_or_holds_no_number_is_refused() -> None:
    task = task_of(2)
    run = run_of(task, "A", 0.5)
    with pytest.raises(ConfigError, match="a finite score 'loudness'"):
        summarise_scores(run, task, digest="0" * 64, column="loudness")


def test_groups_and_ears_are_those_of_the_scores() -> None:
    task = task_of(3)
    summary = summarise_scores(run_of(task, "A", 0.5, noise=0.0), task, digest="0" * 64)
    assert [round(ear.mean - summary.mean.mean, 6) for ear in summary.ears] == [-0.01, 0.01]
    gains = next(group for group in summary.groups if group.title == "Gain size")
    assert [(mean.label, mean.estimate.n_values) for mean in gains.means] == [("3 dB", 6), ("6 dB", 6)]
    assert [listener.n_scenes for listener in summary.listeners] == [6, 6]


def test_the_exports_hold_every_system_and_no_formula() -> None:
    task = task_of(3)
    entries = [entry_of(task, run_of(task, "A", 0.5)), entry_of(task, run_of(task, "B", 0.6), team="=cmd()")]
    board = rank_systems(entries)
    site = site_json([board])
    assert [row["team"] for row in site["data"]] == ["=cmd()", "A"]
    assert {column["dataField"] for column in site["format"]} == set(site["data"][0])
    lines = ranking_csv(board).splitlines()
    assert lines[1].startswith("all,,1,'=cmd()")
    assert sum(line.startswith("Gain size") for line in lines) == 4


def test_the_view_of_a_listener_finds_scenes_and_disagreement() -> None:
    task = load_task(demo_folder(), "valid")
    first = pd.Series(0.5, index=[pair.scene for pair in task.pairs if pair.listener == "L0001"])
    second = first.copy()
    second["S50002"], second["S50003"] = 0.9, 0.4
    view = view_listener("L0001", {"first": first, "second": second}, task)
    assert [system.name for system in view.systems] == ["second", "first"]
    assert (view.systems[0].best_scene, view.systems[0].worst_scene) == ("S50002", "S50003")
    assert [scene.scene for scene in view.disagreed] == ["S50002", "S50003"]
    assert (view.disagreed[0].best, view.disagreed[0].worst) == ("second", "first")
    assert view.worst[0].scene == "S50003"
    turned = view_listener("L0001", {"first": first, "second": second}, task, higher_is_better=False)
    assert [system.name for system in turned.systems] == ["first", "second"]
    assert (turned.systems[1].best_scene, turned.systems[1].best) == ("S50003", 0.4)
    assert (turned.disagreed[0].best, turned.disagreed[0].worst) == ("first", "second")
    assert (turned.best[0].scene, turned.worst[0].scene) == ("S50003", "S50002")
    with pytest.raises(ConfigError, match="one of the task"):
        view_listener("L9999", {"first": first}, task)


def test_what_failed_to_be_made_is_tried_again() -> None:
    kept: Kept[int] = Kept(most=2)
    with pytest.raises(ZeroDivisionError):
        kept.get("a", lambda: 1 // 0)
    assert kept.get("a", lambda: 7) == 7


def test_of_many_threads_that_ask_for_a_value_one_makes_it() -> None:
    kept: Kept[int] = Kept(most=2)
    made: list[int] = []

    def make() -> int:
        time.sleep(0.05)
        made.append(1)
        return 7

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda _: kept.get("a", make), range(8))) == [7] * 8
    assert len(made) == 1
