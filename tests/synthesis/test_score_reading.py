import re
import unicodedata
from dataclasses import replace
from pathlib import Path

import mido
import pytest
from midi_bytes import meta, midi, note, on, program, tempo, track

from rebalance._base.errors import ConfigError, MetadataError
from rebalance.synthesis.notation import (
    Note,
    Part,
    Score,
    TempoChange,
    excerpt,
    read_score,
    read_score_variants,
    safe_name,
    write_note_table,
)
from rebalance.synthesis.performance import mechanical_annotations, tempo_map

pytest.importorskip("music21")

MUSICXML = """<?xml version="1.0" encoding="UTF-8"?>
<score-partwise version="3.1"><part-list>
<score-part id="P1"><part-name>Violino I</part-name></score-part>
<score-part id="P2"><part-name>Clarinet in B-flat</part-name></score-part></part-list>
<part id="P1"><measure number="1"><attributes><divisions>2</divisions></attributes>
<note><grace/><pitch><step>D</step><octave>5</octave></pitch><type>eighth</type></note>
<note><pitch><step>C</step><octave>5</octave></pitch><duration>2</duration><type>quarter</type></note>
<note><pitch><step>E</step><octave>5</octave></pitch><duration>2</duration>
<tie type="start"/>
<type>quarter</type></note>
</measure><measure number="2">
<note><pitch><step>E</step><octave>5</octave></pitch><duration>4</duration><tie type="stop"/><type>half</type></note>
</measure></part>
<part id="P2"><measure number="1"><attributes><divisions>2</divisions>
<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose></attributes>
<note><pitch><step>D</step><octave>4</octave></pitch><duration>4</duration><type>half</type></note>
<note><chord/><pitch><step>F</step><octave>4</octave></pitch><duration>4</duration><type>half</type></note>
</measure></part></score-partwise>
"""
KERN = "**kern\t**kern\n*Icello\t*Ivioln\n4C\t4cc\n4D\t4dd\n==\t==\n*-\t*-\n"


def test_musicxml_gives_sounding_pitches_joined_ties_and_marked_grace_notes(tmp_path: Path) -> None:
    path = tmp_path / "piece.musicxml"
    path.write_text(MUSICXML)
    violin, clarinet = read_score(path).parts
    assert violin.instrument is not None
    assert violin.instrument.name == "Violin"
    grace, quarter, tied = violin.notes
    assert (grace.pitch, grace.duration_q) == (74, 0.0)
    assert (quarter.onset_q, quarter.duration_q, quarter.pitch) == (0.0, 1.0, 72)
    assert (tied.onset_q, tied.duration_q, tied.pitch) == (1.0, 3.0, 76)
    assert clarinet.instrument is not None
    assert clarinet.instrument.name == "Clarinet"
    assert [note.pitch for note in clarinet.notes] == [60, 63]


def test_kern_gives_its_spines_as_parts(tmp_path: Path) -> None:
    path = tmp_path / "piece.krn"
    path.write_text(KERN)
    pitches = sorted([note.pitch for note in part.notes] for part in read_score(path).parts)
    assert pitches == [[48, 50], [72, 74]]


def test_midi_gives_a_part_for_each_track_and_channel_with_velocities_and_tempo(tmp_path: Path) -> None:
    midi = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    midi.tracks.append(track)
    track.append(mido.MetaMessage("set_tempo", tempo=500_000))
    track.append(mido.Message("program_change", channel=0, program=73))
    track.append(mido.Message("note_on", channel=0, note=74, velocity=99, time=480))
    track.append(mido.Message("note_on", channel=9, note=38, velocity=60, time=0))
    track.append(mido.Message("note_on", channel=0, note=74, velocity=0, time=240))
    track.append(mido.Message("note_off", channel=9, note=38, time=0))
    midi.save(tmp_path / "piece.mid")
    score = read_score(tmp_path / "piece.mid")
    assert score.quarter_bpm == 120.0
    flute, drums = score.parts
    assert flute.instrument is not None
    assert flute.instrument.name == "Flute"
    assert [(n.onset_q, n.duration_q, n.pitch, n.velocity) for n in flute.notes] == [(1.0, 0.5, 74, 99)]
    assert drums.percussion


def test_a_note_table_comes_back_as_it_was(tmp_path: Path, arranged_duet) -> None:
    write_note_table(tmp_path / "duet.json", arranged_duet)
    assert read_score(tmp_path / "duet.json") == arranged_duet


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("broken.musicxml", b"<score-partwise>", MetadataError),
        ("broken.mid", b"MThd", MetadataError),
        ("broken.json", b"{}", MetadataError),
        ("piece.pdf", b"%PDF", ConfigError),
    ],
)
def test_what_is_no_score_is_refused_in_one_line_with_its_name(
    tmp_path: Path, name: str, content: bytes, error: type[Exception]
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error) as raised:
        read_score(tmp_path / name)
    assert name in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_missing_score_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MetadataError, match="no such score"):
        read_score(tmp_path / "none.mxl")


def test_safe_names_keep_only_what_file_names_may_have() -> None:
    assert safe_name("Haydn/Opus 74 no. 1") == "haydn-opus-74-no.-1"


