"""Mixing Secrets: multitracks of a teaching library, laid out and described as MedleyDB is."""

from __future__ import annotations

from pathlib import Path

from rebalance.datasets._corpus import CorpusInfo, Piece
from rebalance.datasets._medleydb import read_medley_tracks

INFO = CorpusInfo(
    name="MixingSecrets",
    title="258 multitracks of the library beside the book 'Mixing Secrets', with the labels of MedleyDB",
    licence="for education, by the library it was collected from",
    citation=(
        "S. Gururani and A. Lerch (2017), Mixing Secrets: a multi-track dataset for instrument recognition in"
        " polyphonic music, ISMIR, late-breaking demo"
    ),
    origin="the library of the book; labels by the authors",
)


def read_pieces(root: Path) -> tuple[Piece, ...]:
    """Return the tracks; instruments are those of the metadata."""
    return read_medley_tracks(root, INFO.name)
