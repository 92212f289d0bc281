"""MedleyDB: ``Audio/<track>/{<track>_METADATA.yaml, <track>_MIX.wav, <track>_STEMS/<track>_STEM_01.wav}``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rebalance._base.errors import MetadataError
from rebalance.datasets._corpus import CorpusInfo, Part, Piece, labels_for
from rebalance.datasets._folders import entered, folders
from rebalance.datasets._yaml_metadata import read_stem_metadata

INFO = CorpusInfo(
    name="MedleyDB",
    title="multitrack recordings of many styles, 122 in the first version and 74 more in the second",
    licence="CC BY-NC-SA 4.0",
    citation=(
        "R. Bittner, J. Salamon, M. Tierney, M. Mauch, C. Cannam and J. P. Bello (2014), MedleyDB: a multitrack dataset"
        " for annotation-intensive MIR research, ISMIR"
    ),
    origin="Zenodo records 1649325 and 1715175",
)


def read_pieces(root: Path) -> tuple[Piece, ...]:
    """Return the tracks; instruments are those of the metadata."""
    return read_medley_tracks(root, INFO.name)


def read_medley_tracks(root: Path, corpus: str) -> tuple[Piece, ...]:
    """Return the tracks of a corpus that is laid out and described as MedleyDB is.

    Raises
    ------
    MetadataError
        If a stem has no instrument, or is not there.
    """
    parent = entered(root, ("Audio", "MedleyDB", "V1", "V2"))
    return tuple(_piece(folder, corpus) for folder in folders(parent) if _metadata(folder).is_file())


def _metadata(folder: Path) -> Path:
    """Return where a track is described."""
    return folder / f"{folder.name}_METADATA.yaml"


def _piece(folder: Path, corpus: str) -> Piece:
    """Return the track in a folder."""
    entries = read_stem_metadata(_metadata(folder))
    where = {name: f"{_metadata(folder)}: {name}" for name in entries}
    instruments = [_instrument(entry, where[name]) for name, entry in entries.items()]
    stems = [_stem(folder, entry, where[name]) for name, entry in entries.items()]
    mixture = folder / f"{folder.name}_MIX.wav"
    parts = zip(labels_for(instruments), instruments, stems, strict=True)
    return Piece(
        corpus=corpus,
        name=folder.name,
        parts=tuple(Part(label=label, instrument=instrument, stem=stem) for label, instrument, stem in parts),
        mixture=mixture if mixture.is_file() else None,
    )


def _instrument(entry: Mapping[str, Any], where: str) -> str:
    """Return what a stem plays, as its metadata spell it."""
    instrument = entry.get("instrument")
    if not isinstance(instrument, str) or not instrument.strip():
        raise MetadataError(where=where, expected="an instrument", got=repr(instrument))
    return instrument.strip()


def _stem(folder: Path, entry: Mapping[str, Any], where: str) -> Path:
    """Return the file of a stem, which must lie in the folder of stems."""
    name = entry.get("filename")
    if not isinstance(name, str) or Path(name).name != name or "\\" in name:
        raise MetadataError(where=where, expected="the name of a stem in 'filename'", got=repr(name))
    path = folder / f"{folder.name}_STEMS" / name
    if not path.is_file():
        raise MetadataError(where=where, expected=f"a stem, missing {name}")
    return path
