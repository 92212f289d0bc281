"""Reading the notes of a part, however its corpus writes them down."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterator

from rebalance._base.errors import MetadataError
from rebalance._base.midi_files import MidiNote, read_midi_file
from rebalance._base.pitches import hz_to_midi
from rebalance.audio import probe_audio
from rebalance.datasets._corpus import NoteFile, NoteFormat, Notes, Part, notes_from_rows

_Row = tuple[float, float, float]
_N_COLUMNS: dict[str, int] = {"urmp": 3, "bach10": 4}


def read_notes(part: Part) -> Notes:
    """Read what a part plays.

    URMP gives onset in seconds, frequency and duration. BACH10 gives onsets and pitches only: there a note
    lasts until the next one of its part, the last one until the recording ends. MIDI files are read with
    their own tempo; a note struck again ends there. Where a corpus is known to write other pitches than sound, those
    that sound are returned.

    Raises
    ------
    MetadataError
        If the corpus holds no notes for the part, or its file is missing or not as described.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.datasets import NoteFile, Part, read_notes
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table = Path(folder, "Notes_1_ob.txt")
    ...     _ = table.write_text("0.25 440.0 0.5", encoding="utf-8")
    ...     notes = NoteFile(path=table, format="urmp")
    ...     played = read_notes(Part(label="Oboe", instrument="Oboe", stem=Path("AuSep_1_ob.wav"), notes=notes))
    >>> played.onset_s, played.duration_s, played.pitch
    (array([0.25]), array([0.5]), array([69.]))
    """
    if part.notes is None:
        raise MetadataError(f"this corpus has no notes for {part.label}", where=part.stem)
    try:
        return notes_from_rows(_READERS[part.notes.format](part.notes, part))
    except MetadataError as error:
        reason = str(error).removeprefix(f"{part.notes.path}: ")
        raise MetadataError(f"{reason}", where=part.notes.path) from None


def _urmp_rows(file: NoteFile, _: Part) -> Iterator[_Row]:
    for onset_s, frequency_hz, duration_s in _numbers(file):
        if frequency_hz <= 0:
            raise MetadataError(expected="frequencies above 0 Hz", got=f"{frequency_hz:g}")
        yield onset_s, duration_s, hz_to_midi(frequency_hz)


def _bach10_rows(file: NoteFile, part: Part) -> Iterator[_Row]:
    played = sorted((row[0] / 1000.0, row[2]) for row in _numbers(file) if row[3] == file.channel)
    end_s = probe_audio(part.stem).duration_s
    for (onset_s, pitch), (next_s, _) in itertools.pairwise([*played, (end_s, 0.0)]):
        yield onset_s, next_s - onset_s, pitch


def _midi_rows(file: NoteFile, _: Part) -> Iterator[_Row]:
    midi = read_midi_file(file.path)
    struck: dict[tuple[int, int], list[MidiNote]] = defaultdict(list)
    for note in sorted(note for track in midi.tracks for note in track.notes):
        struck[note.channel, note.pitch].append(note)
    for notes in struck.values():
        onsets_q = [*(note.onset_q for note in notes[1:]), math.inf]
        for note, next_q in zip(notes, onsets_q, strict=True):
            onset_s = midi.seconds_at(note.onset_q)
            duration_s = midi.seconds_at(min(note.onset_q + note.duration_q, next_q)) - onset_s
            if duration_s > 0 and (file.highest_written is None or note.pitch <= file.highest_written):
                yield onset_s, duration_s, float(note.pitch + file.transpose_semitones)


_READERS: dict[NoteFormat, Callable[[NoteFile, Part], Iterator[_Row]]] = {
    "urmp": _urmp_rows,
    "bach10": _bach10_rows,
    "midi": _midi_rows,
}


def _numbers(file: NoteFile) -> Iterator[tuple[float, ...]]:
    """Yield the rows of a table of numbers between white space."""
    try:
        lines = file.path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise MetadataError(error, where="cannot read the notes") from error
    for number, line in enumerate(lines, 1):
        fields = line.split()
        if not fields:
            continue
        try:
            row = tuple(float(field) for field in fields)
        except ValueError:
            row = ()
        if len(row) != _N_COLUMNS[file.format]:
            raise MetadataError(
                where=f"line {number}", expected=f"{_N_COLUMNS[file.format]} numbers", got=f"{line.strip()[:40]!r}"
            )
        yield row
