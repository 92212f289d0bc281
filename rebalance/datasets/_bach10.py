"""BACH10 v1.1: ``<NN>-<Name>/<NN>-<Name>-{violin,clarinet,saxphone,bassoon}.wav`` with notes. Evaluation material."""

from __future__ import annotations

import re
from pathlib import Path

from rebalance._base.errors import MetadataError
from rebalance.datasets._corpus import CorpusInfo, NoteFile, Part, Piece
from rebalance.datasets._folders import entered, folders

INFO = CorpusInfo(
    name="BACH10",
    title="ten four-part chorales by J. S. Bach, played part by part (mono, 44.1 kHz, 16 bit)",
    licence="none stated; free to download after filling in a form",
    citation=(
        "Z. Duan and B. Pardo (2011), Soundprism: an online system for score-informed source separation of music audio,"
        " IEEE Journal of Selected Topics in Signal Processing 5(6), 1205-1215"
    ),
    origin="Northwestern University, Interactive Audio Lab, Bach10 dataset v1.1",
    evaluation_material=True,
)

# File suffix (spelt as on disk), instrument, channel in the note table: soprano, alto, tenor, bass.
_PARTS = (("violin", "Violin", 1), ("clarinet", "Clarinet", 2), ("saxphone", "Sax", 3), ("bassoon", "Bassoon", 4))
_FOLDER = re.compile(r"\d\d-\w+", flags=re.ASCII)


def read_pieces(root: Path) -> tuple[Piece, ...]:
    """Return the pieces."""
    parent = entered(root, ("Bach10_v1.1", "Bach10"))
    return tuple(_piece(folder) for folder in folders(parent) if _FOLDER.fullmatch(folder.name))


def _piece(folder: Path) -> Piece:
    stems = [folder / f"{folder.name}-{suffix}.wav" for suffix, _, _ in _PARTS]
    if missing := [stem.name for stem in stems if not stem.is_file()]:
        raise MetadataError(where=folder, expected=f"four stems, missing {', '.join(missing)}")
    notes, mixture = folder / f"{folder.name}.txt", folder / f"{folder.name}.wav"
    parts = tuple(
        Part(
            label=instrument,
            instrument=instrument,
            stem=stem,
            notes=NoteFile(path=notes, format="bach10", channel=channel) if notes.is_file() else None,
        )
        for stem, (_, instrument, channel) in zip(stems, _PARTS, strict=True)
    )
    return Piece(
        corpus=INFO.name,
        name=folder.name,
        parts=parts,
        mixture=mixture if mixture.is_file() else None,
        evaluation_material=True,
    )
