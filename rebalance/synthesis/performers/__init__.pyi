from ._improvised_music import ImprovisedPart as ImprovisedPart, improvise as improvise
from ._pictograms import (
    PICTURED_INSTRUMENTS as PICTURED_INSTRUMENTS,
    Scenery as Scenery,
    Stage as Stage,
    draw_stage as draw_stage,
)
from ._staged_corpora import (
    EnsemblePlan as EnsemblePlan,
    SoloPlan as SoloPlan,
    write_ensembles as write_ensembles,
    write_solos as write_solos,
)
