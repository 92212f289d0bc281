"""From notes to a performance: articulation, dynamics, tempo and human deviations."""

from __future__ import annotations

from rebalance.synthesis.performance._annotation_modes import ANNOTATION_MODES, AnnotationMode, annotate
from rebalance.synthesis.performance._annotations import (
    DEFAULT_QUARTER_BPM,
    DYNAMIC_LEVELS,
    VELOCITIES_PER_LEVEL,
    Annotations,
    DynamicsInterval,
    TempoInterval,
    draw_annotations,
    mechanical_annotations,
)
from rebalance.synthesis.performance._articulation_shares import ARTICULATION_SHARES
from rebalance.synthesis.performance._articulations import (
    ARTICULATIONS,
    MANNERS,
    TECHNIQUES,
    Articulation,
    Manner,
    Technique,
    UntunedInstrument,
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
    TempoMap,
    dynamic_at,
    perform,
    tempo_map,
)
from rebalance.synthesis.performance._published_annotations import PublishedPart, published_annotations
from rebalance.synthesis.performance._published_draws import (
    ArticulationDrawn,
    DynamicsDrawn,
    TempoChangeDrawn,
    draw_articulations,
    draw_dynamics,
    draw_tempo_changes,
    most_intervals,
    seed_of_name,
    velocity_at,
)

__all__ = [
    "ANNOTATION_MODES",
    "ARTICULATIONS",
    "ARTICULATION_SHARES",
    "DEFAULT_QUARTER_BPM",
    "DYNAMIC_LEVELS",
    "HUMANISING",
    "MANNERS",
    "TECHNIQUES",
    "VELOCITIES_PER_LEVEL",
    "AnnotationMode",
    "Annotations",
    "Articulation",
    "ArticulationDrawn",
    "DynamicsDrawn",
    "DynamicsInterval",
    "HumaniseName",
    "Humanising",
    "Manner",
    "PlayedNote",
    "PlayedPart",
    "Player",
    "PublishedPart",
    "Technique",
    "TempoChangeDrawn",
    "TempoInterval",
    "TempoMap",
    "UntunedInstrument",
    "annotate",
    "draw_annotations",
    "draw_articulations",
    "draw_dynamics",
    "draw_player",
    "draw_tempo_changes",
    "dynamic_at",
    "mechanical_annotations",
    "most_intervals",
    "perform",
    "published_annotations",
    "seed_of_name",
    "smooth_gain_db",
    "tempo_map",
    "velocity_at",
]
