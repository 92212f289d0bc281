"""Data sets of recorded and rendered ensembles as they are on disk, behind one interface."""

from __future__ import annotations

from rebalance.datasets._corpus import Corpus, CorpusInfo, NoteFile, Notes, Part, Piece
from rebalance.datasets._loaders import LOADERS, load_corpus
from rebalance.datasets._preparing import prepare_downloads
from rebalance.datasets._recorded_notes import read_notes
from rebalance.datasets._slakh_lists import WRONG_STEMS, resplit_slakh, with_programs, without_wrong_stems

__all__ = [
    "LOADERS",
    "WRONG_STEMS",
    "Corpus",
    "CorpusInfo",
    "NoteFile",
    "Notes",
    "Part",
    "Piece",
    "load_corpus",
    "prepare_downloads",
    "read_notes",
    "resplit_slakh",
    "with_programs",
    "without_wrong_stems",
]
