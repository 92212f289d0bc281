"""Public sounds on the disk, each pair made once by a process of its own.

Amplifying loads compiled code that takes as much memory as the whole server; a process that ends gives it back.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from fastapi import HTTPException

from rebalance._base.errors import AudioError
from rebalance.task import Pair, Task

SOUNDS = ("mixture", "system")

_MAKING = threading.Lock()  # a page asks for both sounds of a pair at once
_WAITING = threading.BoundedSemaphore(4)  # the threads that wait answer nothing else meanwhile


def kept_sound(kept: Path, task: Task, pair: Pair, archive: Path, sound: str) -> bytes:
    """Return a sound as Ogg Vorbis, made once: mixture and system's signal of a pair, equally loud.

    Parameters
    ----------
    kept
        Folder of the sounds of this submission and this pair.
    task, pair
        What was asked for.
    archive
        The submission.
    sound
        One of `SOUNDS`.

    Raises
    ------
    AudioError
        If there is no such sound, or it cannot be read.
    HTTPException
        If many wait for sounds already.
    """
    if sound not in SOUNDS:
        raise AudioError(where="sound", expected=f"one of {', '.join(SOUNDS)}", got=repr(sound[:40]))
    path = kept / f"{sound}.ogg"
    if not path.is_file():
        with _place_to_wait(), _MAKING:
            if not path.is_file():
                _make_elsewhere(kept, task.subset([pair]), pair, archive)
    return path.read_bytes()


@contextlib.contextmanager
def _place_to_wait() -> Iterator[None]:
    """Hold one of the few places of those who wait for a sound."""
    if not _WAITING.acquire(blocking=False):
        raise HTTPException(503, "many sounds are being made; try again", headers={"Retry-After": "10"})
    try:
        yield
    finally:
        _WAITING.release()


def _make_elsewhere(kept: Path, task: Task, pair: Pair, archive: Path) -> None:
    """Make the sounds of a pair in a process that ends with it."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as maker:
        try:
            maker.submit(_make, kept, task, pair, archive).result()
        except BrokenProcessPool as error:
            raise AudioError("the process that makes it died", where="sound") from error


def _make(kept: Path, task: Task, pair: Pair, archive: Path) -> None:
    from rebalance.web.leaderboard_pages._example_sounds import write_sounds

    write_sounds(kept, task, pair, archive)
