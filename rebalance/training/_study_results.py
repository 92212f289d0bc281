"""What a study of learning from scores has found so far, as tables on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd

from rebalance._base.files import StrPath, expanded
from rebalance.training.studies import StudyTables

SEPARATION, NOTES, CELLS = "separation.csv", "notes.csv", "cells.csv"
_KEY = ("row", "seed")
COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        NOTES: (*_KEY, "heard", "track", "instrument", "right", "false", "missed", "intruding"),
        SEPARATION: (*_KEY, "track", "instrument", "clips", "si_sdr_db"),
        CELLS: (*_KEY, "settings", "start", "steps", "seconds"),
    }
)


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
        tables = score_tables(folder).read()
        return cls(cells=tables[CELLS], separation=tables[SEPARATION], notes=tables[NOTES])


def score_tables(folder: StrPath) -> StudyTables:
    """Return the tables of a study in a folder."""
    return StudyTables(folder=expanded(folder), columns=COLUMNS, key=_KEY)
