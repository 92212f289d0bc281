"""Data sets of recorded and rendered ensembles as they are on disk, behind one interface."""

from rebalance.corpora.corpus import Corpus, CorpusInfo, NoteFile, Notes, Part, Piece
from rebalance.corpora.notes import read_notes
from rebalance.corpora.registry import LOADERS, load_corpus

__all__ = ["LOADERS", "Corpus", "CorpusInfo", "NoteFile", "Notes", "Part", "Piece", "load_corpus", "read_notes"]
