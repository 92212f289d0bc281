"""From posteriors to notes, and notes on disk."""

from __future__ import annotations

from pathlib import Path

import mido
import numpy as np
import pytest
from heard_scores import HOP_S, PITCHES

from rebalance._base.errors import AudioError, ConfigError
from rebalance.transcription import (
    NoteSettings,
    Posteriors,
    TranscribedNote,
    decode,
    draw_piano_roll,
    notes_of,
    notes_table,
    onset_rises_db,
    tuning_cents,
    write_notes_as_midi,
)

SAMPLE_RATE = 44_100


def following(pitches: np.ndarray, share: float = 0.9) -> Posteriors:
    """Posteriors that follow a pitch, not a number where it is silent."""
    values = np.full((1, len(pitches), len(PITCHES) + 1), (1 - share) / len(PITCHES), dtype=np.float32)
    distances = np.abs(PITCHES - np.nan_to_num(pitches)[:, None])
    states = np.where(np.isfinite(pitches), np.argmin(distances, axis=1), len(PITCHES))
    values[0, np.arange(len(pitches)), states] = share
    return Posteriors(
        values=values,
        pitches_midi=PITCHES,
        frame_times_s=np.arange(len(pitches)) * HOP_S,
        instruments=("Violin",),
    )


def note(onset_s: float, end_s: float, pitch: int = 69, confidence: float = 0.5) -> TranscribedNote:
    return TranscribedNote(onset_s=onset_s, end_s=end_s, pitch_midi=pitch, cents=0.0, confidence=confidence)


def test_vibrato_is_one_note_and_a_step_is_two() -> None:
    time = np.arange(100) * HOP_S
    vibrato = 69 + 0.45 * np.sin(2 * np.pi * 6 * time)
    (notes,) = notes_of(following(np.concatenate([vibrato, np.full(50, 70.0)])), a4_hz=440.0)
    assert [found.pitch_midi for found in notes] == [69, 70]
    assert notes[0].end_s == pytest.approx(100 * HOP_S, abs=2 * HOP_S)
    assert abs(notes[0].cents) < 10
    assert notes[1].onset_s == notes[0].end_s


def test_rests_part_notes_and_short_or_doubtful_ones_are_left_out() -> None:
    pitches = np.concatenate([np.full(40, 60.0), np.full(20, np.nan), np.full(40, 60.0)])
    (notes,) = notes_of(following(pitches))
    assert len(notes) == 2
    assert notes[1].onset_s == pytest.approx(60 * HOP_S, abs=2 * HOP_S)
    assert not notes_of(following(pitches), settings=NoteSettings(shortest_s=2.0))[0]
    assert not notes_of(following(pitches), settings=NoteSettings(least_confidence=0.99))[0]


def test_a_note_begun_anew_is_two_where_the_evidence_says_so() -> None:
    posteriors = following(np.full(100, 60.0))
    rises = np.zeros((1, 100))
    rises[0, [1, 50]] = 12.0
    assert len(notes_of(posteriors)[0]) == 1
    first, second = notes_of(posteriors, rises_db=rises)[0]
    assert (first.onset_s, second.onset_s) == (0.0, pytest.approx(49.5 * HOP_S))
    assert len(notes_of(posteriors, rises_db=rises, settings=NoteSettings(onset_db=20.0))[0]) == 1
    with pytest.raises(ConfigError, match="shape"):
        notes_of(posteriors, rises_db=rises[:, 1:])


@pytest.mark.parametrize(("sounding", "a4_hz", "name"), [(67.98, 415.3, 69), (67.98, None, 68), (69.0, None, 69)])
def test_notes_are_named_by_the_tuning(sounding: float, a4_hz: float | None, name: int) -> None:
    (notes,) = notes_of(following(np.full(60, sounding)), a4_hz=a4_hz)
    assert [found.pitch_midi for found in notes] == [name]
    with pytest.raises(ConfigError, match="positive"):
        notes_of(following(np.full(60, sounding)), a4_hz=0.0)


def test_the_tuning_is_found() -> None:
    assert tuning_cents(following(np.full(60, 69 + 1 / 3))) == pytest.approx(100 / 3, abs=3)
    assert tuning_cents(following(np.full(60, np.nan), share=1.0)) == 0.0


