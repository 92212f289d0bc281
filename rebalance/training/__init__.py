"""Training separators: losses, the loop, validation, export."""

from __future__ import annotations

from rebalance.training._configuration import read_recipe, read_settings
from rebalance.training._experiment import Experiment, held_out_mixers, progress_of_run, run_experiment
from rebalance.training._exporting import export_average, stamp, trained_average
from rebalance.training._families import best_of_family, export_family, score_families, train_family
from rebalance.training._family_settings import (
    Adaptation,
    CropSettings,
    FamilyExperiment,
    FamilySizes,
    FamilyTraining,
)
from rebalance.training._pitch_labels import pitch_labels
from rebalance.training._refining import RefinerExperiment, progress_of_refiner, run_refiner_experiment
from rebalance.training._score_steps import ScoreExperiment, export_score_separator, run_score_experiment
from rebalance.training._targets import TargetExperiment, train_targets
from rebalance.training._tracker_exporting import export_tracker, stamp_tracker
from rebalance.training._tracking import held_out_figures
from rebalance.training._transcribing import TrackerExperiment, progress_of_tracker, run_tracker_experiment

__all__ = [
    "Adaptation",
    "CropSettings",
    "Experiment",
    "FamilyExperiment",
    "FamilySizes",
    "FamilyTraining",
    "RefinerExperiment",
    "ScoreExperiment",
    "TargetExperiment",
    "TrackerExperiment",
    "best_of_family",
    "export_average",
    "export_family",
    "export_score_separator",
    "export_tracker",
    "held_out_figures",
    "held_out_mixers",
    "pitch_labels",
    "progress_of_refiner",
    "progress_of_run",
    "progress_of_tracker",
    "read_recipe",
    "read_settings",
    "run_experiment",
    "run_refiner_experiment",
    "run_score_experiment",
    "run_tracker_experiment",
    "score_families",
    "stamp",
    "stamp_tracker",
    "train_family",
    "train_targets",
    "trained_average",
]
