"""CadenzaWoodwind: ``<song>/<orchestration>/{Flute,Clarinet|Sax,Oboe,Bassoon}.flac`` and a mixture beside them."""

from __future__ import annotations

from pathlib import Path

from rebalance._base.errors import MetadataError
from rebalance.datasets._corpus import CorpusInfo, Piece
from rebalance.datasets._folders import audio_files, entered, folders, part_named

INFO = CorpusInfo(
    name="CadenzaWoodwind",
    title="19 woodwind quartets in two orchestrations, rendered for the Second Cadenza Challenge",
    licence="a Creative Commons licence; the challenge's code names CC BY-NC 4.0 and CC BY 4.0: see the record",
    citation="A. Miller, T. Cox and G. Roa Dabike (2024), CadenzaWoodwind, Zenodo",
    origin="Zenodo record 12664932 (CadenzaWoodwind.zip)",
)

_INSTRUMENTS = frozenset(("Bassoon", "Clarinet", "Flute", "Oboe", "Sax"))


def read_pieces(root: Path) -> tuple[Piece, ...]:
    """Return the pieces, one per orchestration: ``<song>_<orchestration>``.

    The name of a mixture stands in ``music.json`` and follows no rule: it is the file that is no instrument.
    """
    parent = entered(root, ("CadenzaWoodwind",))
    found = (_piece(song, orchestration) for song in folders(parent) for orchestration in folders(song))
    return tuple(piece for piece in found if piece is not None)


def _piece(song: Path, orchestration: Path) -> Piece | None:
    """Return the piece in a folder, None where there are no stems."""
    files = audio_files(orchestration, ".flac")
    stems = [file for file in files if file.stem in _INSTRUMENTS]
    others = [file for file in files if file not in stems]
    if not stems:
        return None
    if len(others) > 1:
        raise MetadataError(
            where=orchestration, expected="one mixture beside the stems", got=f"{[f.name for f in others]}"
        )
    return Piece(
        corpus=INFO.name,
        name=f"{song.name}_{orchestration.name}",
        parts=tuple(part_named(stem, {}) for stem in stems),
        mixture=others[0] if others else None,
    )
