from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest

from rebalance._base.errors import ConfigError, MetadataError
from rebalance.task import (
    MetadataWarning,
    Pair,
    TaskFiles,
    available_splits,
    load_task,
    load_task_files,
    splits_to_check,
)

if TYPE_CHECKING:
    from conftest import SpoiltTask


def test_a_task_has_everything_its_files_say(tiny_task_root: Path) -> None:
    task = load_task(tiny_task_root, "valid", require_sources=True)
    assert (task.split, task.music_dir) == ("valid", tiny_task_root / "audio")
    assert list(task.scenes) == ["S50001", "S50002", "S50003", "S50004"]
    assert [source.label for source in task.segments["beach_000"].sources] == ["Violin_1", "Violin_2", "Viola", "Cello"]
    assert task.scenes["S50003"].gains_db == {"source_1": -10.0, "source_2": 0.0}
    assert task.scenes["S50003"].gain_name == "gain_0001"
    assert task.scene_listeners["S50004"] == ("L0003", "L0001")
    assert task.pairs[:2] == (Pair(scene="S50001", listener="L0001"), Pair(scene="S50001", listener="L0002"))
    assert task.fittings["L0002"].left.gains_db[-1] == 28.0
    assert task.listeners["L0003"].severity() == "none"


def test_a_source_has_its_instrument_voice_track_and_place(tiny_task_root: Path) -> None:
    source = load_task(tiny_task_root, "valid").segments["beach_000"].sources[1]
    assert (source.name, source.instrument, source.voice, source.dataset) == ("source_2", "Violin", 2, "Tiny")
    assert source.track == PurePosixPath("valid/beach_000/Violin_2.flac")
    mixture = load_task(tiny_task_root, "valid").segments["garden_002"].mixture
    assert (mixture.instrument, mixture.start_s, mixture.duration_s) == ("Mixture", 0.25, 1.0)


def test_a_root_may_be_given_as_text(tiny_task_root: Path) -> None:
    assert load_task(str(tiny_task_root), "valid") == load_task(tiny_task_root, "valid")


def test_the_misnamed_scenes_file_loads(task: SpoiltTask) -> None:
    task.file("scenes.valid").rename(task.file("scene.valid"))
    assert available_splits(task.root) == ("valid",)
    assert len(load_task(task.root, "valid").scenes) == 4


def test_the_properly_named_scenes_file_comes_first(task: SpoiltTask) -> None:
    task.file("scene.valid").write_text("{")
    assert len(load_task(task.root, "valid").scenes) == 4


