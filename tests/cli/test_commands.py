"""Commands as a user types them: what they print, what they write, how they end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from rebalance.audio import read_audio

ROOT = Path(__file__).parents[2]
QUARTET = "violin,violin,viola,cello"


def rebalance(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rebalance", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def told(result: subprocess.CompletedProcess[str]) -> str:
    """The one line of an error; nothing else may be there."""
    assert "Traceback" not in result.stderr
    lines = [line for line in result.stderr.splitlines() if line.startswith("rebalance: ")]
    assert len(lines) == 1, result.stderr
    return lines[0]


@pytest.fixture
def quartet(tmp_path: Path) -> Path:
    path = tmp_path / "in folder" / "quartet.wav"
    path.parent.mkdir()
    noise = np.random.default_rng(0).normal(0, 0.05, (48_000, 2))
    soundfile.write(path, noise, 48_000, subtype="PCM_16")
    return path


@pytest.fixture
def me(tmp_path: Path) -> Path:
    path = tmp_path / "me.json"
    levels = [20, 20, 25, 40, 50, 55, 60, 60]
    frequencies = [250, 500, 1000, 2000, 3000, 4000, 6000, 8000]
    ears = {"audiogram_levels_l": levels, "audiogram_levels_r": levels}
    path.write_text(json.dumps({"name": "me", "audiogram_cfs": frequencies} | ears))
    return path


def test_a_task_goes_from_check_to_scores(tiny_task_root: Path, tmp_path: Path) -> None:
    assert rebalance("check", tiny_task_root).returncode == 0
    run = tmp_path / "a run"
    enhanced = rebalance("enhance", tiny_task_root, run, "--separator", "oracle", "--jobs", "1")
    assert (enhanced.returncode, "6 pairs" in enhanced.stdout) == (0, True), enhanced.stderr
    assert "0 pairs kept, 6 computed" in enhanced.stdout
    next((run / "enhanced_signals" / "valid").iterdir()).unlink()
    again = rebalance("enhance", tiny_task_root, run, "--separator", "oracle", "--jobs", "1")
    assert "5 pairs kept, 1 computed" in again.stdout
    fresh = rebalance("enhance", tiny_task_root, run, "--separator", "oracle", "--jobs", "1", "--fresh")
    assert "0 pairs kept, 6 computed" in fresh.stdout
    scored = rebalance("score", tiny_task_root, run, "--jobs", "2")
    assert scored.returncode == 0, scored.stderr
    assert pd.read_csv(run / "scores.csv").avg_haaqi.min() > 0.9
    assert json.loads((run / "scores.json").read_text())["haaqi"] == "exact"


def test_an_archive_scores_like_the_folder_it_was_packed_from(tiny_task_root: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    rebalance("enhance", tiny_task_root, run, "--separator", "ideal-ratio-mask")
    rebalance("score", tiny_task_root, run)
    packed = rebalance("pack", run, "--team", "T1", "--causality", "noncausal")
    (archive,) = run.glob("*.zip")
    assert packed.returncode == 0, packed.stderr + packed.stdout
    out = tmp_path / "from archive"
    scored = rebalance("score", tiny_task_root, archive, "--out", out)
    assert scored.returncode == 0, scored.stderr + scored.stdout
    assert (out / "scores.csv").read_bytes() == (run / "scores.csv").read_bytes()


def test_a_failed_item_is_told_at_the_end_with_status_1(own_task_root: Path, tmp_path: Path) -> None:
    (own_task_root / "audio" / "valid" / "beach_000" / "Mixture.flac").write_bytes(b"RIFF")
    result = rebalance("enhance", own_task_root, tmp_path / "run", "--separator", "mixture")
    assert result.returncode == 1
    assert "failed segment beach_000" in result.stderr
    assert len(list((tmp_path / "run").rglob("*.flac"))) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["enhance", "{data}", "{out}", "--separator", "mixtur"], "did you mean 'mixture'"),
        (["enhance", "{data}", "{out}", "--split", "vaild"], "did you mean 'valid'"),
        (["enhance", "{data}/nowhere", "{out}"], "expected the root folder"),
        (["enhance", "{data}", "{out}", "--scheduler", "tcp://127.0.0.1:1"], "cannot connect"),
        (["score", "{data}", "{out}"], "no such file"),
        (["score", "{data}", "{data}"], "no run.json"),
    ],
)
def test_bad_input_ends_with_one_line_and_status_2(tiny_task_root: Path, tmp_path: Path, arguments, message) -> None:
    spelt = [text.format(data=tiny_task_root, out=tmp_path / "out") for text in arguments]
    result = rebalance(*spelt)
    assert result.returncode == 2
    assert message in told(result)


def test_remix_makes_a_file_for_one_person(quartet: Path, me: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.flac"
    result = rebalance("remix", quartet, "--instruments", QUARTET, "--gain", "cello=+6", "--listener", me, "--out", out)
    assert result.returncode == 0, result.stderr
    info = soundfile.info(out)
    assert (info.samplerate, info.channels, info.frames) == (48_000, 2, 48_000)


def test_remix_of_equal_gains_returns_the_samples(quartet: Path, tmp_path: Path) -> None:
    out = tmp_path / "same.wav"
    arguments = ["--gain", "violin=3", "--gain", "viola=3", "--gain", "cello=3"]
    rebalance("remix", quartet, "--instruments", QUARTET, *arguments, "--out", out)
    np.testing.assert_array_equal(read_audio(out).samples, read_audio(quartet).samples)


def test_separate_writes_a_file_for_every_player(quartet: Path, tmp_path: Path) -> None:
    result = rebalance("separate", quartet, "--instruments", QUARTET, "--out", tmp_path / "stems")
    assert result.returncode == 0, result.stderr
    names = sorted(path.name for path in (tmp_path / "stems").iterdir())
    assert names == ["Cello.flac", "Viola.flac", "Violin_1.flac", "Violin_2.flac"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--instruments", "violin,chello"], "did you mean 'Cello'"),
        (["--instruments", QUARTET, "--gain", "flute=3"], "gain for 'flute'"),
        (["--instruments", QUARTET, "--gain", "cello"], "cello=+6"),
        (["--instruments", QUARTET, "--gain", "cello=nan"], "cello=+6"),
        (["--instruments", QUARTET, "--gains", "{gains}"], "expected a gain for each of source_1"),
        (["--instruments", QUARTET, "--gains", "{nowhere}"], "nowhere.json"),
    ],
)
def test_remix_names_what_is_wrong(quartet: Path, tmp_path: Path, arguments: list[str], message: str) -> None:
    gains = tmp_path / "gains.json"
    gains.write_text('{"mine": {"source_1": 3, "source_2": 0}}', encoding="utf-8")
    spelt = [text.format(gains=gains, nowhere=tmp_path / "nowhere.json") for text in arguments]
    result = rebalance("remix", quartet, *spelt, "--out", tmp_path / "out.flac")
    assert result.returncode == 2
    assert message in told(result)
    assert not (tmp_path / "out.flac").exists()


def test_every_command_has_a_help_page_with_an_example() -> None:
    from typer.testing import CliRunner

    from rebalance.cli import app

    names = [command.name or command.callback.__name__.replace("_", "-") for command in app.registered_commands]
    for name in names:
        result = CliRunner().invoke(app, [name, "--help"])
        assert result.exit_code == 0, name
        assert f"Example: rebalance {name}" in " ".join(result.output.split()), name


def test_the_official_command_lines_run(tiny_task_root: Path, tmp_path: Path) -> None:
    common = [f"path.root={tiny_task_root}", f"path.exp_folder={tmp_path}", "evaluate.batch_size=2", "evaluate.batch=1"]
    own = ["separator.name=mixture", "separator.official=False", "evaluate.jobs=1"]
    for script in ("enhance.py", "evaluate.py"):
        command = [sys.executable, ROOT / "baseline" / script, *common, *own]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr
    scores = pd.read_csv(tmp_path / "scores_2-2.csv")
    assert list(zip(scores.scene, scores.listener, strict=True)) == [
        ("S50001", "L0002"),
        ("S50003", "L0002"),
        ("S50004", "L0001"),
    ]


def test_a_multirun_of_the_official_scripts_runs_every_job(tiny_task_root: Path, tmp_path: Path) -> None:
    """Three batches of two: the third does not exist, which neither stops the others nor goes unseen."""
    common = [f"path.root={tiny_task_root}", f"path.exp_folder={tmp_path}", "evaluate.batch_size=2", "evaluate.jobs=1"]
    own = ["separator.name=mixture", "separator.official=False"]
    for script, batches, status in (("enhance.py", "2,0,1", 1), ("evaluate.py", "0,1", 0)):
        command = [sys.executable, ROOT / "baseline" / script, "--multirun", *common, *own, f"evaluate.batch={batches}"]
        result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert result.returncode == status, result.stderr
        assert ("evaluate.batch" in result.stderr) == bool(status)
        assert "Traceback" not in result.stderr
    assert len(list((tmp_path / "enhanced_signals").rglob("*.flac"))) == 6
    assert sum(len(pd.read_csv(tmp_path / f"scores_{number}-2.csv")) for number in (1, 2)) == 6


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("soft_klip=True", "soft_klip"),
        ("enhancer.crossover_frequencies=[0.35,0.7,1.4,2.8,5.7]", "looks like kHz"),
        ("remix_sample_rate=44100", "the task fixes 32000"),
        ("evaluate.batch=3", "expected 0 to 0"),
        ("separator.causality=sometimes", "separator.causality"),
        ("+separator.extra=1", "unknown options: separator.extra"),
    ],
)
def test_official_options_nobody_reads_or_the_task_forbids_are_errors(
    tiny_task_root: Path, tmp_path: Path, override: str, message: str
) -> None:
    command = [sys.executable, ROOT / "baseline" / "enhance.py", f"path.root={tiny_task_root}", override]
    result = subprocess.run([*command, f"path.exp_folder={tmp_path}"], capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert message in result.stderr
    assert not list(tmp_path.rglob("*.flac"))


@pytest.mark.slow
def test_the_demo_ends_with_its_table_and_page(tmp_path: Path) -> None:
    result = rebalance("demo", "--out", tmp_path / "the demo")
    assert result.returncode == 0, result.stderr
    for name in ("mixture", "default", "ideal-ratio-mask", "oracle"):
        assert name in result.stdout
    assert pd.read_csv(tmp_path / "the demo" / "oracle" / "scores.csv").avg_haaqi.min() > 0.97
    assert "<html" in (tmp_path / "the demo" / "report.html").read_text(encoding="utf-8")
