"""The end records and the table of contents of a zip archive.

Source: APPNOTE.TXT 6.3.10 (PKWARE), sections 4.3 to 4.5.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from rebalance._base.archive_values import IN_ZIP64_32, ArchiveLimits, End, Entry, refusal, shown
from rebalance._base.errors import RebalanceError
from rebalance._base.joined_files import JoinedFile

_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_LOCATOR64 = struct.Struct("<4sIQI")
_END64 = struct.Struct("<4sQ2H2I4Q")
_MAX_COMMENT_BYTES = 0xFFFF
_IN_ZIP64_16 = 0xFFFF
_ZIP64_EXTRA, _UNICODE_PATH_EXTRA = 0x0001, 0x7075
_UTF8_FLAG = 0x0800


def find_end(file: JoinedFile, path: Path) -> End:
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
    return End(**dict(zip(names, found[0], strict=True)))


def with_zip64(end: End, file: JoinedFile, path: Path) -> End:
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
    wide = End(
        position=record_at,
        n_parts=number + 1,
        n_members=n_members,
        directory_bytes=directory_bytes,
        directory_offset=directory_offset,
        directory_part=directory_part,
    )
    for narrow, wider, absent in (
        (end.n_members, n_members, _IN_ZIP64_16),
        (end.directory_bytes, directory_bytes, IN_ZIP64_32),
        (end.directory_offset, directory_offset, IN_ZIP64_32),
    ):
        if narrow not in (wider, absent):
            raise RebalanceError(f"its two end records contradict each other: {narrow} and {wider}", where=path)
    return _located(wide, file, path)


def _located(end: End, file: JoinedFile, path: Path) -> End:
    """Return the end with the directory's offset over all parts; the directory must reach just up to the end."""
    start = _position(file, end.directory_part, end.directory_offset, path)
    if start + end.directory_bytes != end.position:
        raise RebalanceError(
            "its table of contents is not where it is said to be, or data stand before the archive", where=path
        )
    return End(
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


def entries_of(end: End, file: JoinedFile, path: Path, limits: ArchiveLimits) -> Iterator[Entry]:
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


def _entry(table: bytes, position: int, file: JoinedFile, path: Path) -> tuple[Entry, int]:
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
    entry = Entry(
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
            raise refusal(path, raw_name, "its extra fields are damaged")
        fields[key] = extra[position - n_bytes : position]
    return fields


def _widened(
    narrow: tuple[int, int, int, int], extra: dict[int, bytes], path: Path, raw_name: bytes
) -> tuple[int, int, int, int]:
    """Return size, packed size, offset and part with the 64-bit values where the short ones stand for them."""
    wide = extra.get(_ZIP64_EXTRA, b"")
    values = []
    position = 0
    for value, absent, width in zip(narrow, (IN_ZIP64_32,) * 3 + (_IN_ZIP64_16,), (8, 8, 8, 4), strict=True):
        if value != absent:
            values.append(value)
            continue
        if position + width > len(wide):
            raise refusal(path, raw_name, "its 64-bit sizes are missing")
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
        raise refusal(path, raw_name, "its name is not UTF-8") from error
    if raw_name.isascii() and second != name:
        raise refusal(path, raw_name, f"it carries a second name, {shown(second)}")
    return second
