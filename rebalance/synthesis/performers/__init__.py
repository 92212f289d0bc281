"""Performances on video, drawn and rendered by program: stand-ins for recordings that cannot be given out."""

from __future__ import annotations

from rebalance.synthesis.performers._improvised_music import ImprovisedPart, improvise
from rebalance.synthesis.performers._pictograms import PICTURED_INSTRUMENTS, Scenery, Stage, draw_stage
from rebalance.synthesis.performers._staged_corpora import EnsemblePlan, SoloPlan, write_ensembles, write_solos

__all__ = [
    "PICTURED_INSTRUMENTS",
    "EnsemblePlan",
    "ImprovisedPart",
    "Scenery",
    "SoloPlan",
    "Stage",
    "draw_stage",
    "improvise",
    "write_ensembles",
    "write_solos",
]
