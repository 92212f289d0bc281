"""Score files to note tables: MusicXML and kern through music21, MIDI, and this library's own JSON."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from rebalance._base.errors import ConfigError, MetadataError
from rebalance._base.extras import optional_packages
from rebalance._base.files import StrPath, expanded, write_json
from rebalance._base.midi_files import (
    DEFAULT_QUARTER_BPM,
    MAX_PIECE_Q,
    MAX_PIECE_S,
    MidiNote,
    MidiTrack,
    read_midi_file,
)
from rebalance.synthesis.notation._instruments import INSTRUMENTS, PERCUSSION_CHANNEL, Instrument, recognise_instrument
from rebalance.synthesis.notation._scores import Note, Part, Score, TempoChange

MIDI_SUFFIXES = (".mid", ".midi")
_MUSIC21_SUFFIXES = (".xml", ".musicxml", ".mxl", ".krn", ".abc")
_TABLE_VERSION = 1
_DEFAULT_VELOCITY = 80
_TIE_GAP_Q = 1e-3


def read_score(path: StrPath) -> Score:
    """Read a score file.

    Parameters
    ----------
    path
        MusicXML (``.xml .musicxml .mxl``), kern (``.krn``), ABC, MIDI (``.mid .midi``) or a note table (``.json``).

    Raises
    ------
    MetadataError
        If the file is missing, cannot be understood or holds no notes.
    ConfigError
        If its format is not known or the package that reads it is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.synthesis.notation import Note, Part, Score, read_score, write_note_table
    >>> notes = tuple(Note(onset_q=float(at), duration_q=1.0, pitch=60 + at) for at in range(4))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "scale.json"
    ...     write_note_table(path, Score(name="scale", parts=(Part(name="Oboe", instrument=None, notes=notes),)))
    ...     score = read_score(path)
    >>> score.name, [note.pitch for note in score.parts[0].notes], score.seconds_at(score.end_q, default_bpm=60.0)
    ('scale', [60, 61, 62, 63], 4.0)
    """
    path = expanded(path)
    if not path.is_file():
        raise MetadataError("no such score", where=path)
    suffix = path.suffix.lower()
    if suffix == ".json":
        return _playable(read_note_table(path), path.name)
    if suffix in MIDI_SUFFIXES:
        return _playable(_read_midi(path), path.name)
    if suffix in _MUSIC21_SUFFIXES:
        return _playable(_from_music21(_parsed(path), safe_name(path.stem)), path.name)
    known = ", ".join((*_MUSIC21_SUFFIXES, *MIDI_SUFFIXES, ".json"))
    raise ConfigError(where=path, expected=f"a score ending in {known}", got=repr(path.suffix))


def read_score_variants(path: StrPath) -> tuple[Score, ...]:
    r"""Read a score as printed, repeats played once, and, where it has any, as it is with all of them played.

    Parameters and errors are those of `read_score`. Only formats that music21 reads have repeats.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.synthesis.notation import read_score_variants
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "tune.abc"
    ...     _ = path.write_text("X:1\nM:4/4\nL:1/4\nK:C\n|: C D E F | G A B c :| c B A G | F E D C |]\n")
    ...     printed, repeated = read_score_variants(path)
    >>> printed.end_q, repeated.end_q
    (16.0, 24.0)
    """
    path = expanded(path)
    once = read_score(path)
    if path.suffix.lower() not in _MUSIC21_SUFFIXES:
        return (once,)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            repeated = _from_music21(_parsed(path).expandRepeats(), safe_name(path.stem))
    except Exception:  # noqa: BLE001 - repeats that music21 cannot follow leave the score as printed
        return (once,)
    return (once,) if repeated.end_q <= once.end_q else (once, _playable(repeated, path.name))


def read_corpus_score(name: str) -> Score:
    """Read a piece of music21's corpus by its name there, such as ``"haydn/opus74no1/movement1"``.

    Raises
    ------
    MetadataError
        If the installed corpus has no such piece.
    ConfigError
        If music21 is not installed.

    Examples
    --------
    >>> from rebalance.synthesis.notation import read_corpus_score
    >>> score = read_corpus_score("bach/bwv66.6")
    >>> [part.name for part in score.parts], score.end_q
    (['Soprano', 'Alto', 'Tenor', 'Bass'], 36.0)
    """
    music21 = _music21()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed = music21.corpus.parse(name)
    except music21.corpus.corpora.CorpusException as error:
        raise MetadataError("not in the installed music21 corpus", where=f"piece {name!r}") from error
    return _playable(_from_music21(parsed, safe_name(name)), name)


def safe_name(name: str) -> str:
    """Return a name fit for files and segments: letters, digits, points and dashes.

    Accents are taken off. A name in other letters than those of English ends with a digest of it, so that two such
    names stay two.

    Examples
    --------
    >>> from rebalance.synthesis.notation import safe_name
    >>> safe_name("Flötenquartett in D, KV 285")
    'flotenquartett-in-d-kv-285'
    >>> safe_name("Сюита") != safe_name("Квартет")
    True
    """
    letters = unicodedata.normalize("NFKD", name.casefold())
    kept = re.sub(r"[^a-z0-9.]+", "-", "".join(letter for letter in letters if not unicodedata.combining(letter)))
    safe = kept.strip("-.") or "piece"
    lost = any(letter.isalnum() and not letter.isascii() for letter in letters)
    return f"{safe}-{hashlib.blake2s(letters.encode(), digest_size=3).hexdigest()}" if lost else safe


def write_note_table(path: StrPath, score: Score) -> None:
    """Write a score as a JSON note table: per part, rows of onset, duration, pitch and velocity.

    Parameters
    ----------
    path
        Where to, a JSON file.
    score
        Its instruments are written by name.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.synthesis.notation import Note, Part, Score, read_note_table, write_note_table
    >>> oboe = Part(name="Oboe", instrument=None, notes=(Note(onset_q=0.0, duration_q=1.0, pitch=69),))
    >>> score = Score(name="one note", parts=(oboe,), quarter_bpm=60.0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_note_table(Path(folder) / "score.json", score)
    ...     read_note_table(Path(folder) / "score.json") == score
    True
    """
    path = expanded(path)
    parts = [
        {
            "name": part.name,
            "instrument": part.instrument.name if part.instrument else None,
            "percussion": part.percussion,
            "notes": [[note.onset_q, note.duration_q, note.pitch, note.velocity] for note in part.notes],
        }
        for part in score.parts
    ]
    table = {"version": _TABLE_VERSION, "name": score.name, "quarter_bpm": score.quarter_bpm, "parts": parts}
    if score.tempo_changes:
        table["tempo_changes"] = [[change.onset_q, change.quarter_bpm] for change in score.tempo_changes]
    if score.remarks:
        table["remarks"] = list(score.remarks)
    write_json(path, table)


def read_note_table(path: StrPath) -> Score:
    """Read a score written by `write_note_table`.

    Raises
    ------
    MetadataError
        If it is no note table of this version.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.synthesis.notation import Note, Part, Score, read_note_table, write_note_table
    >>> notes = (Note(onset_q=0.0, duration_q=1.0, pitch=60),)
    >>> score = Score(name="one-note", parts=(Part(name="Oboe", instrument=None, notes=notes),), quarter_bpm=72.0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_note_table(Path(folder) / "one-note.json", score)
    ...     read_note_table(Path(folder) / "one-note.json") == score
    True
    """
    path = expanded(path)
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        _require_version(path, table["version"])
        parts = tuple(
            Part(
                name=row["name"],
                instrument=INSTRUMENTS[row["instrument"]] if row["instrument"] is not None else None,
                percussion=row["percussion"],
                notes=tuple(
                    Note(onset_q=onset, duration_q=duration, pitch=pitch, velocity=velocity)
                    for onset, duration, pitch, velocity in row["notes"]
                ),
            )
            for row in table["parts"]
        )
        return Score(
            name=table["name"],
            parts=parts,
            quarter_bpm=table["quarter_bpm"],
            tempo_changes=_changes(table.get("tempo_changes", [])),
            remarks=tuple(table.get("remarks", ())),
        )
    except MetadataError:
        raise
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MetadataError(where=path, expected="a note table", more=f": {error}") from error


def _require_version(path: Path, version: object) -> None:
    """Raise unless this library wrote the table."""
    if version != _TABLE_VERSION:
        raise MetadataError(where=path, expected=f"version {_TABLE_VERSION}", got=repr(version))


def _changes(rows: Iterable[tuple[float, float]]) -> tuple[TempoChange, ...]:
    """Return the tempi of a score from its rows of onset and quarter notes per minute."""
    return tuple(TempoChange(onset_q=onset_q, quarter_bpm=quarter_bpm) for onset_q, quarter_bpm in rows)


def _playable(score: Score, where: str) -> Score:
    """Return the score if it holds notes and lasts no longer than music does."""
    if not any(part.notes for part in score.parts):
        raise MetadataError(where=where, expected="notes", found="none")
    end_s = score.seconds_at(score.end_q, DEFAULT_QUARTER_BPM)
    if score.end_q > MAX_PIECE_Q or end_s > MAX_PIECE_S:
        raise MetadataError(
            where=where,
            expected=f"at most {MAX_PIECE_Q:.0f} quarter notes and {MAX_PIECE_S / 3600:.0f} hours",
            got=f"{score.end_q:.0f} quarter notes, {end_s / 3600:.1f} hours",
        )
    return score


def _music21() -> Any:  # noqa: ANN401 - an optional package without annotations
    """Import music21, or say what to install."""
    with optional_packages("a score in this format"):
        import music21
    return music21


def _parsed(path: Path) -> Any:  # noqa: ANN401 - a music21 stream
    """Parse a file with music21, its errors as one line."""
    music21 = _music21()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return music21.converter.parse(path)
    except Exception as error:
        raise MetadataError(f"cannot read the score: {' '.join(str(error).split())}", where=path) from error


def _from_music21(stream: Any, name: str) -> Score:  # noqa: ANN401 - a music21 stream
    """Return the note table of a parsed score, at sounding pitch, ties joined, repeats played once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stream.toSoundingPitch(inPlace=True)
        parts = tuple(_music21_part(part, number) for number, part in enumerate(stream.parts, start=1))
        marks = list(stream.flatten().getElementsByClass("MetronomeMark"))
        printed = [(float(mark.offset), float(bpm)) for mark in marks if (bpm := mark.getQuarterBPM())]
    tempi = sorted(printed, key=_onset_of)
    later = {onset_q: bpm for onset_q, bpm in tempi[1:] if onset_q > 0}
    return Score(
        name=name, parts=parts, quarter_bpm=tempi[0][1] if tempi else None, tempo_changes=_changes(later.items())
    )


def _onset_of(row: tuple[float, float]) -> float:
    return row[0]


def _music21_part(part: Any, number: int) -> Part:  # noqa: ANN401 - a music21 part
    """Return one part of a parsed score."""
    written_for = part.getInstrument()
    name = part.partName or written_for.partName or written_for.instrumentName or f"Part {number}"
    events = part.flatten().notes
    notes = _joined_ties((note, held) for event in events for note, held in _music21_notes(event))
    return Part(
        name=str(name),
        instrument=recognise_instrument(str(name), written_for.midiProgram),
        percussion=written_for.midiChannel == PERCUSSION_CHANNEL,
        notes=notes,
    )


def _music21_notes(event: Any) -> Iterator[tuple[Note, bool]]:  # noqa: ANN401 - a music21 note or chord
    """Give the pitched notes of a note or chord, and whether each is tied to one before it."""
    members = getattr(event, "notes", (event,))
    for member in members:
        if not hasattr(member, "pitch"):
            continue
        note = Note(
            onset_q=float(event.offset),
            duration_q=0.0 if event.duration.isGrace else float(event.duration.quarterLength),
            pitch=round(member.pitch.ps),
            velocity=event.volume.velocity or _DEFAULT_VELOCITY,
        )
        tie = member.tie or event.tie
        yield note, tie is not None and tie.type in {"stop", "continue"}


def _joined_ties(notes: Iterable[tuple[Note, bool]]) -> tuple[Note, ...]:
    """Return notes by onset, each tied one added to the note of its pitch that ends where it begins."""
    joined: list[Note] = []
    latest: dict[int, int] = {}
    for note, held in sorted(notes):
        before = latest.get(note.pitch)
        if held and before is not None and abs(joined[before].end_q - note.onset_q) < _TIE_GAP_Q:
            joined[before] = replace(joined[before], duration_q=note.end_q - joined[before].onset_q)
            continue
        latest[note.pitch] = len(joined)
        joined.append(note)
    return tuple(joined)


def _read_midi(path: Path) -> Score:
    """Return the note table of a MIDI file: a part per track, channel and instrument."""
    midi = read_midi_file(path)
    parts = [part for track in midi.tracks for part in _midi_parts(track)]
    first, *later = midi.tempi
    remarks = (f"{midi.endless_notes} notes never end: held until the last event",) if midi.endless_notes else ()
    return Score(
        name=safe_name(path.stem),
        parts=tuple(parts),
        quarter_bpm=first.quarter_bpm,
        tempo_changes=_changes((tempo.start_q, tempo.quarter_bpm) for tempo in later),
        remarks=remarks,
    )


def _midi_parts(track: MidiTrack) -> Iterator[Part]:
    """Give the parts of one track, one per channel that plays, and per instrument where its program changes."""
    channels = {note.channel for note in track.notes}
    grouped: dict[tuple[int, str], list[MidiNote]] = defaultdict(list)
    for note in track.notes:
        instrument = _midi_instrument(track.name, note.program, alone=len(channels) == 1)
        grouped[note.channel, instrument.name if instrument else ""].append(note)
    for (channel, instrument_name), notes in sorted(grouped.items(), key=_channel_and_onset):
        yield Part(
            name=track.name or f"Channel {channel + 1}",
            instrument=INSTRUMENTS.get(instrument_name),
            percussion=channel == PERCUSSION_CHANNEL,
            notes=tuple(
                Note(onset_q=note.onset_q, duration_q=note.duration_q, pitch=note.pitch, velocity=note.velocity)
                for note in notes
            ),
        )


def _midi_instrument(name: str, program: int | None, *, alone: bool) -> Instrument | None:
    """Return what a note is played by: the name of a track says it where it has one channel, else the program."""
    return recognise_instrument(name if alone or program is None else "", program)


def _channel_and_onset(group: tuple[tuple[int, str], list[MidiNote]]) -> tuple[int, float]:
    return group[0][0], group[1][0].onset_q
