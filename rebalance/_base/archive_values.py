"""What is known of a zip archive: limits, lines of its table of contents, members, and why it is refused."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path

from rebalance._base.errors import RebalanceError

STORED, DEFLATED = 0, 8
LOCAL_HEADER = struct.Struct("<4s5H3I2H")
ENCRYPTED_FLAGS = 0x0001 | 0x0040 | 0x2000
IN_ZIP64_32 = 0xFFFF_FFFF
_DIRECTORY_BYTES_PER_MEMBER = 512
_MIN_DIRECTORY_BYTES = 1 << 16
_SHOWN_CHARACTERS = 100


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
class End:
    """What the end of an archive says of its table of contents; offsets count over all parts."""

    position: int
    n_parts: int
    n_members: int
    directory_bytes: int
    directory_offset: int
    directory_part: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
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


def refusal(path: Path, name: str | bytes, reason: str) -> RebalanceError:
    """Return the one line that says why an archive is refused."""
    return RebalanceError(f"member {shown(name)}: {reason}", where=path)


def shown(name: str | bytes) -> str:
    """Return a foreign name fit for a terminal."""
    text = ascii(name if isinstance(name, str) else name.decode("cp437"))
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}...'"
