"""Files read as if some of their bytes were others, without holding them in memory."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The bytes of a file from one place to another."""

    path: Path
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


Splice: TypeAlias = tuple[bytes | Stretch, ...]


def opened_splice(parts: Splice) -> io.BufferedReader:
    """Open parts that follow one another as one file."""
    return io.BufferedReader(_SplicedFile(parts), buffer_size=1 << 16)


class _SplicedFile(io.RawIOBase):
    """A file to read made of bytes and of stretches of other files."""

    def __init__(self, parts: Sequence[bytes | Stretch]) -> None:
        super().__init__()
        self._parts = tuple(parts)
        self._size = sum(map(len, self._parts))
        self._at = 0
        paths = {part.path for part in self._parts if isinstance(part, Stretch)}
        self._files = {path: path.open("rb") for path in paths}

    def close(self) -> None:
        for file in self._files.values():
            file.close()
        super().close()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, origin + offset)
        return self._at

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        content = self._read_from(self._at, len(view))
        view[: len(content)] = content
        self._at += len(content)
        return len(content)

    def _read_from(self, at: int, n_bytes: int) -> bytes:
        """Return bytes from a place on, as many as the part there still has."""
        for part in self._parts:
            if at < len(part):
                if isinstance(part, bytes):
                    return part[at : at + n_bytes]
                file = self._files[part.path]
                file.seek(part.start + at)
                return file.read(min(n_bytes, len(part) - at))
            at -= len(part)
        return b""
