"""Files on disk under their digests: a file that has its final name is whole, and on the disk.

A file is written under a temporary name, flushed to the disk, then renamed. A database row that names a digest is
committed after that, so a crash can leave a file that no row names, never a row without its file.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from rebalance._base.errors import RebalanceError
from rebalance._base.files import TEMPORARY_SUFFIX, StrPath

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """What identifies the content of a file: its SHA-256, as 64 hexadecimal digits, and its size in bytes.

    Parameters
    ----------
    digest
        SHA-256 of the content, as 64 hexadecimal digits in small letters.
    n_bytes
        Size, from 0.

    Raises
    ------
    RebalanceError
        If the digest is no SHA-256 in small letters, or the size is negative.

    Examples
    --------
    >>> from rebalance.web.leaderboard import StoredFile
    >>> StoredFile(digest="ab" * 32, n_bytes=3).n_bytes
    3
    """

    digest: str
    n_bytes: int

    def __post_init__(self) -> None:
        if not _DIGEST.fullmatch(self.digest):
            expected = "64 hexadecimal digits in small letters"
            raise RebalanceError(where="digest", expected=expected, got=ascii(self.digest[:80]))
        if self.n_bytes < 0:
            raise RebalanceError(where="size", expected="0 bytes or more", got=f"{self.n_bytes}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStore:
    """A folder of files named by their content.

    Parameters
    ----------
    root
        The folder; made when the first file comes.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.web.leaderboard import FileStore
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = FileStore(root=Path(folder))
    ...     kept = store.add([b"scores"], max_bytes=100)
    ...     print(kept.n_bytes, kept.digest[:8], store.path_of(kept).read_bytes())
    6 a6235752 b'scores'
    """

    root: Path

    def path_of(self, file: StoredFile) -> Path:
        """Return where a file lies, or would lie: always below the root."""
        return self.root / file.digest[:2] / file.digest

    def holds(self, file: StoredFile) -> bool:
        """Tell whether a file is here; what is here is whole."""
        return self.path_of(file).is_file()

    def add(self, blocks: Iterable[bytes], *, max_bytes: int) -> StoredFile:
        """Keep a file that comes in blocks.

        Parameters
        ----------
        blocks
            Consecutive parts of the content.
        max_bytes
            The most the file may hold.

        Raises
        ------
        RebalanceError
            If it is larger than `max_bytes`, or cannot be written; nothing is left behind.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.root, suffix=TEMPORARY_SUFFIX)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as opened:
                file = _write_durably(opened, blocks, max_bytes)
            self._take_in(temporary, file)
        except OSError as error:
            raise RebalanceError(f"cannot write: {error.strerror or error}", where=self.root) from error
        finally:
            temporary.unlink(missing_ok=True)
        return file

    def adopt(self, path: StrPath, expected: StoredFile) -> None:
        """Move a file in, if it is the one expected.

        Parameters
        ----------
        path
            The file, on the same disk as the store.
        expected
            Digest and size it must have.

        Raises
        ------
        RebalanceError
            If size or digest differ; the file stays where it was.
        """
        found = describe_file(Path(path))
        if found != expected:
            raise RebalanceError(
                where="upload",
                expected=f"{expected.n_bytes} bytes with SHA-256 {expected.digest}",
                got=f"{found.n_bytes} bytes with SHA-256 {found.digest}",
            )
        self._take_in(Path(path), expected)

    def _take_in(self, path: Path, file: StoredFile) -> None:
        target = self.path_of(file)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
        for folder in (target.parent, self.root):
            flush_folder(folder)


def _write_durably(opened: BinaryIO, blocks: Iterable[bytes], max_bytes: int) -> StoredFile:
    """Write blocks until they end or are too many, and wait until they are on the disk."""
    digest, n_bytes = hashlib.sha256(), 0
    for block in blocks:
        n_bytes += len(block)
        if n_bytes > max_bytes:
            raise RebalanceError(where="file", expected=f"at most {max_bytes:,} bytes", got="more")
        opened.write(block)
        digest.update(block)
    opened.flush()
    os.fsync(opened.fileno())
    return StoredFile(digest=digest.hexdigest(), n_bytes=n_bytes)


def describe_file(path: StrPath) -> StoredFile:
    """Return digest and size of a file.

    Examples
    --------
    >>> from rebalance.web.leaderboard import describe_file
    >>> describe_file("metadata/demo/audio/valid/haydn-quartet/Cello.flac").n_bytes > 0
    True
    """
    with Path(path).open("rb") as opened:
        return describe_opened(opened)


def describe_opened(opened: BinaryIO | io.RawIOBase) -> StoredFile:
    """Return digest and size of what is left of an opened file."""
    digest = hashlib.file_digest(opened, "sha256").hexdigest()  # type: ignore[arg-type] # all it needs is readinto
    return StoredFile(digest=digest, n_bytes=opened.tell())


def flush_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk; Windows cannot be asked for this and needs no asking."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
