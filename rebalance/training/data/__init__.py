"""What separators learn from: dry stems, rooms, and mixtures made on the fly."""

from __future__ import annotations

from rebalance.training.data._corpus_stems import write_corpus_stems
from rebalance.training.data._dry_rendering import Library, Material, prepare_material
from rebalance.training.data._mixing import Batch, Mixer, MixingSettings
from rebalance.training.data._piece_library import write_piece_library
from rebalance.training.data._plain_mixing import PlainMixer, PlainMixingSettings
from rebalance.training.data._resting import RestSettings, rest_gains, write_rested_stems
from rebalance.training.data._room_bank import open_rooms
from rebalance.training.data._stem_library import StemLibrary, open_library

__all__ = [
    "Batch",
    "Library",
    "Material",
    "Mixer",
    "MixingSettings",
    "PlainMixer",
    "PlainMixingSettings",
    "RestSettings",
    "StemLibrary",
    "open_library",
    "open_rooms",
    "prepare_material",
    "rest_gains",
    "write_corpus_stems",
    "write_piece_library",
    "write_rested_stems",
]
