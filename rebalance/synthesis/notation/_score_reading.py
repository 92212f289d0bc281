"""Score files to note tables: MusicXML and kern through music21, MIDI through mido, and this library's own JSON."""

from __future__ import annotations

import json
import re
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from rebalance._base.errors import ConfigError, MetadataError
from rebalance._base.files import write_json
from rebalance.synthesis.notation._instruments import INSTRUMENTS, PERCUSSION_CHANNEL, recognise_instrument
from rebalance.synthesis.notation._scores import Note, Part, Score

_MIDI_SUFFIXES = (".mid", ".midi")
_MUSIC21_SUFFIXES = (".xml", ".musicxml", ".mxl", ".krn", ".abc")
_TABLE_VERSION = 1
_MICROSECONDS_PER_MINUTE = 60e6
_DEFAULT_VELOCITY = 80
_TIE_GAP_Q = 1e-3


def read_score(path: Path) -> Score:
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
    """
    if not path.is_file():
        raise MetadataError(f"{path}: no such score")
    suffix = path.suffix.lower()
    if suffix == ".json":
        return read_note_table(path)
    if suffix in _MIDI_SUFFIXES:
        return _not_empty(_read_midi(path), path.name)
    if suffix in _MUSIC21_SUFFIXES:
        return _not_empty(_from_music21(_parsed(path), safe_name(path.stem)), path.name)
    known = ", ".join((*_MUSIC21_SUFFIXES, *_MIDI_SUFFIXES, ".json"))
    raise ConfigError(f"{path}: expected a score ending in {known}, got {path.suffix!r}")


def read_corpus_score(name: str) -> Score:
    """Read a piece of music21's corpus by its name there, such as ``"haydn/opus74no1/movement1"``.

    Raises
    ------
    MetadataError
        If the installed corpus has no such piece.
    ConfigError
        If music21 is not installed.
    """
    music21 = _music21()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed = music21.corpus.parse(name)
    except music21.corpus.corpora.CorpusException as error:
        raise MetadataError(f"piece {name!r}: not in the installed music21 corpus") from error
    return _not_empty(_from_music21(parsed, safe_name(name)), name)


def safe_name(name: str) -> str:
    """Return a name fit for files and segments: letters, digits, points and dashes."""
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.") or "piece"


def write_note_table(path: Path, score: Score) -> None:
    """Write a score as a JSON note table: per part, rows of onset, duration, pitch and velocity."""
    parts = [
        {
            "name": part.name,
            "instrument": part.instrument.name if part.instrument else None,
            "percussion": part.percussion,
            "notes": [[note.onset_q, note.duration_q, note.pitch, note.velocity] for note in part.notes],
        }
        for part in score.parts
    ]
    write_json(path, {"version": _TABLE_VERSION, "name": score.name, "quarter_bpm": score.quarter_bpm, "parts": parts})


def read_note_table(path: Path) -> Score:
    """Read a score written by `write_note_table`.

    Raises
    ------
    MetadataError
        If it is no note table of this version.
    """
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
        return Score(name=table["name"], parts=parts, quarter_bpm=table["quarter_bpm"])
    except MetadataError:
        raise
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MetadataError(f"{path}: expected a note table: {error}") from error


def _require_version(path: Path, version: object) -> None:
    """Raise unless this library wrote the table."""
    if version != _TABLE_VERSION:
        raise MetadataError(f"{path}: expected version {_TABLE_VERSION}, got {version!r}")


def _not_empty(score: Score, where: str) -> Score:
    """Return the score if it holds notes."""
    if not any(part.notes for part in score.parts):
        raise MetadataError(f"{where}: expected notes, found none")
    return score


def _music21() -> Any:  # noqa: ANN401 - an optional package without annotations
    """Import music21, or say what to install."""
    try:
        import music21
    except ImportError as error:
        raise ConfigError("reading this score needs music21: pip install 'rebalance-music[render]'") from error
    return music21


def _parsed(path: Path) -> Any:  # noqa: ANN401 - a music21 stream
    """Parse a file with music21, its errors as one line."""
    music21 = _music21()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return music21.converter.parse(path)
    except Exception as error:
        raise MetadataError(f"{path}: cannot read the score: {' '.join(str(error).split())}") from error


def _from_music21(stream: Any, name: str) -> Score:  # noqa: ANN401 - a music21 stream
    """Return the note table of a parsed score, at sounding pitch, ties joined, repeats played once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stream.toSoundingPitch(inPlace=True)
        parts = tuple(_music21_part(part, number) for number, part in enumerate(stream.parts, start=1))
        marks = [mark.getQuarterBPM() for mark in stream.flatten().getElementsByClass("MetronomeMark")]
    printed = next((float(mark) for mark in marks if mark), None)
    return Score(name=name, parts=parts, quarter_bpm=printed)


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
    """Return the note table of a MIDI file: a part per track and channel, tempo from its first tempo event."""
    try:
        import mido
    except ImportError as error:
        raise ConfigError("reading MIDI needs mido: pip install 'rebalance-music[render]'") from error
    try:
        midi = mido.MidiFile(path, clip=True)
    except Exception as error:
        raise MetadataError(f"{path}: cannot read the MIDI file: {' '.join(str(error).split())}") from error
    parts = [part for track in midi.tracks for part in _midi_parts(track, midi.ticks_per_beat)]
    tempos = [message.tempo for track in midi.tracks for message in track if message.type == "set_tempo"]
    bpm = _MICROSECONDS_PER_MINUTE / tempos[0] if tempos else None
    return Score(name=safe_name(path.stem), parts=tuple(parts), quarter_bpm=bpm)


def _midi_parts(track: Any, ticks_per_quarter: int) -> Iterator[Part]:  # noqa: ANN401 - a mido track
    """Give the parts of one track, one per channel that plays."""
    notes: dict[int, list[Note]] = defaultdict(list)
    sounding: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    programs: dict[int, int] = {}
    now = 0
    for message in track:
        now += message.time
        if message.type == "program_change":
            programs.setdefault(message.channel, message.program)
        elif message.type == "note_on" and message.velocity > 0:
            sounding[message.channel, message.note].append((now, message.velocity))
        elif message.type in {"note_on", "note_off"} and sounding[message.channel, message.note]:
            began, velocity = sounding[message.channel, message.note].pop(0)
            notes[message.channel].append(
                Note(
                    onset_q=began / ticks_per_quarter,
                    duration_q=(now - began) / ticks_per_quarter,
                    pitch=message.note,
                    velocity=velocity,
                )
            )
    for channel in sorted(notes):
        name = track.name or f"Channel {channel + 1}"
        yield Part(
            name=name,
            instrument=recognise_instrument(track.name or "", programs.get(channel)),
            percussion=channel == PERCUSSION_CHANNEL,
            notes=tuple(sorted(notes[channel])),
        )
