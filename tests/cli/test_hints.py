"""What a line says when somebody means one thing and types another."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rebalance import Listener, MetadataError, RebalanceError, load_task
from rebalance.cli._render import written_with_mixtures
from rebalance.pipeline import gains_by_source
from rebalance.separation import load_separator
from rebalance.taskmaking._random_mixing import draw_random_mixtures

Run = Callable[..., tuple[int, list[str], str]]

LEVELS = [45, 45, 50, 55, 60, 65, 70, 70]
FREQUENCIES_HZ = [250, 500, 1000, 2000, 3000, 4000, 6000, 8000]


@pytest.fixture
def music(tmp_path: Path) -> Path:
    path = tmp_path / "music.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.05, (30_000, 2)), 44_100)
    return path


@pytest.fixture
def family(tmp_path: Path) -> Path:
    entry = {"audiogram_cfs": FREQUENCIES_HZ, "audiogram_levels_l": LEVELS, "audiogram_levels_r": LEVELS}
    (tmp_path / "family.json").write_text(json.dumps({"Ada": entry, "Ben": entry}))
    return tmp_path / "family.json"


REMIX = ("--instruments", "flute,cello", "--separator", "mixture")


@pytest.mark.parametrize("second", ["cello=-3", "celli=-3"])
def test_two_gains_for_one_player_are_refused(run: Run, music: Path, tmp_path: Path, second: str) -> None:
    gains = ("--gain", "cello=+6", "--gain", second)
    status, line, _ = run("remix", music, *REMIX, *gains, "--out", tmp_path / "out.wav")
    assert status == 2
    assert "expected one gain for Cello, got +6 dB and -3 dB" in line[0]


def test_the_gain_of_a_player_holds_before_that_of_its_instrument_in_any_order() -> None:
    players = ("violin", "violin", "cello")
    expected = {"Violin_1": 3.0, "Violin_2": -6.0}
    assert gains_by_source([("violin_2", -6.0), ("violin", 3.0)], players) == expected
    assert gains_by_source([("violin", 3.0), ("violin_2", -6.0)], players) == expected


def test_one_gain_said_twice_is_no_contradiction() -> None:
    assert gains_by_source([("cello", 3.0), ("Cello", 3.0)], ("flute", "cello")) == {"Cello": 3.0}


def test_a_person_is_chosen_by_name(run: Run, music: Path, family: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.wav"
    asked = ("remix", music, *REMIX, "--gain", "cello=+6", "--listener", family, "--out", out)
    status, line, _ = run(*asked)
    assert (status, "--person to name one, found Ada, Ben" in line[0]) == (2, True)
    status, line, _ = run(*asked, "--person", "Bin")
    assert (status, "one of Ada, Ben, got 'Bin'; did you mean 'Ben'?" in line[0]) == (2, True)
    assert run(*asked, "--person", "Ben")[0] == 0
    assert out.is_file()


def test_a_person_without_a_file_of_listeners_is_refused(run: Run, music: Path, tmp_path: Path) -> None:
    status, line, _ = run("remix", music, *REMIX, "--person", "Ada", "--out", tmp_path / "out.wav")
    assert (status, "--person: expected --listener" in line[0]) == (2, True)


def test_a_silent_file_is_named(run: Run, family: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silent.wav", np.zeros((30_000, 2)), 44_100)
    asked = ("--listener", family, "--person", "Ada", "--gain", "cello=+6", "--out", tmp_path / "out.wav")
    status, line, _ = run("remix", tmp_path / "silent.wav", *REMIX, *asked)
    assert (status, "silent.wav: expected music" in line[-1]) == (2, True)


def test_instruments_with_spaces_between_are_explained(run: Run, music: Path, tmp_path: Path) -> None:
    asked = ("--instruments", "flute,", "cello", "--separator", "mixture", "--out", tmp_path / "stems")
    status, line, _ = run("separate", music, *asked)
    assert (status, "--instruments: expected names separated by commas" in line[0]) == (2, True)


def test_the_folder_of_a_run_given_as_the_task_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(MetadataError, match="it is the folder of a run, and the task comes before it"):
        load_task(tmp_path, "valid")


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "split_by_hand.py").write_text("def separate(mixture, instruments):\n    return {}\n")
    monkeypatch.syspath_prepend(tmp_path)
    return "split_by_hand"


def test_a_plain_function_is_told_from_a_separator(module: str) -> None:
    with pytest.raises(RebalanceError, match=r"asks for mixture, instruments; give it a class with name"):
        load_separator(f"{module}:separate")


def test_the_file_of_a_module_is_answered_with_what_to_type(module: str, tmp_path: Path) -> None:
    with pytest.raises(RebalanceError, match=rf"expected {module}:CALLABLE, and PYTHONPATH="):
        load_separator(tmp_path / f"{module}.py")


@pytest.mark.parametrize("name", ["me/you", "me\\you", "..", " ", ""])
def test_a_listener_has_a_name_that_files_can_have(name: str) -> None:
    with pytest.raises(MetadataError, match="a name that files can be called by"):
        Listener.of(name, left=LEVELS, right=LEVELS)


def test_a_prescription_is_shown_as_a_table(run: Run, family: Path, tmp_path: Path) -> None:
    status, _, shown = run("prescribe", family, "--table")
    assert status == 0
    assert "250 Hz" in shown
    assert shown.count("Ada") == 2
    status, line, _ = run("prescribe", family, "--table", "--out", tmp_path / "out.json")
    assert (status, "--table: expected to be printed" in line[0]) == (2, True)


@pytest.mark.parametrize("command", ["transcribe", "activity"])
def test_a_separator_that_tells_no_notes_is_named_as_one(run: Run, music: Path, tmp_path: Path, command: str) -> None:
    out = ("--out", tmp_path / "out")
    status, line, _ = run(command, music, "--instruments", "flute,cello", "--separator", "u-net", *out)
    assert status == 2
    assert line[0].endswith("; u-net separates, but does not tell notes")


@pytest.mark.parametrize(("asked", "n_failures"), [(None, 0), (2, 1)])
def test_a_task_without_winds_is_written_without_random_mixtures(asked: int | None, n_failures: int) -> None:
    counts: list[int] = []

    def write(*, random_mixtures: int) -> tuple[str, ...]:
        counts.append(random_mixtures)
        draw_random_mixtures((), random_mixtures, seed=0)
        return ("written",)

    summary, failures = written_with_mixtures(write, asked, split="valid", n_pieces=3)
    assert counts == [asked or 3, 0]
    assert summary == ("written",)
    assert [failure.item for failure in failures] == n_failures * ["random mixtures"]
