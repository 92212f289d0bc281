from ._annotation_modes import (
    ANNOTATION_MODES as ANNOTATION_MODES,
    AnnotationMode as AnnotationMode,
    annotate as annotate,
)
from ._annotations import (
    DEFAULT_QUARTER_BPM as DEFAULT_QUARTER_BPM,
    DYNAMIC_LEVELS as DYNAMIC_LEVELS,
    VELOCITIES_PER_LEVEL as VELOCITIES_PER_LEVEL,
    Annotations as Annotations,
    DynamicsInterval as DynamicsInterval,
    TempoInterval as TempoInterval,
    draw_annotations as draw_annotations,
    mechanical_annotations as mechanical_annotations,
)
from ._articulation_shares import ARTICULATION_SHARES as ARTICULATION_SHARES
from ._articulations import (
    ARTICULATIONS as ARTICULATIONS,
    MANNERS as MANNERS,
    TECHNIQUES as TECHNIQUES,
    Articulation as Articulation,
    Manner as Manner,
    Technique as Technique,
    UntunedInstrument as UntunedInstrument,
)
from ._humanising import (
    EQ_FREQUENCIES_HZ as EQ_FREQUENCIES_HZ,
    HUMANISING as HUMANISING,
    HumaniseName as HumaniseName,
    Humanising as Humanising,
    Player as Player,
    draw_player as draw_player,
    smooth_gain_db as smooth_gain_db,
)
from ._performing import (
    PlayedNote as PlayedNote,
    PlayedPart as PlayedPart,
    TempoMap as TempoMap,
    dynamic_at as dynamic_at,
    perform as perform,
    tempo_map as tempo_map,
)
from ._published_annotations import PublishedPart as PublishedPart, published_annotations as published_annotations
from ._published_draws import (
    ArticulationDrawn as ArticulationDrawn,
    DynamicsDrawn as DynamicsDrawn,
    TempoChangeDrawn as TempoChangeDrawn,
    draw_articulations as draw_articulations,
    draw_dynamics as draw_dynamics,
    draw_tempo_changes as draw_tempo_changes,
    most_intervals as most_intervals,
    seed_of_name as seed_of_name,
    velocity_at as velocity_at,
)
