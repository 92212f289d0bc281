"""Training and comparing the two systems of Solos."""

from __future__ import annotations

from rebalance.training.solos._piece_scores import SCORE_COLUMNS, EnsemblePiece, open_pieces, score_system
from rebalance.training.solos._sight import SightNetwork, sight_accuracy
from rebalance.training.solos._solo_library import SoloClip, SoloLibrary, divided, open_solos
from rebalance.training.solos._solo_mixing import SoloBatch, SoloMixer, SoloMixingSettings
from rebalance.training.solos._solo_objectives import (
    BinaryKind,
    MultiHeadObjective,
    PixelsObjective,
    SightObjective,
    weighted_bce,
)
from rebalance.training.solos._solos_systems import (
    SYSTEMS,
    UNTRAINED_SYSTEMS,
    SystemName,
    trained_system,
    untrained_system,
)
from rebalance.training.solos._solos_tables import ordering_lines, sight_lines, system_lines

__all__ = [
    "SCORE_COLUMNS",
    "SYSTEMS",
    "UNTRAINED_SYSTEMS",
    "BinaryKind",
    "EnsemblePiece",
    "MultiHeadObjective",
    "PixelsObjective",
    "SightNetwork",
    "SightObjective",
    "SoloBatch",
    "SoloClip",
    "SoloLibrary",
    "SoloMixer",
    "SoloMixingSettings",
    "SystemName",
    "divided",
    "open_pieces",
    "open_solos",
    "ordering_lines",
    "score_system",
    "sight_accuracy",
    "sight_lines",
    "system_lines",
    "trained_system",
    "untrained_system",
    "weighted_bce",
]
