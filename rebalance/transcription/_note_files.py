"""Transcribed notes on disk: a MIDI file per player, and one table of all."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rebalance._base.errors import MetadataError
from rebalance._base.extras import optional_packages
from rebalance._base.files import StrPath, expanded, replacing, write_text
from rebalance._base.midi_files import read_midi_file
from rebalance.synthesis.notation import MAX_MIDI_PITCH, chair_labelled
from rebalance.transcription._transcribed_notes import TranscribedNote

_TICKS_PER_QUARTER = 480
_TICKS_PER_S = 2 * _TICKS_PER_QUARTER  # at 120 quarter notes a minute, the tempo of a file that names none
_MICROSECONDS_PER_QUARTER = 500_000
_MIN_VELOCITY, _MAX_VELOCITY = 30, 110
NOTE_COLUMNS = ("player", "onset_s", "end_s", "pitch_midi", "cents", "confidence")


def write_notes_as_midi(path: StrPath, player: str, notes: Sequence[TranscribedNote]) -> None:
    """Write the notes of one player as a MIDI file of one track, 960 ticks a second.

    The velocity tells the confidence: 30 for none to 110 for full. Cents are not written.

    Parameters
    ----------
    path
        Replaced whole or not at all.
    player
        Name of the source, ``"Violin_2"``; names the track and chooses the General MIDI program.
    notes
        Of the player, by onset.

    Raises
    ------
    ConfigError
        If the player's instrument is unknown or mido is not installed.
    RebalanceError
        If the file cannot be written, or what was written does not read back as these notes.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.synthesis.notation import read_score
    >>> from rebalance.transcription import TranscribedNote, write_notes_as_midi
    >>> heard = TranscribedNote(onset_s=0.5, end_s=1.0, pitch_midi=72, cents=-8.0, confidence=1.0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_notes_as_midi(Path(folder) / "oboe.mid", "Oboe", [heard])
    ...     (part,) = read_score(Path(folder) / "oboe.mid").parts
    >>> part.name, [(note.onset_q, note.duration_q, note.pitch, note.velocity) for note in part.notes]
    ('Oboe', [(1.0, 1.0, 72, 110)])
    """
    path = expanded(path)
    with optional_packages():
        import mido

    track = mido.MidiTrack()
    track.append(mido.MetaMessage("track_name", name=player))
    track.append(mido.MetaMessage("set_tempo", tempo=_MICROSECONDS_PER_QUARTER))
    track.append(mido.Message("program_change", program=chair_labelled(player).instrument.program))
    now = 0
    for tick, kind, pitch, velocity in sorted(_events(notes)):
        track.append(mido.Message(kind, note=pitch, velocity=velocity, time=tick - now))
        now = tick
    file = mido.MidiFile(type=1, ticks_per_beat=_TICKS_PER_QUARTER)
    file.tracks.append(track)
    with replacing(path) as temporary:
        file.save(temporary)
        _check(temporary, path, len(notes))


def _events(notes: Iterable[TranscribedNote]) -> Iterable[tuple[int, str, int, int]]:
    """Give ends and beginnings of notes in ticks; where both fall together the end is first by name."""
    for note in notes:
        pitch = min(max(note.pitch_midi, 0), MAX_MIDI_PITCH)
        velocity = round(_MIN_VELOCITY + (_MAX_VELOCITY - _MIN_VELOCITY) * note.confidence)
        onset = round(note.onset_s * _TICKS_PER_S)
        yield onset, "note_on", pitch, velocity
        yield max(round(note.end_s * _TICKS_PER_S), onset + 1), "note_off", pitch, 0


def _check(written: Path, path: Path, n_notes: int) -> None:
    """Raise unless a file holds as many notes as were to be written."""
    found = sum(len(track.notes) for track in read_midi_file(written).tracks)
    if found != n_notes:
        raise MetadataError(f"wrote {n_notes} notes, {found} read back", where=path)


def notes_table(notes: Mapping[str, Sequence[TranscribedNote]]) -> str:
    """Return the notes of all players as CSV, by onset: player, onset_s, end_s, pitch_midi, cents, confidence.

    Examples
    --------
    >>> from rebalance.transcription import TranscribedNote, notes_table
    >>> def note(onset_s, pitch_midi):
    ...     return TranscribedNote(onset_s=onset_s, end_s=2.0, pitch_midi=pitch_midi, cents=-8.0, confidence=0.75)
    >>> print(notes_table({"Violin": [note(1.0, 76)], "Cello": [note(0.5, 48)]}), end="")
    player,onset_s,end_s,pitch_midi,cents,confidence
    Cello,0.500,2.000,48,-8,0.750
    Violin,1.000,2.000,76,-8,0.750
    """
    rows = sorted((note, player) for player, played in notes.items() for note in played)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(NOTE_COLUMNS)
    for note, player in rows:
        writer.writerow(
            [
                player,
                f"{note.onset_s:.3f}",
                f"{note.end_s:.3f}",
                note.pitch_midi,
                f"{note.cents:.0f}",
                f"{note.confidence:.3f}",
            ]
        )
    return text.getvalue()


def write_notes_table(path: StrPath, notes: Mapping[str, Sequence[TranscribedNote]]) -> None:
    """Write the notes of all players as CSV, see `notes_table`.

    Parameters
    ----------
    path
        Where to, a CSV file.
    notes
        By player, in time order.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.transcription import TranscribedNote, write_notes_table
    >>> heard = TranscribedNote(onset_s=0.5, end_s=2.0, pitch_midi=48, cents=-8.0, confidence=0.75)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_notes_table(Path(folder) / "notes.csv", {"Cello": [heard]})
    ...     print(Path(folder, "notes.csv").read_text().splitlines()[1])
    Cello,0.500,2.000,48,-8,0.750
    """
    write_text(expanded(path), notes_table(notes))
