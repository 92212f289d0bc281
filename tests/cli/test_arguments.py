"""What commands make of arguments in the wrong order, and of a split that is left out or not there."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rebalance.assets import demo_folder

Run = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def music_without_scenes(tmp_path: Path) -> Path:
    shutil.copytree(demo_folder() / "metadata", tmp_path / "task" / "metadata")
    for name in ("scenes", "scene_listeners"):
        (tmp_path / "task" / "metadata" / f"{name}.valid.json").unlink()
    return tmp_path / "task"


def test_a_task_without_archives_before_it_is_answered_with_the_order(run: Run) -> None:
    status, told, _ = run("check-submission", demo_folder())
    assert status == 2
    assert told == ["rebalance: Missing argument 'ZIP...' before DATA; see rebalance check-submission --help"]


def test_a_task_in_front_of_the_archives_is_named(run: Run, tmp_path: Path) -> None:
    archive = tmp_path / "submission_T001_causal.zip"
    archive.touch()
    status, told, _ = run("check-submission", demo_folder(), archive)
    assert status == 2
    assert told[0].startswith(f"rebalance: {archive}: expected the root folder of the task as the last argument; ")
    assert told[0].endswith(f"; {demo_folder()} is one, put it after the archives")


def test_an_archive_where_the_task_should_be_is_named(run: Run, tmp_path: Path) -> None:
    archives = [tmp_path / name for name in ("first.zip", "second.zip")]
    for archive in archives:
        archive.touch()
    status, told, _ = run("check-submission", *archives)
    assert status == 2
    assert told == [f"rebalance: {archives[1]}: expected the root folder of the task as the last argument"]


def test_checking_a_split_that_is_not_there_gives_one_line(run: Run) -> None:
    status, told, printed = run("check", demo_folder(), "--split", "train")
    assert (status, printed) == (2, "")
    expected = "expected files of split 'train' such as 'scenes.train.json', got those of valid"
    assert told == [f"rebalance: {demo_folder() / 'metadata'}: {expected}"]


def test_scenes_are_made_for_the_only_split_there_is(run: Run, music_without_scenes: Path) -> None:
    status, _, printed = run("scenes", music_without_scenes, "--gains", 1)
    assert status == 0
    assert printed.startswith("2 scenes, ")
    assert (music_without_scenes / "metadata" / "scenes.valid.json").is_file()


def test_scenes_need_a_split_where_there_are_several(run: Run, music_without_scenes: Path) -> None:
    metadata = music_without_scenes / "metadata"
    shutil.copy(metadata / "music.valid.json", metadata / "music.train.json")
    status, told, _ = run("scenes", music_without_scenes)
    assert status == 2
    assert told == [
        f"rebalance: {music_without_scenes}: expected music of one split, or --split to name one, found train, valid"
    ]
