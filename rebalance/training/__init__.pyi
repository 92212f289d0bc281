from ._configuration import read_recipe as read_recipe, read_settings as read_settings
from ._ear_distance import EarBank as EarBank, ear_distance as ear_distance
from ._experiment import Experiment as Experiment, held_out_mixers as held_out_mixers, run_experiment as run_experiment
from ._exporting import export_average as export_average, stamp as stamp, trained_average as trained_average
from ._families import (
    best_of_family as best_of_family,
    export_family as export_family,
    score_families as score_families,
    train_family as train_family,
)
from ._family_settings import (
    Adaptation as Adaptation,
    CropSettings as CropSettings,
    FamilyExperiment as FamilyExperiment,
    FamilySizes as FamilySizes,
    FamilyTraining as FamilyTraining,
)
from ._family_study import run_family_study as run_family_study
from ._family_study_settings import FamilyCellKind as FamilyCellKind, FamilyStudy as FamilyStudy, SoundSet as SoundSet
from ._haaqi_gain import haaqi_gain as haaqi_gain
from ._iass_networks import equal_hidden_size as equal_hidden_size
from ._iass_settings import IassData as IassData, IassExperiment as IassExperiment, IassSystem as IassSystem
from ._iass_study import (
    IassCell as IassCell,
    IassStudy as IassStudy,
    read_iass_results as read_iass_results,
    run_iass_study as run_iass_study,
)
from ._iass_training import (
    export_iass as export_iass,
    run_iass_experiment as run_iass_experiment,
    trained_iass as trained_iass,
)
from ._pitch_labels import pitch_labels as pitch_labels, source_pitches as source_pitches
from ._refining import RefinerExperiment as RefinerExperiment, run_refiner_experiment as run_refiner_experiment
from ._run_state import progress_of_run as progress_of_run
from ._score_settings import ScoredData as ScoredData, ScoreExperiment as ScoreExperiment
from ._score_steps import (
    export_score_separator as export_score_separator,
    run_score_experiment as run_score_experiment,
    trained_score_network as trained_score_network,
)
from ._score_study import run_score_study as run_score_study
from ._score_study_settings import ScoreStudy as ScoreStudy
from ._solos_settings import SolosStudy as SolosStudy
from ._solos_study import run_solos_study as run_solos_study
from ._study_results import StudyResults as StudyResults
from ._targets import TargetExperiment as TargetExperiment, train_targets as train_targets
from ._tracker_exporting import export_tracker as export_tracker, stamp_tracker as stamp_tracker
from ._tracking import held_out_figures as held_out_figures
from ._train_settings import TrainSettings as TrainSettings
from ._transcribing import TrackerExperiment as TrackerExperiment, run_tracker_experiment as run_tracker_experiment
from ._true_spectra import TrueSpectra as TrueSpectra
from ._weight_haaqi import (
    NO_WEIGHT as NO_WEIGHT,
    TRUE_WEIGHT as TRUE_WEIGHT,
    WeightFigures as WeightFigures,
    WeightTrial as WeightTrial,
    measured_weight as measured_weight,
)
