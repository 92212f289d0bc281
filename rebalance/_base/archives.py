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
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from rebalance._base.archive_directory import entries_of, find_end, with_zip64
from rebalance._base.archive_values import (
    DEFLATED,
    ENCRYPTED_FLAGS,
    IN_ZIP64_32,
    LOCAL_HEADER,
    ArchiveLimits,
    Member,
    refusal,
)
from rebalance._base.archive_vetting import vetted
from rebalance._base.errors import RebalanceError
from rebalance._base.joined_files import JoinedFile, last_spanned_part, numbered_parts, spanned_parts

_CHUNK_BYTES = 1 << 16
_SIZES_FOLLOW_FLAG = 0x0008


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
    parts = numbered_parts(path) or (last_spanned_part(path),)
    try:
        with JoinedFile(parts) as file:
            end = find_end(file, path)
        if end.n_parts > 1 and len(parts) == 1:
            parts = spanned_parts(parts[0], end.n_parts)
        with JoinedFile(parts) as file:
            end = with_zip64(find_end(file, path), file, path)
            members = vetted(entries_of(end, file, path, limits), end, path, limits)
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
        raise refusal(archive.path, member.name, f"expected at most {limit_bytes} bytes, got {member.size}")
    with open_member(archive, member) as stream:
        return stream.read()


class _MemberStream(io.RawIOBase):
    """The content of one member, unpacked as it is read and held to its declared size and checksum."""

    def __init__(self, archive: Archive, member: Member, file: JoinedFile) -> None:
        super().__init__()
        self._archive, self._member, self._file = archive, member, file
        self._position = _data_offset(archive.path, member, file)
        self._packed_left = member.packed_size
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS) if member.method == DEFLATED else None
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
        return refusal(self._archive.path, self._member.name, reason)


def _data_offset(path: Path, member: Member, file: JoinedFile) -> int:
    """Return where the data of a member start; its local header must say the same as the table of contents."""
    header = file.exactly(LOCAL_HEADER.size, member.header_offset)
    if len(header) < LOCAL_HEADER.size or not header.startswith(b"PK\x03\x04"):
        raise refusal(path, member.name, "not where the table of contents says")
    _, _, flags, method, _, _, crc32, packed, size, n_name, n_extra = LOCAL_HEADER.unpack(header)
    name = file.exactly(n_name, member.header_offset + LOCAL_HEADER.size)
    stated = ((crc32, member.crc32), (packed, member.packed_size), (size, member.size))
    unstated = (0, IN_ZIP64_32) if flags & _SIZES_FOLLOW_FLAG else (IN_ZIP64_32,)
    agrees = all(value == expected or value in unstated for value, expected in stated)
    if name != member.raw_name or method != member.method or flags & ENCRYPTED_FLAGS or not agrees:
        raise refusal(path, member.name, "its own header contradicts the table of contents")
    offset: int = member.header_offset + LOCAL_HEADER.size + n_name + n_extra
    if offset + member.packed_size > member.data_limit:
        raise refusal(path, member.name, "its data overlap another entry or lie outside the archive")
    return offset
