"""Decoded frames and sounds that are too large for memory, kept in files and read where they are needed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rebalance._base.files import replacing


def kept_rows(folder: Path | None, file: Path, name: str, n_rows: int, rows: Iterator[NDArray[Any]]) -> NDArray[Any]:
    """Return rows of one shape as an array: in memory without a folder, else in a file that is mapped into memory.

    The rows are not made again where the file is there: its name tells what was decoded, the size and date of that, and
    `name`.
    """
    if folder is None:
        return np.stack(list(rows))
    facts = file.stat()
    path = folder / f"{file.parent.name}-{file.stem}-{facts.st_size}-{facts.st_mtime_ns}-{name}.npy"
    if not path.exists():
        first = next(rows)
        with replacing(path) as temporary:
            array = np.lib.format.open_memmap(temporary, mode="w+", dtype=first.dtype, shape=(n_rows, *first.shape))
            for place, row in enumerate(itertools.chain([first], rows)):
                array[place] = row
            array.flush()
    kept: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return kept
