from ._study_cells import CellKey as CellKey, CellRows as CellRows, run_cells as run_cells
from ._study_command import run_study_command as run_study_command, study_parser as study_parser
from ._study_tables import StudyTables as StudyTables
