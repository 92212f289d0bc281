"""``rebalance listening-test``: opened, answered, evaluated, and what is said where it cannot be."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

pytest.importorskip("fastapi", reason="the extra 'web' is not installed")
pytest.importorskip("sqlalchemy", reason="the extra 'web' is not installed")

from rebalance import load_task
from rebalance._base.errors import RebalanceError
from rebalance.cli import app
from rebalance.pipeline import EnhanceOptions, enhance_task
from rebalance.web.listening_test import Answer, AnswerStore, own_database, read_plan, settle_test

SUMMARY = (
    '{"separator": "any", "haaqi": "exact", "semantics": "made up", "version": "0", "data": ".", "split": "valid"}'
)


@pytest.fixture
def plan_path(tiny_task_root: Path, tmp_path: Path) -> Path:
    """A plan of two scored runs of the tiny task, and their files beside it."""
    from concurrent.futures import ThreadPoolExecutor

    task = load_task(tiny_task_root, "valid")
    heard = task.subset(list({pair.scene: pair for pair in reversed(task.pairs)}.values()))
    with ThreadPoolExecutor(1) as executor:
        assert not enhance_task(heard, tmp_path / "first", EnhanceOptions(separator="mixture"), executor=executor)
    shutil.copytree(tmp_path / "first", tmp_path / "second")
    for name, first in (("first", 0.7), ("second", 0.4)):
        lines = ["scene,song,listener,left_haaqi,right_haaqi,avg_haaqi"]
        scores = [first - 0.02 * place for place in range(len(heard.pairs))]
        lines += [
            f"{pair.scene},song,{pair.listener},{score},{score},{score}"
            for pair, score in zip(heard.pairs, scores, strict=True)
        ]
        (tmp_path / name / "scores.csv").write_text("\n".join(lines), encoding="utf-8")
        (tmp_path / name / "scores.json").write_text(SUMMARY, encoding="utf-8")
    content = {
        "title": "Which is better?",
        "kind": "mushra",
        "task": str(tiny_task_root),
        "runs": {"first": "first", "second": "second"},
        "seed": 3,
    }
    path = tmp_path / "trios.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def answer_all(plan: Path, n_participants: int) -> None:
    """Have people answer: they hear the reference, prefer the first run, and differ a little."""
    test = settle_test(read_plan(plan))
    worth = {"reference": 98, "anchor 3.5 kHz": 20, "first": 75, "second": 55}
    with AnswerStore(own_database(plan.with_name("trios-data")), test) as store:
        for number in range(n_participants):
            participant = store.participant(store.enrol())
            assert participant is not None
            for place, blind in enumerate(participant.trials):
                ratings = {
                    blind_id: Answer(rating=worth[system] + (3 * number + 5 * place) % 7 - 4, plays=1, seconds=5)
                    for blind_id, system in zip(blind.blind_ids, blind.trial.systems, strict=True)
                }
                store.keep(participant, place, ratings)


def run(*arguments: object) -> object:
    return CliRunner().invoke(app, ["listening-test", *map(str, arguments)])


def test_results_are_written_and_the_verdict_said(plan_path: Path, tmp_path: Path) -> None:
    answer_all(plan_path, 4)
    result = run(plan_path, "--results", tmp_path / "out")
    assert result.exit_code == 0, result.output
    said = " ".join(result.output.split())
    assert "4 participants; first has the highest mean rating" in said
    assert "HAAQI and answers: Spearman" in said
    names = {"answers.csv", "screening.csv", "results.csv", "model.txt", "ratings.svg", "haaqi.svg"}
    assert names <= {path.name for path in (tmp_path / "out").iterdir()}
    again = run(plan_path, "--results", tmp_path / "out")
    assert "--force replaces it" in str(again.exception)
    assert run(plan_path, "--results", tmp_path / "out", "--force").exit_code == 0


def test_a_single_participant_gives_all_but_a_model(plan_path: Path, tmp_path: Path) -> None:
    answer_all(plan_path, 1)
    result = run(plan_path, "--results", tmp_path / "out")
    assert result.exit_code == 1
    assert "mixed model: expected two or more participants, got 1" in " ".join(result.output.split())
    assert (tmp_path / "out" / "ratings.svg").is_file()


def test_what_is_wrong_is_told_in_one_line(plan_path: Path, tmp_path: Path) -> None:
    cases = [
        ((plan_path, "--results", tmp_path / "out"), "trios-data: expected the answers of a test, found none"),
        ((tmp_path / "none.yaml",), "cannot be read"),
        ((plan_path, "--database", "mysql://x"), "database: expected sqlite or postgresql"),
        ((plan_path, "--host", "256.1.1.1", "--no-browser"), "cannot listen"),
    ]
    for arguments, message in cases:
        result = run(*arguments)
        assert isinstance(result.exception, RebalanceError)
        assert message in str(result.exception)
        assert "\n" not in str(result.exception)


def test_a_run_that_was_not_scored_is_told(plan_path: Path, tmp_path: Path) -> None:
    answer_all(plan_path, 2)
    (tmp_path / "second" / "scores.csv").unlink()
    result = run(plan_path, "--results", tmp_path / "out")
    assert "no such files; run 'rebalance score' first" in str(result.exception)


def test_no_answers_yet_is_told(plan_path: Path, tmp_path: Path) -> None:
    answer_all(plan_path, 0)
    result = run(plan_path, "--results", tmp_path / "out")
    assert str(result.exception) == "listening test: there are no answers to this test yet"


def test_the_command_opens_the_test_and_goes_on_after_a_restart(plan_path: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rebalance", "listening-test", str(plan_path), "--port", "0", "--no-browser"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    token = ""
    for ending in (signal.SIGINT, signal.SIGKILL, signal.SIGTERM):
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        ) as process:
            assert process.stdout is not None
            said = ""
            while not (address := re.search(r"http://127\.0\.0\.1:\d+/", said)):
                line = process.stdout.readline()
                assert line, process.communicate()
                said += line
            if not token:
                request = urllib.request.Request(f"{address[0]}participants", data=b'{"agrees": true}', method="POST")
                request.add_header("Content-Type", "application/json")
                with urllib.request.urlopen(request) as answer:
                    token = re.search(r"/t/([\w-]+)", answer.read().decode())[1]
            with urllib.request.urlopen(f"{address[0]}t/{token}") as page:
                assert "0 of 4 done" in page.read().decode()
            process.send_signal(ending)
            process.communicate(timeout=60)
        assert process.returncode in (0, -signal.SIGKILL)
    assert (tmp_path / "trios-data" / "answers.sqlite").is_file()
