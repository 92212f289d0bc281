"""MIDI files: read as players read them, or refused by name in one line."""

from __future__ import annotations

import struct
from pathlib import Path

import mido
import pytest
from midi_bytes import QUARTER_480, chunk, meta, midi, note, off, on, program, tempo, track

from rebalance._base.errors import MetadataError
from rebalance._base.midi_files import MidiFile, read_midi_file

TWO = [(0, program(0, 40)), *note(0, 69), *note(0, 71)]
PLAIN = midi(track((0, tempo(500_000)), *TWO))


def read(tmp_path: Path, content: bytes) -> MidiFile:
    path = tmp_path / "piece.mid"
    path.write_bytes(content)
    return read_midi_file(path)


def rows(file: MidiFile) -> list[tuple[float, float, int]]:
    return [(n.onset_q, n.duration_q, n.pitch) for part in file.tracks for n in part.notes]


def programs(file: MidiFile) -> list[int | None]:
    return [n.program for part in file.tracks for n in part.notes]


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN + chunk(b"XFIH", b"abcd"),
        PLAIN + b"junk",
        midi(chunk(b"XFIH", b"abcd") + track(*TWO), n_tracks=1),
        b"RIFF" + struct.pack("<I", len(PLAIN) + 12) + b"RMIDdata" + struct.pack("<I", len(PLAIN)) + PLAIN,
        chunk(b"MThd", struct.pack(">HH", 1, 1) + QUARTER_480 + b"\0\0") + track(*TWO),
        midi(track((0, meta(0x59, b"\xfe\xff")), *TWO)),
        midi(track((0, meta(0x59, b"\x0b\x07")), *TWO)),
        midi(track((0, meta(0x58, b"")), (0, meta(0x00, b"\1\2\3\4\5")), *TWO)),
        midi(track((0, b"\xf0\x03\x01\x02\xf7"), *TWO)),
        midi(track(*TWO), kind=2),
    ],
    ids=["plain", "chunk-after", "junk-after", "chunk-before", "riff", "long-header", "key-mode-255", "key-11-mode-7",
         "odd-meta", "sysex", "one-sequence"],
)  # fmt: skip
def test_what_is_not_needed_is_passed_over(tmp_path: Path, content: bytes) -> None:
    file = read(tmp_path, content)
    assert rows(file) == [(0.0, 1.0, 69), (1.0, 1.0, 71)]
    assert file.seconds_at(2.0) == 1.0
    assert programs(file) == [40, 40]


@pytest.mark.parametrize("frames", [24, 25, 30])
def test_a_division_in_frames_gives_seconds_whatever_the_tempo(tmp_path: Path, frames: int) -> None:
    division = bytes([256 - frames, 40])
    file = read(tmp_path, midi(track((0, tempo(250_000)), *note(0, 69, frames * 40)), division=division))
    assert file.seconds_at(rows(file)[0][1]) == pytest.approx(1.0)


def test_drop_frames_are_slower(tmp_path: Path) -> None:
    file = read(tmp_path, midi(track(*note(0, 69, 30_000)), division=bytes([256 - 29, 1])))
    assert file.seconds_at(rows(file)[0][1]) == pytest.approx(1001.0)


@pytest.mark.parametrize(
    "tracks",
    [
        [track(*note(0, 69, 48 * 480))],
        [track((480 * 44, tempo(1_500_000))), track(*note(0, 69, 48 * 480))],
        [track((480 * 44, tempo(1_500_000))), track((0, tempo(500_000)), *note(0, 69, 48 * 480))],
        [track(*note(0, 69, 48 * 480)), track((480 * 4, tempo(250_000)), (480 * 4, tempo(900_000)))],
    ],
    ids=["none", "only-at-the-end", "first-in-time-on-track-2", "on-the-last-track"],
)
def test_tempi_count_wherever_they_stand_as_mido_plays_them(tmp_path: Path, tracks: list[bytes]) -> None:
    file = read(tmp_path, midi(*tracks))
    assert file.seconds_at(48.0) == pytest.approx(mido.MidiFile(tmp_path / "piece.mid").length)


