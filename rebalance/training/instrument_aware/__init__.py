"""Instrument-aware separation: what IASS minimises, and what systems are worth on whole pieces."""

from __future__ import annotations

from rebalance.training.instrument_aware._iass_figures import PieceFigures, measured_bounds, measured_network
from rebalance.training.instrument_aware._iass_objective import IassObjective, pitch_roll

__all__ = ["IassObjective", "PieceFigures", "measured_bounds", "measured_network", "pitch_roll"]
