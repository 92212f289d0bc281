"""What a plan may say, and what it is told otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rebalance import ConfigError
from rebalance.web.listening_test import read_plan, settle_test


def test_a_plan_is_read_with_its_folders_relative_to_it(tmp_path: Path) -> None:
    path = tmp_path / "test.yaml"
    path.write_text(
        "title: T\nkind: ab\ntask: ../data\nruns: {a: exp/a, b: exp/b}\nreference: exp/best\n", encoding="utf-8"
    )
    plan = read_plan(path)
    assert plan.task == tmp_path / "../data"
    assert plan.runs == {"a": tmp_path / "exp/a", "b": tmp_path / "exp/b"}
    assert plan.reference == str(tmp_path / "exp/best")
    assert plan.systems == ("a", "b")
    assert "closer to the reference" in plan.shown_instructions


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"colour": "red"}, "unknown key 'colour'; expected title, kind, task, runs, split, scenes"),
        ({"anchors_khz": [3.5]}, "did you mean 'anchors_hz'?"),
        ({"kind": "abx"}, "kind: expected one of mushra, ab, preference, got 'abx'"),
        ({"title": " "}, "title: expected a text"),
        ({"runs": {}}, "runs: expected 1 or more, got 0"),
        ({"kind": "ab", "runs": {"a": "a"}}, "runs: expected 2 or more, got 1"),
        ({"runs": {"reference": "a"}}, "runs: expected a name that is not one of a hidden signal, got 'reference'"),
        ({"runs": {str(n): "a" for n in range(11)}}, "runs: expected at most 12 signals a page, got 13"),
        ({"scenes": 0}, "scenes: expected at least 1, got 0"),
        ({"scenes": True}, "scenes: expected a number or a list of names, got True"),
        ({"scenes": []}, "scenes: expected a number or a list of names, got []"),
        ({"anchors_hz": [5000]}, "anchors_hz: expected 3500 or 7000, got 5000"),
        ({"kind": "ab", "anchors_hz": [3500]}, "anchors_hz: expected none in a test of two sounds"),
        ({"seed": -1}, "seed: expected 0 or more, got -1"),
        ({"seed": "7"}, "seed: expected int, got '7'"),
        ({"loudness_lufs": -3}, "loudness_lufs: expected -50 to -10 LUFS, got -3"),
        ({"start_s": -1}, "start_s: expected 0 or more, got -1"),
        ({"duration_s": 0.5}, "duration_s: expected 1 s or more, got 0.5"),
    ],
)
def test_a_plan_that_is_wrong_is_told_in_one_line(
    plan_file: Callable[..., Path], changes: dict[str, object], message: str
) -> None:
    path = plan_file(**changes)
    with pytest.raises(ConfigError) as raised:
        read_plan(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"), [("a: [", "not YAML"), ("- 1", "expected a mapping"), (None, "cannot be read")]
)
def test_a_file_that_is_no_plan_is_told_in_one_line(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "test.yaml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message) as raised:
        read_plan(path)
    assert "\n" not in str(raised.value)


def test_every_scene_is_heard_for_its_first_listener_unless_one_is_named(plan_file: Callable[..., Path]) -> None:
    first = settle_test(read_plan(plan_file()))
    assert [(pair.scene, pair.listener) for pair in first.pairs] == [
        ("S50001", "L0001"),
        ("S50002", "L0003"),
        ("S50003", "L0002"),
        ("S50004", "L0003"),
    ]
    named = settle_test(read_plan(plan_file(listener="L0001")))
    assert [pair.scene for pair in named.pairs] == ["S50001", "S50004"]


def test_scenes_are_drawn_by_the_seed(plan_file: Callable[..., Path]) -> None:
    drawn = {
        seed: tuple(pair.scene for pair in settle_test(read_plan(plan_file(scenes=2, seed=seed))).pairs)
        for seed in range(12)
    }
    again = settle_test(read_plan(plan_file(scenes=2, seed=5)))
    assert tuple(pair.scene for pair in again.pairs) == drawn[5]
    assert len(set(drawn.values())) > 2
    assert all(len(set(scenes)) == 2 for scenes in drawn.values())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scenes": 5}, "scenes: expected at most 4, as many as there are, got 5"),
        ({"scenes": ["S50009"]}, "scene 'S50009': not in this task of 4"),
        ({"listener": "L0009"}, "listener: expected one of the task, got 'L0009'"),
        ({"listener": "L0001", "scenes": ["S50002"]}, "scene S50002: expected listener L0001"),
        ({"split": "train"}, "train"),
    ],
)
def test_a_plan_that_does_not_fit_its_task_is_refused(
    plan_file: Callable[..., Path], changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        settle_test(read_plan(plan_file(**changes)))


def test_two_sounds_are_all_pairs_of_runs(plan_file: Callable[..., Path], scored_runs: dict[str, Path]) -> None:
    runs = {name: str(path) for name, path in zip("abc", [*scored_runs.values()] * 2, strict=False)}
    test = settle_test(read_plan(plan_file(kind="ab", runs=runs, scenes=1)))
    assert [trial.systems for trial in test.trials] == [("a", "b"), ("a", "c"), ("b", "c")]
