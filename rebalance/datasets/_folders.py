"""Finding one's way in the folders of a corpus."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rebalance._base.errors import MetadataError
from rebalance.datasets._corpus import Part

_NUMBERED = re.compile(r"(?P<instrument>[A-Za-z]+)_(?P<voice>[1-9])", flags=re.ASCII)


def entered(root: Path, names: Sequence[str]) -> Path:
    """Return the folder that holds the pieces: the root, or a folder of one of these names in it.

    Raises
    ------
    MetadataError
        If the root is no folder.
    """
    if not root.is_dir():
        raise MetadataError(where=root, expected="the folder of a corpus", got="no folder")
    return next((root / name for name in names if (root / name).is_dir()), root)


def folders(parent: Path) -> Iterator[Path]:
    """Yield the folders in a folder by name, hidden ones left out."""
    yield from sorted(entry for entry in parent.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def audio_files(folder: Path, suffix: str) -> list[Path]:
    """Return the audio files of a folder by name, hidden ones left out."""
    return sorted(file for file in folder.glob(f"*{suffix}") if file.is_file() and not file.name.startswith("."))


def part_named(file: Path, spellings: Mapping[str, str]) -> Part:
    """Return the part a stem is named after: ``Violin_2.flac`` is the second of two violins.

    Parameters
    ----------
    file
        The stem.
    spellings
        What the corpus calls an instrument, to what it is called here, where they differ.
    """
    match = _NUMBERED.fullmatch(file.stem)
    name = match["instrument"] if match else file.stem
    instrument = spellings.get(name, name)
    label = f"{instrument}_{match['voice']}" if match else instrument
    return Part(label=label, instrument=instrument, stem=file)
