"""What a command is asked to write is looked at before any work is done."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rebalance._base.errors import ConfigError
from rebalance._base.files import expanded, is_hidden
from rebalance.cli import app
from rebalance.cli._outputs import check_file_to_write, check_folder_to_write

PLAYERS = ["--instruments", "violin,cello", "--separator", "mixture"]


@pytest.fixture
def music(tmp_path: Path) -> Path:
    path = tmp_path / "music.flac"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.05, (8_000, 2)), 44_100)
    return path


@pytest.fixture
def never_separates(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_late(*_: object, **__: object) -> None:
        raise AssertionError("separated before the output was looked at")

    monkeypatch.setattr("rebalance.pipeline.separate_file", too_late)
    monkeypatch.setattr("rebalance.pipeline.remix_file", too_late)


def refused(*arguments: object) -> str:
    from typer.testing import CliRunner

    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert isinstance(result.exception, ConfigError), result.output
    return str(result.exception)


@pytest.mark.usefixtures("never_separates")
@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("mix.wma", "expected a name ending in .flac, .wav, .aiff, .aif, .ogg or .mp3"),
        ("mix", "expected a name ending in"),
        ("folder.flac", "this is a folder"),
        ("a file/mix.flac", "expected a folder, this is a file"),
        ("a file/deeper/mix.flac", "expected a folder, this is a file"),
        ("there.flac", "--force replaces it"),
        ("music.flac", "this is what is read"),
        ("link.flac", "this is what is read"),
        ("same.flac", "this is what is read"),
        ("long" * 80 + ".flac", "too long"),
        ("long" * 80 + "/mix.flac", "too long"),
    ],
)
def test_remix_refuses_what_it_cannot_or_should_not_write(music: Path, tmp_path: Path, out: str, words: str) -> None:
    (tmp_path / "folder.flac").mkdir()
    (tmp_path / "a file").touch()
    (tmp_path / "there.flac").touch()
    (tmp_path / "link.flac").symlink_to(music)
    os.link(music, tmp_path / "same.flac")
    assert words in refused("remix", music, *PLAYERS, "--out", tmp_path / out)


@pytest.mark.usefixtures("never_separates")
def test_force_never_overwrites_the_recording(music: Path) -> None:
    assert "this is what is read" in refused("remix", music, *PLAYERS, "--out", music, "--force")


@pytest.mark.usefixtures("never_separates")
def test_separate_refuses_a_file_for_a_folder_and_stems_that_are_there(music: Path, tmp_path: Path) -> None:
    assert "expected a folder" in refused("separate", music, *PLAYERS, "--out", music)
    (tmp_path / "stems").mkdir()
    (tmp_path / "stems" / "Cello.flac").touch()
    assert "--force" in refused("separate", music, *PLAYERS, "--out", tmp_path / "stems")
    violin = shutil.copy(music, tmp_path / "Violin.flac")
    assert "this is what is read" in refused("separate", violin, *PLAYERS, "--out", tmp_path, "--force")


def test_prescribe_refuses_to_replace_the_audiogram(tmp_path: Path) -> None:
    me = tmp_path / "me.json"
    me.write_text("{}")
    assert "this is what is read" in refused("prescribe", me, "--out", me, "--force")


def test_force_replaces_a_file(tmp_path: Path) -> None:
    (tmp_path / "x.csv").touch()
    check_file_to_write(tmp_path / "x.csv", force=True)
    with pytest.raises(ConfigError, match="--force"):
        check_file_to_write(tmp_path / "x.csv")


def test_a_folder_may_be_there_or_not(tmp_path: Path) -> None:
    check_folder_to_write(tmp_path)
    check_folder_to_write(tmp_path / "a" / "b")


@pytest.mark.parametrize(
    "arguments",
    [
        ["compare", "{data}", "{data}", "--json", "{file}"],
        ["compare", "{data}", "{data}", "--csv", "{folder}"],
        ["compare", "{data}", "{data}", "--html", "{file}"],
        ["report", "{data}", "--out", "{file}"],
        ["evaluate-separation", "{data}", "--csv", "{file}"],
        ["enhance", "{data}", "{file}"],
        ["demo", "--out", "{file}"],
        ["prepare", "{data}", "{file}"],
        ["render", "{file}"],
        ["train", "{data}", "{file}"],
        ["score", "{data}", "{data}", "--out", "{file}"],
        ["evaluation-task", "{file}", "--corpus", "URMP={data}", "--room", "x.wav"],
    ],
    ids=lambda arguments: " ".join(arguments[:1] + arguments[-2:]),
)
def test_every_command_looks_at_its_output_first(tiny_task_root: Path, tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    places = {"data": tiny_task_root, "file": tmp_path / "file", "folder": tmp_path / "folder"}
    line = refused(*(text.format(**places) for text in arguments))
    assert str(tmp_path) in line
    assert any(words in line for words in ("--force", "expected a folder", "this is a folder", "a name ending in"))


def test_hidden_names_are_known() -> None:
    assert is_hidden(Path("/a/._x.wav"))
    assert is_hidden(Path("/a/.b/x.wav"), Path("/a"))
    assert not is_hidden(Path("/.a/x.wav"), Path("/.a"))


def test_a_home_nobody_knows_stays_as_it_is() -> None:
    assert expanded("~no such user/x") == Path("~no such user/x")


def test_loud_stems_are_turned_down_together_and_it_is_said(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from rebalance.audio import read_audio
    from rebalance.pipeline import separate_recording
    from rebalance.separation import load_separator

    rng = np.random.default_rng(0)
    loud = tmp_path / "loud.wav"
    soundfile.write(loud, np.sign(rng.normal(size=(8_000, 2))) * 1.5, 44_100, subtype="FLOAT")
    out = tmp_path / "stems"
    result = CliRunner().invoke(app, ["separate", str(loud), *PLAYERS, "--out", str(out)])
    assert result.exit_code == 0, result.output
    stems = separate_recording(read_audio(loud), ("violin", "cello"), load_separator("mixture"))
    scale = max(float(np.abs(stem).max()) for stem in stems.values())
    assert ("turned down" in result.output) == (scale > 1)
    for name, stem in stems.items():
        written = read_audio(out / f"{name}.flac").samples
        np.testing.assert_allclose(written, stem / max(1.0, scale), atol=1e-4)


@pytest.mark.parametrize(
    ("signals", "expected"), [([], 0.0), ([[0.0]], 0.0), ([[-1.0]], 0.0), ([[0.5], [-2.0]], 6.0206)]
)
def test_the_common_attenuation_is_what_the_loudest_needs(signals: list[list[float]], expected: float) -> None:
    from rebalance.pipeline import common_attenuation_db

    assert common_attenuation_db(map(np.array, signals)) == pytest.approx(expected, abs=1e-4)