def test_names_in_other_scripts_stay_apart_and_accents_are_taken_off() -> None:
    assert safe_name("Größe") == safe_name("grosse") == "grosse"
    names = ["Сюита", "Квартет первый", "四重奏", "弦楽四重奏", "Сюита 2", "Suite Сюита"]
    assert len({safe_name(name) for name in names}) == len(names)
    assert all(re.fullmatch(r"[a-z0-9.-]+", safe_name(name)) for name in names)
    assert safe_name("Й") == safe_name(unicodedata.normalize("NFD", "Й"))


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_later_tempi_of_a_midi_file_are_kept_and_played(tmp_path: Path) -> None:
    conductor = track((480 * 44, tempo(1_500_000)))
    score = read_score(written(tmp_path / "a.mid", midi(conductor, track(*note(0, 69, 480 * 48)))))
    assert score.quarter_bpm == 120.0
    assert score.tempo_changes == (TempoChange(onset_q=44.0, quarter_bpm=40.0),)
    assert tempo_map(score, mechanical_annotations(score)).seconds_at(48.0) == pytest.approx(28.0)
    write_note_table(tmp_path / "a.json", score)
    assert read_score(tmp_path / "a.json") == score


def test_an_excerpt_begins_in_the_tempo_it_stands_in() -> None:
    changes = (TempoChange(onset_q=4.0, quarter_bpm=40.0), TempoChange(onset_q=12.0, quarter_bpm=80.0))
    line = Part(name="a", instrument=None, notes=tuple(Note(onset_q=q, duration_q=1.0, pitch=60) for q in range(16)))
    score = Score(name="a", parts=(line,), quarter_bpm=120.0, tempo_changes=changes)
    cut = excerpt(score, 8.0, 16.0)
    assert cut.quarter_bpm == 40.0
    assert cut.tempo_changes == (TempoChange(onset_q=4.0, quarter_bpm=80.0),)
    assert cut.seconds_at(8.0, 90.0) == score.seconds_at(16.0, 90.0) - score.seconds_at(8.0, 90.0)


def test_the_name_of_a_track_of_many_channels_is_not_that_of_each(tmp_path: Path) -> None:
    title = meta(3, b"Cello concerto")
    events = [(0, title), (0, program(0, 42)), (0, program(1, 73)), *note(0, 48), *note(1, 72)]
    parts = read_score(written(tmp_path / "a.mid", midi(track(*events), kind=0))).parts
    assert [part.instrument.name for part in parts if part.instrument] == ["Cello", "Flute"]


def test_a_channel_that_changes_its_instrument_gives_a_part_for_each(tmp_path: Path) -> None:
    events = [(0, program(0, 73)), *note(0, 72), (0, program(0, 72)), *note(0, 90), (0, program(0, 73)), *note(0, 74)]
    parts = read_score(written(tmp_path / "a.mid", midi(track(*events)))).parts
    assert [(part.instrument.name, len(part.notes)) for part in parts if part.instrument] == [
        ("Flute", 2),
        ("Piccolo", 1),
    ]


def test_notes_without_an_end_are_counted_in_the_remarks(tmp_path: Path) -> None:
    score = read_score(written(tmp_path / "a.mid", midi(track((0, on(0, 60)), *note(0, 64)))))
    assert score.remarks == ("1 notes never end: held until the last event",)


def metronome(quarter_bpm: int) -> str:
    beat = f"<beat-unit>quarter</beat-unit><per-minute>{quarter_bpm}</per-minute>"
    return f"<direction><direction-type><metronome>{beat}</metronome></direction-type></direction>"


def test_tempo_marks_of_printed_scores_count_where_they_stand(tmp_path: Path) -> None:
    marked = MUSICXML.replace("<note><grace/>", metronome(60) + "<note><grace/>", 1)
    marked = marked.replace('<measure number="2">', '<measure number="2">' + metronome(120), 1)
    (tmp_path / "a.musicxml").write_text(marked)
    score = read_score(tmp_path / "a.musicxml")
    assert score.quarter_bpm == 60.0
    assert [change.quarter_bpm for change in score.tempo_changes] == [120.0]
    assert score.tempo_changes[0].onset_q >= 2.0


def test_a_note_table_that_lasts_for_days_is_refused(tmp_path: Path, arranged_duet) -> None:
    far = Note(onset_q=1e9, duration_q=1.0, pitch=60)
    first = replace(arranged_duet.parts[0], notes=(*arranged_duet.parts[0].notes, far))
    write_note_table(tmp_path / "a.json", replace(arranged_duet, parts=(first,)))
    with pytest.raises(MetadataError, match="12 hours"):
        read_score(tmp_path / "a.json")


def test_repeats_are_played_once_and_in_a_second_reading_as_printed(tmp_path: Path) -> None:
    repeat = '<barline location="right"><repeat direction="backward"/></barline></measure></part>'
    path = tmp_path / "repeated.musicxml"
    path.write_text(MUSICXML.replace("</measure></part>", repeat))
    once, repeated = read_score_variants(path)
    assert (once.end_q, repeated.end_q) == (4.0, 8.0)
    assert [note.pitch for note in repeated.parts[1].notes] == [60, 63, 60, 63]
    path.write_text(MUSICXML)
    assert len(read_score_variants(path)) == 1
    (tmp_path / "piece.mid").write_bytes(midi(track(*note(0, 60))))
    assert len(read_score_variants(tmp_path / "piece.mid")) == 1
