"""What resumable studies have in common: tables of finished cells, doing what is left, and commands."""

from __future__ import annotations

from rebalance.training.studies._study_cells import CellKey, CellRows, run_cells
from rebalance.training.studies._study_command import run_study_command, study_parser
from rebalance.training.studies._study_tables import StudyTables

__all__ = ["CellKey", "CellRows", "StudyTables", "run_cells", "run_study_command", "study_parser"]
