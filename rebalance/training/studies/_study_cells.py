"""Doing what is left of a study, cell by cell."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias, TypeVar

import pandas as pd

from rebalance.training.studies._study_tables import StudyTables

CellKey: TypeAlias = tuple[str | int, ...]
"""What names a cell: the values of the columns `StudyTables.key`."""

CellRows: TypeAlias = Mapping[str, pd.DataFrame]
"""The rows of a cell by the name of their file, without the columns of its key."""

CellT = TypeVar("CellT")

LOG = logging.getLogger(__name__)


def run_cells(
    cells: Iterable[CellT],
    measured: Callable[[CellT], CellRows],
    tables: StudyTables,
    *,
    key: Callable[[CellT], CellKey],
) -> Iterator[CellT]:
    """Do every cell that is not finished and write its rows; give it once they are written.

    The tables are read anew before every cell: another run may have added some meanwhile.

    Parameters
    ----------
    cells
        In the order they are done.
    measured
        Trains and measures a cell.
    tables
        Where the rows go.
    key
        Names a cell.

    Raises
    ------
    MetadataError
        If the results that are there are no such tables.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> from rebalance.training.studies import StudyTables, run_cells
    >>> def measured(cell):
    ...     return {"sdr.csv": pd.DataFrame({"sdr_db": [1.0]})}
    >>> cells = (("iass", 0), ("open-unmix", 0))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     columns = {"sdr.csv": ("system", "seed", "sdr_db")}
    ...     tables = StudyTables(folder=Path(folder), columns=columns, key=("system", "seed"))
    ...     first = next(run_cells(cells, measured, tables, key=tuple))
    ...     print(first, list(run_cells(cells, measured, tables, key=tuple)))
    ('iass', 0) [('open-unmix', 0)]
    """
    for cell in cells:
        names = key(cell)
        if tuple(map(str, names)) in tables.finished():
            continue
        LOG.info("cell %s", " ".join(map(str, names)))
        tables.add(names, measured(cell))
        yield cell
