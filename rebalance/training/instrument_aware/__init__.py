"""Instrument-aware separation: what IASS minimises, its training, and the study that compares it."""

from __future__ import annotations

from rebalance.training.instrument_aware._iass_figures import PieceFigures, measured_bounds, measured_network
from rebalance.training.instrument_aware._iass_objective import IassObjective, pitch_roll
from rebalance.training.instrument_aware._iass_study import IassCell, IassStudy, read_iass_results, run_iass_study
from rebalance.training.instrument_aware._iass_training import (
    IassData,
    IassExperiment,
    IassSystem,
    equal_hidden_size,
    export_iass,
    run_iass_experiment,
    trained_network,
)
from rebalance.training.instrument_aware._weight_haaqi import (
    NO_WEIGHT,
    TRUE_WEIGHT,
    WeightFigures,
    WeightTrial,
    measured_weight,
)

__all__ = [
    "NO_WEIGHT",
    "TRUE_WEIGHT",
    "IassCell",
    "IassData",
    "IassExperiment",
    "IassObjective",
    "IassStudy",
    "IassSystem",
    "PieceFigures",
    "WeightFigures",
    "WeightTrial",
    "equal_hidden_size",
    "export_iass",
    "measured_bounds",
    "measured_network",
    "measured_weight",
    "pitch_roll",
    "read_iass_results",
    "run_iass_experiment",
    "run_iass_study",
    "trained_network",
]
