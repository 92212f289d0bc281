"""Tracks with scores: what is read of a corpus, what is refused, and the clips that are cut from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from rebalance._base.errors import AudioError, ConfigError, MetadataError
from rebalance.datasets import NoteFile, Part, Piece
from rebalance.training.data import (
    ClipMaker,
    ClipSettings,
    ScoredTrack,
    TrackInstruments,
    clip_activity_shares,
    clip_starts,
    frame_activity,
    prepare_scored_tracks,
    read_scored_tracks,
    scored_track,
    write_scored_track,
)

RATE = 16_000
DUO = TrackInstruments(programs={"Piano": (0, 1), "Bass": (33,)})
EMPTY = np.zeros((0, 3), np.float32)


def write_midi(path: Path, notes: list[tuple[float, float, int]]) -> None:
    import mido

    events = sorted(
        event for onset, end, pitch in notes for event in ((round(onset * 960), 1, pitch), (round(end * 960), 0, pitch))
    )
    track, now = mido.MidiTrack(), 0
    for tick, press, pitch in events:
        kind = "note_on" if press else "note_off"
        track.append(mido.Message(kind, note=pitch, velocity=64, time=tick - now))
        now = tick
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(track)
    file.save(path)


def part_of(
    folder: Path, name: str, program: int, notes: list[tuple[float, float, int]] | None, *, seconds: float = 5.0
) -> Part:
    tone = 0.1 * np.sin(np.arange(int(seconds * RATE)) * 0.1 * (program + 1))
    soundfile.write(folder / f"{name}.wav", tone, RATE, subtype="FLOAT")
    if notes is not None:
        write_midi(folder / f"{name}.mid", notes)
    written = None if notes is None else NoteFile(path=folder / f"{name}.mid", format="midi")
    return Part(label=name, instrument=name, stem=folder / f"{name}.wav", notes=written, program=program)


def piece_of(*parts: Part) -> Piece:
    return Piece(corpus="Slakh2100", name="Track00001", parts=parts)


def track(*, seconds: float = 10.0, notes: tuple[np.ndarray, ...] | None = None) -> ScoredTrack:
    places = np.arange(int(seconds * RATE))
    samples = np.stack([places % 30_000, places // 30_000])  # every sample tells where it lies
    played = (np.array([[0.0, RATE, 60.0], [6.0 * RATE, 7.0 * RATE, 62.0]], np.float32), EMPTY)
    return ScoredTrack(
        name="piece",
        instruments=("Piano", "Bass"),
        sample_rate=RATE,
        samples=samples.astype(np.int16),
        notes=notes or played,
    )


def test_parts_of_an_instrument_are_summed_and_others_left_out(tmp_path: Path) -> None:
    parts = (
        part_of(tmp_path, "first", 0, [(0.5, 1.0, 60)]),
        part_of(tmp_path, "second", 1, [(0.0, 1.0, 64)]),
        part_of(tmp_path, "organ", 16, [(0.0, 1.0, 50)]),
    )
    found = scored_track(piece_of(*parts), DUO)
    expected = sum(soundfile.read(part.stem)[0] for part in parts[:2])
    np.testing.assert_allclose(found.samples[0] / 32_768, expected, atol=2e-5)
    assert not found.samples[1].any()
    assert found.notes[0].tolist() == [[0.0, RATE, 64.0], [RATE / 2, RATE, 60.0]]
    assert len(found.notes[1]) == 0


def test_a_stem_without_its_midi_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MetadataError, match="no notes for piano"):
        scored_track(piece_of(part_of(tmp_path, "piano", 0, None)), DUO)


def test_midi_without_notes_beside_a_stem_that_sounds_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MetadataError, match=r"piano\.mid: expected notes of a stem that sounds, found none"):
        scored_track(piece_of(part_of(tmp_path, "piano", 0, [])), DUO)


def test_midi_without_notes_beside_silence_is_a_part_that_rests(tmp_path: Path) -> None:
    silent = part_of(tmp_path, "piano", 0, [])
    soundfile.write(silent.stem, np.zeros(5 * RATE), RATE)
    assert len(scored_track(piece_of(silent), DUO).notes[0]) == 0


@pytest.mark.parametrize("pitch", [20, 109])
def test_labels_outside_the_piano_are_refused(tmp_path: Path, pitch: int) -> None:
    with pytest.raises(MetadataError, match=f"MIDI pitches from 21 to 108, got {pitch}"):
        scored_track(piece_of(part_of(tmp_path, "piano", 0, [(0.0, 1.0, pitch)])), DUO)


def test_a_stem_with_nan_is_refused(tmp_path: Path) -> None:
    odd = part_of(tmp_path, "piano", 0, [(0.0, 1.0, 60)])
    soundfile.write(odd.stem, np.full(RATE, np.nan), RATE, subtype="FLOAT")
    with pytest.raises(AudioError, match="NaN"):
        scored_track(piece_of(odd), DUO)


def test_stems_of_different_lengths_are_refused(tmp_path: Path) -> None:
    parts = (
        part_of(tmp_path, "piano", 0, [(0.0, 1.0, 60)]),
        part_of(tmp_path, "bass", 33, [(0.0, 1.0, 40)], seconds=4.0),
    )
    with pytest.raises(MetadataError, match="stems of one length"):
        scored_track(piece_of(*parts), DUO)


def test_what_cannot_be_read_is_told_and_stops_nothing_else(tmp_path: Path) -> None:
    good = piece_of(part_of(tmp_path, "piano", 0, [(0.0, 1.0, 60)]))
    bad = Piece(corpus="Slakh2100", name="Track00002", parts=(part_of(tmp_path, "mute", 0, None),))
    failures = prepare_scored_tracks([good, bad], DUO, tmp_path / "tracks", jobs=1)
    assert [failure.item for failure in failures] == ["Track00002"]
    assert [its.name for its in read_scored_tracks([tmp_path / "tracks"], DUO.names, RATE)] == ["Track00001"]


def test_a_track_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = track()
    write_scored_track(tmp_path / "piece.npz", written)
    (found,) = read_scored_tracks([tmp_path], ("Piano", "Bass"), RATE)
    np.testing.assert_array_equal(found.samples, written.samples)
    for read, given in zip(found.notes, written.notes, strict=True):
        np.testing.assert_array_equal(read, given)


def test_tracks_of_other_instruments_or_rates_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    write_scored_track(tmp_path / "piece.npz", track())
    with pytest.raises(MetadataError, match="expected Bass, Piano at 16000 Hz, got Piano, Bass"):
        read_scored_tracks([tmp_path], ("Bass", "Piano"), RATE)
    with pytest.raises(MetadataError, match="at 8000 Hz, got Piano, Bass at 16000 Hz"):
        read_scored_tracks([tmp_path], ("Piano", "Bass"), 8_000)
    (tmp_path / "piece.npz").write_bytes(b"PK\3\4 no archive")
    with pytest.raises(MetadataError, match="cannot read the track"):
        read_scored_tracks([tmp_path], ("Piano", "Bass"), RATE)


def test_a_file_that_would_have_to_be_unpickled_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "piece.npz").open("wb") as file:
        np.savez(file, instruments=np.array([{"a": 1}], dtype=object))
    with pytest.raises(MetadataError, match="cannot read the track"):
        read_scored_tracks([tmp_path], ("Piano",), RATE)


@pytest.mark.parametrize(
    "changes",
    [
        {"samples": np.zeros((1, 10), np.int16)},
        {"samples": np.zeros((2, 10), np.float32)},
        {"notes": (EMPTY,)},
        {"notes": (EMPTY, np.array([[0.0, np.nan, 60.0]], np.float32))},
    ],
)
def test_tracks_whose_parts_do_not_fit_are_refused(changes: dict[str, object]) -> None:
    plain = {"samples": np.zeros((2, 10), np.int16), "notes": (EMPTY, EMPTY)}
    with pytest.raises(MetadataError):
        ScoredTrack(**{"name": "x", "instruments": ("Piano", "Bass"), "sample_rate": RATE, **plain, **changes})


def test_tracks_shorter_than_a_clip_are_refused() -> None:
    with pytest.raises(MetadataError, match="piece: expected at least 4 s, the length of a clip, got 3 s"):
        ClipMaker(tracks=(track(seconds=3.0),), settings=ClipSettings(), seed=0)


def test_tracks_in_which_nothing_is_played_are_refused() -> None:
    with pytest.raises(MetadataError, match="something is played"):
        ClipMaker(tracks=(track(notes=(EMPTY, EMPTY)),), settings=ClipSettings(), seed=0)
    with pytest.raises(MetadataError, match="one or more tracks"):
        ClipMaker(tracks=(), settings=ClipSettings(), seed=0)


@pytest.mark.parametrize("changes", [{"batch_size": 0}, {"clip_s": 0.0}, {"clip_s": float("nan")}])
def test_clips_of_no_size_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="clips"):
        ClipSettings(**changes)  # type: ignore[arg-type]


def test_sound_and_notes_of_a_clip_come_from_the_same_place() -> None:
    maker = ClipMaker(tracks=(track(),), settings=ClipSettings(batch_size=6, clip_s=2.0), seed=1)
    batch = maker.batch(4)
    for sources, notes in zip(batch.sources, batch.notes, strict=True):
        low, high = (round(float(sources[place, 0, 0]) * 32_768) for place in range(2))
        np.testing.assert_array_equal(track().notes_within(high * 30_000 + low, 2 * RATE)[0], notes[0])
        assert len(notes[0])
    again = maker.batch(4)
    np.testing.assert_array_equal(batch.sources.numpy(), again.sources.numpy())
    assert not np.array_equal(batch.sources.numpy(), maker.batch(5).sources.numpy())


def test_notes_are_cut_at_both_ends_of_a_clip() -> None:
    first = track().notes_within(RATE // 2, 6 * RATE)
    assert first[0].tolist() == [[0.0, RATE / 2, 60.0], [5.5 * RATE, 6.0 * RATE, 62.0]]
    assert not len(first[1])


def test_activity_is_counted_by_frames_and_by_clips() -> None:
    assert frame_activity([track()], 500) == pytest.approx((0.2, 0.0))
    assert [start // RATE for _, start in clip_starts([track()], 2 * RATE)] == [0, 6]
    assert clip_activity_shares([track()], 2 * RATE) == (1.0, 0.0)
