"""One sender at a time may append to an upload."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from rebalance._base.errors import RebalanceError


class BusyError(RebalanceError):
    """Another chunk of the same upload is being written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkLocks:
    """Which uploads are being written to by this server."""

    _busy: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def holding(self, identity: str) -> Iterator[None]:
        """Hold an upload for the time of the block.

        Raises
        ------
        BusyError
            If somebody else does.
        """
        with self._lock:
            if identity in self._busy:
                raise BusyError("another chunk is on its way", where="upload")
            self._busy.add(identity)
        try:
            yield
        finally:
            with self._lock:
                self._busy.discard(identity)
