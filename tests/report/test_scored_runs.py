from __future__ import annotations

import pytest

from rebalance._base.errors import ConfigError
from rebalance.report import annotated, common_pairs, read_scored_runs
from rebalance.task import load_task


def test_a_run_is_read_with_what_made_it(write_run, tiny_task_root):
    (run,) = read_scored_runs([write_run("mine", [0.5, 0.6])])
    assert (run.name, run.separator, run.split, run.data) == ("mine", "mine-separator", "valid", tiny_task_root)
    assert list(run.scores.index) == [("S50001", "L0001"), ("S50001", "L0002")]


def test_runs_of_one_folder_name_are_told_apart_by_what_is_above(write_run):
    runs = read_scored_runs([write_run("a/exp", [0.5]), write_run("b/exp", [0.5])])
    assert [run.name for run in runs] == ["a/exp", "b/exp"]


def test_pairs_know_piece_instruments_sources_gain_and_both_severities(write_run, tiny_task_root):
    (run,) = read_scored_runs([write_run("mine", [0.5, 0.6, 0.7, 0.8])])
    table = annotated(run, load_task(tiny_task_root, "valid"))
    strings, winds = table.loc[("S50001", "L0002")], table.loc[("S50003", "L0002")]
    assert (strings["piece"], winds["piece"]) == ("beach", "garden")
    assert strings["instruments"] == ("Cello", "Viola", "Violin")
    assert (strings["n_sources"], winds["n_sources"]) == (4, 2)
    assert (strings["gain_size_db"], winds["gain_size_db"]) == (6, 10)
    assert (strings["severity_code"], strings["severity_site"]) == ("severe", "moderately severe")


def test_common_pairs_are_those_of_all_runs(write_run):
    runs = read_scored_runs(
        [write_run("a", [0.1, 0.2, 0.3]), write_run("b", {("S50002", "L0003"): 0.5, ("S50001", "L0001"): 0.5})]
    )
    assert list(common_pairs(runs)) == [("S50001", "L0001"), ("S50002", "L0003")]


def test_a_pair_that_is_not_of_the_task_is_refused(write_run, tiny_task_root):
    (run,) = read_scored_runs([write_run("mine", {("S59999", "L0001"): 0.5})])
    with pytest.raises(ConfigError, match="scene 'S59999' with listener 'L0001'"):
        annotated(run, load_task(tiny_task_root, "valid"))


def test_a_folder_without_scores_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"run 'rebalance score' first"):
        read_scored_runs([tmp_path])


def test_the_same_run_twice_is_refused(write_run):
    folder = write_run("mine", [0.5])
    with pytest.raises(ConfigError, match="every run once"):
        read_scored_runs([folder, folder])


@pytest.mark.parametrize(("field", "value"), [("split", "train"), ("semantics", "pyclarity V0.9.0")])
def test_runs_that_cannot_be_compared_are_refused(write_run, field, value):
    folders = [write_run("a", [0.5]), write_run("b", [0.5], summary={field: value})]
    with pytest.raises(ConfigError, match=f"runs of one {field}"):
        read_scored_runs(folders)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not a score file"),
        ("scene,song,listener\nS1,a,L1\n", "expected the columns left_haaqi"),
        ("scene,song,listener,left_haaqi,right_haaqi,avg_haaqi\n", "one or more lines"),
        ("scene,song,listener,left_haaqi,right_haaqi,avg_haaqi\nS1,a,L1,0.5,,0.5\n", "score for both ears"),
        ("scene,song,listener,left_haaqi,right_haaqi,avg_haaqi\nS1,a,L1,0.5,nan,0.5\n", "score for both ears"),
        ("scene,song,listener,left_haaqi,right_haaqi,avg_haaqi\n" + "S1,a,L1,1,1,1\n" * 2, "S1/L1 again"),
    ],
)
def test_damaged_scores_are_refused(write_run, content, message):
    folder = write_run("mine", [0.5])
    (folder / "scores.csv").write_text(content)
    with pytest.raises(ConfigError, match=message):
        read_scored_runs([folder])


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"split": "nonsense"}'])
def test_a_damaged_summary_is_refused(write_run, content):
    folder = write_run("mine", [0.5])
    (folder / "scores.json").write_text(content)
    with pytest.raises(ConfigError, match="not the summary of a scored run"):
        read_scored_runs([folder])


def test_the_archive_that_was_scored_is_found_beside_its_scores_or_where_it_was(write_run, tmp_path):
    then = tmp_path / "downloads" / "submission_T002_causal.zip"
    configuration = {"submission": then.name, "archive": str(then)}
    folder = write_run("submission_T002_causal_scores", [0.5], summary={"configuration": configuration})
    beside = tmp_path / then.name
    then.parent.mkdir()
    then.touch()
    assert read_scored_runs([folder])[0].archive == then
    beside.touch()
    assert read_scored_runs([folder])[0].archive == beside
    then.unlink()
    beside.unlink()
    assert read_scored_runs([folder])[0].archive == beside  # missing: the page names it in a note
    assert read_scored_runs([write_run("mine", [0.5])])[0].archive is None


def test_a_run_is_short_in_print(write_run):
    (run,) = read_scored_runs([str(write_run("mine", [0.5, 0.7]))])
    assert repr(run) == "ScoredRun('mine', 2 pairs, mean HAAQI 0.600)"
