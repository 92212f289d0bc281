"""transcribe, activity and --score as a user types them, with the weights that ship."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import mido
import numpy as np
import pandas as pd
import pytest
import soundfile
import torch

from rebalance.separation import ModelCard
from rebalance.separation.iass import Iass, IassConfig, save_iass

pytest.importorskip("librosa")

RATE = 22_050
HIGH, LOW = (76, 77, 79, 76), (55, 53, 52, 48)


def rebalance(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rebalance", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def line(pitches: tuple[int, ...], seconds: float = 1.0) -> np.ndarray:
    """Notes of eight harmonics, one after the other."""
    time = np.arange(int(seconds * RATE)) / RATE
    fade = np.minimum(1.0, np.minimum(time, seconds - time) / 0.03)
    tones = []
    for pitch in pitches:
        hz = 440 * 2 ** ((pitch - 69) / 12)
        partials = [np.sin(2 * np.pi * hz * k * time + k) / k for k in range(1, 9) if hz * k < RATE / 2]
        tones.append(sum(partials) * fade)
    return 0.1 * np.concatenate(tones)


@pytest.fixture(scope="module")
def duo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("music") / "duo.wav"
    soundfile.write(path, line(HIGH) + line(LOW), RATE)
    return path


def score_of(path: Path, *lines: tuple[int, ...]) -> Path:
    file = mido.MidiFile(ticks_per_beat=480)
    for number, pitches in enumerate(lines):
        track = mido.MidiTrack([mido.MetaMessage("track_name", name=("Flauto", "Violoncello")[number])])
        for pitch in pitches:
            track.append(mido.Message("note_on", note=pitch, velocity=80, time=0, channel=number))
            track.append(mido.Message("note_off", note=pitch, velocity=0, time=960, channel=number))
        file.tracks.append(track)
    file.save(path)
    return path


def test_transcribe_writes_notes_table_and_picture(duo: Path, tmp_path: Path) -> None:
    out = tmp_path / "notes"
    result = rebalance("transcribe", duo, "--instruments", "flute,cello", "--out", out)
    assert result.returncode == 0, result.stderr
    assert sorted(path.name for path in out.iterdir()) == ["Cello.mid", "Flute.mid", "notes.csv", "piano-roll.png"]
    notes = pd.read_csv(out / "notes.csv")
    for player, pitches in (("Flute", HIGH), ("Cello", LOW)):
        found = notes[(notes.player == player) & (notes.end_s - notes.onset_s > 0.5)]
        assert found.pitch_midi.tolist() == list(pitches)
        np.testing.assert_allclose(found.onset_s, np.arange(4), atol=0.12)
    again = rebalance("transcribe", duo, "--instruments", "flute,cello", "--out", out)
    assert (again.returncode, "--force replaces it" in again.stderr) == (2, True)


def test_transcribe_follows_a_score_too(duo: Path, tmp_path: Path) -> None:
    score = score_of(tmp_path / "score.mid", HIGH, LOW)
    result = rebalance("transcribe", duo, "--instruments", "flute,cello", "--out", tmp_path, "--score", score)
    assert result.returncode == 0, result.stderr
    assert "Flute: plays 'Flauto'" in result.stdout
    notes = pd.read_csv(tmp_path / "notes.csv")
    assert notes[notes.player == "Cello"].pitch_midi.tolist() == list(LOW)


def test_activity_tells_who_plays_and_who_does_not(duo: Path, tmp_path: Path) -> None:
    out = tmp_path / "activity"
    result = rebalance("activity", duo, "--instruments", "flute,cello", "--out", out, "--no-check")
    assert result.returncode == 0, result.stderr
    assert sorted(path.name for path in out.iterdir()) == ["activity.csv", "activity.png"]
    table = pd.read_csv(out / "activity.csv")
    assert set(table.player) == {"Flute", "Cello"}
    assert "hardly anything" not in result.stdout
    soundfile.write(tmp_path / "silence.wav", np.zeros(RATE), RATE)
    silent = rebalance("activity", tmp_path / "silence.wav", "--instruments", "flute,cello", "--out", tmp_path)
    assert silent.stdout.count("plays 0% of the time; hardly anything speaks for this player") == 2, silent.stderr


@pytest.fixture
def networks(tmp_path: Path) -> Path:
    """Networks of IASS that always hear a flute and never a cello."""
    folder = tmp_path / "networks"
    for target, logit in (("Flute", 1.0), ("Cello", -1.0)):
        network = Iass(IassConfig(target=target, channels=(2, 2, 2)))
        torch.nn.init.zeros_(network.head[-1].weight)
        torch.nn.init.constant_(network.head[-1].bias, logit)
        save_iass(folder / f"{target}.safetensors", network, ModelCard())
    return folder


def test_activity_tells_what_the_networks_of_iass_hear(duo: Path, networks: Path, tmp_path: Path) -> None:
    named = ["--instruments", "flute,cello", "--separator", f"iass:{networks}"]
    result = rebalance("activity", duo, *named, "--out", tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("Flute: plays 100% of the time\nCello: plays 0% of the time\n")
    table = pd.read_csv(tmp_path / "activity.csv")
    assert table.to_numpy().tolist() == [["Flute", 0.0, 4.0, 0.731]]
    assert (tmp_path / "activity.png").stat().st_size > 1_000
    soundfile.write(tmp_path / "silence.wav", np.zeros(RATE), RATE)
    silent = rebalance("activity", tmp_path / "silence.wav", *named, "--out", tmp_path, "--force")
    assert "Flute: plays 0% of the time" in silent.stdout, silent.stderr


@pytest.mark.parametrize(
    ("instruments", "separator", "message"),
    [
        ("flute,oboe", "iass:{networks}", "expected instruments among Cello, Flute, got ['Oboe']"),
        ("flute,cello", "iass:{networks}/none", "expected models of IASS (*.safetensors), found none"),
    ],
)
def test_activity_names_what_the_networks_cannot_tell(
    duo: Path, networks: Path, tmp_path: Path, instruments: str, separator: str, message: str
) -> None:
    out, name = tmp_path / "out", separator.format(networks=networks)
    result = rebalance("activity", duo, "--instruments", instruments, "--separator", name, "--out", out)
    assert result.returncode == 2
    assert message in result.stderr
    assert not out.exists()


def test_activity_knows_a_target_that_is_no_instrument_of_the_challenge(duo: Path, tmp_path: Path) -> None:
    network = Iass(IassConfig(target="Vocals", channels=(2, 2, 2)))
    torch.nn.init.zeros_(network.head[-1].weight)
    torch.nn.init.constant_(network.head[-1].bias, 1.0)
    save_iass(tmp_path / "songs" / "Vocals.safetensors", network, ModelCard())
    named = ["--separator", f"iass:{tmp_path / 'songs'}", "--out", tmp_path / "out"]
    result = rebalance("activity", duo, "--instruments", "vocals", *named)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("Vocals: plays 100% of the time\n")
    refused = rebalance("activity", duo, "--instruments", "vocals,banjo", *named, "--force")
    assert refused.returncode == 2
    assert "instrument 'banjo': not among those that can be separated: Vocals" in refused.stderr


def test_separate_and_enhance_take_the_networks_and_the_weight(duo: Path, networks: Path, tmp_path: Path) -> None:
    arguments = ["separate", duo, "--instruments", "flute,cello", "--separator"]
    result = rebalance(*arguments, f"mixture@iass:{networks}", "--out", tmp_path / "stems")
    assert result.returncode == 0, result.stderr
    flute, cello = (soundfile.read(tmp_path / "stems" / f"{name}.flac")[0] for name in ("Flute", "Cello"))
    assert flute.any()
    assert not cello.any()
    for target in ("Violin", "Viola"):
        network = Iass(IassConfig(target=target, channels=(2, 2, 2)))
        save_iass(networks / f"{target}.safetensors", network, ModelCard())
    demo = Path(__file__).parents[2] / "metadata" / "demo"
    run = rebalance("enhance", demo, tmp_path / "run", "--separator", f"iass:{networks}", "--limit", 1, "--jobs", 1)
    assert run.returncode == 0, run.stderr
    assert list((tmp_path / "run" / "enhanced_signals").rglob("*.flac"))


def test_separate_follows_a_score_and_refuses_another(duo: Path, networks: Path, tmp_path: Path) -> None:
    score = score_of(tmp_path / "score.mid", HIGH, LOW)
    arguments = ["separate", duo, "--instruments", "flute,cello", "--out", tmp_path / "stems"]
    result = rebalance(*arguments, "--score", score)
    assert result.returncode == 0, result.stderr
    assert "matches" in result.stdout
    assert "Cello: plays 'Violoncello'" in result.stdout
    stem, _ = soundfile.read(tmp_path / "stems" / "Cello.flac")
    error = np.sum((stem - line(LOW)) ** 2) / np.sum(line(LOW) ** 2)
    assert 10 * np.log10(error) < -10
    weighted = ["--separator", f"default@iass:{networks}", "--score", score, "--force"]
    result = rebalance(*arguments, *weighted)
    assert result.returncode == 0, result.stderr
    assert "Cello: plays 'Violoncello'" in result.stdout
    assert not soundfile.read(tmp_path / "stems" / "Cello.flac")[0].any()
    assert soundfile.read(tmp_path / "stems" / "Flute.flac")[0].any()
    wrong = score_of(tmp_path / "wrong.mid", (68, 66, 70, 61), (49, 58, 50, 57))
    refused = rebalance(*arguments, "--score", wrong, "--force")
    assert refused.returncode == 2
    assert "does not match the recording" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["separate", "{duo}", "--out", "{out}", "--part", "cello=1"], "--part: expected beside --score"),
        (["separate", "{duo}", "--out", "{out}", "--score", "{out}/none.mid"], "none.mid: no such score"),
        (["separate", "{duo}", "--out", "{out}", "--score", "{score}", "--part", "cello"], "PLAYER=PART"),
        (["separate", "{duo}", "--out", "{out}", "--score", "{score}", "--separator", "mixture"], "player tracker"),
        (["transcribe", "{duo}", "--out", "{out}", "--separator", "u-nett"], "tracker 'u-nett'"),
        (["transcribe", "{quad}", "--out", "{out}"], "quad.wav: expected a mono or stereo recording, got 4 channels"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_written(
    duo: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    score, quad, out = score_of(tmp_path / "score.mid", HIGH, LOW), tmp_path / "quad.wav", tmp_path / "out"
    soundfile.write(quad, np.zeros((1000, 4)), RATE)
    spelt = [text.format(duo=duo, score=score, quad=quad, out=out) for text in arguments]
    result = rebalance(*spelt, "--instruments", "flute,cello")
    assert result.returncode == 2
    assert message in result.stderr
    assert not out.exists()
