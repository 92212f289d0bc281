"""Slakh2100: ``Track00001/{mix.flac, metadata.yaml, MIDI/S00.mid, stems/S00.flac}``, in subsets or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rebalance._base.general_midi import INSTRUMENT_OF_PROGRAM
from rebalance.datasets._corpus import CorpusInfo, NoteFile, Part, Piece, labels_for
from rebalance.datasets._folders import entered, folders
from rebalance.datasets._yaml_metadata import read_stem_metadata

INFO = CorpusInfo(
    name="Slakh2100",
    title="2100 pieces of the Lakh MIDI Dataset, 145 hours, rendered with sampled instruments (mono, 44.1 kHz)",
    licence="CC BY 4.0",
    citation=(
        "E. Manilow, G. Wichern, P. Seetharaman and J. Le Roux (2019), Cutting music source separation some Slakh: a"
        " dataset to study the impact of training data quality and quantity, WASPAA"
    ),
    origin="Zenodo record 4599666 (slakh2100_flac_redux)",
)

_SUBSETS = ("train", "validation", "test", "omitted")
_BASS_PROGRAMS = range(32, 40)
_BASS_WRITTEN_ABOVE_SEMITONES = 12
_HIGHEST_BASS_WRITTEN = 79


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stem:
    """One stem of the metadata."""

    name: str
    instrument: str
    program: int | None


def read_pieces(root: Path) -> tuple[Piece, ...]:
    """Return the pieces; stems that were not rendered are left out."""
    parent = entered(root, ("slakh2100_flac_redux", "Slakh2100"))
    return tuple(piece for subset, folder in _track_folders(parent) if (piece := _piece(folder, subset)) is not None)


def _track_folders(parent: Path) -> Iterator[tuple[str | None, Path]]:
    """Yield the tracks with their subset, None where the tracks are not divided."""
    for folder in folders(parent):
        if folder.name.startswith("Track"):
            yield None, folder
        elif folder.name in _SUBSETS:
            yield from ((folder.name, track) for track in folders(folder) if track.name.startswith("Track"))


def _piece(folder: Path, subset: str | None) -> Piece | None:
    """Return the piece in a folder, None where no stem was rendered."""
    stems = [stem for stem in _stems(folder / "metadata.yaml") if (folder / "stems" / f"{stem.name}.flac").is_file()]
    if not stems:
        return None
    labels = labels_for([stem.instrument for stem in stems])
    return Piece(
        corpus=INFO.name,
        name=folder.name,
        parts=tuple(_part(folder, stem, label) for stem, label in zip(stems, labels, strict=True)),
        mixture=folder / "mix.flac" if (folder / "mix.flac").is_file() else None,
        subset=subset,
    )


def _part(folder: Path, stem: _Stem, label: str) -> Part:
    midi = folder / "MIDI" / f"{stem.name}.mid"
    return Part(
        label=label,
        instrument=stem.instrument,
        stem=folder / "stems" / f"{stem.name}.flac",
        notes=_notes(midi, stem.program) if midi.is_file() else None,
        program=stem.program,
    )


def _notes(midi: Path, program: int | None) -> NoteFile:
    """Return where notes are written; basses are written an octave above their sound, and beyond G5 not rendered.

    Source: issues 17 and 18 of slakh-utils, issue 2 of slakh-generation.
    """
    if program not in _BASS_PROGRAMS:
        return NoteFile(path=midi, format="midi")
    return NoteFile(
        path=midi,
        format="midi",
        transpose_semitones=-_BASS_WRITTEN_ABOVE_SEMITONES,
        highest_written=_HIGHEST_BASS_WRITTEN,
    )


def _stems(path: Path) -> list[_Stem]:
    """Read the stems of a track's metadata, in their order."""
    return [
        _Stem(name=name, instrument=_instrument(entry), program=_program(entry))
        for name, entry in read_stem_metadata(path).items()
    ]


def _program(entry: Mapping[str, Any]) -> int | None:
    """Return the MIDI program of a stem; none of a drum kit, nor of what is no number."""
    program = entry.get("program_num")
    return program if isinstance(program, int) and not entry.get("is_drum") else None


def _instrument(entry: Mapping[str, Any]) -> str:
    """Return what a stem plays: the challenge's name, or that of its MIDI program."""
    if entry.get("is_drum"):
        return "Drums"
    known = INSTRUMENT_OF_PROGRAM.get(entry.get("program_num", -1))
    return known or str(entry.get("midi_program_name", "Unknown"))
