"""Untrusted zip archives: vetted before a member is read, then read as streams held to what they declare.

Nothing is ever unpacked to a path taken from an archive. Everything an archive says of itself is
checked against the archive, and the first contradiction is one `RebalanceError`.

Python's ``zipfile`` would not do: of the 341 archives that `tests/_base/test_archives.py` has refused, fuzzed headers
aside, it reads 96 without a complaint (CPython 3.11.7), and it opens none that is split into ``.z01`` parts.

Source: APPNOTE.TXT 6.3.10 (PKWARE), sections 4.3 to 4.5, for the layout of records.
"""

from __future__ import annotations

import contextlib
import io
import re
import stat
import struct
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from rebalance._base.errors import RebalanceError

_STORED, _DEFLATED = 0, 8
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_LOCATOR64 = struct.Struct("<4sIQI")
_END64 = struct.Struct("<4sQ2H2I4Q")
_MAX_COMMENT_BYTES = 0xFFFF
_IN_ZIP64_16, _IN_ZIP64_32 = 0xFFFF, 0xFFFF_FFFF
_ZIP64_EXTRA, _UNICODE_PATH_EXTRA = 0x0001, 0x7075
_ENCRYPTED_FLAGS = 0x0001 | 0x0040 | 0x2000
_PATCH_FLAG, _SIZES_FOLLOW_FLAG, _UTF8_FLAG = 0x0020, 0x0008, 0x0800
_CHUNK_BYTES = 1 << 16
_DIRECTORY_BYTES_PER_MEMBER = 512
_MIN_DIRECTORY_BYTES = 1 << 16
_MAX_NAME_LENGTH = 1024
_RATIO_MATTERS_FROM_BYTES = 1 << 20
_SHOWN_CHARACTERS = 100
NUMBERED_PART = re.compile(r"(.+\.zip)\.(\d{3})", flags=re.ASCII | re.IGNORECASE)
SPANNED_PART = re.compile(r"\.z\d{2}", flags=re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveLimits:
    """How large an archive may be before it is refused.

    Parameters
    ----------
    n_members
        Number of entries, folders included.
    member_bytes, total_bytes
        Size of one member and of all together, unpacked.
    ratio
        Unpacked over packed size of a member above 1 MiB.
    """

    n_members: int = 100_000
    member_bytes: int = 1 << 34
    total_bytes: int = 1 << 40
    ratio: float = 200.0

    @property
    def directory_bytes(self) -> int:
        """Largest table of contents that is read."""
        return max(_MIN_DIRECTORY_BYTES, self.n_members * _DIRECTORY_BYTES_PER_MEMBER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A vetted file inside an archive.

    Parameters
    ----------
    name
        Relative path with forward slashes, without ``..``, links or control characters.
    size, packed_size
        In bytes, as declared; reading holds the member to them.
    crc32
        CRC-32 of the content.
    method
        0 stored, 8 deflated.
    header_offset, data_limit
        Where its local header starts, and the first byte that is no longer its own.
    raw_name
        Name as its bytes stand in the archive.
    """

    name: str
    size: int
    packed_size: int
    crc32: int
    method: int
    header_offset: int
    data_limit: int
    raw_name: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A vetted archive: its parts in order and its files in the order of the table of contents; folders left out."""

    path: Path
    parts: tuple[Path, ...]
    members: tuple[Member, ...]

    @property
    def by_name(self) -> dict[str, Member]:
        """The members by name."""
        return {member.name: member for member in self.members}


def open_archive(path: Path, limits: ArchiveLimits | None = None) -> Archive:
    """Read and vet the table of contents of an archive; no member is read yet.

    Parameters
    ----------
    path
        A zip file; or any part of one split as ``.zip.001`` ``.zip.002`` ... or as ``.z01`` ``.z02`` ... ``.zip``.
    limits
        What is too large; generous defaults.

    Raises
    ------
    RebalanceError
        If there is no such file, it is no zip archive, a part is missing, it is larger than the
        limits, or anything in it contradicts itself or could do harm when unpacked.
    """
    limits = limits or ArchiveLimits()
    parts = numbered_parts(path) or (_last_spanned_part(path),)
    try:
        with JoinedFile(parts) as file:
            end = _find_end(file, path)
        if end.n_parts > 1 and len(parts) == 1:
            parts = _spanned_parts(parts[0], end.n_parts)
        with JoinedFile(parts) as file:
            end = _with_zip64(_find_end(file, path), file, path)
            members = _vetted(_entries(end, file, path, limits), end, path, limits)
    except OSError as error:
        raise RebalanceError(f"cannot read: {error.strerror or error}", where=path) from error
    return Archive(path=path, parts=parts, members=members)


@contextlib.contextmanager
def open_member(archive: Archive, member: Member) -> Iterator[BinaryIO]:
    """Open a member as a forward-only stream for the time of the block.

    Every read raises `RebalanceError` as soon as the content contradicts what the archive declares:
    another name, a larger or smaller size, another checksum, damaged data.
    """
    try:
        with JoinedFile(archive.parts) as file, io.BufferedReader(_MemberStream(archive, member, file)) as stream:
            yield stream
    except OSError as error:
        raise RebalanceError(f"cannot read: {error.strerror or error}", where=archive.path) from error


def read_member(archive: Archive, member: Member, *, limit_bytes: int) -> bytes:
    """Return the content of a member.

    Raises
    ------
    RebalanceError
        If the member is larger than the limit, or not what the archive declares.
    """
    if member.size > limit_bytes:
        raise _refusal(archive.path, member.name, f"expected at most {limit_bytes} bytes, got {member.size}")
    with open_member(archive, member) as stream:
        return stream.read()


class JoinedFile(io.RawIOBase):
    """Several files, read as if they were one."""

    def __init__(self, paths: Sequence[Path]) -> None:
        super().__init__()
        self._files: list[BinaryIO] = []
        try:
            for path in paths:
                self._files.append(path.open("rb"))
            sizes = [file.seek(0, io.SEEK_END) for file in self._files]
        except OSError:
            self.close()
            raise
        self.starts = [sum(sizes[:index]) for index in range(len(sizes))]
        self.size = sum(sizes)
        self._position = 0

    def seekable(self) -> bool:
        """Return True: any position can be reached."""
        return True

    def readable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position counted over all files."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill a buffer from the file at the current position; 0 at the end."""
        if self._position >= self.size:
            return 0
        index = max(i for i, start in enumerate(self.starts) if start <= self._position)
        file = self._files[index]
        file.seek(self._position - self.starts[index])
        content = file.read(len(buffer))
        buffer[: len(content)] = content
        self._position += len(content)
        return len(content)

    def exactly(self, n_bytes: int, at: int) -> bytes:
        """Return bytes from a position, fewer at the end of the file."""
        self.seek(at)
        pieces = []
        while n_bytes > 0 and (piece := self.read(n_bytes)):
            pieces.append(piece)
            n_bytes -= len(piece)
        return b"".join(pieces)

    def close(self) -> None:
        """Close all files."""
        for file in self._files:
            file.close()
        super().close()


class _MemberStream(io.RawIOBase):
    """The content of one member, unpacked as it is read and held to its declared size and checksum."""

    def __init__(self, archive: Archive, member: Member, file: JoinedFile) -> None:
        super().__init__()
        self._archive, self._member, self._file = archive, member, file
        self._position = _data_offset(archive.path, member, file)
        self._packed_left = member.packed_size
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS) if member.method == _DEFLATED else None
        self._produced = 0
        self._crc32 = 0
        self._verified = False

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill a buffer; 0 at the verified end."""
        if self._verified or not len(buffer):
            return 0
        content = self._unpack(min(len(buffer), _CHUNK_BYTES))
        self._produced += len(content)
        self._crc32 = zlib.crc32(content, self._crc32)
        if not content or self._produced >= self._member.size:
            self._verify()
        buffer[: len(content)] = content
        return len(content)

    def _unpack(self, most: int) -> bytes:
        """Return some bytes of content, none at its end."""
        if self._inflater is None:
            return self._packed(most)
        try:
            while not self._inflater.eof:
                packed = self._inflater.unconsumed_tail or self._packed(_CHUNK_BYTES)
                if content := self._inflater.decompress(packed, most):
                    return content
                if not packed:
                    raise self._refused("its packed data end early")
        except zlib.error as error:
            raise self._refused("its packed data are damaged") from error
        return b""

    def _packed(self, most: int) -> bytes:
        content = self._file.exactly(min(most, self._packed_left), self._position)
        self._position += len(content)
        self._packed_left -= len(content)
        return content

    def _verify(self) -> None:
        """Raise unless the content is exactly what was declared."""
        declared = self._member.size
        if self._produced > declared or self._unpack(1):
            raise self._refused(f"declared {declared} bytes, unpacks to more")
        if self._produced < declared:
            raise self._refused(f"declared {declared} bytes, holds {self._produced}")
        if self._packed_left or (self._inflater is not None and self._inflater.unused_data):
            raise self._refused(f"declared {self._member.packed_size} packed bytes, its data end before")
        if self._crc32 != self._member.crc32:
            raise self._refused(f"expected checksum {self._member.crc32:08x}, got {self._crc32:08x}")
        self._verified = True

    def _refused(self, reason: str) -> RebalanceError:
        return _refusal(self._archive.path, self._member.name, reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """What the end of an archive says of its table of contents; offsets count over all parts."""

    position: int
    n_parts: int
    n_members: int
    directory_bytes: int
    directory_offset: int
    directory_part: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """One line of the table of contents, not vetted yet."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    crc32: int
    packed_size: int
    size: int
    mode: int
    header_offset: int


def numbered_parts(path: Path) -> tuple[Path, ...]:
    """Return the parts of ``x.zip.001``, ``x.zip.002`` ... that a path belongs to; none if it is no such part."""
    whole = path.name
    if match := NUMBERED_PART.fullmatch(path.name):
        whole = match[1]
    elif path.exists() or not path.with_name(f"{path.name}.001").exists():
        return ()
    found = {
        int(part[2]): sibling
        for sibling in path.parent.iterdir()
        if (part := NUMBERED_PART.fullmatch(sibling.name)) and part[1] == whole
    }
    for number in range(1, max(found, default=1) + 1):
        if number not in found or not found[number].is_file():
            raise RebalanceError(f"part {whole}.{number:03d} is missing", where=path)
    return tuple(found[number] for number in sorted(found) if number)


def _last_spanned_part(path: Path) -> Path:
    """Return the ``.zip`` that holds the table of contents."""
    last = path.with_suffix(".zip") if SPANNED_PART.fullmatch(path.suffix) else path
    if not last.is_file():
        raise RebalanceError(
            where=last, expected="a zip archive", found="a folder" if last.is_dir() else "no such file"
        )
    return last


def _spanned_parts(last: Path, n_parts: int) -> tuple[Path, ...]:
    """Return ``x.z01``, ``x.z02`` ... ``x.zip``."""
    if n_parts > 99:  # .z99 is the last name there is
        raise RebalanceError(where=last, expected=f"at most 99 parts, it declares {n_parts}")
    parts = [last.with_suffix(f".z{number:02d}") for number in range(1, n_parts)]
    if missing := [part.name for part in parts if not part.is_file()]:
        raise RebalanceError(f"part {missing[0]} is missing", where=last)
    return (*parts, last)


def _find_end(file: JoinedFile, path: Path) -> _End:
    """Find the one record that ends exactly where the file does."""
    tail_start = max(0, file.size - _END.size - _MAX_COMMENT_BYTES)
    tail = file.exactly(file.size - tail_start, tail_start)
    found = []
    position = tail.find(b"PK\x05\x06")
    while position >= 0:
        if position + _END.size <= len(tail):
            _, part, directory_part, _, n_members, n_bytes, offset, comment = _END.unpack_from(tail, position)
            if position + _END.size + comment == len(tail):
                found.append((position + tail_start, part + 1, n_members, n_bytes, offset, directory_part))
        position = tail.find(b"PK\x05\x06", position + 1)
    if not found:
        raise RebalanceError("not a whole zip archive: no end record where the file ends", where=path)
    if len(found) > 1:
        raise RebalanceError(f"ambiguous: {len(found)} end records fit the end of the file", where=path)
    names = ("position", "n_parts", "n_members", "directory_bytes", "directory_offset", "directory_part")
    return _End(**dict(zip(names, found[0], strict=True)))


def _with_zip64(end: _End, file: JoinedFile, path: Path) -> _End:
    """Return the end with the values of the 64-bit record where there is one, both held against each other."""
    locator_at = end.position - _LOCATOR64.size
    locator = file.exactly(_LOCATOR64.size, locator_at) if locator_at >= 0 else b""
    if not locator.startswith(b"PK\x06\x07"):
        return _located(end, file, path)
    _, part, offset, _ = _LOCATOR64.unpack(locator)
    record_at = _position(file, part, offset, path)
    record = file.exactly(_END64.size, record_at)
    if len(record) < _END64.size or not record.startswith(b"PK\x06\x06"):
        raise RebalanceError("its 64-bit end record is not where it is said to be", where=path)
    _, n_bytes, _, _, number, directory_part, _, n_members, directory_bytes, directory_offset = _END64.unpack(record)
    if record_at + 12 + n_bytes != locator_at:
        raise RebalanceError("its 64-bit end record does not end where its locator starts", where=path)
    wide = _End(
        position=record_at,
        n_parts=number + 1,
        n_members=n_members,
        directory_bytes=directory_bytes,
        directory_offset=directory_offset,
        directory_part=directory_part,
    )
    for narrow, wider, absent in (
        (end.n_members, n_members, _IN_ZIP64_16),
        (end.directory_bytes, directory_bytes, _IN_ZIP64_32),
        (end.directory_offset, directory_offset, _IN_ZIP64_32),
    ):
        if narrow not in (wider, absent):
            raise RebalanceError(f"its two end records contradict each other: {narrow} and {wider}", where=path)
    return _located(wide, file, path)


def _located(end: _End, file: JoinedFile, path: Path) -> _End:
    """Return the end with the directory's offset over all parts; the directory must reach just up to the end."""
    start = _position(file, end.directory_part, end.directory_offset, path)
    if start + end.directory_bytes != end.position:
        raise RebalanceError(
            "its table of contents is not where it is said to be, or data stand before the archive", where=path
        )
    return _End(
        position=end.position,
        n_parts=end.n_parts,
        n_members=end.n_members,
        directory_bytes=end.directory_bytes,
        directory_offset=start,
        directory_part=end.directory_part,
    )


def _position(file: JoinedFile, part: int, offset: int, path: Path) -> int:
    """Return an offset within a part as an offset over all parts."""
    if part >= len(file.starts):
        raise RebalanceError(f"it names part {part + 1}, there are {len(file.starts)}", where=path)
    return file.starts[part] + offset


def _entries(end: _End, file: JoinedFile, path: Path, limits: ArchiveLimits) -> Iterator[_Entry]:
    """Read the table of contents line by line."""
    if end.n_members > limits.n_members:
        raise RebalanceError(where=path, expected=f"at most {limits.n_members} entries, it declares {end.n_members}")
    if end.directory_bytes > limits.directory_bytes:
        raise RebalanceError(
            where=path,
            expected=(
                f"a table of contents of at most {limits.directory_bytes} bytes, it declares {end.directory_bytes}"
            ),
        )
    table = file.exactly(end.directory_bytes, end.directory_offset)
    position = n_read = 0
    while position < len(table):
        entry, position = _entry(table, position, file, path)
        n_read += 1
        if n_read > end.n_members:
            break
        yield entry
    if n_read != end.n_members or position != end.directory_bytes:
        raise RebalanceError(
            f"it declares {end.n_members} entries, its table of contents holds another number", where=path
        )


def _entry(table: bytes, position: int, file: JoinedFile, path: Path) -> tuple[_Entry, int]:
    """Read one line of the table of contents; return it and where the next one starts."""
    if len(table) - position < _CENTRAL.size or not table.startswith(b"PK\x01\x02", position):
        raise RebalanceError(f"its table of contents is damaged at byte {position}", where=path)
    fields = _CENTRAL.unpack_from(table, position)
    _, _, _, flags, method, _, _, crc32, packed, size, n_name, n_extra, n_comment, part, _, attributes, offset = fields
    name_at = position + _CENTRAL.size
    extra_at = name_at + n_name
    following = extra_at + n_extra + n_comment
    if following > len(table):
        raise RebalanceError(f"its table of contents is damaged at byte {position}", where=path)
    raw_name = table[name_at:extra_at]
    extra = _extra_fields(table[extra_at : extra_at + n_extra], path, raw_name)
    size, packed, offset, part = _widened((size, packed, offset, part), extra, path, raw_name)
    entry = _Entry(
        name=_decoded(raw_name, flags, extra, path),
        raw_name=raw_name,
        flags=flags,
        method=method,
        crc32=crc32,
        packed_size=packed,
        size=size,
        mode=attributes >> 16,
        header_offset=_position(file, part, offset, path),
    )
    return entry, following


def _extra_fields(extra: bytes, path: Path, raw_name: bytes) -> dict[int, bytes]:
    """Split the extra fields of an entry; none may stand twice."""
    fields: dict[int, bytes] = {}
    position = 0
    while position + 4 <= len(extra):
        key, n_bytes = struct.unpack_from("<2H", extra, position)
        position += 4 + n_bytes
        if position > len(extra) or (key in fields and key in (_ZIP64_EXTRA, _UNICODE_PATH_EXTRA)):
            raise _refusal(path, raw_name, "its extra fields are damaged")
        fields[key] = extra[position - n_bytes : position]
    return fields


def _widened(
    narrow: tuple[int, int, int, int], extra: dict[int, bytes], path: Path, raw_name: bytes
) -> tuple[int, int, int, int]:
    """Return size, packed size, offset and part with the 64-bit values where the short ones stand for them."""
    wide = extra.get(_ZIP64_EXTRA, b"")
    values = []
    position = 0
    for value, absent, width in zip(narrow, (_IN_ZIP64_32,) * 3 + (_IN_ZIP64_16,), (8, 8, 8, 4), strict=True):
        if value != absent:
            values.append(value)
            continue
        if position + width > len(wide):
            raise _refusal(path, raw_name, "its 64-bit sizes are missing")
        values.append(int.from_bytes(wide[position : position + width], "little"))
        position += width
    size, packed, offset, part = values
    return size, packed, offset, part


def _decoded(raw_name: bytes, flags: int, extra: dict[int, bytes], path: Path) -> str:
    """Return the one name of an entry."""
    try:
        name = raw_name.decode("utf-8" if flags & _UTF8_FLAG else "cp437")
        if (unicode_path := extra.get(_UNICODE_PATH_EXTRA)) is None:
            return name
        second = unicode_path[5:].decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refusal(path, raw_name, "its name is not UTF-8") from error
    if raw_name.isascii() and second != name:
        raise _refusal(path, raw_name, f"it carries a second name, {_shown(second)}")
    return second


def _vetted(entries: Iterator[_Entry], end: _End, path: Path, limits: ArchiveLimits) -> tuple[Member, ...]:
    """Return the files among the entries, or raise at the first that could do harm."""
    kept: list[_Entry] = []
    spellings: dict[str, str] = {}
    total = 0
    for entry in entries:
        _require_harmless(entry, path, limits)
        _require_new(entry.name, spellings, path)
        total += entry.size
        if total > limits.total_bytes:
            raise RebalanceError(where=path, expected=f"at most {limits.total_bytes} bytes unpacked, it declares more")
        kept.append(entry)
    _require_no_file_as_folder(kept, path)
    limit_of = _data_limits(kept, end, path)
    return tuple(
        Member(
            name=entry.name,
            size=entry.size,
            packed_size=entry.packed_size,
            crc32=entry.crc32,
            method=entry.method,
            header_offset=entry.header_offset,
            data_limit=limit_of[entry.header_offset],
            raw_name=entry.raw_name,
        )
        for entry in kept
        if not entry.name.endswith("/")
    )


def _require_harmless(entry: _Entry, path: Path, limits: ArchiveLimits) -> None:
    """Raise unless an entry taken alone is a plain, readable file or folder of sane size."""
    if reason := _bad_name(entry.name):
        raise _refusal(path, entry.name, reason)
    if stat.S_IFMT(entry.mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refusal(path, entry.name, "a link or device; expected a plain file")
    if entry.flags & _ENCRYPTED_FLAGS:
        raise _refusal(path, entry.name, "encrypted")
    if entry.method not in (_STORED, _DEFLATED) or entry.flags & _PATCH_FLAG:
        raise _refusal(path, entry.name, f"expected it stored or deflated, got compression method {entry.method}")
    if entry.method == _STORED and entry.size != entry.packed_size:
        raise _refusal(path, entry.name, f"stored, but declares {entry.size} bytes for {entry.packed_size}")
    if entry.name.endswith("/") and entry.size:
        raise _refusal(path, entry.name, "a folder that holds data")
    if entry.size > limits.member_bytes:
        raise _refusal(path, entry.name, f"expected at most {limits.member_bytes} bytes, it declares {entry.size}")
    if entry.size > max(_RATIO_MATTERS_FROM_BYTES, limits.ratio * entry.packed_size):
        raise _refusal(
            path, entry.name, f"expands more than {limits.ratio:g} times, {entry.packed_size} to {entry.size} bytes"
        )


def _bad_name(name: str) -> str:
    """Return why a name is not a plain relative path, empty if it is."""
    parts = name.removesuffix("/").split("/")
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in name):
        return "control characters in its name"
    if name.startswith("/") or "\\" in name or ":" in name:
        return "an absolute name, or one with a backslash or colon"
    if ".." in parts:
        return "its name leads out of the folder"
    if not all(part.strip(". ") for part in parts):
        return "a part of its name is empty"
    return f"a name of {len(name)} characters" if len(name) > _MAX_NAME_LENGTH else ""


def _require_new(name: str, spellings: dict[str, str], path: Path) -> None:
    """Raise if a name stands for a file that another entry stands for too."""
    n_before = len(spellings)
    other = spellings.setdefault(_spelling(name), name)
    if len(spellings) == n_before:
        what = "listed twice" if other == name else f"collides with {_shown(other)} on some file systems"
        raise _refusal(path, name, what)


def _spelling(name: str) -> str:
    """Return what two names share when some file system takes them for one: case, composition, final dots."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "/".join(part.rstrip(". ") for part in folded.removesuffix("/").split("/"))


def _require_no_file_as_folder(entries: Sequence[_Entry], path: Path) -> None:
    """Raise if a file also is the folder of another."""
    files = {_spelling(entry.name) for entry in entries if not entry.name.endswith("/")}
    for entry in entries:
        parent = _spelling(entry.name).rpartition("/")[0]
        while parent:
            if parent in files:
                raise _refusal(path, entry.name, "its folder is a file of the archive")
            parent = parent.rpartition("/")[0]


def _data_limits(entries: Sequence[_Entry], end: _End, path: Path) -> dict[int, int]:
    """Return the first byte beyond every entry by its offset; entries that overlap are refused."""
    ordered = sorted(entries, key=lambda entry: entry.header_offset)
    starts = [*(entry.header_offset for entry in ordered[1:]), end.directory_offset]
    for entry, following in zip(ordered, starts, strict=False):
        if entry.header_offset + _LOCAL.size + len(entry.raw_name) + entry.packed_size > following:
            raise _refusal(path, entry.name, "its data overlap another entry or lie outside the archive")
    return {entry.header_offset: following for entry, following in zip(ordered, starts, strict=False)}


def _data_offset(path: Path, member: Member, file: JoinedFile) -> int:
    """Return where the data of a member start; its local header must say the same as the table of contents."""
    header = file.exactly(_LOCAL.size, member.header_offset)
    if len(header) < _LOCAL.size or not header.startswith(b"PK\x03\x04"):
        raise _refusal(path, member.name, "not where the table of contents says")
    _, _, flags, method, _, _, crc32, packed, size, n_name, n_extra = _LOCAL.unpack(header)
    name = file.exactly(n_name, member.header_offset + _LOCAL.size)
    stated = ((crc32, member.crc32), (packed, member.packed_size), (size, member.size))
    unstated = (0, _IN_ZIP64_32) if flags & _SIZES_FOLLOW_FLAG else (_IN_ZIP64_32,)
    agrees = all(value == expected or value in unstated for value, expected in stated)
    if name != member.raw_name or method != member.method or flags & _ENCRYPTED_FLAGS or not agrees:
        raise _refusal(path, member.name, "its own header contradicts the table of contents")
    offset: int = member.header_offset + _LOCAL.size + n_name + n_extra
    if offset + member.packed_size > member.data_limit:
        raise _refusal(path, member.name, "its data overlap another entry or lie outside the archive")
    return offset


def _refusal(path: Path, name: str | bytes, reason: str) -> RebalanceError:
    """Return the one line that says why an archive is refused."""
    return RebalanceError(f"member {_shown(name)}: {reason}", where=path)


def _shown(name: str | bytes) -> str:
    """Return a foreign name fit for a terminal."""
    text = ascii(name if isinstance(name, str) else name.decode("cp437"))
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}...'"
