"""What a command is asked to write, looked at before any work is done."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from rebalance._base.errors import ConfigError
from rebalance.audio import AUDIO_SUFFIXES

PAGE_SUFFIXES = (".html", ".htm")


def check_file_to_write(
    path: Path, *, inputs: Iterable[Path] = (), suffixes: Collection[str] = (), force: bool = False
) -> None:
    """Raise unless a file can be written: of a known kind, over no folder, no input and, unforced, nothing at all.

    Raises
    ------
    ConfigError
        With what is in the way.
    """
    if suffixes and path.suffix.lower() not in suffixes:
        *first, last = suffixes
        expected = f"{', '.join(first)} or {last}" if first else last
        raise ConfigError(where=path, expected=f"a name ending in {expected}", got=repr(path.suffix))
    with _asking(path):
        if path.is_dir():
            raise ConfigError(where=path, expected="the name of a file, this is a folder")
        _refuse_inputs(path, inputs)
        if os.path.lexists(path) and not force and path.is_file():
            raise ConfigError("there is such a file already; --force replaces it", where=path)
        _check_folder(path.parent)


def check_folder_to_write(
    path: Path, *, names: Iterable[str] = (), inputs: Collection[Path] = (), force: bool = False
) -> None:
    """Raise unless files of these names can be written to a folder, which need not exist yet.

    Raises
    ------
    ConfigError
        With what is in the way.
    """
    with _asking(path):
        _check_folder(path)
    for name in names:
        check_file_to_write(path / name, inputs=inputs, force=force)


def require_folder_name(path: Path) -> None:
    """Raise if the name of a folder that is to be made is that of an audio file: several files go into a folder.

    Raises
    ------
    ConfigError
        With the name.
    """
    if path.suffix.lower() in AUDIO_SUFFIXES and not path.is_dir():
        raise ConfigError(where=path, expected="the name of a folder", got="that of an audio file")


def _check_folder(folder: Path) -> None:
    """Raise unless a folder is there or can be made."""
    nearest = folder
    while not os.path.lexists(nearest) and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        raise ConfigError(where=nearest, expected=f"a folder, this is {('a file' if nearest.is_file() else 'none')}")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise ConfigError("this folder cannot be written to", where=nearest)
    if nearest != folder:
        too_long = next((part for part in folder.parts if len(os.fsencode(part)) > _longest_name(nearest)), None)
        if too_long is not None:
            raise ConfigError("a name in it is too long", where=folder)


def _longest_name(folder: Path) -> int:
    """Return how many bytes a name may have."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return os.pathconf(folder, "PC_NAME_MAX")
    return 255


def _refuse_inputs(path: Path, inputs: Iterable[Path]) -> None:
    """Raise if a file, by whatever name, is one of those that are read."""
    for read in inputs:
        if path.exists() and read.exists() and path.samefile(read):
            raise ConfigError("this is what is read; choose another name to write to", where=path)


@contextlib.contextmanager
def _asking(path: Path) -> Iterator[None]:
    """Turn what the operating system says of a name into an error of this package."""
    try:
        yield
    except OSError as error:
        raise ConfigError(f"{error.strerror or error}", where=path) from error
