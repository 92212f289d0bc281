"""What files hold when their headers say something else: lengths counted from the stream itself, headers mended."""

from __future__ import annotations

import contextlib
import functools
import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rebalance._base.errors import AudioError
from rebalance.audio._splices import Splice, Stretch

_UNKNOWN_SIZE = 0xFFFFFFFF
_TEXT_STARTS = (b"<!doctype", b"<html", b"<?xml", b"{")
_MPEG1, _MPEG2 = 3, 2
_BITRATES_KBPS = {
    _MPEG1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    _MPEG2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_MONO = 3
_OGG_BEGIN, _OGG_END = 2, 4
_FLAC_BLOCK_SIZES = {1: 192, 2: 576, 3: 1152, 4: 2304, 5: 4608} | {code: 256 << (code - 8) for code in range(8, 16)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """A file's streams in order, none where it can be read as it is, and what its header got wrong."""

    streams: tuple[Splice, ...] = ()
    remarks: tuple[str, ...] = ()


def mended(path: Path) -> Mended:
    """Compare what a file says of its length with what it holds.

    Raises
    ------
    AudioError
        If the file is text or a web page.
    """
    with path.open("rb") as file:
        head = file.read(64)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_TEXT_STARTS):
        raise AudioError("cannot decode: the file is text or a web page, not audio", where=path)
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return _mended_wav(path)
    with _mapped(path) as content:
        if head[:4] == b"fLaC":
            return _mended_flac(path, content)
        if head[:4] == b"OggS":
            return _mended_ogg(path, content)
        if head[:3] == b"ID3" or _mpeg_frame(head, 0) is not None:
            return _mended_mp3(path, content)
    return Mended()


@contextlib.contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap]:
    """Give the bytes of a file, of which only those looked at are read."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        yield content


def _mended_wav(path: Path) -> Mended:
    """Find the data chunk, and take all that follows where its size cannot be true."""
    n_bytes = path.stat().st_size
    with path.open("rb") as file:
        at = 12
        name, size = b"", 0
        while at + 8 <= n_bytes:
            file.seek(at)
            name, size = struct.unpack("<4sI", file.read(8))
            if name == b"data":
                break
            at += 8 + size + size % 2
        held = n_bytes - at - 8
        if name != b"data" or (0 < size <= held and _chunks_follow(path, at + 8 + size + size % 2)):
            return Mended()
    if size > held:
        cut = f"cut short: the header says {size} bytes of sound, the file holds {held}"
        return Mended(remarks=() if size == _UNKNOWN_SIZE else (cut,))
    if not held:
        return Mended()
    with path.open("rb") as file:
        head = bytearray(file.read(at + 8))
    sizes = [min(size, _UNKNOWN_SIZE) for size in (n_bytes - 8, held)]
    head[4:8], head[at + 4 : at + 8] = (struct.pack("<I", size) for size in sizes)
    remark = f"never finished: the header says {size} bytes of sound, the file holds {held}, all of which are read"
    sound = Stretch(path=path, start=at + 8, stop=n_bytes)
    return Mended(streams=((bytes(head), sound),), remarks=(remark,))


def _chunks_follow(path: Path, at: int) -> bool:
    """Tell whether the rest of a file is chunks, or nothing, or too little to be one."""
    n_bytes = path.stat().st_size
    with path.open("rb") as file:
        while at + 8 <= n_bytes:
            file.seek(at)
            name, size = struct.unpack("<4sI", file.read(8))
            if not all(0x20 <= byte < 0x7F for byte in name) or at + 8 + size > n_bytes:
                return False
            at += 8 + size + size % 2
    return True


def _mended_mp3(path: Path, content: mmap.mmap) -> Mended:
    """Count the frames, and write a header that says how many there are where none does."""
    frames = _mpeg_frames(content, _after_id3(content))
    at, size = next(frames, (0, 0))
    if not size:
        return Mended()
    second, _ = next(frames, (0, 0))
    n_frames = 1 + (second > 0) + sum(1 for _ in frames)
    tag = max(content.find(b"Xing", at, at + size), content.find(b"Info", at, at + size))
    vbri = content.find(b"VBRI", at, at + size)
    if tag >= 0 and content[tag + 7] & 1:
        said = int.from_bytes(content[tag + 8 : tag + 12], "big")
    else:
        said = int.from_bytes(content[vbri + 14 : vbri + 18], "big") if vbri >= 0 else -1
    held = n_frames - (tag >= 0 or vbri >= 0)
    if said == held:
        return Mended()
    body = Stretch(path=path, start=second if (tag >= 0 or vbri >= 0) and second else at, stop=len(content))
    stream = (_xing_frame(content[at : at + 4], held, len(body)), body)
    if said < 0:
        return Mended(streams=(stream,))
    fewer = "cut short" if held < said else "longer than it says"
    remark = f"{fewer}: the header says {said} frames, the file holds {held}, all of which are read"
    if held < said:
        return Mended(remarks=(remark,))
    return Mended(streams=(stream,), remarks=(remark,))


def _after_id3(content: mmap.mmap) -> int:
    """Return where the tags at the beginning end."""
    at = 0
    while content[at : at + 3] == b"ID3":
        size = functools.reduce(lambda value, byte: value << 7 | byte & 0x7F, content[at + 6 : at + 10], 0)
        at += 10 + size
    return at


def _mpeg_frames(content: mmap.mmap, at: int) -> Iterator[tuple[int, int]]:
    """Give place and size of every whole frame, what lies between them passed over."""
    while 0 <= at < len(content) - 4:
        size = _mpeg_frame(content, at)
        if size is None:
            at = content.find(b"\xff", at + 1)
            continue
        if at + size <= len(content):
            yield at, size
        at += size


def _mpeg_frame(content: bytes | mmap.mmap, at: int) -> int | None:
    """Return the size of the layer III frame that begins at a place; None where none does."""
    header = content[at : at + 4]
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return None
    version, bitrate, rate = header[1] >> 3 & 3, header[2] >> 4, header[2] >> 2 & 3
    if version not in _RATES_HZ or bitrate in {0, 15} or rate == 3:
        return None
    kbps = _BITRATES_KBPS[_MPEG1 if version == _MPEG1 else _MPEG2][bitrate]
    return (144_000 if version == _MPEG1 else 72_000) * kbps // _RATES_HZ[version][rate] + (header[2] >> 1 & 1)


def _xing_frame(header: bytes, n_frames: int, n_bytes: int) -> bytes:
    """Return an empty frame that says how many follow."""
    first = bytes([header[0], header[1] | 1, 0x90 | header[2] & 0x0C, header[3]])
    size = _mpeg_frame(first, 0) or 0
    mpeg1, mono = first[1] >> 3 & 3 == _MPEG1, first[3] >> 6 == _MONO
    side = (17 if mono else 32) if mpeg1 else (9 if mono else 17)
    frame = first + bytes(side) + b"Xing" + struct.pack(">III", 3, n_frames, n_bytes + size)
    return frame.ljust(size, b"\0")


def _mended_ogg(path: Path, content: mmap.mmap) -> Mended:
    """Take the streams of a chain apart, and see whether the last one ends."""
    starts: list[int] = []
    at, flags, began = 0, 0, False
    while content[at : at + 4] == b"OggS" and at + 27 <= len(content):
        n_segments = content[at + 26]
        size = 27 + n_segments + sum(content[at + 27 : at + 27 + n_segments])
        if at + size > len(content):
            flags = 0
            break
        flags = content[at + 5]
        if flags & _OGG_BEGIN and not began:
            starts.append(at)
        began = bool(flags & _OGG_BEGIN)
        at += size
    cut = () if flags & _OGG_END else ("cut short: its Ogg stream has no end; what it holds is read",)
    if len(starts) < 2:
        return Mended(remarks=cut)
    ends = [*starts[1:], len(content)]
    return Mended(
        streams=tuple((Stretch(path=path, start=start, stop=end),) for start, end in zip(starts, ends, strict=True)),
        remarks=(f"{len(starts)} streams in one file, played one after the other", *cut),
    )


def _mended_flac(path: Path, content: mmap.mmap) -> Mended:
    """Count the samples by the last frame, and write them into the header where it says another number."""
    if len(content) < 42:
        return Mended()
    said = int.from_bytes(content[21:26], "big") & ((1 << 36) - 1)
    held = _flac_samples(content)
    if held is None or held == said:
        return Mended()
    head = bytearray(content[:42])
    head[21:26] = (int.from_bytes(content[21:26], "big") & ~((1 << 36) - 1) | held).to_bytes(5, "big")
    remark = f"its header says {said} samples, the file holds {held}, all of which are read"
    stream = (bytes(head), Stretch(path=path, start=42, stop=len(content)))
    return Mended(streams=(stream,), remarks=(remark,) if said else ())


def _flac_samples(content: mmap.mmap) -> int | None:
    """Return where the last frame ends, in samples; None if the file does not end with a whole frame."""
    end = len(content) - 128 if content[-128:-125] == b"TAG" else len(content)
    largest = int.from_bytes(content[10:12], "big")
    lowest = max(42, end - (int.from_bytes(content[15:18], "big") or 1 << 18))
    at = end
    while (at := max(content.rfind(b"\xff\xf8", lowest, at + 1), content.rfind(b"\xff\xf9", lowest, at + 1))) >= 0:
        found = _flac_frame_end(content[at:end], largest)
        if found is not None and not _crc(content[at:end], 16, 0x8005):
            return found
        at -= 1
    return None


def _flac_frame_end(frame: bytes, block_size: int) -> int | None:
    """Return where a frame ends, in samples; None if it has no valid header."""
    if len(frame) < 10:
        return None
    lead = frame[4]
    extra = 0 if lead < 0x80 else (8 - (~lead & 0xFF).bit_length()) - 1
    number = lead if extra == 0 else lead & (0x3F >> extra)
    for byte in frame[5 : 5 + extra]:
        number = number << 6 | byte & 0x3F
    at, code = 5 + extra, frame[2] >> 4
    if code in {6, 7}:
        size = int.from_bytes(frame[at : at + code - 5], "big") + 1
        at += code - 5
    else:
        size = _FLAC_BLOCK_SIZES.get(code, 0)
    at += {12: 1, 13: 2, 14: 2}.get(frame[2] & 0x0F, 0)
    if not size or _crc(frame[: at + 1], 8, 0x07):
        return None
    return (number if frame[1] & 1 else number * block_size) + size


@functools.cache
def _crc_table(bits: int, polynomial: int) -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte << (bits - 8)
        for _ in range(8):
            value = (value << 1) ^ (polynomial if value >> (bits - 1) & 1 else 0)
        table.append(value & ((1 << bits) - 1))
    return tuple(table)


def _crc(data: bytes, bits: int, polynomial: int) -> int:
    """Return the check sum of bytes; 0 over bytes that end with their own."""
    table, mask, shift, value = _crc_table(bits, polynomial), (1 << bits) - 1, bits - 8, 0
    for byte in data:
        value = (value << 8 & mask) ^ table[(value >> shift) ^ byte]
    return value
