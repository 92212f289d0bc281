from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from rebalance.task import check_task

if TYPE_CHECKING:
    from conftest import SpoiltTask

RATE = 44_100
FLUTE = "audio/valid/garden_002/Flute.flac"


def rewrite(path: Path, change: Any = lambda samples: samples, rate: int = RATE, **form: Any) -> None:
    samples, _ = soundfile.read(path, always_2d=True)
    soundfile.write(path, change(samples), rate, **form)


def test_a_sound_task_adds_up_exactly(tiny_task_root: Path) -> None:
    report = check_task(tiny_task_root, "valid")
    assert report.problems == ()
    assert report.residuals_db == {"beach_000": -np.inf, "garden_002": -np.inf}


def test_audio_is_left_alone_when_told_so(task: SpoiltTask) -> None:
    (task.root / FLUTE).write_bytes(b"")
    report = check_task(task.root, "valid", audio=False)
    assert (report.problems, report.residuals_db) == ((), {})


# What is done to a file, and what is told of it.
FAULTS: dict[str, tuple[Any, str]] = {
    "missing": (lambda path: path.unlink(), "no such file"),
    "empty": (lambda path: path.write_bytes(b""), "the file is empty"),
    "text": (lambda path: path.write_text("music"), "cannot decode"),
    "truncated": (
        lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
        "cannot decode",
    ),
    "wrong rate": (lambda path: rewrite(path, rate=48_000), "sample rate: expected 44100 Hz, got 48000 Hz"),
    "mono": (
        lambda path: rewrite(path, lambda samples: samples[:, 0]),
        "channels: expected 2 channels (stereo), got 1 channel (mono)",
    ),
    "short": (
        lambda path: rewrite(path, lambda samples: samples[:50_000]),
        "segment 'garden_002', source_1: ends at 1.25 s (sample 55125), the file holds 50000 samples",
    ),
    "a sample short": (
        lambda path: rewrite(path, lambda samples: samples[:-1]),
        "segment 'garden_002', source_1: ends at 1.25 s (sample 55125), the file holds 55124 samples",
    ),
    "NaN": (
        lambda path: rewrite(path, lambda samples: samples * np.nan, format="WAV", subtype="FLOAT"),
        "expected finite samples, found NaN or infinity",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_spoilt_file_is_one_problem_in_one_line(task: SpoiltTask, fault: str) -> None:
    spoil, message = FAULTS[fault]
    spoil(task.root / FLUTE)
    problem = task.only_problem(audio=True)
    assert (problem.severity, problem.file) == ("error", FLUTE)
    assert message in problem.message
    assert "\n" not in problem.line


@pytest.mark.parametrize("fault", FAULTS)
def test_a_segment_with_a_spoilt_file_has_no_residual_and_the_others_keep_theirs(task: SpoiltTask, fault: str) -> None:
    FAULTS[fault][0](task.root / FLUTE)
    assert check_task(task.root, "valid").residuals_db == {"beach_000": -np.inf}


def test_a_truncated_mixture_is_found(task: SpoiltTask) -> None:
    path = task.root / "audio/valid/garden_002/Mixture.flac"
    path.write_bytes(path.read_bytes()[:-2000])
    assert task.only_problem(audio=True).file == "audio/valid/garden_002/Mixture.flac"


def test_a_misnamed_file_is_recognised(task: SpoiltTask) -> None:
    (task.root / FLUTE).rename((task.root / FLUTE).with_name("flute.flac"))
    assert task.only_problem(audio=True).suggestion == "flute.flac"


def test_a_file_several_segments_use_is_told_once(task: SpoiltTask) -> None:
    task.edit("music.valid", lambda music: music.update(garden_003=music["garden_002"]))
    rewrite(task.root / FLUTE, rate=48_000)
    assert task.only_problem(audio=True).file == FLUTE


def test_sources_that_do_not_add_up_are_warned_of_in_decibels(task: SpoiltTask) -> None:
    rewrite(task.root / FLUTE, lambda samples: samples / 2)
    problem = task.only_problem(audio=True)
    flute, _ = soundfile.read(task.root / FLUTE, start=RATE // 4)
    mixture, _ = soundfile.read(task.root / "audio/valid/garden_002/Mixture.flac", start=RATE // 4)
    level_db = 10 * np.log10(np.mean(flute**2) / np.mean(mixture**2))
    assert problem.severity == "warning"
    assert problem.message == f"segment 'garden_002': mixture and sum of the sources differ by {level_db:.1f} dB"
    assert check_task(task.root, "valid").residuals_db["garden_002"] == pytest.approx(level_db, abs=1e-2)


def test_a_small_difference_is_reported_without_a_warning(task: SpoiltTask) -> None:
    rewrite(task.root / FLUTE, lambda samples: samples * 1.003)
    report = check_task(task.root, "valid")
    assert report.problems == ()
    assert -60 < report.residuals_db["garden_002"] < -40


def test_a_silent_mixture_cannot_be_scored_but_a_silent_source_is_a_rest(task: SpoiltTask) -> None:
    for name in ("Flute", "Bassoon"):
        rewrite(task.root / f"audio/valid/garden_002/{name}.flac", lambda samples: samples * 0)
    rewrite(task.root / "audio/valid/garden_002/Mixture.flac", lambda samples: samples * 0)
    problem = task.only_problem(audio=True)
    assert problem.message == "segment 'garden_002': the mixture is silent and cannot be scored"
    assert problem.severity == "error"


def test_sources_in_another_format_are_read_all_the_same(task: SpoiltTask) -> None:
    rewrite(task.root / FLUTE, format="WAV", subtype="PCM_24")
    assert not task.problems(audio=True)


def test_a_release_of_mixtures_is_one_warning(task: SpoiltTask) -> None:
    for path in (task.root / "audio").rglob("*.flac"):
        if path.stem != "Mixture":
            path.unlink()
    problem = task.only_problem(audio=True)
    assert (problem.severity, problem.file) == ("warning", "audio")
    assert "a release of mixtures, which can be enhanced but not scored" in problem.message


def test_a_missing_audio_folder_is_one_problem(task: SpoiltTask) -> None:
    (task.root / "audio").rename(task.root / "music")
    assert task.only_problem(audio=True).message == "no folder 'audio' with the audio"


def test_the_findings_do_not_depend_on_the_number_of_threads(task: SpoiltTask) -> None:
    for name in ("beach_000/Viola", "garden_002/Flute", "beach_000/Cello"):
        (task.root / f"audio/valid/{name}.flac").unlink()
    assert check_task(task.root, "valid", jobs=1) == check_task(task.root, "valid", jobs=4)
