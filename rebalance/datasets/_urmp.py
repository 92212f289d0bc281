"""URMP: ``<NN>_<Name>_<codes>/AuSep_<k>_<code>_<NN>_<Name>.wav`` with notes, ``Vid_*.mp4``. Evaluation material."""

from __future__ import annotations

import re
from pathlib import Path

from rebalance._base.errors import MetadataError
from rebalance.datasets._corpus import CorpusInfo, NoteFile, Part, Piece, labels_for
from rebalance.datasets._folders import audio_files, entered, folders

INFO = CorpusInfo(
    name="URMP",
    title="44 duets to quintets, played part by part and recorded in anechoic conditions (mono, 48 kHz)",
    licence="CC0 1.0 in the Dryad archive; its makers ask to be cited",
    citation=(
        "B. Li, X. Liu, K. Dinesh, Z. Duan and G. Sharma (2018), Creating a multitrack classical music performance"
        " dataset for multimodal music analysis, IEEE Transactions on Multimedia 21(2), 522-535"
    ),
    origin="University of Rochester, Audio Information Research Lab; Dryad ng3r749",
    evaluation_material=True,
)

INSTRUMENT_CODES = {
    "vn": "Violin",
    "va": "Viola",
    "vc": "Cello",
    "db": "Bass",
    "fl": "Flute",
    "ob": "Oboe",
    "cl": "Clarinet",
    "sax": "Sax",
    "bn": "Bassoon",
    "tpt": "Trumpet",
    "hn": "Horn",
    "tbn": "Trombone",
    "tba": "Tuba",
}

_FOLDER = re.compile(r"\d+_.+?(_[a-z]+)+", flags=re.ASCII)
_STEM = re.compile(r"AuSep_(?P<number>\d+)_(?P<code>[a-z]+)_.+", flags=re.ASCII)
_STEM_PATTERN = "AuSep_*.wav"


def read_pieces(root: Path) -> tuple[Piece, ...]:
    """Return the pieces.

    The codes in the names of the files are trusted, not those in the name of the folder, which disagree
    in piece 15 (its folder says that the third part is a trombone, its files say trumpet).
    """
    parent = entered(root, ("Dataset",))
    return tuple(_piece(folder) for folder in folders(parent) if _is_piece(folder))


def _is_piece(folder: Path) -> bool:
    """Tell whether a folder is named like a piece, or holds stems whatever its name."""
    return _FOLDER.fullmatch(folder.name) is not None or next(folder.glob(_STEM_PATTERN), None) is not None


def _piece(folder: Path) -> Piece:
    numbered = {int(match["number"]): (match["code"], file) for file, match in _matching_stems(folder)}
    if unknown := sorted({code for code, _ in numbered.values()} - INSTRUMENT_CODES.keys()):
        raise MetadataError(
            f"unknown instrument codes {unknown}, expected some of {list(INSTRUMENT_CODES)}", where=folder
        )
    ordered = [numbered[number] for number in sorted(numbered)]
    instruments = [INSTRUMENT_CODES[code] for code, _ in ordered]
    parts = tuple(
        Part(label=label, instrument=instrument, stem=file, notes=_notes(folder, number))
        for label, instrument, number, (_, file) in zip(
            labels_for(instruments), instruments, sorted(numbered), ordered, strict=True
        )
    )
    mixture = next(folder.glob("AuMix_*.wav"), None)
    video = next(iter(sorted(folder.glob("Vid_*.mp4"))), None)
    return Piece(
        corpus=INFO.name, name=folder.name, parts=parts, mixture=mixture, evaluation_material=True, video=video
    )


def _matching_stems(folder: Path) -> list[tuple[Path, re.Match[str]]]:
    stems = [(file, _STEM.fullmatch(file.stem)) for file in audio_files(folder, ".wav") if file.match(_STEM_PATTERN)]
    matching = [(file, match) for file, match in stems if match is not None]
    numbers = [int(match["number"]) for _, match in matching]
    if not stems or len(matching) < len(stems) or sorted(numbers) != list(range(1, len(stems) + 1)):
        raise MetadataError(
            where=folder,
            expected="stems AuSep_1_<code>_..., AuSep_2_<code>_... without a gap",
            got=f"{[file.name for file, _ in stems]}",
        )
    return matching


def _notes(folder: Path, number: int) -> NoteFile | None:
    """Return the annotated notes of the k-th part."""
    path = next(iter(sorted(folder.glob(f"Notes_{number}_*.txt"))), None)
    return None if path is None else NoteFile(path=path, format="urmp")
