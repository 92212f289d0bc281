from ._iass_figures import (
    PieceFigures as PieceFigures,
    measured_bounds as measured_bounds,
    measured_network as measured_network,
)
from ._iass_objective import IassObjective as IassObjective, pitch_roll as pitch_roll
