"""What people do after the first try: the same command again, several things at once, a name with the wrong ending."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rebalance import ConfigError, Listener, MetadataError, RebalanceError, load_task
from rebalance._base.running import one_line, run_items
from rebalance.assets import demo_folder
from rebalance.haaqi import haaqi
from rebalance.hearing import STANDARD_AUDIOGRAMS, Audiogram
from rebalance.pipeline import EnhanceOptions, enhance_task, record_of_signals
from rebalance.report import read_scored_runs
from rebalance.separation import load_separator

Run = Callable[..., tuple[int, list[str], str]]

PLAYERS = ("--instruments", "flute,cello", "--separator", "mixture")


@pytest.fixture
def music(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / name for name in ("one.wav", "two.wav")]
    for seed, path in enumerate(paths):
        soundfile.write(path, np.random.default_rng(seed).normal(0, 0.05, (20_000, 2)), 44_100)
    return paths


@pytest.mark.parametrize("command", ["remix", "separate"])
def test_the_same_command_again_makes_what_is_missing_and_keeps_the_rest(
    run: Run, music: list[Path], tmp_path: Path, command: str
) -> None:
    out = tmp_path / "many"
    gains = ("--gain", "cello=+6") if command == "remix" else ()
    missing = tmp_path / "three.wav"
    asked = (command, *music, missing, *PLAYERS, *gains, "--out", out)
    status, lines, _ = run(*asked)
    assert status == 1
    assert any("1 of 3 failed; 2 are done" in line for line in lines)
    first = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    music[0].rename(missing)
    soundfile.write(music[0], np.zeros((20_000, 2)), 44_100)
    status, lines, told = run(*asked)
    assert status == 0, lines
    assert told.count("kept, its result is there already; --force makes it anew") == 2
    assert {path: path.stat().st_mtime_ns for path in first} == first
    assert len([path for path in out.rglob("*") if path.is_file()]) > len(first)
    assert run(*asked, "--force")[0] == 0
    assert all(path.stat().st_mtime_ns != before for path, before in first.items())


@pytest.mark.parametrize("command", ["remix", "separate"])
def test_one_result_that_is_there_is_still_refused(run: Run, music: list[Path], tmp_path: Path, command: str) -> None:
    out = tmp_path / ("one.flac" if command == "remix" else "stems")
    asked = (command, music[0], *PLAYERS, "--out", out)
    assert run(*asked)[0] == 0
    status, lines, _ = run(*asked)
    assert (status, "--force replaces it" in lines[0]) == (2, True)


@pytest.mark.parametrize("command", ["remix", "separate"])
def test_several_files_go_into_a_folder_not_into_an_audio_file(
    run: Run, music: list[Path], tmp_path: Path, command: str
) -> None:
    status, lines, _ = run(command, *music, *PLAYERS, "--out", tmp_path / "all.flac")
    assert status == 2
    assert lines == [f"rebalance: {tmp_path / 'all.flac'}: expected the name of a folder, got that of an audio file"]
    assert not (tmp_path / "all.flac").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("report", "RUN", "--out", "page.pdf"), "a name ending in .html or .htm"),
        (("compare", "RUN", "RUN", "--html", "page.pdf"), "a name ending in .html or .htm"),
        (("compare", "RUN", "RUN", "--csv", "table.txt"), "a name ending in .csv"),
        (("compare", "RUN", "RUN", "--json", "table.csv"), "a name ending in .json"),
        (("evaluate-separation", "DEMO", "--separator", "mixture", "--csv", "table.md"), "a name ending in .csv"),
        (("prescribe", "FILE", "--out", "fitting.txt"), "a name ending in .json"),
    ],
)
def test_a_wrong_ending_is_refused_before_anything_is_read(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    places = {"RUN": tmp_path / "run", "DEMO": demo_folder(), "FILE": tmp_path / "me.json"}
    status, lines, _ = run(*(places.get(argument, argument) for argument in arguments))
    assert status == 2
    assert expected in lines[-1]
    assert not list(tmp_path.iterdir())


def test_an_ear_without_a_line_in_a_table_is_named(run: Run, tmp_path: Path) -> None:
    table = tmp_path / "mum.csv"
    table.write_text("name,ear,250,500\nMum,left,30,40\n")
    status, lines, _ = run("audiogram", table)
    assert status == 0
    assert any("Mum: the right ear is taken to have no loss and is not amplified" in line for line in lines)
    assert any("Mum: not measured at 1000, 2000, 4000 Hz" in line for line in lines)
    table.write_text("name,ear,500,1000,2000,4000\nMum,left,30,40,50,60\nMum,right,30,40,50,60\n")
    assert run("audiogram", table)[1] == []


def test_every_one_of_several_submissions_has_its_name_above_what_is_wrong_with_it(run: Run, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        (folder / "enhanced_signals" / "valid").mkdir(parents=True)
    status, _, told = run("check-submission", *folders, demo_folder(), "--split", "valid")
    assert status == 1
    lines = told.splitlines()
    places = [lines.index(f"{folder}:") for folder in folders]
    faults = [number for number, line in enumerate(lines) if line.startswith("missing (")]
    assert places[0] < faults[0] < places[1] < faults[1]


def test_the_official_remix_of_another_separator_is_refused_before_any_work(tmp_path: Path) -> None:
    task = load_task(demo_folder(), "valid")
    with pytest.raises(ConfigError, match=r"\(--official\): expected separator 'convtasnet', got 'mixture'"):
        enhance_task(task, tmp_path / "run", EnhanceOptions(separator="mixture", remix="official"), jobs=1)
    assert not (tmp_path / "run").exists()


def broken(item: int) -> int:
    return {"weights": item}["missing"]


def test_what_breaks_in_code_of_ones_own_is_told_with_its_place() -> None:
    (failure,) = run_items([1], broken, title="work", jobs=1, describe=str)
    assert failure.reason.startswith("KeyError: 'missing' (test_second_thoughts.py:")
    assert failure.reason.endswith("in broken)")
    with pytest.raises(KeyError) as caught:
        broken(2)
    assert one_line(caught.value) == failure.reason
    with pytest.raises(ValueError) as decoded:  # noqa: PT011 - the place is asked for, not the words
        json.loads("{")
    assert "(test_second_thoughts.py:" in one_line(decoded.value)  # not the line of the library that raised it


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model.ckpt", "no such file or folder"),
        ("weights/model.safetensors", "no such file or folder"),
        ("junk.safetensors", "expected a checkpoint that this package wrote"),
        ("song.flac", "expected a checkpoint that this package wrote"),
    ],
)
def test_a_checkpoint_that_is_none_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for there in ("junk.safetensors", "song.flac"):
        Path(there).write_bytes(b"no checkpoint at all")
    with pytest.raises(RebalanceError, match=message):
        load_separator(name)


def test_a_file_that_is_not_audio_is_told_so(run: Run, tmp_path: Path) -> None:
    (tmp_path / "notaudio.mp3").write_bytes(np.random.default_rng(0).bytes(4000))
    status, lines, _ = run("remix", tmp_path / "notaudio.mp3", *PLAYERS, "--out", tmp_path / "out.flac")
    assert status == 2
    assert "does not exist" not in lines[-1]


def test_thresholds_and_listeners_that_are_none_are_told() -> None:
    with pytest.raises(MetadataError, match="left ear: thresholds_db_hl: expected one or more finite numbers"):
        Listener.of("me", left=["a"] * 8, right=[0] * 8)  # type: ignore[list-item]
    with pytest.raises(
        MetadataError, match="left ear: thresholds_db_hl: expected one or more finite numbers, got None"
    ):
        Listener.of("me", left=None, right=[0] * 8)  # type: ignore[arg-type]
    with pytest.raises(MetadataError, match="frequencies_hz: expected one or more finite numbers, got None"):
        Audiogram(frequencies_hz=None, thresholds_db_hl=(0.0,))  # type: ignore[arg-type]
    noise = np.random.default_rng(0).normal(0, 0.1, 24_000)
    with pytest.raises(ConfigError, match="expected an Audiogram or a Listener, got list"):
        haaqi(noise, noise, [20, 30, 40], sample_rate=24_000)  # type: ignore[call-overload]
    both = Listener(name="me", left=STANDARD_AUDIOGRAMS["N1"], right=STANDARD_AUDIOGRAMS["N1"])
    with pytest.raises(RebalanceError, match=r"got processed signals of shape \(24000, 2\)"):
        haaqi(np.stack([noise, noise], 1), np.stack([noise, noise], 1), both, sample_rate=24_000)


def test_signals_of_another_system_are_scored_and_packed_as_those_of_a_run(run: Run, tmp_path: Path) -> None:
    task = load_task(demo_folder(), "valid")
    enhance_task(task, tmp_path / "run", EnhanceOptions(separator="mixture"), jobs=1)
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (tmp_path / "run" / "enhanced_signals").rename(theirs / "enhanced_signals")
    status, lines, _ = run("score", demo_folder(), theirs, "--limit", "1", "--jobs", "1")
    assert status == 0, lines
    (scored,) = read_scored_runs([theirs])
    assert scored.separator == "theirs"
    assert not scored.scores["avg_haaqi"].isna().any()
    asked = ("pack", theirs, "--team", "T001", "--causality", "noncausal", "--out", tmp_path)
    assert run(*asked)[1] == ["rebalance: --data: expected the root of the task these signals were made for"]
    status, lines, _ = run(*asked, "--data", demo_folder())
    assert status == 0, lines
    status, _, told = run("check-submission", tmp_path / "submission_T001_noncausal.zip", demo_folder())
    assert (status, "accepted" in told) == (0, True)


def test_a_folder_without_signals_of_the_split_is_told(tmp_path: Path) -> None:
    (tmp_path / "theirs" / "enhanced_signals" / "test").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"enhanced_signals: expected signals of split 'valid', got test"):
        record_of_signals(tmp_path / "theirs", "valid")
    assert record_of_signals(tmp_path / "theirs").split == "test"
    (tmp_path / "theirs" / "enhanced_signals" / "valid").mkdir()
    with pytest.raises(ConfigError, match=r"expected the signals of one split, got test, valid"):
        record_of_signals(tmp_path / "theirs")
    with pytest.raises(ConfigError, match=r"found no run\.json"):
        record_of_signals(tmp_path)
