"""Doing what is left of a study, cell by cell."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import pandas as pd

from rebalance.training.studies._study_tables import StudyTables

CellKey: TypeAlias = tuple[str | int, ...]
"""What names a cell: the values of the columns `StudyTables.key`."""

CellRows: TypeAlias = Mapping[str, pd.DataFrame]
"""The rows of a cell by the name of their file, without the columns of its key."""

LOG = logging.getLogger(__name__)


def run_cells(todo: Mapping[CellKey, Callable[[], CellRows]], tables: StudyTables) -> Iterator[CellKey]:
    """Do every cell that is not finished and write its rows; give its key once they are written.

    The tables are read anew before every cell: another run may have added some meanwhile.

    Parameters
    ----------
    todo
        What trains and measures a cell, by its key, in the order they are done.
    tables
        Where the rows go.

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
    >>> todo = {(name,): lambda: {"sdr.csv": pd.DataFrame({"sdr_db": [1.0]})} for name in ("iass", "open-unmix")}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tables = StudyTables(folder=Path(folder), columns={"sdr.csv": ("system", "sdr_db")}, key=("system",))
    ...     first = next(run_cells(todo, tables))
    ...     print(first, list(run_cells(todo, tables)))
    ('iass',) [('open-unmix',)]
    """
    for key, measured in todo.items():
        if tuple(map(str, key)) in tables.finished():
            continue
        LOG.info("cell %s", " ".join(map(str, key)))
        tables.add(key, measured())
        yield key
