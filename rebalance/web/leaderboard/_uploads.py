"""Resumable uploads: a file comes in chunks, each at a stated offset, and is kept when its digest is right.

The size of the partial file is the state of the upload. There is no second record of it, so after a crash of either
side the sender asks for the offset and goes on from there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from rebalance._base.errors import RebalanceError
from rebalance._base.files import TEMPORARY_SUFFIX
from rebalance.web.leaderboard._stored_files import FileStore, StoredFile, flush_folder

_IDENTIFIER = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file on its way in.

    One sender at a time may append: whoever serves uploads sees to that. Chunks of two senders that mix cannot be
    accepted in any case, for the digest of the whole would differ.

    Parameters
    ----------
    folder
        Where partial files lie; on the same file system as the store.
    identifier
        The name of the upload: 32 hexadecimal digits in small letters.
    expected
        Size and digest of the whole file, as its sender stated them at the start.

    Raises
    ------
    RebalanceError
        If the identifier is of another form.

    Examples
    --------
    >>> import hashlib, tempfile
    >>> from pathlib import Path
    >>> from rebalance.web.leaderboard import FileStore, StoredFile, Upload
    >>> whole = StoredFile(digest=hashlib.sha256(b"a submission").hexdigest(), n_bytes=12)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = FileStore(root=Path(folder))
    ...     upload = Upload(folder=Path(folder), identifier="0" * 32, expected=whole)
    ...     print(upload.append(0, [b"a sub"]), upload.offset, upload.append(5, [b"mission"]))
    ...     upload.finish(store)
    ...     print(store.holds(whole))
    5 5 12
    True
    """

    folder: Path
    identifier: str
    expected: StoredFile

    def __post_init__(self) -> None:
        if not _IDENTIFIER.fullmatch(self.identifier):
            expected = "32 hexadecimal digits in small letters"
            raise RebalanceError(where="upload", expected=expected, got=ascii(self.identifier[:80]))

    @property
    def offset(self) -> int:
        """How many bytes have arrived."""
        return self._partial.stat().st_size if self._partial.exists() else 0

    @property
    def _partial(self) -> Path:
        return self.folder / f"{self.identifier}{TEMPORARY_SUFFIX}"

    def append(self, offset: int, blocks: Iterable[bytes]) -> int:
        """Append a chunk, which may come in blocks, and return the new offset once it is on the disk.

        What arrived before a sender broke off is kept.

        Parameters
        ----------
        offset
            Where the chunk begins, in bytes; the end of what has arrived.
        blocks
            Consecutive parts of the chunk.

        Raises
        ------
        RebalanceError
            If the chunk does not begin where the last one ended, goes past the stated size (what fits is kept), or
            the disk refuses.
        """
        if offset != self.offset:
            raise RebalanceError(where="offset", expected=f"{self.offset}", got=f"{offset}")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._partial.open("ab") as opened:
                try:
                    self._write(opened.write, offset, blocks)
                finally:
                    opened.flush()
                    os.fsync(opened.fileno())
            flush_folder(self.folder)
        except OSError as error:
            raise RebalanceError(f"cannot write: {error.strerror or error}", where="upload") from error
        return self.offset

    def finish(self, store: FileStore) -> None:
        """Move the whole file into the store; to finish again changes nothing.

        Raises
        ------
        RebalanceError
            If bytes are missing (they can still be sent), the digest differs (the upload is emptied, to be sent
            anew), or the disk refuses (nothing is lost).
        """
        if store.holds(self.expected):
            self.discard()
            return
        if self.offset < self.expected.n_bytes:
            raise RebalanceError(where="upload", expected=f"{self.expected.n_bytes} bytes", got=f"{self.offset}")
        self._partial.touch()
        try:
            store.adopt(self._partial, self.expected)
        except RebalanceError:
            self.discard()
            raise
        except OSError as error:
            raise RebalanceError(f"cannot keep: {error.strerror or error}", where="upload") from error

    def discard(self) -> None:
        """Remove what has arrived."""
        self._partial.unlink(missing_ok=True)

    def _write(self, write: Callable[[bytes], int], offset: int, blocks: Iterable[bytes]) -> None:
        for block in blocks:
            room = self.expected.n_bytes - offset
            offset += write(block[:room])
            if len(block) > room:
                raise RebalanceError(where="upload", expected=f"{self.expected.n_bytes} bytes", got="more")
