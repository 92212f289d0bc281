"""``rebalance render --style synthsod`` as a user types it."""

from __future__ import annotations

from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

RATE = 44_100
TRACKS = (("Violini", 40, 0, 70), ("Fagott", 0, 1, 48), ("Klavier", 0, 2, 60))


def write_midi(path: Path) -> None:
    """Write three tracks, one with a wrong program and one outside the orchestra."""
    file = mido.MidiFile(ticks_per_beat=96)
    for name, program, channel, pitch in TRACKS:
        track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
        track.append(mido.Message("program_change", program=program, channel=channel))
        for step in range(2):
            track.append(mido.Message("note_on", note=pitch + step, channel=channel, velocity=80))
            track.append(mido.Message("note_off", note=pitch + step, channel=channel, time=96))
        file.tracks.append(track)
    path.parent.mkdir(parents=True, exist_ok=True)
    file.save(path)


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    for instrument in ("Violin", "Bassoon"):
        (tmp_path / "notes" / instrument).mkdir(parents=True)
        for pitch in (48, 54, 60, 66, 72):
            tone = np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * np.arange(RATE) / RATE)
            soundfile.write(tmp_path / "notes" / instrument / f"tone-{pitch:03d}.wav", 0.2 * tone, RATE)
    return tmp_path / "notes"


def test_a_folder_of_midi_becomes_a_data_set_and_goes_on(run, tmp_path: Path, notes: Path) -> None:
    write_midi(tmp_path / "midi" / "duo.mid")
    (tmp_path / "midi" / "broken.mid").write_bytes(b"MThd")
    command = ("render", tmp_path / "out", "--style", "synthsod", "--pieces", tmp_path / "midi", "--font", notes)
    status, told, output = run(*command, "--jobs", 1)
    assert status == 1
    assert "duo: Fagott -> Bassoon: program 0 is not that of Bassoon" in output
    assert "duo: Klavier -> left out: no instrument of the orchestra" in output
    assert any("failed broken" in line and "expected a header 'MThd'" in line for line in told)
    files = sorted(path.name for path in (tmp_path / "out" / "SynthSOD_data" / "duo" / "Tree").iterdir())
    assert files == ["Bassoon.flac", "Violin_1.flac"]
    (tmp_path / "midi" / "broken.mid").unlink()
    status, told, output = run(*command, "--jobs", 1)
    assert (status, "1 songs" in output) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "--pieces: expected scores or folders of scores with --style synthsod, got none"),
        (("--pieces", "nowhere"), "nowhere: expected a score or a folder of scores, found neither"),
        (("--pieces", "x", "--hours", "1"), "--hours: expected beside --style challenge, got --style synthsod"),
        (("--pieces", "x", "--annotations", "lively"), "annotations: expected one of musical, published"),
        (("--pieces", "x", "--humanise", "very"), "humanise: expected one of none, published, full"),
    ],
)
def test_what_does_not_fit_is_one_line(run, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    status, told, _ = run("render", tmp_path / "out", "--style", "synthsod", *arguments)
    assert status == 2
    assert message in told[-1]
    assert not (tmp_path / "out").exists()


def test_an_unknown_style_or_mode_is_one_line(run, tmp_path: Path) -> None:
    status, told, _ = run("render", tmp_path / "out", "--style", "opera")
    assert (status, "--style: expected one of challenge, synthsod" in told[-1]) == (2, True)
    status, told, _ = run("render", tmp_path / "out", "--annotations", "lively")
    assert (status, "annotations: expected one of musical" in told[-1]) == (2, True)
