"""The tables of a resumable study on disk: the rows of every finished cell, and those of no other."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rebalance._base.errors import MetadataError
from rebalance._base.files import write_text

_AS_TEXT: Mapping[str, Any] = {"dtype": str, "keep_default_na": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyTables:
    """CSV files to which a study adds the rows of a cell once it is finished; rows that are there are never changed.

    Parameters
    ----------
    folder
        Of the files.
    columns
        Columns of every file, by its name. The files are written in this order: a cell is finished when the last one
        has a row of it, and rows of cells that are not are left out.
    key
        Columns that name a cell, which every file has.
    float_format
        How new numbers that are no integers are written, such as ``"%.4f"``; with all digits when None.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> from rebalance.training.studies import StudyTables
    >>> columns = {"scores.csv": ("system", "seed", "piece", "sdr_db")}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tables = StudyTables(folder=Path(folder), columns=columns, key=("system", "seed"))
    ...     tables.add(("mixture", 0), {"scores.csv": pd.DataFrame({"piece": ["haydn"], "sdr_db": [-2.5]})})
    ...     print(Path(folder, "scores.csv").read_text(), tables.finished())
    system,seed,piece,sdr_db
    mixture,0,haydn,-2.5
    {('mixture', '0')}
    """

    folder: Path
    columns: Mapping[str, tuple[str, ...]]
    key: tuple[str, ...]
    float_format: str | None = None

    def finished(self) -> set[tuple[str, ...]]:
        """Return the keys of finished cells, as texts."""
        return set(self._keys(self._text(list(self.columns)[-1])))

    def read(self) -> dict[str, pd.DataFrame]:
        """Return the rows of finished cells, by the name of the file; none where there is no file yet.

        Raises
        ------
        MetadataError
            If a file is no such table.
        """
        return {name: _parsed(table.to_csv(index=False)) for name, table in self._finished_rows().items()}

    def add(self, cell: Sequence[str | int], rows: Mapping[str, pd.DataFrame]) -> None:
        """Write the rows of a cell, each file whole or not at all.

        Parameters
        ----------
        cell
            Its key.
        rows
            By the name of the file, without the columns of the key.

        Raises
        ------
        MetadataError
            If a file is no such table.
        RebalanceError
            If the operating system refuses to write.
        """
        kept = self._finished_rows()
        for name, columns in self.columns.items():
            its = rows[name].assign(**dict(zip(self.key, cell, strict=True)))[list(columns)]
            new = _parsed(its.to_csv(index=False, float_format=self.float_format), **_AS_TEXT)
            table = pd.concat([kept[name], new], ignore_index=True)
            write_text(self.folder / name, table.to_csv(index=False, lineterminator="\n"))

    def _finished_rows(self) -> dict[str, pd.DataFrame]:
        """Return the rows of finished cells as they are written."""
        tables = {name: self._text(name) for name in self.columns}
        finished = set(self._keys(tables[list(self.columns)[-1]]))
        kept = {name: [key in finished for key in self._keys(table)] for name, table in tables.items()}
        return {name: table[np.array(kept[name], dtype=bool)] for name, table in tables.items()}

    def _text(self, name: str) -> pd.DataFrame:
        """Return a file as texts, an empty table where there is none."""
        path, columns = self.folder / name, list(self.columns[name])
        if not path.exists():
            return pd.DataFrame(columns=columns, dtype=str)
        try:
            table = _parsed(path.read_text(encoding="utf-8"), **_AS_TEXT)
        except (OSError, ValueError) as error:
            raise MetadataError(where=path, expected="the results of a study", more=f": {error}") from error
        if list(table.columns) != columns:
            raise MetadataError(where=path, expected=f"columns {', '.join(columns)}", got=", ".join(map(str, table)))
        return table

    def _keys(self, table: pd.DataFrame) -> list[tuple[str, ...]]:
        """Return the key of every row."""
        return list(zip(*(table[name] for name in self.key), strict=True))


def _parsed(text: str, **options: Any) -> pd.DataFrame:  # noqa: ANN401 - of pandas
    """Return the table in a text."""
    table: pd.DataFrame = pd.read_csv(io.StringIO(text), **options)
    return table
