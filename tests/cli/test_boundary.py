"""Whatever goes wrong in a command ends in one line and an exit status."""

from __future__ import annotations

import errno
import inspect
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

import rebalance.cli as command_line
from rebalance.cli import _boundary

Run = Callable[..., tuple[int, list[str], str]]

# Every command: {bad} is what it reads, {out} a place it may write to, {data} a task, {music} a recording.
READING = {
    "check": ["{bad}"],
    "enhance": ["{bad}", "{out}", "--separator", "mixture"],
    "score": ["{data}", "{bad}"],
    "report": ["{bad}"],
    "compare": ["{bad}", "{bad}"],
    "separate": ["{bad}", "--instruments", "violin,cello", "--separator", "mixture", "--out", "{out}"],
    "remix": ["{bad}", "--instruments", "violin,cello", "--separator", "mixture", "--out", "{out}.flac"],
    "audiogram": ["{bad}"],
    "listen": ["{bad}"],
    "listening-test": ["{bad}"],
    "serve": ["--data", "{bad}"],
    "submit": ["{bad}", "--to", "http://127.0.0.1:9", "--token-file", "{bad}"],
    "transcribe": ["{bad}", "--instruments", "violin,cello", "--out", "{out}"],
    "activity": ["{bad}", "--instruments", "violin,cello", "--out", "{out}"],
    "prescribe": ["{bad}"],
    "pack": ["{bad}", "--team", "T1", "--causality", "causal"],
    "check-submission": ["{bad}", "{data}"],
    "causality": ["--separator", "{bad}"],
    "check-separator": ["{bad}"],
    "prepare": ["{bad}", "{out}"],
    "scenes": ["{bad}"],
    "render": ["{out}", "--listeners", "{bad}"],
    "evaluation-task": ["{out}", "--corpus", "URMP={bad}", "--room", "{bad}"],
    "train": ["{bad}", "{out}"],
    "evaluate-separation": ["{bad}", "--separator", "mixture"],
}
HOSTILE = {
    "missing": lambda path: None,
    "empty file": lambda path: path.write_bytes(b""),
    "binary garbage": lambda path: path.write_bytes(bytes(range(256)) * 40),
    "folder": lambda path: path.mkdir(),
}
IN_THE_WAY = os.fsdecode(b"caf\xe9 [2] :cello:") if sys.platform == "linux" else "[2] 'cello'"


@pytest.fixture
def music(tmp_path: Path) -> Path:
    path = tmp_path / "music.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.05, (13_230, 2)), 44_100)
    return path


def test_every_command_is_in_the_table() -> None:
    names = {(info.name or info.callback.__name__).replace("_", "-") for info in command_line.app.registered_commands}
    assert set(READING) | {"demo", "separators"} == names


@pytest.mark.parametrize("kind", [*HOSTILE, "too long", "zero byte"])
@pytest.mark.parametrize("command", READING)
def test_hostile_input_ends_in_one_line_and_status_2(
    run: Run, tiny_task_root: Path, tmp_path: Path, command: str, kind: str
) -> None:
    bad = tmp_path / {"too long": "long" * 80, "zero byte": "zero\0byte"}.get(kind, IN_THE_WAY)
    HOSTILE.get(kind, HOSTILE["missing"])(bad)
    places = {"bad": bad, "out": tmp_path / "out", "data": tiny_task_root}
    status, told, _ = run(command, *(text.format(**places) for text in READING[command]))
    assert (status, len(told)) == (2, 1), told
    assert told[0].startswith("rebalance: ")
    assert "Traceback" not in told[0]
    assert not told[0].startswith("rebalance: unexpected ")


