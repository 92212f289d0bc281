"""A few scenes of a task."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from rebalance import load_task
from rebalance._base.errors import ConfigError
from rebalance.cli import app
from rebalance.task import chosen_pairs, spread_segments


def test_scenes_and_limit_choose_in_the_order_of_the_task(tiny_task_root: Path) -> None:
    task = load_task(tiny_task_root, "valid")
    assert chosen_pairs(task) == task.pairs
    assert [pair.scene for pair in chosen_pairs(task, scenes=["S50003", "S50001"])] == ["S50001", "S50001", "S50003"]
    assert {pair.scene for pair in chosen_pairs(task, limit=2)} == {"S50001", "S50002"}
    assert {pair.scene for pair in chosen_pairs(task, scenes=["S50003", "S50001"], limit=1)} == {"S50001"}


@pytest.mark.parametrize(
    ("options", "words"), [({"scenes": ["S5001"]}, "did you mean 'S50001'"), ({"limit": 0}, "at least 1")]
)
def test_what_is_not_there_is_refused(tiny_task_root: Path, options: dict, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        chosen_pairs(load_task(tiny_task_root, "valid"), **options)


def test_a_look_at_some_scenes_keeps_what_was_done_of_others(tiny_task_root: Path, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    def done(*arguments: object) -> str:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert result.exit_code == 0, (result.output, result.exception)
        return result.stdout

    run = tmp_path / "run"
    assert "0 pairs kept, 1 computed" in done(
        "enhance", tiny_task_root, run, "--separator", "mixture", "--scenes", "S50003", "--jobs", 1
    )
    assert "1 pairs scored" in done("score", tiny_task_root, run, "--haaqi", "fast", "--scenes", "S50003", "--jobs", 1)
    assert "0 pairs kept, 2 computed" in done("enhance", tiny_task_root, run, "--separator", "mixture", "--limit", 1)
    done("score", tiny_task_root, run, "--haaqi", "fast", "--limit", 1, "--jobs", 1)
    scores = pd.read_csv(run / "scores.csv")
    assert sorted(set(scores.scene)) == ["S50001", "S50003"]
    summary = json.loads((run / "scores.json").read_text())
    assert (summary["n_pairs"], summary["n_scored"]) == (6, 3)


def test_segments_are_spread_from_the_first_to_the_last(tiny_task_root: Path) -> None:
    known = list(load_task(tiny_task_root, "valid").segments.values())
    many = known * 4
    assert spread_segments(many) == tuple(many)
    assert spread_segments(many, len(many) + 1) == tuple(many)
    assert spread_segments(many, 1) == (many[0],)
    assert spread_segments(many, 2) == (many[0], many[-1])
    assert spread_segments(range(11), 3) == (0, 5, 10)  # type: ignore[arg-type]
    assert spread_segments([]) == spread_segments([], 3) == ()


def test_no_segment_is_not_a_number_of_segments(tiny_task_root: Path) -> None:
    with pytest.raises(ConfigError, match="at least 1"):
        spread_segments(load_task(tiny_task_root, "valid").segments.values(), 0)
