"""Scores: reading, repairing and arranging them, and the instruments that play them."""

from __future__ import annotations

from rebalance.synthesis.notation._arranging import arrange, ensemble_named, parse_ensemble
from rebalance.synthesis.notation._curated_pieces import Piece, select_pieces
from rebalance.synthesis.notation._instruments import (
    MUTED_TRUMPET_PROGRAM,
    PIZZICATO_PROGRAM,
    TREMOLO_PROGRAM,
    Family,
    Instrument,
    chair_labelled,
)
from rebalance.synthesis.notation._orchestra import (
    ORCHESTRA,
    PUBLISHED_STEMS,
    OrchestraTrack,
    is_outside_the_orchestra,
    track_named,
    track_of_program,
)
from rebalance.synthesis.notation._orchestral_repair import OrchestralScore, PartRepair, read_orchestral_score
from rebalance.synthesis.notation._repair import excerpt
from rebalance.synthesis.notation._score_reading import (
    read_corpus_score,
    read_note_table,
    read_score,
    read_score_variants,
    safe_name,
    write_note_table,
)
from rebalance.synthesis.notation._scores import MAX_MIDI_PITCH, Note, Part, Score, TempoChange

__all__ = [
    "MAX_MIDI_PITCH",
    "MUTED_TRUMPET_PROGRAM",
    "ORCHESTRA",
    "PIZZICATO_PROGRAM",
    "PUBLISHED_STEMS",
    "TREMOLO_PROGRAM",
    "Family",
    "Instrument",
    "Note",
    "OrchestraTrack",
    "OrchestralScore",
    "Part",
    "PartRepair",
    "Piece",
    "Score",
    "TempoChange",
    "arrange",
    "chair_labelled",
    "ensemble_named",
    "excerpt",
    "is_outside_the_orchestra",
    "parse_ensemble",
    "read_corpus_score",
    "read_note_table",
    "read_orchestral_score",
    "read_score",
    "read_score_variants",
    "safe_name",
    "select_pieces",
    "track_named",
    "track_of_program",
    "write_note_table",
]
