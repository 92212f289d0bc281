"""The commands as one types them: what is printed, and how they end."""

from __future__ import annotations

import dataclasses
import json

import pytest
import typer
from typer.testing import CliRunner

from rebalance._base.errors import ConfigError, RebalanceError, SubmissionError
from rebalance._base.files import write_json
from rebalance.cli import check_submission, pack
from rebalance.pipeline import read_run
from rebalance.pipeline._runs import RUN_FILE


@pytest.fixture(scope="module")
def typed():
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command("pack")(pack)
    app.command("check-submission")(check_submission)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def test_a_run_is_packed_and_its_archive_accepted(typed, run, data_root):
    write_json(run / RUN_FILE, dataclasses.asdict(dataclasses.replace(read_run(run), lookahead_ms=3.0)))
    packed = typed("pack", run, "--team", "T001", "--causality", "causal", "--jobs", 1)
    assert packed.exit_code == 0
    archive = run / "submission_T001_causal.zip"
    assert str(archive) in packed.stdout
    assert "sha256" in packed.stdout
    checked = typed("check-submission", archive, data_root, "--jobs", 1)
    assert checked.exit_code == 0
    assert "accepted; 18 of 18 pairs, 0 errors" in checked.stdout


def test_problems_end_with_status_1_and_are_grouped(typed, helpers, run, data_root):
    for scene in ("S50001", "S50002", "S50003", "S50004"):
        for listener in ("L0001", "L0002", "L0003"):
            helpers.signal_path(run, scene, listener).unlink()
    checked = typed("check-submission", run, data_root, "--split", "valid", "--jobs", 1)
    assert checked.exit_code == 1
    assert "missing (pairs without a file): 12" in checked.stdout
    assert "and 2 more" in checked.stdout
    told = typed("check-submission", run, data_root, "--json", "--jobs", 1)
    assert told.exit_code == 1
    assert len(json.loads(told.stdout)["problems"]) == 12
    refused = typed("pack", run, "--team", "T001", "--causality", "causal", "--jobs", 1)
    assert refused.exit_code == 1
    assert not list(run.glob("*.zip"))


def test_what_is_no_archive_ends_with_status_2(typed, data_root, tmp_path):
    path = tmp_path / "submission_T001_causal.zip"
    path.write_bytes(b"nothing of the kind")
    told = typed("check-submission", path, data_root, "--json")
    assert told.exit_code == 2
    assert json.loads(told.stdout)["verdict"] == "not an archive"
    # Without --json the error reaches the top level, which prints one line and ends with status 2.
    assert isinstance(typed("check-submission", path, data_root).exception, RebalanceError)


def test_several_submissions_are_checked_in_one_go_and_none_stops_the_others(typed, run, data_root, tmp_path):
    assert typed("pack", run, "--team", "T001", "--causality", "noncausal", "--jobs", 1).exit_code == 0
    good, bad = run / "submission_T001_noncausal.zip", tmp_path / "submission_T002_causal.zip"
    bad.write_bytes(b"nothing of the kind")
    checked = typed("check-submission", bad, good, run, data_root, "--jobs", 1)
    assert checked.exit_code == 2
    assert f"{bad}: cannot be checked" in checked.stdout
    assert f"{good}: accepted; 18 of 18 pairs" in checked.stdout
    assert "2 accepted, 1 cannot be checked" in checked.stdout
    told = typed("check-submission", bad, good, data_root, "--json", "--jobs", 1)
    assert [verdict["verdict"] for verdict in json.loads(told.stdout)] == ["not an archive", "accepted"]
    assert typed("check-submission", good, run, data_root, "--jobs", 1).exit_code == 0


def test_training_data_outside_the_list_are_said_to_force_the_name(typed, run):
    write_json(run / RUN_FILE, dataclasses.asdict(dataclasses.replace(read_run(run), external_training_data=True)))
    packed = typed("pack", run, "--team", "T001", "--causality", "noncausal", "--jobs", 1)
    assert packed.exit_code == 0
    assert "marked _sup" in packed.stderr
    assert (run / "submission_T001_noncausal_sup.zip").is_file()


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--team", "T001", "--causality", "both"), ConfigError),
        (("--team", "a/b", "--causality", "causal"), ConfigError),
    ],
)
def test_words_that_make_no_name_are_refused(typed, run, words, error):
    assert isinstance(typed("pack", run, *words).exception, error)


def test_a_system_that_looks_ahead_is_not_packed_as_causal(typed, run):
    write_json(run / RUN_FILE, dataclasses.asdict(dataclasses.replace(read_run(run), lookahead_ms=92.9)))
    done = typed("pack", run, "--team", "T001", "--causality", "causal")
    assert isinstance(done.exception, SubmissionError)
    assert "92.9 ms" in str(done.exception)


def test_parts_below_2_gb_are_refused(typed, run):
    done = typed("pack", run, "--team", "T001", "--causality", "causal", "--part-size", 1.5)
    assert done.exit_code == 2
    assert not list(run.glob("*.zip*"))
