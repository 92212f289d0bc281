from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rebalance.task import TaskFiles, load_task, load_task_files

if TYPE_CHECKING:
    from conftest import SpoiltTask

INSIDE = "garden_002.source_1.track: expected a relative path inside the task, got "


def set_track(task: SpoiltTask, track: str) -> None:
    task.edit("music.valid", lambda music: music["garden_002"]["source_1"].update(track=track))


@pytest.mark.parametrize(
    ("track", "fault"),
    [
        ("/etc/passwd", "an absolute path"),
        ("//server/share/a.flac", "an absolute path"),
        ("../audio/valid/garden_002/Flute.flac", "a path with '..'"),
        ("valid/../valid/garden_002/Flute.flac", "a path with '..'"),
        ("valid\\garden_002\\Flute.flac", "a path with a backslash or a drive"),
        ("C:/music/Flute.flac", "a path with a backslash or a drive"),
        ("c:Flute.flac", "a path with a backslash or a drive"),
    ],
)
def test_a_track_that_is_no_plain_path_below_the_audio_folder_is_refused(
    task: SpoiltTask, track: str, fault: str
) -> None:
    set_track(task, track)
    assert task.only_problem().message == f"{INSIDE}{fault}: {track!r}"
    assert task.only_problem().severity == "error"


def test_a_track_with_a_null_character_is_refused(task: SpoiltTask) -> None:
    set_track(task, "valid/Flute\0.flac")
    assert "without control characters" in task.refusal()


@pytest.mark.parametrize("track", ["x" * 300, "/".join("y" * 3000)])
def test_a_name_too_long_for_any_file_is_refused_or_missing_but_never_a_crash(task: SpoiltTask, track: str) -> None:
    set_track(task, track)
    assert any(problem.severity == "error" for problem in task.problems(audio=True))


def test_a_link_to_a_file_outside_is_refused(task: SpoiltTask, tmp_path: Path) -> None:
    track = task.root / "audio" / "valid" / "garden_002" / "Flute.flac"
    track.rename(tmp_path / "outside.flac")
    track.symlink_to(tmp_path / "outside.flac")
    assert task.only_problem().message.startswith(f"{INSIDE}a link that leaves task")


def test_a_linked_folder_outside_is_refused(task: SpoiltTask, tmp_path: Path) -> None:
    folder = task.root / "audio" / "valid" / "garden_002"
    shutil.move(folder, tmp_path / "outside")
    folder.symlink_to(tmp_path / "outside")
    assert {problem.key for problem in task.problems()} == {
        f"garden_002.{name}.track" for name in ("source_1", "source_2", "mixture")
    }


def test_a_link_that_stays_inside_is_followed(task: SpoiltTask) -> None:
    track = task.root / "audio" / "valid" / "garden_002" / "Flute.flac"
    track.rename(track.with_name("Traverso.flac"))
    track.symlink_to("Traverso.flac")
    assert not task.problems(audio=True)


def test_links_that_lead_in_a_circle_are_one_problem(task: SpoiltTask) -> None:
    track = task.root / "audio" / "valid" / "garden_002" / "Flute.flac"
    track.unlink()
    track.symlink_to("Flute.flac")
    assert task.only_problem(audio=True).severity == "error"


def test_a_task_reached_over_a_link_is_the_same_task(task: SpoiltTask, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(task.root)
    assert len(load_task(tmp_path / "link", "valid").pairs) == 6


def test_audio_elsewhere_has_to_be_named(task: SpoiltTask, tmp_path: Path) -> None:
    shutil.move(task.root / "audio", tmp_path / "disk")
    (task.root / "audio").symlink_to(tmp_path / "disk")
    assert "a link that leaves task" in task.refusal()
    files = TaskFiles.of(task.root, "valid")
    named = {field: getattr(files, field) for field in TaskFiles.__dataclass_fields__}
    named.update(music_dir=tmp_path / "disk", root=None)
    assert len(load_task_files(TaskFiles(**named), "valid", require_sources=True).pairs) == 6


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_may_not_be_read_is_a_problem(task: SpoiltTask) -> None:
    folder = task.root / "audio" / "valid" / "garden_002"
    folder.chmod(0)
    try:
        assert any(problem.severity == "error" for problem in task.problems(audio=True))
    finally:
        folder.chmod(0o755)
