"""What a study of learning from scores has found so far, as tables on disk."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from rebalance._base.errors import MetadataError
from rebalance._base.files import StrPath, expanded, write_text


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyResults:
    """What a study has found so far, of finished cells.

    Parameters
    ----------
    cells
        ``row``, ``seed``, ``settings`` (see `rebalance.training.ScoreStudy`), ``start``, ``steps``, ``seconds``.
    separation
        ``row``, ``seed``, ``track``, ``instrument``, ``clips``, ``si_sdr_db`` (mean over the clips).
    notes
        ``row``, ``seed``, ``heard``, ``track``, ``instrument``, ``right``, ``false``, ``missed``, ``intruding``.

    Examples
    --------
    >>> from rebalance.training import StudyResults
    >>> StudyResults.read("not-begun").cells.empty
    True
    """

    cells: pd.DataFrame
    separation: pd.DataFrame
    notes: pd.DataFrame

    @classmethod
    def read(cls, folder: StrPath) -> StudyResults:
        """Read the results in a folder; what belongs to no finished cell is left out.

        Raises
        ------
        MetadataError
            If a file is no such table.
        """
        cells, separation, notes = (_table(expanded(folder) / f"{name}.csv", COLUMNS[name]) for name in COLUMNS)
        done = set(zip(cells["row"], cells["seed"], strict=True))
        return cls(cells=cells, separation=_of(separation, done), notes=_of(notes, done))

    def with_cell(self, cell: pd.DataFrame, separation: pd.DataFrame, notes: pd.DataFrame) -> StudyResults:
        """Return the results with those of one more cell.

        Parameters
        ----------
        cell
            One row: what was trained, and for how long.
        separation
            Its SI-SDR by track and instrument.
        notes
            Its counts of notes by track and instrument.
        """
        return StudyResults(
            cells=_joined(self.cells, cell),
            separation=_joined(self.separation, separation),
            notes=_joined(self.notes, notes),
        )

    def write(self, folder: StrPath) -> None:
        """Write the results, the list of finished cells last."""
        for name in reversed(tuple(COLUMNS)):
            table: pd.DataFrame = getattr(self, name)
            write_text(expanded(folder) / f"{name}.csv", table.to_csv(index=False, lineterminator="\n"))


COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "cells": ("row", "seed", "settings", "start", "steps", "seconds"),
        "separation": ("row", "seed", "track", "instrument", "clips", "si_sdr_db"),
        "notes": ("row", "seed", "heard", "track", "instrument", "right", "false", "missed", "intruding"),
    }
)


def _table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read a table of results, an empty one where there is none."""
    if not path.exists():
        return pd.DataFrame(columns=list(columns))
    try:
        table = pd.read_csv(io.StringIO(path.read_text(encoding="utf-8")), keep_default_na=False)
    except (OSError, ValueError) as error:
        raise MetadataError(f"cannot read the results: {error}", where=path) from error
    if list(table.columns) != list(columns):
        raise MetadataError(where=path, expected=f"columns {', '.join(columns)}", got=", ".join(table.columns))
    return table


def _of(table: pd.DataFrame, done: set[tuple[str, int]]) -> pd.DataFrame:
    """Return the lines of finished cells."""
    kept = np.array([cell in done for cell in zip(table["row"], table["seed"], strict=True)], dtype=bool)
    return table[kept].reset_index(drop=True)


def _joined(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Return two tables one below the other."""
    filled = [table for table in (first, second) if not table.empty]
    return pd.concat(filled, ignore_index=True) if filled else first