def test_no_frames_and_one_frame_give_notes_or_none() -> None:
    assert notes_of(following(np.zeros(0))) == ((),)
    (notes,) = notes_of(following(np.full(1, 60.0)), settings=NoteSettings(shortest_s=0.0))
    assert len(notes) == 1


def test_a_note_and_its_settings_are_checked() -> None:
    with pytest.raises(AudioError, match="end after the onset"):
        note(1.0, 1.0)
    with pytest.raises(AudioError, match="confidence"):
        note(0.0, 1.0, confidence=1.5)
    with pytest.raises(ConfigError, match="from 0"):
        NoteSettings(change=-1.0)


@pytest.mark.parametrize("sample_rate", [SAMPLE_RATE, 8_000])
def test_harmonics_rise_where_a_tone_is_struck_again(sample_rate: int) -> None:
    time = np.arange(2 * sample_rate) / sample_rate
    tone = sum(np.sin(2 * np.pi * 220 * harmonic * time) / harmonic for harmonic in range(1, 8))
    envelope = np.exp(-3 * (time % 1.0)) * 0.05
    (track,) = decode(following(np.full(int(2 / HOP_S), 57.0)))
    (rises,) = onset_rises_db((tone * envelope).astype(np.float32)[None], [track], sample_rate)
    assert rises[5:-5].argmax() + 5 == pytest.approx(1.0 / HOP_S, abs=2)
    assert rises[10:35].max() < 3 < rises.max()
    with pytest.raises(AudioError, match="at least one player"):
        onset_rises_db(np.ones((1, 100), dtype=np.float32), [], sample_rate)


def test_rises_of_a_long_recording_are_those_of_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(0).standard_normal((2, 2 * SAMPLE_RATE)).astype(np.float32)
    tracks = decode(following(np.full(int(2 / HOP_S), 57.0)))
    whole = onset_rises_db(noise, tracks, SAMPLE_RATE)
    monkeypatch.setattr("rebalance.transcription._onset_evidence._MAX_BINS", 20_000)
    np.testing.assert_allclose(onset_rises_db(noise, tracks, SAMPLE_RATE), whole)


def test_a_midi_file_holds_the_notes_where_they_are(tmp_path: Path) -> None:
    path = tmp_path / "new" / "Violin_2.mid"
    write_notes_as_midi(path, "Violin_2", [note(0.5, 1.0, 69), note(1.0, 1.25, 69), note(1.25, 2.0, 71, 1.0)])
    file = mido.MidiFile(path)
    now, onsets = 0.0, []
    for message in file:
        now += message.time
        if message.type == "note_on" and message.velocity:
            onsets.append((round(now, 3), message.note, message.velocity))
    assert onsets == [(0.5, 69, 70), (1.0, 69, 70), (1.25, 71, 110)]
    assert (file.tracks[0].name, now) == ("Violin_2", pytest.approx(2.0))
    assert [message.program for message in file if message.type == "program_change"] == [40]


def test_the_table_is_in_the_order_of_time() -> None:
    table = notes_table({"Cello": [note(1.0, 2.0, 48)], "Flute": [note(0.25, 0.5, 72)]})
    assert table.splitlines() == [
        "player,onset_s,end_s,pitch_midi,cents,confidence",
        "Flute,0.250,0.500,72,0,0.500",
        "Cello,1.000,2.000,48,0,0.500",
    ]


@pytest.mark.parametrize("duration_s", [0.01, 3.0, 65.0])
def test_a_piano_roll_has_a_row_for_every_twenty_seconds(tmp_path: Path, duration_s: float) -> None:
    from matplotlib.image import imread

    tracks = decode(following(np.full(100, 60.0)))
    draw_piano_roll(tmp_path / "roll.png", {"Violin": [note(0.0, 2.0, 60)]}, tracks, duration_s)
    rows = imread(tmp_path / "roll.png").shape[0] / (2.6 * 110)
    assert round(rows - 0.2) == max(int(np.ceil(duration_s / 20)), 1)
    with pytest.raises(ConfigError, match="ending in"):
        draw_piano_roll(tmp_path / "roll.txt", {"Violin": []}, tracks, duration_s)
    assert not (tmp_path / "roll.txt").exists()