def test_files_may_lie_anywhere(task: SpoiltTask, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.move(task.root / "audio", elsewhere / "music")
    shutil.move(task.file("gains"), elsewhere / "my gains.json")
    files = TaskFiles.of(task.root, "valid")
    moved = TaskFiles(
        gains=elsewhere / "my gains.json",
        music=files.music,
        scenes=files.scenes,
        scene_listeners=files.scene_listeners,
        listeners=files.listeners,
        compressor_params=files.compressor_params,
        music_dir=elsewhere / "music",
    )
    loaded = load_task_files(moved, "valid", require_sources=True)
    assert loaded.audio_path(loaded.segments["beach_000"].mixture).is_file()


def test_a_track_below_the_folder_of_its_split_is_found(task: SpoiltTask) -> None:
    def without_split(music: dict[str, Any]) -> None:
        for segment in music.values():
            for source in segment.values():
                source["track"] = source["track"].removeprefix("valid/")

    task.edit("music.valid", without_split)
    assert load_task(task.root, "valid") == load_task(task.root, "valid", require_sources=True)
    assert not task.problems(audio=True)


def test_splits_are_those_with_scenes(task: SpoiltTask) -> None:
    task.file("scenes.test").write_text("{}")
    task.file("music.train").write_text("{}")
    assert available_splits(task.root) == ("valid", "test")
    assert splits_to_check(task.root) == ("valid", "test")
    assert splits_to_check(task.root, "train") == ("train",)
    task.file("scenes.test").unlink()
    with pytest.raises(MetadataError, match=r"expected files of split 'test' .* got those of train, valid"):
        splits_to_check(task.root, "test")


def test_a_folder_that_holds_no_task_is_named(tmp_path: Path) -> None:
    with pytest.raises(MetadataError, match="expected the root folder of a task, got no folder"):
        load_task(tmp_path / "nowhere", "valid")
    with pytest.raises(MetadataError, match="expected a folder 'metadata'"):
        available_splits(tmp_path)
    (tmp_path / "metadata").mkdir()
    with pytest.raises(MetadataError, match=r"expected files such as 'scenes\.valid\.json'"):
        splits_to_check(tmp_path)


def test_an_unknown_split_is_refused_with_the_likely_one(tiny_task_root: Path) -> None:
    with pytest.raises(ConfigError, match="got 'vaild'; did you mean 'valid'"):
        load_task(tiny_task_root, "vaild")


def test_a_missing_file_is_named_with_the_one_that_was_probably_meant(task: SpoiltTask) -> None:
    task.file("music.valid").rename(task.file("music.vaild"))
    assert task.refusal() == f"{task.file('music.valid')}: no such file; did you mean 'music.vaild.json'?"


def test_a_broken_file_brings_no_false_alarms_about_references_into_it(task: SpoiltTask) -> None:
    task.file("gains").write_text('{"gain_0007": {"source_1": NaN}}')
    assert "gain_0007.source_1: expected a finite number, got NaN" in task.refusal()
    assert len(task.problems()) == 1


# What is changed in which file, and the line that tells it.
FAULTS: list[tuple[str, Any, str]] = [
    (
        "scenes",
        lambda d: d["S50003"].update(gain="gain_0007"),
        "scene S50003: gain 'gain_0007' names 4 sources, segment 'garden_002' has 2",
    ),
    (
        "gains",
        lambda d: d["gain_0001"].update(source_3=d["gain_0001"].pop("source_2")),
        "scene S50003: gain 'gain_0001' names source_1, source_3, segment 'garden_002' has source_1, source_2",
    ),
    (
        "scenes",
        lambda d: d["S50003"].update(gain="gain_001"),
        "scene S50003: gain 'gain_001' is not in gains.json; did you mean 'gain_0001'?",
    ),
    ("scenes", lambda d: d["S50003"].update(gain="gain_0003"), "scene S50003: gain 'gain_0003' is not in gains.json"),
    (
        "scenes",
        lambda d: d["S50003"].update(music="gardn_002"),
        "scene S50003: music 'gardn_002' is not in music.valid.json; did you mean 'garden_002'?",
    ),
    ("scenes", lambda d: d["S50003"].pop("music"), "S50003: expected the key music, got only the keys gain"),
    (
        "scenes",
        lambda d: d.update(scene_1=d["S50001"]),
        "the document: expected scene ids such as 'S50001', got 'scene_1'",
    ),
    ("scene_listeners", lambda d: d.update(S50009=["L0001"]), "scene 'S50009' is not in scenes.valid.json"),
    (
        "scene_listeners",
        lambda d: d["S50001"].append("L00O1"),
        "scene S50001: listener 'L00O1' is not in listeners.valid.json; did you mean 'L0001'?",
    ),
    ("scene_listeners", lambda d: d["S50001"].append("L0002"), "scene S50001: listener 'L0002' is listed 2 times"),
    ("compressor_params", lambda d: d.pop("L0003"), "listener 'L0003' of scene S50002 has no compressor parameters"),
    ("compressor_params", lambda d: d["L0002"].update(cr_r=[1] * 5), "L0002.cr_r: expected at least 6 entries, got 5"),
    (
        "compressor_params",
        lambda d: d["L0002"].update(cr_r=[1, 1, 1, 0.5, 1, 1]),
        "L0002.cr_r[3]: expected at least 1, got 0.5",
    ),
    (
        "listeners",
        lambda d: d["L0001"]["audiogram_cfs"].reverse(),
        "listener L0001: audiogram frequencies must increase, got 8000, 6000, 4000, 3000, 2000, 1000, 500, 250",
    ),
    (
        "listeners",
        lambda d: d["L0001"]["audiogram_levels_r"].pop(),
        "listener L0001, right ear: 7 thresholds for 8 frequencies",
    ),
    (
        "music",
        lambda d: d["garden_002"]["source_1"].update(instrument="Fluet"),
        "segment 'garden_002': source_1: unknown instrument 'Fluet'; did you mean 'Flute'?",
    ),
    (
        "music",
        lambda d: d["garden_002"]["source_1"].update(instrument="violin_2"),
        "segment 'garden_002': source_1: unknown instrument 'violin'; did you mean 'Violin'?",
    ),
    (
        "music",
        lambda d: d["garden_002"].update(mixtrue=d["garden_002"].pop("mixture")),
        "garden_002: expected the key mixture, got only the keys source_1, source_2, mixtrue; did you mean 'mixture'?",
    ),
    (
        "music",
        lambda d: d["garden_002"]["source_2"].update(duration=2),
        "garden_002.source_2.duration: expected 1 s as the mixture, got 2 s",
    ),
    (
        "music",
        lambda d: d["garden_002"]["mixture"].update(start=-1),
        "garden_002.mixture.start: expected at least 0, got -1",
    ),
]


@pytest.mark.parametrize(("name", "change", "line"), FAULTS, ids=[line[:50] for _, _, line in FAULTS])
def test_one_fault_is_told_in_one_line(task: SpoiltTask, name: str, change: Any, line: str) -> None:
    task.edit(name if name == "gains" else f"{name}.valid", change)
    first = task.refusal().split(" (and ")[0].split(": ", 1)[1]
    assert line in {first, *(problem.line.split(": ", 1)[1] for problem in task.problems())}


def test_a_fault_has_file_key_expected_got_and_suggestion(task: SpoiltTask) -> None:
    task.edit("scenes.valid", lambda scenes: scenes["S50003"].update(music="gardn_002"))
    problem = task.only_problem()
    assert (problem.severity, problem.file, problem.key) == ("error", "metadata/scenes.valid.json", "S50003.music")
    assert (problem.expected, problem.got) == ("an entry of music.valid.json", "'gardn_002'")
    assert problem.suggestion == "garden_002"


def test_all_faults_of_all_files_are_found_at_once(task: SpoiltTask) -> None:
    task.edit("scenes.valid", lambda scenes: scenes["S50003"].update(music="gardn_002"))
    task.edit("compressor_params.valid", lambda params: params["L0001"].update(cr_l=[0] * 6))
    task.edit("music.valid", lambda music: music["beach_000"]["source_2"].update(instrument="Fiddle"))
    task.file("listeners.valid").write_text("{")
    assert {problem.file for problem in task.problems()} == {
        "metadata/scenes.valid.json",
        "metadata/compressor_params.valid.json",
        "metadata/music.valid.json",
        "metadata/listeners.valid.json",
    }
    assert f"(and 8 more problems; 'rebalance check {task.root}' shows all)" in task.refusal()


def test_a_scene_numbered_for_another_split_is_refused(task: SpoiltTask) -> None:
    task.edit("scenes.valid", lambda scenes: scenes.update(S60003=scenes.pop("S50003")))
    task.edit("scene_listeners.valid", lambda listeners: listeners.update(S60003=listeners.pop("S50003")))
    assert task.only_problem().message == "scene S60003: its number belongs to split 'test', the file to 'valid'"
    assert task.only_problem().expected == "S50000 to S59999"


def test_a_listener_drawn_twice_counts_once_in_training_as_the_official_generator_does_it(task: SpoiltTask) -> None:
    for name in ("music", "scenes", "scene_listeners", "listeners", "compressor_params"):
        content = task.file(f"{name}.valid").read_text().replace('"S500', '"S100')
        task.file(f"{name}.train").write_text(content)
    task.edit("scene_listeners.train", lambda listeners: listeners["S10001"].append("L0001"))
    with pytest.warns(MetadataWarning, match="scene S10001: listener 'L0001' is listed 2 times"):
        loaded = load_task(task.root, "train")
    assert loaded.scene_listeners["S10001"] == ("L0001", "L0002")


@pytest.mark.parametrize(
    ("name", "change", "line"),
    [
        (
            "gains",
            lambda d: d["gain_0001"].update(source_1=4),
            "gain_0001.source_1: expected one of -10, -6, -3, 0, 3, 6, 10 dB, got 4",
        ),
        (
            "gains",
            lambda d: d["gain_0001"].update(source_1=0),
            "gain_0001: expected some sources altered and some not, got no source altered",
        ),
        (
            "gains",
            lambda d: d["gain_0001"].update(source_2=3),
            "gain_0001: expected some sources altered and some not, got every source altered",
        ),
        (
            "music.valid",
            lambda d: d["garden_002"]["source_1"].update(instrument="Horn_1"),
            "got 'Horn', which the challenge leaves out",
        ),
        ("scene_listeners.valid", lambda d: d.update(S50001=[]), "scene S50001: nobody hears it"),
        ("scene_listeners.valid", lambda d: d.pop("S50001"), "scene S50001: nobody hears it"),
        (
            "compressor_params.valid",
            lambda d: d["L0001"].update(cr_l=[7, 1, 1, 1, 1, 1]),
            "L0001.cr_l: expected ratios up to 6, got 7",
        ),
    ],
)
def test_what_is_only_unusual_is_warned_of_and_loads(task: SpoiltTask, name: str, change: Any, line: str) -> None:
    task.edit(name, change)
    assert task.only_problem().severity == "warning"
    with pytest.warns(MetadataWarning) as caught:
        load_task(task.root, "valid")
    assert line in str(caught[0].message)


def test_an_unheard_listener_can_do_without_parameters(task: SpoiltTask) -> None:
    task.edit("listeners.valid", lambda listeners: listeners.update(L0009={**listeners["L0001"], "name": "L0009"}))
    assert task.only_problem().message == "listener 'L0009' has no compressor parameters"
    assert task.only_problem().severity == "warning"


def withhold_tracks(music: dict[str, Any]) -> None:
    for segment in music.values():
        for name in segment.keys() - {"mixture"}:
            segment[name] = {"instrument": segment[name]["instrument"]}


def withhold_sources(music: dict[str, Any]) -> None:
    for segment in music.values():
        for name in segment.keys() - {"mixture"}:
            del segment[name]


def test_sources_without_tracks_load_and_last_as_long_as_the_mixture(task: SpoiltTask) -> None:
    task.edit("music.valid", withhold_tracks)
    segment = load_task(task.root, "valid").segments["garden_002"]
    assert segment.instruments == ("Flute", "Bassoon")
    assert [(source.track, source.start_s, source.duration_s) for source in segment.sources] == [(None, 0.25, 1.0)] * 2


def test_mixtures_alone_load_with_the_gains_of_their_scenes(task: SpoiltTask) -> None:
    task.edit("music.valid", withhold_sources)
    scene = load_task(task.root, "valid").scenes["S50003"]
    assert scene.segment.sources == ()
    assert scene.gains_db == {"source_1": -10.0, "source_2": 0.0}


@pytest.mark.parametrize("withhold", [withhold_tracks, withhold_sources])
def test_mixtures_alone_are_refused_where_sources_are_needed(task: SpoiltTask, withhold: Any) -> None:
    task.edit("music.valid", withhold)
    message = "segment 'beach_000': this release withholds its sources; it can be enhanced, not scored"
    assert message in task.refusal(require_sources=True)


def test_absent_source_files_are_refused_only_where_sources_are_needed(task: SpoiltTask) -> None:
    for path in (task.root / "audio").rglob("*.flac"):
        if path.stem != "Mixture":
            path.unlink()
    assert len(load_task(task.root, "valid").pairs) == 6
    assert "none of the 6 source files is there" in task.refusal(require_sources=True)


def test_companion_files_are_checked_where_they_are_there(task: SpoiltTask) -> None:
    task.file("gains_meta").write_text('{"2": {"gain_0001": {"source_1": 3}}}')
    task.file("music_tracks.valid").write_text('{"a": {}}')
    task.file("music.valid.to_generate").write_text('{"a": []}')
    assert [(problem.file, problem.key) for problem in task.problems()] == [
        ("metadata/gains_meta.json", "2.gain_0001"),
        ("metadata/music_tracks.valid.json", "a"),
        ("metadata/music.valid.to_generate.json", "a"),
    ]
