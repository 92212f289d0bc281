"""From notes to a performance: articulation, dynamics, tempo and human deviations."""

from __future__ import annotations

from rebalance.synthesis.performance._annotations import (
    DEFAULT_QUARTER_BPM,
    DYNAMIC_LEVELS,
    Annotations,
    DynamicsInterval,
    TempoInterval,
    draw_annotations,
    mechanical_annotations,
)
from rebalance.synthesis.performance._humanising import (
    HUMANISING,
    HumaniseName,
    Humanising,
    Player,
    draw_player,
    smooth_gain_db,
)
from rebalance.synthesis.performance._performing import (
    PlayedNote,
    PlayedPart,
    Technique,
    TempoMap,
    dynamic_at,
    perform,
    tempo_map,
)

__all__ = [
    "DEFAULT_QUARTER_BPM",
    "DYNAMIC_LEVELS",
    "HUMANISING",
    "Annotations",
    "DynamicsInterval",
    "HumaniseName",
    "Humanising",
    "PlayedNote",
    "PlayedPart",
    "Player",
    "Technique",
    "TempoInterval",
    "TempoMap",
    "draw_annotations",
    "draw_player",
    "dynamic_at",
    "mechanical_annotations",
    "perform",
    "smooth_gain_db",
    "tempo_map",
]
