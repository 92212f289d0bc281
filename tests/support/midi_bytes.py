"""MIDI files written byte by byte, so that they can hold what no program should write."""

from __future__ import annotations

import struct

Event = tuple[int, bytes]
QUARTER_480 = struct.pack(">h", 480)


def quantity(value: int) -> bytes:
    """Return a number as bytes of seven bits."""
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))


def chunk(name: bytes, body: bytes) -> bytes:
    """Return a chunk."""
    return name + struct.pack(">I", len(body)) + body


def track(*events: Event) -> bytes:
    """Return a track of delta times and events."""
    return chunk(b"MTrk", b"".join(quantity(delta) + event for delta, event in events) + b"\0\xff\x2f\0")


def midi(*tracks: bytes, division: bytes = QUARTER_480, kind: int = 1, n_tracks: int | None = None) -> bytes:
    """Return a file."""
    return chunk(
        b"MThd", struct.pack(">HH", kind, len(tracks) if n_tracks is None else n_tracks) + division
    ) + b"".join(tracks)


def on(channel: int, pitch: int, velocity: int = 80) -> bytes:
    """Return the beginning of a note."""
    return bytes([0x90 | channel, pitch, velocity])


def off(channel: int, pitch: int) -> bytes:
    """Return the end of a note."""
    return bytes([0x80 | channel, pitch, 0])


def program(channel: int, number: int) -> bytes:
    """Return a change of program."""
    return bytes([0xC0 | channel, number])


def meta(kind: int, data: bytes) -> bytes:
    """Return a meta event."""
    return bytes([0xFF, kind]) + quantity(len(data)) + data


def tempo(microseconds: int) -> bytes:
    """Return a tempo."""
    return meta(0x51, microseconds.to_bytes(3, "big"))


def note(channel: int, pitch: int, ticks: int = 480) -> list[Event]:
    """Return a note and its end."""
    return [(0, on(channel, pitch)), (ticks, off(channel, pitch))]
