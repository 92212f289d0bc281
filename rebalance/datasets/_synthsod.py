"""SynthSOD: ``SynthSOD_data/<song>/<Microphone>/<Instrument>.flac`` and one list of songs per subset."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from rebalance._base.errors import MetadataError
from rebalance.datasets._corpus import CorpusInfo, Part, Piece
from rebalance.datasets._folders import audio_files, entered, folders, part_named
from rebalance.task import read_json

INFO = CorpusInfo(
    name="SynthSOD",
    title="467 orchestral and chamber pieces, over 47 hours, rendered with a sampled orchestra",
    licence="see the record",
    citation=(
        "J. Garcia-Martinez, D. Diaz-Guerra, A. Politis, T. Virtanen, J. J. Carabias-Orti and P. Vera-Candeas (2024),"
        " SynthSOD: developing an heterogeneous dataset for orchestra music source separation, arXiv 2409.10995"
    ),
    origin="Zenodo record 13759492",
)

_MAIN_MICROPHONE = "Tree"
_SPELLINGS = {"coranglais": "EnglishHorn", "untunedpercussion": "UntunedPercussion"}
_LIST = re.compile(r"SynthSOD_metadata_(?P<subset>[a-z]+)\.json", flags=re.ASCII)


def read_pieces(root: Path) -> tuple[Piece, ...]:
    """Return the pieces; a stem is what the main microphones hear of it (``Tree``, a Decca tree)."""
    subsets = _subsets(root)
    parent = entered(root, ("SynthSOD_data",))
    found = (_piece(folder, subsets.get(folder.name)) for folder in folders(parent))
    return tuple(piece for piece in found if piece is not None)


def _piece(folder: Path, subset: str | None) -> Piece | None:
    """Return the piece in a folder, None where there are no stems."""
    stems = {microphone.name: _stems(microphone) for microphone in folders(folder)}
    stems = {name: parts for name, parts in stems.items() if parts}
    if not stems:
        return None
    main = stems.get(_MAIN_MICROPHONE, stems[min(stems)])
    parts = tuple(
        replace(
            part, microphones={name: parts[part.label].stem for name, parts in stems.items() if part.label in parts}
        )
        for part in main.values()
    )
    return Piece(corpus=INFO.name, name=folder.name, parts=parts, subset=subset)


def _stems(folder: Path) -> dict[str, Part]:
    return {part.label: part for part in (part_named(file, _SPELLINGS) for file in audio_files(folder, ".flac"))}


def _subsets(root: Path) -> dict[str, str]:
    """Return the subset of every song by its name, from the lists beside the data."""
    subsets: dict[str, str] = {}
    for file in sorted(root.glob("SynthSOD_metadata_*.json")):
        if match := _LIST.fullmatch(file.name):
            subsets.update(dict.fromkeys(_songs(file), match["subset"]))
    return subsets


def _songs(file: Path) -> list[str]:
    """Return the names of the songs in a list."""
    document = read_json(file)
    songs = document.get("songs") if isinstance(document, Mapping) else None
    if not isinstance(songs, Mapping):
        raise MetadataError(where=file, expected="an object 'songs'", got="none")
    names = [song.get("song_name") for song in songs.values() if isinstance(song, Mapping)]
    if len(names) != len(songs) or not all(isinstance(name, str) for name in names):
        raise MetadataError(where=file, expected="a 'song_name' for every song")
    return [str(name) for name in names]
