"""`causality --run` measures what made a run and records it there; a run that goes on keeps the record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result

from rebalance._base.errors import ConfigError, SubmissionError
from rebalance.cli import app
from rebalance.pipeline import read_run, record_causality
from rebalance.separation import LookAhead, load_separator


def typed(*arguments: object) -> Result:
    from typer.testing import CliRunner

    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def run_of(tiny_task_root: Path, tmp_path: Path):
    def made(separator: str) -> Path:
        done = typed("enhance", tiny_task_root, tmp_path / "run", "--separator", separator, "--jobs", 1, "--limit", 1)
        assert done.exit_code == 0, (done.output, done.exception)
        return tmp_path / "run"

    return made


def test_the_look_ahead_of_a_run_is_recorded_and_kept(run_of) -> None:
    run = run_of("mixture")
    assert read_run(run).causality is None
    done = typed("causality", "--run", run, "--seconds", 0.5, "--require-causal")
    assert done.exit_code == 0, (done.output, done.exception)
    recorded = read_run(run).causality
    assert recorded["lookahead_ms"] == 0
    assert not recorded["to_the_end"]
    assert read_run(run).known_lookahead_ms == 0
    run_of("mixture")  # goes on
    assert read_run(run).causality == recorded


def test_a_run_that_looks_at_everything_is_recorded_as_such_and_not_packed_as_causal(run_of) -> None:
    run = run_of("oracle")  # declares nothing
    assert isinstance(typed("pack", run, "--team", "T1", "--causality", "causal").exception, SubmissionError)
    whole = LookAhead(samples=40_000, output_sample=0, sample_rate=44_100, to_the_end=True)
    record = record_causality(run, load_separator("oracle"), whole)
    assert record.known_lookahead_ms == float("inf")
    refused = typed("pack", run, "--team", "T1", "--causality", "causal").exception
    assert "all of the signal it was measured with" in str(refused)


def test_what_did_not_make_the_run_is_not_recorded_in_it(run_of) -> None:
    run = run_of("mixture")
    still = LookAhead(samples=0, output_sample=0, sample_rate=44_100, to_the_end=False)
    with pytest.raises(ConfigError, match="made with separator 'mixture', what was measured has 'oracle'"):
        record_causality(run, load_separator("oracle"), still)
    assert read_run(run).causality is None


@pytest.mark.parametrize("arguments", [[], ["--separator", "mixture", "--run", "{run}"]])
def test_either_a_separator_or_a_run_is_measured(tmp_path: Path, arguments: list[str]) -> None:
    done = typed("causality", *(text.format(run=tmp_path) for text in arguments))
    assert isinstance(done.exception, ConfigError)
    assert "either --separator, or --run" in str(done.exception)


def test_a_record_with_a_broken_measurement_is_refused(run_of) -> None:
    run = run_of("mixture")
    content = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(content | {"causality": {"lookahead_ms": "soon"}}))
    with pytest.raises(ConfigError, match="not the record of a run"):
        read_run(run)