@pytest.mark.parametrize(
    "arguments", [["remix"], ["remix", "--wrong"], ["rimex"], ["score", "--jobs", "many"], ["render", "a", "--gains=0"]]
)
def test_a_command_line_that_cannot_be_read_ends_in_one_line(run: Run, arguments: list[str]) -> None:
    status, told, _ = run(*arguments)
    assert (status, len(told)) == (2, 1), told
    assert "--help" in told[0]


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/x/y.flac"), 2, "/x/y.flac: No space left on device"),
        (PermissionError(errno.EACCES, "Permission denied", "/x [2]"), 2, "/x [2]: Permission denied"),
        (MemoryError(), 1, "out of memory"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), 2, "encoding"),
        (
            ZeroDivisionError("division\nby zero"),
            1,
            "unexpected ZeroDivisionError: division by zero; REBALANCE_DEBUG=1",
        ),
    ],
)
def test_a_foreign_exception_becomes_a_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception, status: int, words: str
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("rebalance.task.read_listeners", broken)
    ended, told, _ = run("prescribe", tmp_path / "me.json")
    assert (ended, len(told)) == (status, 1), told
    assert words in told[0]


def test_the_traceback_is_shown_when_asked_for(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(_boundary.DEBUG_VARIABLE, "1")
    status, told, _ = run("prescribe", tmp_path / "nowhere.json")
    assert status == 2
    assert any("Traceback" in line for line in told)
    assert told[-1].startswith("rebalance: ")


def test_settings_that_cannot_be_read_are_bad_input(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("a: ${nowhere}\n  b: [")
    status, told, _ = run("train", tmp_path / "config.yaml", tmp_path / "run")
    assert (status, len(told)) == (2, 1), told


@pytest.mark.parametrize("name", ["take [2] :cello:", "[red]take", "take[", os.fsdecode(b"caf\xe9")])
def test_names_are_printed_as_they_are(run: Run, music: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / f"{name}.flac"
    recording = music.rename(tmp_path / f"{name}.wav")
    status, told, printed = run(
        "remix", recording, "--instruments", "violin,cello", "--separator", "mixture", "--out", out
    )
    assert status == 0, told
    assert out.exists()
    assert str(out).encode(errors="replace").decode() in printed


def test_output_that_the_terminal_cannot_show_is_made_plainer(tiny_task_root: Path, tmp_path: Path) -> None:
    csv = tmp_path / "sources.csv"
    arguments = [
        "evaluate-separation",
        tiny_task_root,
        "--separator",
        "mixture",
        "--no-bss",
        "--no-bounds",
        "--csv",
        csv,
    ]
    result = subprocess.run(
        [sys.executable, "-m", "rebalance", *map(str, arguments)],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "cp1252", "COLUMNS": "200"},
    )
    assert result.returncode == 0, result.stderr
    assert csv.exists()
    assert "SDR" in result.stdout.decode("cp1252")


def test_what_is_written_comes_before_what_is_printed() -> None:
    from rebalance.cli import _audiogram, _compare, _evaluate_separation, _report

    for command, last in (
        (_audiogram.audiogram, "_draw("),
        (_compare.compare, "write_page("),
        (_report.report, "write_page("),
        (_evaluate_separation.evaluate_separation, "write_text("),
    ):
        source = inspect.getsource(command)
        assert source.rindex(last) < source.index("CONSOLE.print(")


def test_a_paths_tilde_is_expanded_in_every_option(
    run: Run, monkeypatch: pytest.MonkeyPatch, music: Path, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    status, told, _ = run(
        "remix", "~/music.wav", "--instruments", "violin,cello", "--separator", "mixture", "--out=~/mine/mix.flac"
    )
    assert status == 0, told
    assert (tmp_path / "mine" / "mix.flac").exists()


def test_a_short_sound_is_amplified_for_a_listener(run: Run, music: Path, tmp_path: Path) -> None:
    levels = [20, 20, 25, 40, 50, 55, 60, 60]
    cfs = [250, 500, 1000, 2000, 3000, 4000, 6000, 8000]
    me = tmp_path / "me.json"
    me.write_text(
        f'{{"name": "me", "audiogram_cfs": {cfs}, "audiogram_levels_l": {levels}, "audiogram_levels_r": {levels}}}'
    )
    out = tmp_path / "mine.flac"
    arguments = ["--instruments", "violin,cello", "--separator", "mixture", "--listener", me, "--out", out]
    status, told, _ = run("remix", music, *arguments)
    assert status == 0, told
    assert soundfile.info(out).frames == 13_230


def test_a_reader_who_leaves_early_gets_no_traceback(tiny_task_root: Path) -> None:
    command = f"'{sys.executable}' -m rebalance check '{tiny_task_root}' --json | true"
    result = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in result.stderr
