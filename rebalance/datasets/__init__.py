"""Data sets of recorded and rendered ensembles as they are on disk, behind one interface."""

from __future__ import annotations

from rebalance.datasets._corpus import Corpus, CorpusInfo, NoteFile, Notes, Part, Piece
from rebalance.datasets._loaders import LOADERS, load_corpus
from rebalance.datasets._preparing import prepare_downloads
from rebalance.datasets._recorded_notes import read_notes
from rebalance.datasets._slakh_lists import WRONG_STEMS, resplit_slakh, with_programs, without_wrong_stems
from rebalance.datasets._solos import (
    SOLOS_FRAME_RATE,
    SOLOS_INFO,
    Solo,
    read_skeletons,
    read_solos,
    solo_frames,
    solo_sound,
)

__all__ = [
    "LOADERS",
    "SOLOS_FRAME_RATE",
    "SOLOS_INFO",
    "WRONG_STEMS",
    "Corpus",
    "CorpusInfo",
    "NoteFile",
    "Notes",
    "Part",
    "Piece",
    "Solo",
    "load_corpus",
    "prepare_downloads",
    "read_notes",
    "read_skeletons",
    "read_solos",
    "resplit_slakh",
    "solo_frames",
    "solo_sound",
    "with_programs",
    "without_wrong_stems",
]
