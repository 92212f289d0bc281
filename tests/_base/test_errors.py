"""What an error says, and what a program can read from it."""

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import rebalance
from rebalance import Audiogram, SchedulerError, load_task
from rebalance._base import errors
from rebalance._base.archives import open_archive
from rebalance._base.errors import AudioError, ConfigError, MetadataError, RebalanceError, SubmissionError
from rebalance.audio import read_audio, remix
from rebalance.datasets import load_corpus
from rebalance.hearing import EarFitting
from rebalance.pipeline import read_run
from rebalance.separation import SeparatorInfo, load_separator
from rebalance.synthesis.notation import chair_labelled
from rebalance.task import read_audiogram_table
from rebalance.training import TrackerExperiment, read_settings
from rebalance.transcription import load_tracker

ONE_SAMPLE = np.ones((2, 1))


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ConfigError("cannot be"), "cannot be"),
        (ConfigError("cannot be", where="speed"), "speed: cannot be"),
        (ConfigError(where="speed", expected="1 or more", got="0"), "speed: expected 1 or more, got 0"),
        (ConfigError(expected="1 or more", got="0"), "expected 1 or more, got 0"),
        (AudioError(where=Path("a.wav"), expected="sound", found="none"), "a.wav: expected sound, found none"),
        (
            MetadataError(where="split", expected="valid", more="; did you mean it?"),
            "split: expected valid; did you mean it?",
        ),
        (SubmissionError(), ""),
    ],
)
def test_the_parts_of_an_error_are_one_line(error: RebalanceError, text: str) -> None:
    assert str(error) == text


@pytest.mark.parametrize("given", [{"got": "0"}, {"found": "0"}])
def test_what_was_got_and_what_was_found_are_read_alike(given: dict[str, str]) -> None:
    error = ConfigError(where="speed", expected="1 or more", **given)
    assert (error.where, error.expected, error.got) == ("speed", "1 or more", "0")


def test_an_error_comes_whole_out_of_another_process() -> None:
    error = pickle.loads(pickle.dumps(AudioError(where="a.wav", expected="sound", got="none")))
    assert str(error) == "a.wav: expected sound, got none"
    assert (error.where, error.expected, error.got) == ("a.wav", "sound", "none")


def test_a_lost_cluster_is_an_error_of_the_root_and_no_bad_input() -> None:
    kinds = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, RebalanceError)}
    assert kinds <= set(rebalance.__all__)
    assert not issubclass(SchedulerError, ValueError)


FAILURES: dict[str, tuple[Callable[[Path], object], str, str, str]] = {
    "audio": (lambda folder: read_audio(folder / "a.xyz"), "a.xyz", "", ""),
    "remixing": (
        lambda _: remix({"a": ONE_SAMPLE, "b": ONE_SAMPLE}, {"a": np.inf, "b": 0.0}),
        "gains",
        "one or more",
        "",
    ),
    "task": (lambda _: load_task("metadata/demo", "validation"), "split", "one of train", "'validation'"),
    "audiograms": (
        lambda _: Audiogram(frequencies_hz=(500.0,), thresholds_db_hl=()),
        "thresholds_db_hl",
        "one or",
        "[]",
    ),
    "tables": (lambda folder: read_audiogram_table(folder / "none.csv"), "none.csv", "", ""),
    "hearing": (lambda _: EarFitting(ratios=(1.0,), gains_db=()), "gains_db", "one or more", "[]"),
    "separation": (lambda _: load_separator("defualt"), "separator 'defualt'", "one of causal, default", ""),
    "info": (lambda _: SeparatorInfo(shrinkage=2.0), "separator: shrinkage", "numbers from 0 to 1", "2.0"),
    "runs": (read_run, "", "a folder written by", "no run.json"),
    "submissions": (lambda folder: open_archive(folder / "none.zip"), "none.zip", "a zip archive", "no such file"),
    "notation": (lambda _: chair_labelled("Violine_x"), "", "", ""),
    "corpora": (lambda folder: load_corpus("URMP", folder, purpose="evaluation"), "", "pieces of", "none"),
    "training": (lambda folder: read_settings(folder / "none.yaml", TrackerExperiment), "none.yaml", "", ""),
    "transcription": (lambda _: load_tracker("u-net"), "tracker 'u-net'", "", ""),
}


@pytest.mark.parametrize("room", FAILURES)
def test_errors_of_every_room_have_their_parts(room: str, tmp_path: Path) -> None:
    fails, where, expected, got = FAILURES[room]
    with pytest.raises(RebalanceError) as caught:
        fails(tmp_path)
    error = caught.value
    assert where in error.where, error
    assert expected in error.expected, error
    assert got in error.got, error
    assert "\n" not in str(error)
