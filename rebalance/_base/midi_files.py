"""Standard MIDI files: their notes in quarter notes and in seconds, tempo and program from wherever they stand."""

from __future__ import annotations

import bisect
import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rebalance._base.errors import MetadataError

DEFAULT_QUARTER_BPM = 120.0  # of a file without a tempo, by the standard
MAX_PIECE_S = 12 * 3600.0
MAX_PIECE_Q = 100_000.0

_MICROSECONDS_PER_MINUTE = 60e6
_MINUTE_S = 60.0
_HEADER_BYTES = 6
_MAX_FILE_BYTES = 64 << 20
_MAX_QUANTITY_BYTES = 4
_MAX_DATA_BYTE = 127
_SEQUENCES_APART = 2
_SMPTE_FLAG = 0x8000
_FRAMES_PER_S = {24: 24.0, 25: 25.0, 29: 30_000 / 1001, 30: 30.0}
_NOTE_OFF, _NOTE_ON, _PROGRAM = 0x8, 0x9, 0xC
_CHANNEL_DATA_BYTES = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}
_SYSTEM_DATA_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1, 0xF6: 0, 0xF8: 0, 0xFA: 0, 0xFB: 0, 0xFC: 0, 0xFE: 0}
_META, _SYSEX = 0xFF, (0xF0, 0xF7)
_META_NAME, _META_INSTRUMENT, _META_PORT, _META_END, _META_TEMPO = 0x03, 0x04, 0x21, 0x2F, 0x51


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class MidiNote:
    """One note.

    Parameters
    ----------
    onset_q, duration_q
        In quarter notes from the start of the file.
    channel, pitch, velocity
        As stored; the channel from 0.
    program
        That of its channel as it begins, from 0; None where the file gives none.
    """

    onset_q: float
    duration_q: float
    channel: int
    pitch: int
    velocity: int
    program: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MidiTrack:
    """The name of a track, empty where it has none, and its notes by onset."""

    name: str
    notes: tuple[MidiNote, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MidiTempo:
    """A tempo in quarter notes per minute, and where it begins in quarter notes."""

    start_q: float
    quarter_bpm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MidiFile:
    """What a file plays.

    Parameters
    ----------
    tracks
        In the order of the file, those without notes too.
    tempi
        By time, the first from 0, no two neighbours alike.
    endless_notes
        How many notes the file never ends; they are held until its last event.
    """

    tracks: tuple[MidiTrack, ...]
    tempi: tuple[MidiTempo, ...]
    endless_notes: int = 0

    def seconds_at(self, position_q: float) -> float:
        """Return when a position in quarter notes is played."""
        seconds = 0.0
        for tempo, following in itertools.pairwise([*self.tempi, None]):
            assert tempo is not None
            end_q = position_q if following is None else min(position_q, following.start_q)
            seconds += max(0.0, end_q - tempo.start_q) * _MINUTE_S / tempo.quarter_bpm
        return seconds


@dataclass(frozen=True, slots=True)
class _Event:
    """A channel message or a tempo: tick, place in its track, and what it says."""

    tick: int
    kind: int
    port: int
    channel: int
    first: int
    second: int


@dataclass(frozen=True, slots=True)
class _Track:
    """The events of one track that matter here."""

    name: str
    events: tuple[_Event, ...]
    tempi: tuple[tuple[int, int], ...]


def read_midi_file(path: Path) -> MidiFile:
    """Read a MIDI file of format 0 or 1, alone or wrapped in RIFF.

    Tempo events count wherever they stand; a program counts for its channel from where it stands on, one in the
    note's own track before those of other tracks. Chunks, meta events and key signatures that are not needed are
    passed over, whatever they hold. With a division in frames, which has no quarter notes, one lasts half a second.

    Raises
    ------
    MetadataError
        If the file is missing or cut short, is none of this kind, has division or tempo 0, or lasts absurdly long.
    """
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise MetadataError(where=path, expected=f"a MIDI file of at most {_MAX_FILE_BYTES >> 20} MiB")
        content = path.read_bytes()
    except OSError as error:
        raise MetadataError(f"cannot read the MIDI file: {error.strerror}", where=path) from error
    try:
        return _bounded(_parsed(content))
    except MetadataError as error:
        raise MetadataError(f"cannot read the MIDI file: {error}", where=path) from None


def _parsed(content: bytes) -> MidiFile:
    """Return what the bytes of a file play."""
    chunks = list(_chunks(_unwrapped(content)))
    if not chunks or chunks[0][0] != b"MThd" or len(chunks[0][1]) < _HEADER_BYTES:
        raise MetadataError(expected="a header 'MThd'", found="none")
    file_format, n_tracks, division = (int.from_bytes(chunks[0][1][at : at + 2], "big") for at in (0, 2, 4))
    bodies = [body for name, body in chunks if name == b"MTrk"]
    if len(bodies) < n_tracks:
        raise MetadataError(where="cut short", expected=f"{n_tracks} tracks", found=f"{len(bodies)}")
    if file_format > _SEQUENCES_APART or (file_format == _SEQUENCES_APART and len(bodies) > 1):
        raise MetadataError(expected="format 0 or 1", got=f"{file_format}, whose tracks are not played together")
    tracks = [_track(body, number) for number, body in enumerate(bodies, 1)]
    in_frames = bool(division & _SMPTE_FLAG)
    ticks_per_quarter = _ticks_per_half_second(division) if in_frames else float(division)
    tempi = [] if in_frames else [event for track in tracks for event in track.tempi]
    if not ticks_per_quarter:
        raise MetadataError(expected="ticks per quarter note or per second", got=f"division {division}")
    return _played(tracks, ticks_per_quarter, sorted(tempi, key=_tick_of))


def _unwrapped(content: bytes) -> bytes:
    """Return the MIDI file inside a RIFF file, or the content itself."""
    if content[:4] != b"RIFF" or content[8:12] != b"RMID":
        return content
    at = 12
    while at + 8 <= len(content):
        size = int.from_bytes(content[at + 4 : at + 8], "little")
        if content[at : at + 4] == b"data":
            return content[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    raise MetadataError(expected="a chunk 'data' in the RIFF file", found="none")


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Give name and body of every chunk; what follows the last whole one is no chunk unless it begins a track."""
    at = 0
    while at + 8 <= len(content):
        name, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "big")
        body = content[at + 8 : at + 8 + size]
        if len(body) < size and name == b"MTrk":
            raise MetadataError(f"a track says it holds {size} bytes, {len(body)} follow", where="cut short")
        yield name, body
        at += 8 + size


class _Bytes:
    """A track's bytes, taken from the front."""

    def __init__(self, body: bytes, track: int) -> None:
        self._body = body
        self._at = 0
        self._track = track

    def __bool__(self) -> bool:
        return self._at < len(self._body)

    def refuse(self, reason: str) -> MetadataError:
        """Return the error that names track and byte."""
        return MetadataError(f"{reason}", where=f"track {self._track}, byte {self._at}")

    def take(self, n_bytes: int) -> bytes:
        """Take some bytes."""
        taken = self._body[self._at : self._at + n_bytes]
        if len(taken) < n_bytes:
            raise self.refuse("the track ends inside an event")
        self._at += n_bytes
        return taken

    def quantity(self) -> int:
        """Take a number of one to four bytes, seven bits each."""
        value = 0
        for _ in range(_MAX_QUANTITY_BYTES):
            byte = self.take(1)[0]
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value
        raise self.refuse(f"expected a time or length of at most {_MAX_QUANTITY_BYTES} bytes, got a longer one")


def _track(body: bytes, number: int) -> _Track:
    """Return the events of a track."""
    source = _Bytes(body, number)
    names: dict[int, str] = {}
    events: list[_Event] = []
    tempi: list[tuple[int, int]] = []
    tick = port = status = 0
    while source:
        tick += source.quantity()
        first = source.take(1)[0]
        if first == _META:
            kind, data = source.take(1)[0], source.take(source.quantity())
            if kind == _META_END:
                break
            if kind in {_META_NAME, _META_INSTRUMENT}:
                names.setdefault(kind, _text(data))
            elif kind == _META_PORT and data:
                port = data[0]
            elif kind == _META_TEMPO:
                tempi.append((tick, _tempo(data, source)))
        elif first in _SYSEX:
            source.take(source.quantity())
        elif first > _SYSEX[0]:
            source.take(_system_length(first, source))
        else:
            status, data = _channel_message(first, status, source)
            low, high = (*(min(byte, _MAX_DATA_BYTE) for byte in data), 0)[:2]
            events.append(_Event(tick, status >> 4, port, status & 0xF, low, high))
    return _Track(names.get(_META_NAME) or names.get(_META_INSTRUMENT) or "", tuple(events), tuple(tempi))


def _channel_message(first: int, running: int, source: _Bytes) -> tuple[int, bytes]:
    """Return status and data of a channel message, whose status may be that of the one before."""
    if first & 0x80:
        return first, source.take(_CHANNEL_DATA_BYTES[first >> 4])
    if not running:
        raise source.refuse(f"expected an event, got byte 0x{first:02x}")
    return running, bytes([first]) + source.take(_CHANNEL_DATA_BYTES[running >> 4] - 1)


def _system_length(status: int, source: _Bytes) -> int:
    """Return how many bytes follow a system message."""
    if status not in _SYSTEM_DATA_BYTES:
        raise source.refuse(f"expected an event, got byte 0x{status:02x}")
    return _SYSTEM_DATA_BYTES[status]


def _tempo(data: bytes, source: _Bytes) -> int:
    """Return microseconds per quarter note."""
    microseconds = int.from_bytes(data[:3], "big")
    if not microseconds:
        raise source.refuse("expected a tempo above 0 microseconds per quarter note, got 0")
    return microseconds


def _text(data: bytes) -> str:
    """Return a name, in UTF-8 or else in Latin-1, the two that programs write."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return " ".join(text.replace("\0", " ").split())


def _ticks_per_half_second(division: int) -> float:
    """Return the ticks in half a second of a division in frames: minus frames a second, then ticks a frame."""
    frames, ticks = 256 - (division >> 8), division & 0xFF
    if frames not in _FRAMES_PER_S:
        raise MetadataError(expected="24, 25, 29 or 30 frames per second", got=str(frames))
    return _FRAMES_PER_S[frames] * ticks / 2


def _played(tracks: Sequence[_Track], ticks_per_quarter: float, tempi: Sequence[tuple[int, int]]) -> MidiFile:
    """Pair the beginnings and ends of notes, and bring ticks to quarter notes."""
    programs = _Programs(tracks)
    last_tick = max((event.tick for track in tracks for event in track.events), default=0)
    played: list[MidiTrack] = []
    endless = 0
    for number, track in enumerate(tracks):
        notes: list[MidiNote] = []
        sounding: dict[tuple[int, int, int], list[MidiNote]] = defaultdict(list)
        for place, event in enumerate(track.events):
            key, now_q = (event.port, event.channel, event.first), event.tick / ticks_per_quarter
            if event.kind == _NOTE_ON and event.second:
                note = MidiNote(
                    onset_q=now_q,
                    duration_q=0.0,
                    channel=event.channel,
                    pitch=event.first,
                    velocity=event.second,
                    program=programs.at(number, place, event),
                )
                sounding[key].append(note)
            elif event.kind in {_NOTE_ON, _NOTE_OFF} and sounding[key]:
                begun = sounding[key].pop(0)
                notes.append(replace(begun, duration_q=now_q - begun.onset_q))
        held = [note for begun in sounding.values() for note in begun]
        notes += [replace(note, duration_q=last_tick / ticks_per_quarter - note.onset_q) for note in held]
        endless += len(held)
        played.append(MidiTrack(name=track.name, notes=tuple(sorted(notes, key=_order))))
    return MidiFile(tracks=tuple(played), tempi=_tempi(tempi, ticks_per_quarter), endless_notes=endless)


class _Programs:
    """Which program a channel has when."""

    def __init__(self, tracks: Sequence[_Track]) -> None:
        self._changes: dict[tuple[int, int], list[tuple[int, int, int, int]]] = defaultdict(list)
        for number, track in enumerate(tracks):
            for place, event in enumerate(track.events):
                if event.kind == _PROGRAM:
                    change = (event.tick, number, place, event.first)
                    self._changes[event.port, event.channel].append(change)
        for changes in self._changes.values():
            changes.sort()

    def at(self, track: int, place: int, note: _Event) -> int | None:
        """Return the program of a note: the latest in its own track, else the latest in any."""
        changes = self._changes.get((note.port, note.channel), [])
        upto = changes[: bisect.bisect_left(changes, (note.tick + 1,))]
        own = [change for change in upto if change[1] == track and change[2] < place]
        others = own or [change for change in upto if change[1] != track]
        return others[-1][3] if others else None


def _tempi(events: Sequence[tuple[int, int]], ticks_per_quarter: float) -> tuple[MidiTempo, ...]:
    """Return the tempi from 0 on; the last of those that stand at one place counts."""
    by_position = {0.0: DEFAULT_QUARTER_BPM}
    by_position |= {tick / ticks_per_quarter: _MICROSECONDS_PER_MINUTE / tempo for tick, tempo in events}
    tempi: list[MidiTempo] = []
    for start_q, quarter_bpm in by_position.items():
        if not tempi or tempi[-1].quarter_bpm != quarter_bpm:
            tempi.append(MidiTempo(start_q=start_q, quarter_bpm=quarter_bpm))
    return tuple(tempi)


def _bounded(file: MidiFile) -> MidiFile:
    """Return the file unless a time in it is beyond any piece of music."""
    end_q = max((note.onset_q + note.duration_q for track in file.tracks for note in track.notes), default=0.0)
    end_s = file.seconds_at(end_q)
    if end_q > MAX_PIECE_Q or end_s > MAX_PIECE_S:
        raise MetadataError(
            expected=(
                f"at most {MAX_PIECE_Q:.0f} quarter notes and {MAX_PIECE_S / 3600:.0f} hours, its notes last"
                f" {end_q:.0f} quarter notes, {end_s / 3600:.1f} hours"
            )
        )
    return file


def _tick_of(event: tuple[int, int]) -> int:
    return event[0]


def _order(note: MidiNote) -> tuple[float, float, int]:
    return note.onset_q, note.duration_q, note.pitch
