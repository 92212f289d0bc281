"""What the room holds: recordings and separations in a temporary folder that goes when the room closes."""

from __future__ import annotations

import functools
import hashlib
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded
from rebalance.assets import demo_folder
from rebalance.separation import Separator, known_instruments, load_separator
from rebalance.task import load_task
from rebalance.web.listening_room._limits import UploadLimits
from rebalance.web.listening_room._recordings import StoredRecording, store_recording
from rebalance.web.listening_room._separations import Separation

_ID_LENGTH = 20


class Library:
    """Recordings and separations by identity; one separation runs at a time.

    Use it as a context manager: at its end nothing is left on disk.

    Parameters
    ----------
    limits
        Size and duration that a recording may have.
    device
        Where networks run; see `rebalance.separation.load_separator`.

    Examples
    --------
    >>> from rebalance.web.listening_room import Library
    >>> with Library() as library:
    ...     sorted(library.demos)
    ['haydn-quartet', 'mozart-winds']
    """

    def __init__(self, *, limits: UploadLimits | None = None, device: str = "auto") -> None:
        self.limits = limits or UploadLimits()
        self._temporary = tempfile.TemporaryDirectory(prefix="rebalance-listening-", ignore_cleanup_errors=True)
        self.folder = Path(self._temporary.name)
        self._recordings: dict[str, StoredRecording] = {}
        self._separations: dict[str, Separation] = {}
        self._lock = threading.Lock()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="separation")
        self._load = functools.lru_cache(maxsize=4)(functools.partial(load_separator, device=device))
        self.demos = _demos()

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop what is running and remove all that was kept."""
        for separation in self._separations.values():
            separation.cancel()
        self._worker.shutdown(wait=True, cancel_futures=True)
        self._recordings.clear()
        self._separations.clear()
        self._temporary.cleanup()

    def add_recording(self, path: StrPath, name: str, *, instruments: Sequence[str] = ()) -> StoredRecording:
        """Check, decode and keep a file; one that is here already is not decoded again.

        Parameters
        ----------
        path
            The file.
        name
            What the page is to call it.
        instruments
            Of every player, where they are known already.

        Raises
        ------
        AudioError
            If the file cannot be used.
        ConfigError
            If an instrument is unknown.
        """
        path = expanded(path)
        players = known_instruments(instruments) if instruments else ()
        stored = store_recording(path, name, self.folder, self.limits, instruments=players)
        with self._lock:
            return self._recordings.setdefault(stored.identity, stored)

    def add_demo(self, demo: str) -> StoredRecording:
        """Keep a piece of the embedded task.

        Raises
        ------
        ConfigError
            If there is no such piece.
        """
        if demo not in self.demos:
            raise ConfigError(where=f"demo {demo!r}", expected=f"one of {', '.join(sorted(self.demos))}")
        path, instruments = self.demos[demo]
        return self.add_recording(path, f"{demo}{path.suffix}", instruments=instruments)

    def recording(self, identity: str) -> StoredRecording:
        """Return a recording.

        Raises
        ------
        KeyError
            If there is none of this identity.
        """
        return self._recordings[identity]

    def separation(self, identity: str) -> Separation:
        """Return a separation.

        Raises
        ------
        KeyError
            If there is none of this identity.
        """
        return self._separations[identity]

    def separate(self, recording: str, instruments: Sequence[str], separator: str) -> Separation:
        """Begin a separation, or return the one there is for the same request.

        Other separations of the same recording that are not at their end are stopped.

        Parameters
        ----------
        recording
            Identity of a recording that is here.
        instruments
            Of every player, repeated where one plays twice.
        separator
            A name or a path, as `rebalance.separation.load_separator` takes it.

        Raises
        ------
        ConfigError
            If an instrument is unknown or there are too many.
        KeyError
            If there is no such recording.
        """
        stored = self._recordings[recording]
        players = known_instruments(instruments)
        if len(players) > self.limits.n_players:
            raise ConfigError(expected=f"at most {self.limits.n_players} players", got=f"{len(players)}")
        request = "\n".join((recording, separator, *players))
        identity = hashlib.sha256(request.encode()).hexdigest()[:_ID_LENGTH]
        with self._lock:
            known = self._separations.get(identity)
            if known is not None and known.can_be_joined:
                return known
            for other in self._separations.values():
                if other.stored.identity == recording and other.progress.stage in ("waiting", "separating"):
                    other.cancel()
            separation = Separation(identity, stored, players, separator, self.folder)
            self._separations[identity] = separation
        self._worker.submit(separation.run, self._load_separator)
        return separation

    def _load_separator(self, name: str) -> Separator:
        return self._load(name)


def _demos() -> dict[str, tuple[Path, tuple[str, ...]]]:
    """Return file and players of every piece of the embedded task, by the name of the piece."""
    task = load_task(demo_folder(), "valid")
    return {
        segment.piece: (
            task.music_dir / str(segment.mixture.track),
            tuple(source.instrument for source in segment.sources),
        )
        for segment in task.segments.values()
    }
