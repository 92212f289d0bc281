"""Scores: reading, repairing and arranging them, and the instruments that play them."""

from __future__ import annotations

from rebalance.synthesis.notation._arranging import arrange, ensemble_named, parse_ensemble
from rebalance.synthesis.notation._curated_pieces import Piece, select_pieces
from rebalance.synthesis.notation._instruments import PIZZICATO_PROGRAM, Family, Instrument, chair_labelled
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
    "PIZZICATO_PROGRAM",
    "Family",
    "Instrument",
    "Note",
    "Part",
    "Piece",
    "Score",
    "TempoChange",
    "arrange",
    "chair_labelled",
    "ensemble_named",
    "excerpt",
    "parse_ensemble",
    "read_corpus_score",
    "read_note_table",
    "read_score",
    "read_score_variants",
    "safe_name",
    "select_pieces",
    "write_note_table",
]