def test_programs_of_a_conductor_track_count_for_their_channels(tmp_path: Path) -> None:
    conductor = track((0, program(0, 42)), (0, program(1, 73)))
    assert programs(read(tmp_path, midi(conductor, track(*note(0, 48)), track(*note(1, 72))))) == [42, 73]


def test_the_program_before_the_first_note_counts_and_later_ones_later(tmp_path: Path) -> None:
    events = [(0, program(0, 0)), (0, program(0, 42)), *note(0, 48), (0, program(0, 73)), *note(0, 72)]
    assert programs(read(tmp_path, midi(track(*events)))) == [42, 73]


def test_tracks_that_share_a_channel_keep_their_own_programs(tmp_path: Path) -> None:
    tracks = [track((0, program(0, number)), *note(0, 60)) for number in (40, 41, 42)]
    assert programs(read(tmp_path, midi(*tracks))) == [40, 41, 42]


def test_channels_of_other_ports_are_other_channels(tmp_path: Path) -> None:
    tracks = [
        track((0, meta(0x21, b"\0")), (0, program(0, 40))),
        track((0, meta(0x21, b"\1")), *note(0, 60)),
    ]
    assert programs(read(tmp_path, midi(*tracks))) == [None]


def test_a_note_without_an_end_is_held_and_counted(tmp_path: Path) -> None:
    file = read(tmp_path, midi(track((0, on(0, 60)), (480, on(0, 64)), (480, off(0, 64)))))
    assert rows(file) == [(0.0, 2.0, 60), (1.0, 1.0, 64)]
    assert file.endless_notes == 1


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_names_are_read_in_the_encodings_programs_write(tmp_path: Path, encoding: str) -> None:
    assert read(tmp_path, midi(track((0, meta(3, "Flöte".encode(encoding))), *TWO))).tracks[0].name == "Flöte"


def test_a_far_end_of_track_is_no_music(tmp_path: Path) -> None:
    assert rows(read(tmp_path, midi(track(*TWO, ((1 << 28) - 1, meta(1, b"x"))))))[-1] == (1.0, 1.0, 71)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (midi(track(*TWO), division=b"\0\0"), "division 0"),
        (midi(track(*TWO), division=bytes([256 - 25, 0])), "division"),
        (midi(track(*TWO), division=bytes([256 - 31, 40])), "24, 25, 29 or 30"),
        (midi(track((0, tempo(0)), *TWO)), "track 1.*tempo above 0"),
        (midi(track(*note(0, 69, (1 << 28) - 1))), "100000 quarter notes"),
        (midi(track(*note(0, 69, 144_115_188_075_998_575))), "at most 4 bytes"),
        (midi(track((0, tempo((1 << 24) - 1)), *note(0, 69, 480 * 5000))), "12 hours"),
        (midi(track(*TWO), track(*TWO), kind=2), "format"),
        (midi(track(*TWO), n_tracks=3), "expected 3 tracks, found 1"),
        (PLAIN[:-9], "cut short"),
        (midi(track((0, b"\x40\x40"))), "expected an event, got byte 0x40"),
        (midi(track((0, b"\xf4"))), "expected an event, got byte 0xf4"),
        (midi(chunk(b"MTrk", b"\0\x90\x40")), "inside an event"),
        (b"", "MThd"),
        (b"<html></html>", "MThd"),
        (b"RIFF\0\0\0\0RMID", "'data'"),
    ],
)  # fmt: skip
def test_the_rest_is_refused_by_name_in_one_line(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(MetadataError, match=reason) as caught:
        read(tmp_path, content)
    assert "piece.mid" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_any_cut_is_read_or_refused(tmp_path: Path) -> None:
    for length in range(len(PLAIN)):
        with pytest.raises(MetadataError):
            read(tmp_path, PLAIN[:length])


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MetadataError, match=r"none\.mid"):
        read_midi_file(tmp_path / "none.mid")
