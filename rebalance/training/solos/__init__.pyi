from ._piece_scores import (
    SCORE_COLUMNS as SCORE_COLUMNS,
    EnsemblePiece as EnsemblePiece,
    open_pieces as open_pieces,
    score_system as score_system,
)
from ._sight import SightNetwork as SightNetwork, sight_accuracy as sight_accuracy
from ._solo_library import (
    SoloClip as SoloClip,
    SoloLibrary as SoloLibrary,
    divided as divided,
    open_solos as open_solos,
)
from ._solo_mixing import SoloBatch as SoloBatch, SoloMixer as SoloMixer, SoloMixingSettings as SoloMixingSettings
from ._solo_objectives import (
    BinaryKind as BinaryKind,
    MultiHeadObjective as MultiHeadObjective,
    PixelsObjective as PixelsObjective,
    SightObjective as SightObjective,
    weighted_bce as weighted_bce,
)
from ._solos_systems import (
    SYSTEMS as SYSTEMS,
    UNTRAINED_SYSTEMS as UNTRAINED_SYSTEMS,
    SystemName as SystemName,
    trained_system as trained_system,
    untrained_system as untrained_system,
)
from ._solos_tables import ordering_lines as ordering_lines, sight_lines as sight_lines, system_lines as system_lines
