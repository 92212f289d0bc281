"""`remix` and `separate` as people use them: several files, any kind of file, and every result explained."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import Result

from rebalance.audio import loudness_lufs, read_audio
from rebalance.cli import app

MIXTURE = ["--separator", "mixture"]
DUO = ["--instruments", "flute,cello", *MIXTURE]


def run(*arguments: object) -> Result:
    from typer.testing import CliRunner

    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def done(*arguments: object) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


@pytest.fixture
def music(tmp_path: Path) -> Path:
    path = tmp_path / "music.wav"
    noise = np.random.default_rng(0).normal(0, 0.05, (30_000, 2))
    with soundfile.SoundFile(path, "w", 44_100, 2, format="WAV", subtype="PCM_24") as file:
        file.title, file.artist = "Für [Elise]", "Ä"
        file.write(noise)
    return path


@pytest.fixture
def me(tmp_path: Path) -> Path:
    levels = [45, 45, 50, 55, 60, 65, 70, 70]
    frequencies = [250, 500, 1000, 2000, 3000, 4000, 6000, 8000]
    entry = {"name": "me", "audiogram_cfs": frequencies, "audiogram_levels_l": levels, "audiogram_levels_r": levels}
    (tmp_path / "me.json").write_text(json.dumps({"me": entry}))
    return tmp_path / "me.json"


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("o.flac", [], ("FLAC", "PCM_24")),
        ("o.wav", [], ("WAV", "PCM_24")),
        ("o.wav", ["--depth", "float"], ("WAV", "FLOAT")),
        ("o.flac", ["--depth", "16"], ("FLAC", "PCM_16")),
        ("o.mp3", [], ("MP3", "MPEG_LAYER_III")),
        ("o.ogg", [], ("OGG", "VORBIS")),
        ("o.aiff", ["--format", "aiff"], ("AIFF", "PCM_24")),
    ],
)
def test_a_remix_is_written_in_the_kind_asked_for_with_depth_and_tags(
    music: Path, tmp_path: Path, name: str, options: list[str], expected: tuple[str, str]
) -> None:
    out = tmp_path / "new" / name
    done("remix", music, *DUO, "--gain", "cello=+6", *options, "--out", out)
    with soundfile.SoundFile(out) as file:
        assert (file.format, file.subtype) == expected
        assert (file.frames, file.samplerate, file.channels) == (30_000, 44_100, 2)
        assert (file.title, file.artist) == ("Für [Elise]", "Ä")


def test_no_gain_returns_every_bit_of_24(music: Path, tmp_path: Path) -> None:
    done("remix", music, *DUO, "--out", tmp_path / "o.flac")
    before, after = (soundfile.read(path, dtype="int32")[0] for path in (music, tmp_path / "o.flac"))
    np.testing.assert_array_equal(after, before)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--instruments", "flute,cello", "--gain", "cello=+6"], "separator 'mixture' tells no players apart"),
        (["--instruments", "flute", "--gain", "flute=+6"], "Flute, asked for +6 dB, is the only player"),
        (["--instruments", "flute,cello", "--gain", "flute=2", "--gain", "cello=2"], "every player is asked for +2 dB"),
        (["--instruments", "flute,cello"], "no gain was asked for"),
    ],
)
def test_a_remix_that_changes_nothing_says_why(music: Path, tmp_path: Path, arguments: list[str], words: str) -> None:
    told = done("remix", music, *arguments, *MIXTURE, "--out", tmp_path / "o.flac")
    assert words in told
    assert told.count("why: ") == 1


def test_what_was_asked_and_made_stands_side_by_side(music: Path, tmp_path: Path) -> None:
    separator = "rebalance.separation._average_spectra:average_spectra_separator"
    arguments = ["--instruments", "Flöte Violoncello", "--gain", "Violoncello=+6", "--separator", separator]
    told = done("remix", music, *arguments, "--out", tmp_path / "o.flac")
    (row,) = (line.split() for line in told.splitlines() if line.startswith("Cello"))
    assert row[1:3] == ["+6.0", "dB"]
    assert 0 < float(row[3]) < 6
    assert "--strength 1.5 would make about" in told
    strong = done("remix", music, *arguments, "--strength", "1.5", "--out", tmp_path / "strong.flac")
    (strong_row,) = (line.split() for line in strong.splitlines() if line.startswith("Cello"))
    assert float(strong_row[3]) > float(row[3])
    assert run("remix", music, *arguments, "--strength", "1.6", "--out", tmp_path / "x.flac").exit_code != 0


def test_an_amplified_file_is_as_loud_as_the_recording_and_a_word_of_warning_is_said(
    music: Path, me: Path, tmp_path: Path
) -> None:
    told = done("remix", music, *DUO, "--listener", me, "--out", tmp_path / "mine.flac")
    assert "listen safely: own hearing aids off" in told
    assert "both ears alike, to be as loud as the recording" in told
    levels = [loudness_lufs(read_audio(path).samples, 44_100) for path in (music, tmp_path / "mine.flac")]
    assert levels[1] == pytest.approx(levels[0], abs=0.05)


@pytest.mark.parametrize("amplified", [True, False])
def test_a_loudness_is_reached(music: Path, me: Path, tmp_path: Path, amplified: bool) -> None:
    listener = ["--listener", me] if amplified else []
    told = done("remix", music, *DUO, *listener, "--loudness", "-30", "--out", tmp_path / "mine.flac")
    assert "now -30.0 LUFS" in told
    assert loudness_lufs(read_audio(tmp_path / "mine.flac").samples, 44_100) == pytest.approx(-30, abs=0.05)


def test_prescribed_levels_are_left_alone(music: Path, me: Path, tmp_path: Path) -> None:
    told = done("remix", music, *DUO, "--listener", me, "--loudness", "prescribed", "--out", tmp_path / "mine.flac")
    assert "loudness:" not in told
    assert "listen safely" in told


@pytest.mark.parametrize("value", ["loud", "5", "-90", "nan"])
def test_a_loudness_that_is_none_is_refused(music: Path, tmp_path: Path, value: str) -> None:
    result = run("remix", music, *DUO, f"--loudness={value}", "--out", tmp_path / "o.flac")
    assert "LUFS" in str(result.exception)
    assert not (tmp_path / "o.flac").exists()


def six_channels(path: Path) -> Path:
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.05, (20_000, 6)), 44_100)
    return path


def test_more_than_two_channels_need_a_choice(tmp_path: Path) -> None:
    six = six_channels(tmp_path / "six.wav")
    refused = run("remix", six, *DUO, "--out", tmp_path / "o.flac")
    assert "got 6 channels; --channels 1,2 takes the first two" in str(refused.exception)
    done("remix", six, *DUO, "--channels", "5,2", "--out", tmp_path / "o.flac")
    expected = read_audio(six).samples[[4, 1]]
    np.testing.assert_array_equal(read_audio(tmp_path / "o.flac").samples, expected)
    done("separate", six, *DUO, "--channels", "3", "--out", tmp_path / "stems")
    assert soundfile.info(tmp_path / "stems" / "Cello.flac").channels == 1


@pytest.mark.parametrize("value", ["1,two", "", "1,2,3", "0"])
def test_channels_that_make_no_sense_are_refused(tmp_path: Path, value: str) -> None:
    result = run("remix", six_channels(tmp_path / "six.wav"), *DUO, "--channels", value, "--out", tmp_path / "o.flac")
    assert "channels" in str(result.exception)


def test_several_files_go_into_a_folder_each_in_its_own_kind(music: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.ogg"
    soundfile.write(other, np.random.default_rng(1).normal(0, 0.05, (20_000, 1)), 22_050)
    told = done("remix", music, other, *DUO, "--out", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["music.wav", "other.ogg"]
    assert soundfile.info(tmp_path / "out" / "other.ogg").samplerate == 22_050
    assert "2 recordings rebalanced" in told
    done("remix", music, other, *DUO, "--format", "mp3", "--out", tmp_path / "out")
    assert (tmp_path / "out" / "other.mp3").exists()
    done("separate", music, other, *DUO, "--format", "wav", "--depth", "float", "--out", tmp_path / "stems")
    assert soundfile.info(tmp_path / "stems" / "other" / "Flute.wav").subtype == "FLOAT"


def test_one_bad_file_among_several_stops_no_other(music: Path, tmp_path: Path) -> None:
    six, text = six_channels(tmp_path / "six.wav"), tmp_path / "page.mp3"
    text.write_text("<!doctype html>")
    for command in ("remix", "separate"):
        result = run(command, six, music, text, tmp_path / "nowhere.wav", *DUO, "--out", tmp_path / command)
        assert result.exit_code == 1
        assert "3 of 4 failed; 1 are done" in result.output
        assert result.output.count("page.mp3") == 1
    assert [path.name for path in (tmp_path / "remix").iterdir()] == ["music.wav"]


def test_two_files_of_one_name_are_refused(music: Path, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    twin = tmp_path / "b" / music.name
    twin.write_bytes(music.read_bytes())
    for command in ("remix", "separate"):
        result = run(command, music, twin, *DUO, "--out", tmp_path / "out")
        assert "both" in str(result.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--format", "wma"], "--format: expected one of"),
        (["--format", "wav"], "--format: wav does not fit"),
        (["--depth", "float"], "FLAC holds 16, 24, not float"),
        (["--quiet", "--verbose"], "--quiet and --verbose"),
    ],
)
def test_options_that_do_not_fit_are_found_before_anything_is_done(
    music: Path, tmp_path: Path, arguments: list[str], words: str
) -> None:
    result = run("remix", music, *DUO, *arguments, "--out", tmp_path / "o.flac")
    assert words in str(result.exception)
    assert not (tmp_path / "o.flac").exists()


def test_an_mp3_that_cannot_have_the_rate_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    fast = tmp_path / "fast.wav"
    soundfile.write(fast, np.full((1_000, 2), 0.1), 96_000)
    result = run("remix", fast, *DUO, "--out", tmp_path / "o.mp3")
    assert "cannot write 2 channels at 96000 Hz" in str(result.exception)


def test_quiet_leaves_the_result_and_verbose_adds_to_it(music: Path, tmp_path: Path) -> None:
    quiet = run("remix", music, *DUO, "--gain", "cello=6", "--quiet", "--out", tmp_path / "q.flac")
    assert quiet.output.split() == [str(tmp_path / "q.flac")]
    assert quiet.stderr == ""
    verbose = run("remix", music, *DUO, "--gain", "cello=6", "-v", "--out", tmp_path / "v.flac")
    assert "separator mixture, 0 parameters, 44100 Hz" in verbose.stderr
    assert "players: Flute, Cello" in verbose.stderr


def test_every_command_can_be_quiet() -> None:
    from typer.testing import CliRunner

    for command in app.registered_commands:
        name = command.name or command.callback.__name__.replace("_", "-")
        shown = CliRunner(env={"COLUMNS": "200"}).invoke(app, [name, "--help"]).output
        assert "--quiet" in shown, name
        assert "--verbose" in shown, name


def test_loud_float_stems_are_not_turned_down(tmp_path: Path) -> None:
    loud = tmp_path / "loud.wav"
    soundfile.write(loud, np.full((5_000, 2), 3.0), 44_100, subtype="FLOAT")
    told = done("separate", loud, *DUO, "--format", "wav", "--out", tmp_path / "stems")
    assert "turned down" not in told
    np.testing.assert_allclose(read_audio(tmp_path / "stems" / "Flute.wav").samples, 1.5)
    told = done("separate", loud, *DUO, "--out", tmp_path / "stems")
    assert "all of them turned down by 3.52 dB" in told


def test_the_version_has_one_source() -> None:
    from importlib.metadata import version

    import rebalance

    assert rebalance.__version__ == rebalance.VERSION == version("rebalance-music")
    assert done("--version").split() == ["rebalance", rebalance.__version__]


def test_the_separators_are_listed_with_size_look_ahead_and_worth() -> None:
    told = done("separators")
    rows = {line.split()[0]: line for line in told.splitlines() if line.strip()}
    assert "1.94 M" in rows["u-net"]
    assert "3.9" in rows["u-net"].split()
    assert "5.0 ms" in rows["causal"]
    assert any(line.startswith("u-net:") and "HAAQI on test-unseen: 0.707" in line for line in told.splitlines())
    assert any(line.startswith("mixture: no separation at all") for line in told.splitlines())
    for kind in ("iass", "xumx", "multi-head-u-net", "sound-of-pixels"):
        assert any(line.startswith(f"{kind}:FOLDER: ") for line in told.splitlines())
    assert "(score-supervised)" in told
