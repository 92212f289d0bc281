"""Writing files so that no reader ever meets a half-written one."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rebalance._base.errors import RebalanceError


def expanded(path: str | Path) -> Path:
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

    Raises
    ------
    RebalanceError
        If the operating system refuses (disk full, no rights ...); whatever stood at `path` stays.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        os.close(handle)
        temporary = Path(name)
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise RebalanceError(f"{path}: cannot write: {error.strerror or error}") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Write a JSON file, indented, whole or not at all; NaN is refused."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")
