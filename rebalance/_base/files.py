"""Writing files so that no reader ever meets a half-written one."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import stat
import tempfile
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

from rebalance._base.errors import RebalanceError

StrPath: TypeAlias = str | os.PathLike[str]
"""What names a file or a folder: a text or a path."""

TEMPORARY_SUFFIX = ".part"

_LOG = logging.getLogger(__name__)

_NEW_FILE = 0o666
_KEPT_OF_A_NAME = 200
_CHECKSUM_BLOCK = 1 << 20
_UMASK_LOCK = threading.Lock()


def expanded(path: StrPath) -> Path:
    """Return a path with a leading ``~`` replaced by the home folder, where that is known."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def is_hidden(path: Path, root: Path | None = None) -> bool:
    """Tell whether a name, or any folder between it and a root, begins with a dot, as macOS's ``._x`` do."""
    parts = path.relative_to(root).parts if root is not None else (path.name,)
    return any(part.startswith(".") for part in parts)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary name beside a file, renamed to it on success and removed on failure.

    A link is followed: what it points to is replaced. A file that was there keeps its permissions; a new one has those
    that the user's umask gives.

    Raises
    ------
    RebalanceError
        If the operating system refuses (disk full, no rights ...); whatever stood at `path` stays.
    """
    temporary: Path | None = None
    try:
        target = Path(os.path.realpath(path)) if path.is_symlink() else path
        target.parent.mkdir(parents=True, exist_ok=True)
        permissions = permissions_for(target)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=_temporary_prefix(target), suffix=TEMPORARY_SUFFIX)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        temporary.chmod(permissions)
        temporary.replace(target)
        _LOG.debug("%s: written", path)
    except OSError as error:
        raise RebalanceError(f"cannot write: {error.strerror or error}", where=path) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _temporary_prefix(path: Path) -> str:
    """Return the beginning of a hidden name that still fits in a folder beside a very long one."""
    kept = os.fsencode(path.name)[:_KEPT_OF_A_NAME]
    return f".{kept.decode('utf-8', errors='ignore')}."


def permissions_for(path: Path) -> int:
    """Return the permissions a file keeps when it is replaced, or those that a new one is given."""
    return stat.S_IMODE(path.stat().st_mode) if path.exists() else _NEW_FILE & ~_umask()


def _umask() -> int:
    """Return which permissions new files lack; Linux tells, elsewhere it can only be had by setting it."""
    with contextlib.suppress(OSError, ValueError, StopIteration):
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(next(line for line in status.splitlines() if line.startswith("Umask:")).split()[1], 8)
    with _UMASK_LOCK:
        mask = os.umask(0o022)
        os.umask(mask)
    return mask


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def plain_number(number: float) -> float | int:
    """Return a whole number as an int, so that JSON shows 250 and not 250.0."""
    return int(number) if float(number).is_integer() else float(number)


def write_json(path: Path, value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Write a JSON file, indented, whole or not at all; NaN is refused."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def checksum_of(path: Path) -> str:
    """Return size and CRC-32 of a file, as zip archives hold them of their members."""
    checksum = n_bytes = 0
    with path.open("rb") as file:
        while block := file.read(_CHECKSUM_BLOCK):
            checksum, n_bytes = zlib.crc32(block, checksum), n_bytes + len(block)
    return f"{n_bytes}-{checksum:08x}"
