"""EnsembleSet: ``<Piece>/<Microphone>/<Instrument>.flac``, as its makers and as the challenge give it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from rebalance._base.errors import MetadataError
from rebalance.datasets._corpus import CorpusInfo, Part, Piece
from rebalance.datasets._folders import audio_files, entered, folders, part_named

INFO = CorpusInfo(
    name="EnsembleSet",
    title="80 pieces of 17 composers, rendered with a sampled orchestra through up to 20 microphones",
    licence="CC BY-NC 4.0, as the challenge's code states it; the record has the final word",
    citation=(
        "S. Sarkar, E. Benetos and M. Sandler (2022), EnsembleSet: a new high-quality synthesised dataset for chamber"
        " ensemble separation, ISMIR"
    ),
    origin="Zenodo record 6519024 (BBCSO_Ensembles.zip); the challenge's EnsembleSet_Mix_1.zip",
)

_PREFERRED_MICROPHONES = ("Mix_1", "Mix_2", "Tree", "Close")
_MIXTURE_PREFIX = "mix_"


def read_pieces(root: Path) -> tuple[Piece, ...]:
    """Return the pieces; a stem is what the professional mix (``Mix_1``) hears of it, where that is there."""
    parent = entered(root, ("EnsembleSet", "BBCSO_Ensembles"))
    return tuple(piece for folder in folders(parent) if (piece := _piece(folder)) is not None)


def _piece(folder: Path) -> Piece | None:
    """Return the piece in a folder, None where there are no stems."""
    microphones = {microphone.name: _stems(microphone) for microphone in folders(folder)}
    microphones = {name: stems for name, stems in microphones.items() if stems}
    if not microphones:
        return None
    main = next((name for name in _PREFERRED_MICROPHONES if name in microphones), min(microphones))
    return Piece(
        corpus=INFO.name,
        name=folder.name,
        parts=tuple(_with_microphones(part, microphones) for part in microphones[main].values()),
        mixture=_mixture(folder / main),
    )


def _stems(folder: Path) -> dict[str, Part]:
    stems = (file for file in audio_files(folder, ".flac") if not file.name.startswith(_MIXTURE_PREFIX))
    return {part.label: part for part in (part_named(file, {}) for file in stems)}


def _with_microphones(part: Part, microphones: Mapping[str, Mapping[str, Part]]) -> Part:
    return replace(
        part, microphones={name: stems[part.label].stem for name, stems in microphones.items() if part.label in stems}
    )


def _mixture(folder: Path) -> Path | None:
    """Return the mixture the challenge adds to the stems."""
    mixtures = audio_files(folder, ".flac")
    named = [file for file in mixtures if file.name.startswith(_MIXTURE_PREFIX)]
    if len(named) > 1:
        raise MetadataError(where=folder, expected="one mixture", got=f"{[file.name for file in named]}")
    return named[0] if named else None
