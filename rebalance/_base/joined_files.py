"""Several files read as one, and the names of the parts of a split archive."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from rebalance._base.errors import RebalanceError

NUMBERED_PART = re.compile(r"(.+\.zip)\.(\d{3})", flags=re.ASCII | re.IGNORECASE)
SPANNED_PART = re.compile(r"\.z\d{2}", flags=re.ASCII | re.IGNORECASE)


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


def last_spanned_part(path: Path) -> Path:
    """Return the ``.zip`` that holds the table of contents."""
    last = path.with_suffix(".zip") if SPANNED_PART.fullmatch(path.suffix) else path
    if not last.is_file():
        raise RebalanceError(
            where=last, expected="a zip archive", found="a folder" if last.is_dir() else "no such file"
        )
    return last


def spanned_parts(last: Path, n_parts: int) -> tuple[Path, ...]:
    """Return ``x.z01``, ``x.z02`` ... ``x.zip``."""
    if n_parts > 99:  # .z99 is the last name there is
        raise RebalanceError(where=last, expected=f"at most 99 parts, it declares {n_parts}")
    parts = [last.with_suffix(f".z{number:02d}") for number in range(1, n_parts)]
    if missing := [part.name for part in parts if not part.is_file()]:
        raise RebalanceError(f"part {missing[0]} is missing", where=last)
    return (*parts, last)
