from __future__ import annotations

import pytest

from rebalance.report import read_scored_runs, summarise
from rebalance.task import load_task


@pytest.fixture
def task(tiny_task_root):
    return load_task(tiny_task_root, "valid")


def group(summary, title):
    (table,) = [table for table in summary.groups if table.title.startswith(title)]
    return {row.label: row.estimates for row in table.rows}


def test_means_and_groups_are_those_of_the_pairs(write_run, task):
    summary = summarise(read_scored_runs([write_run("mine", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])]), task)
    (mean,) = summary.means
    assert mean.mean == pytest.approx(0.35)
    assert (mean.n_values, mean.n_clusters) == (6, 2)
    assert group(summary, "Instrument")["Violin"][0].mean == pytest.approx(0.2)
    assert group(summary, "Instrument")["Flute"][0].mean == pytest.approx(0.5)
    assert group(summary, "Number of sources")["4"][0].n_values == 3
    assert group(summary, "Gain size")["10 dB"][0].mean == pytest.approx((0.3 + 0.4) / 2)
    assert group(summary, "Severity of hearing loss (code)")["none"][0].mean == pytest.approx(0.4)


def test_severities_stand_in_order_under_both_named_definitions(write_run, task):
    summary = summarise(read_scored_runs([write_run("mine", [0.5] * 6)]), task)
    assert list(group(summary, "Severity of hearing loss (code)")) == ["none", "mild", "severe"]
    assert list(group(summary, "Severity of hearing loss (site)")) == ["none", "mild", "moderately severe"]


def test_gain_sizes_stand_in_numeric_order(write_run, task):
    summary = summarise(read_scored_runs([write_run("mine", [0.5] * 6)]), task)
    assert list(group(summary, "Gain size")) == ["3 dB", "6 dB", "10 dB"]


def test_runs_are_compared_on_common_pairs_only(write_run, task):
    first = {("S50001", "L0001"): 0.5, ("S50003", "L0002"): 0.5, ("S50002", "L0003"): 0.0}
    second = {("S50003", "L0002"): 0.7, ("S50001", "L0001"): 0.6, ("S50004", "L0001"): 1.0, ("S50004", "L0003"): 1.0}
    summary = summarise(read_scored_runs([write_run("a", first), write_run("b", second)]), task)
    (comparison,) = summary.comparisons
    assert (comparison.first, comparison.second) == ("a", "b")
    assert comparison.difference.estimate.mean == pytest.approx(0.15)
    assert comparison.difference.estimate.n_values == 2
    assert (comparison.only_first, comparison.only_second) == (1, 2)


def test_runs_without_a_common_pair_have_no_difference(write_run, task):
    runs = [write_run("a", {("S50001", "L0001"): 0.5}), write_run("b", {("S50003", "L0002"): 0.5})]
    (comparison,) = summarise(read_scored_runs(runs), task).comparisons
    assert comparison.difference is None


def test_a_group_a_run_lacks_has_no_number(write_run, task):
    runs = [write_run("a", {("S50001", "L0001"): 0.5}), write_run("b", {("S50003", "L0002"): 0.5})]
    summary = summarise(read_scored_runs(runs), task)
    assert group(summary, "Instrument")["Flute"][0] is None
    assert group(summary, "Instrument")["Flute"][1].mean == 0.5


def test_every_two_runs_are_compared(write_run, task):
    runs = read_scored_runs([write_run(name, [0.5, 0.6]) for name in "abc"])
    names = [(comparison.first, comparison.second) for comparison in summarise(runs, task).comparisons]
    assert names == [("a", "b"), ("a", "c"), ("b", "c")]


def test_the_same_runs_give_the_same_numbers_whatever_stands_beside_them(write_run, task):
    folders = [write_run(name, [0.3, 0.1 * number, 0.5, 0.9]) for number, name in enumerate("abc")]
    alone = summarise(read_scored_runs(folders[1:2]), task)
    together = summarise(read_scored_runs(folders), task)
    assert together.means[1] == alone.means[0]
    assert group(together, "Instrument")["Viola"][1] == group(alone, "Instrument")["Viola"][0]


def test_components_are_means_of_both_ears_and_absent_ones_are_left_out(write_run, task):
    summary = summarise(read_scored_runs([write_run("mine", [0.2, 0.4])]), task)
    components = {component.label: component.values[0] for component in summary.components}
    assert components["Cepstral correlation"] == pytest.approx(0.3)
    assert components["Loudness of the mixture, LUFS"] == pytest.approx(-40.0)
    assert "Loudness of the reference, LUFS" not in components
