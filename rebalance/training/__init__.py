"""Training separators: losses, the loop, validation, export."""

from __future__ import annotations

from rebalance.training._configuration import read_recipe, read_settings
from rebalance.training._experiment import Experiment, held_out_mixers, progress_of_run, run_experiment
from rebalance.training._exporting import export_average, stamp, trained_average
from rebalance.training._targets import TargetExperiment, train_targets
from rebalance.training._tracking import held_out_figures

__all__ = [
    "Experiment",
    "TargetExperiment",
    "export_average",
    "held_out_figures",
    "held_out_mixers",
    "progress_of_run",
    "read_recipe",
    "read_settings",
    "run_experiment",
    "stamp",
    "train_targets",
    "trained_average",
]
