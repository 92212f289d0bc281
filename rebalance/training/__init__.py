"""Training separators: losses, the loop, validation, export."""

from __future__ import annotations

from rebalance.training._configuration import read_recipe, read_settings
from rebalance.training._experiment import Experiment, held_out_mixers, run_experiment
from rebalance.training._exporting import export_average, stamp, trained_average
from rebalance.training._families import best_of_family, export_family, score_families, train_family
from rebalance.training._family_settings import (
    Adaptation,
    CropSettings,
    FamilyExperiment,
    FamilySizes,
    FamilyTraining,
)
from rebalance.training._family_study import run_family_study
from rebalance.training._family_study_settings import FamilyCellKind, FamilyStudy, SoundSet
from rebalance.training._iass_networks import equal_hidden_size
from rebalance.training._iass_settings import IassData, IassExperiment, IassSystem
from rebalance.training._iass_study import IassCell, IassStudy, read_iass_results, run_iass_study
from rebalance.training._iass_training import export_iass, run_iass_experiment, trained_iass
from rebalance.training._pitch_labels import pitch_labels
from rebalance.training._refining import RefinerExperiment, run_refiner_experiment
from rebalance.training._run_state import progress_of_run
from rebalance.training._score_settings import ScoredData, ScoreExperiment
from rebalance.training._score_steps import (
    export_score_separator,
    run_score_experiment,
    trained_score_network,
)
from rebalance.training._score_study import run_score_study
from rebalance.training._score_study_settings import ScoreStudy
from rebalance.training._solos_settings import SolosStudy
from rebalance.training._solos_study import run_solos_study
from rebalance.training._study_results import StudyResults
from rebalance.training._targets import TargetExperiment, train_targets
from rebalance.training._tracker_exporting import export_tracker, stamp_tracker
from rebalance.training._tracking import held_out_figures
from rebalance.training._train_settings import TrainSettings
from rebalance.training._transcribing import TrackerExperiment, run_tracker_experiment
from rebalance.training._weight_haaqi import NO_WEIGHT, TRUE_WEIGHT, WeightFigures, WeightTrial, measured_weight

__all__ = [
    "NO_WEIGHT",
    "TRUE_WEIGHT",
    "Adaptation",
    "CropSettings",
    "Experiment",
    "FamilyCellKind",
    "FamilyExperiment",
    "FamilySizes",
    "FamilyStudy",
    "FamilyTraining",
    "IassCell",
    "IassData",
    "IassExperiment",
    "IassStudy",
    "IassSystem",
    "RefinerExperiment",
    "ScoreExperiment",
    "ScoreStudy",
    "ScoredData",
    "SolosStudy",
    "SoundSet",
    "StudyResults",
    "TargetExperiment",
    "TrackerExperiment",
    "TrainSettings",
    "WeightFigures",
    "WeightTrial",
    "best_of_family",
    "equal_hidden_size",
    "export_average",
    "export_family",
    "export_iass",
    "export_score_separator",
    "export_tracker",
    "held_out_figures",
    "held_out_mixers",
    "measured_weight",
    "pitch_labels",
    "progress_of_run",
    "read_iass_results",
    "read_recipe",
    "read_settings",
    "run_experiment",
    "run_family_study",
    "run_iass_experiment",
    "run_iass_study",
    "run_refiner_experiment",
    "run_score_experiment",
    "run_score_study",
    "run_solos_study",
    "run_tracker_experiment",
    "score_families",
    "stamp",
    "stamp_tracker",
    "train_family",
    "train_targets",
    "trained_average",
    "trained_iass",
    "trained_score_network",
]
