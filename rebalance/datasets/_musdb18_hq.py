"""MUSDB18-HQ: ``{train,test}/<song>/{mixture,vocals,drums,bass,other}.wav``."""

from __future__ import annotations

from pathlib import Path

from rebalance._base.errors import MetadataError
from rebalance.datasets._corpus import CorpusInfo, Part, Piece
from rebalance.datasets._folders import audio_files, entered, folders

INFO = CorpusInfo(
    name="MUSDB18-HQ",
    title="150 songs of popular music, about 10 hours, each with vocals, drums, bass and all the rest",
    licence="for education, the songs under terms of their own; see the record",
    citation=(
        "Z. Rafii, A. Liutkus, F.-R. Stöter, S. I. Mimilakis and R. Bittner (2019), MUSDB18-HQ: an uncompressed version"
        " of MUSDB18"
    ),
    origin="Zenodo record 3338373",
)

_SUBSETS = ("train", "test")
_STEMS = ("vocals", "drums", "bass", "other")


def read_pieces(root: Path) -> tuple[Piece, ...]:
    """Return the songs of both subsets."""
    parent = entered(root, ("musdb18hq", "MUSDB18-HQ"))
    subsets = [folder for folder in folders(parent) if folder.name in _SUBSETS]
    songs = [(song, subset.name) for subset in subsets for song in folders(subset) if audio_files(song, ".wav")]
    return tuple(_piece(song, subset) for song, subset in sorted(songs, key=lambda entry: entry[0].name))


def _piece(folder: Path, subset: str) -> Piece:
    """Return the song in a folder."""
    stems = {name: folder / f"{name}.wav" for name in _STEMS}
    if missing := [path.name for path in stems.values() if not path.is_file()]:
        expected = f"{', '.join(path.name for path in stems.values())}, missing {', '.join(missing)}"
        raise MetadataError(where=folder, expected=expected)
    mixture = folder / "mixture.wav"
    return Piece(
        corpus=INFO.name,
        name=folder.name,
        parts=tuple(Part(label=name.title(), instrument=name.title(), stem=path) for name, path in stems.items()),
        mixture=mixture if mixture.is_file() else None,
        subset=subset,
    )
