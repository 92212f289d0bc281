"""SynthSOD: ``SynthSOD_data/<song>/<Microphone>/<Instrument>.flac`` and one list of songs per subset."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
    listed = _listed(root)
    parent = entered(root, ("SynthSOD_data",))
    found = (_piece(folder, listed.get(folder.name, _NOT_LISTED)) for folder in folders(parent))
    return tuple(piece for piece in found if piece is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """What the lists say of a song: its subset, and the names of its stems, which the published lists do not have."""

    subset: str | None = None
    stems: tuple[str, ...] = ()


_NOT_LISTED = _Listed()


def _piece(folder: Path, listed: _Listed) -> Piece | None:
    """Return the piece in a folder, None where there are no stems."""
    for microphone in folders(folder):
        _require_stems(microphone, listed.stems)
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
    return Piece(corpus=INFO.name, name=folder.name, parts=parts, subset=listed.subset)


def _stems(folder: Path) -> dict[str, Part]:
    return {part.label: part for part in (part_named(file, _SPELLINGS) for file in audio_files(folder, ".flac"))}


def _require_stems(folder: Path, names: Sequence[str]) -> None:
    """Raise if a stem of a list has no file: a missing stem is no silence."""
    if missing := sorted(name for name in names if not (folder / f"{name}.flac").is_file()):
        raise MetadataError(where=folder, expected="every stem of its list", found=f"no {', '.join(missing)}")


def _listed(root: Path) -> dict[str, _Listed]:
    """Return what the lists beside the data say of every song, by its name."""
    return {
        name: _Listed(subset=match["subset"], stems=stems)
        for file in sorted(root.glob("SynthSOD_metadata_*.json"))
        if (match := _LIST.fullmatch(file.name))
        for name, stems in _songs(file)
    }


def _songs(file: Path) -> list[tuple[str, tuple[str, ...]]]:
    """Return the songs in a list, each with the names of its stems where it has them."""
    document = read_json(file)
    songs = document.get("songs") if isinstance(document, Mapping) else None
    if not isinstance(songs, Mapping):
        raise MetadataError(where=file, expected="an object 'songs'", got="none")
    rows = [song for song in songs.values() if isinstance(song, Mapping)]
    if len(rows) != len(songs) or not all(isinstance(song.get("song_name"), str) for song in rows):
        raise MetadataError(where=file, expected="a 'song_name' for every song")
    return [(str(song["song_name"]), _stem_names(song, file)) for song in rows]


def _stem_names(song: Mapping[str, object], file: Path) -> tuple[str, ...]:
    """Return the names of the stems of a song, none where its list has none."""
    stems = song.get("stems", [])
    rows = stems if isinstance(stems, list) else [None]
    names = tuple(name for name in rows if isinstance(name, str) and Path(name).name == name)
    if len(names) != len(rows):
        raise MetadataError(where=file, expected="a list of names where a song has 'stems'")
    return names
