"""What is known of Slakh2100 beside its folders: the division split2, stems with wrong labels, pieces by program."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rebalance._base.errors import MetadataError
from rebalance._base.files import StrPath, expanded
from rebalance.datasets._corpus import Part, Piece

_MAX_LIST_BYTES = 1 << 22
_OMITTED = "omitted"

# Stem to what is wrong with it, from the public list of errors (issue 17 of slakh-utils; 17 of its 22 could be had).
WRONG_STEMS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("Track00262", "S01"): "another MIDI file",
        ("Track00357", "S03"): "no audio",
        ("Track00377", "S07"): "no audio",
        ("Track00385", "S00"): "no audio",
        ("Track00398", "S00"): "no audio",
        ("Track00400", "S00"): "no audio",
        ("Track00404", "S03"): "notes too short",
        ("Track00496", "S01"): "wrong pitch",
        ("Track00629", "S01"): "no audio",
        ("Track00633", "S01"): "no audio",
        ("Track00737", "S01"): "notes too short",
        ("Track00749", "S01"): "no audio",
        ("Track00893", "S01"): "notes too short",
        ("Track01629", "S00"): "no audio",
        ("Track01918", "S10"): "wrong pitch",
        ("Track01931", "S01"): "wrong pitch",
        ("Track01937", "S03"): "wrong pitch",
    }
)


def resplit_slakh(pieces: Iterable[Piece], path: StrPath) -> tuple[Piece, ...]:
    """Return the pieces as a list of slakh-utils divides them, ``splits_v2.json`` for Slakh2100-split2.

    Parameters
    ----------
    pieces
        Of Slakh2100, in the subsets of the original division or in none.
    path
        The list: for every track what to do with it, nothing (``null``), ``"move"`` or ``"omit"``. A moved track
        belongs to its destination wherever its folder lies.

    Returns
    -------
    tuple of Piece
        With their new subsets; what the list omits is left out.

    Raises
    ------
    MetadataError
        If the list cannot be read, lacks one of the pieces, or holds another action.

    Examples
    --------
    >>> import json
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.datasets import Part, Piece, resplit_slakh
    >>> parts = (Part(label="Piano", instrument="Piano", stem=Path("S00.flac")),)
    >>> piece = Piece(corpus="Slakh2100", name="Track00003", parts=parts, subset="train")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "splits_v2.json")
    ...     action = {"action": "move", "source_split": "train", "destination_split": "test"}
    ...     _ = path.write_text(json.dumps({"Track00003": action}))
    ...     resplit_slakh([piece], path)[0].subset
    'test'

    Source: slakh-utils, ``splits/README.md``.
    """
    path = expanded(path)
    actions = _read_list(path)
    divided = [_divided(piece, actions, path) for piece in pieces]
    return tuple(piece for piece in divided if piece.subset != _OMITTED)


def without_wrong_stems(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Return the pieces of Slakh2100 without those whose audio and labels are known to differ.

    A piece goes as a whole: with one stem left out its mixture would still hold the sound.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.datasets import Part, Piece, without_wrong_stems
    >>> wrong = Part(label="Bass", instrument="Bass", stem=Path("Track00357", "stems", "S03.flac"))
    >>> without_wrong_stems([Piece(corpus="Slakh2100", name="Track00357", parts=(wrong,))])
    ()
    """
    return tuple(
        piece for piece in pieces if not any((piece.name, part.stem.stem) in WRONG_STEMS for part in piece.parts)
    )


def with_programs(pieces: Iterable[Piece], programs: Collection[int]) -> tuple[Piece, ...]:
    """Return the pieces with only the parts of some General MIDI programs, without those that have none of them.

    The mixture of a piece is then no longer a recording: it is the sum of the stems.

    Parameters
    ----------
    pieces
        With the program of every part.
    programs
        General MIDI programs, 0 to 127.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.datasets import Part, Piece, with_programs
    >>> parts = tuple(
    ...     Part(label=name, instrument=name, stem=Path(f"{name}.flac"), program=program)
    ...     for name, program in (("Piano", 0), ("Drawbar Organ", 16))
    ... )
    >>> [part.label for part in with_programs([Piece(corpus="Own", name="duet", parts=parts)], {0, 1})[0].parts]
    ['Piano']
    """
    chosen = ((piece, _parts_of(piece, programs)) for piece in pieces)
    return tuple(replace(piece, parts=parts, mixture=None) for piece, parts in chosen if parts)


def _parts_of(piece: Piece, programs: Collection[int]) -> tuple[Part, ...]:
    """Return the parts of some programs."""
    return tuple(part for part in piece.parts if part.program in programs)


def _divided(piece: Piece, actions: Mapping[str, Any], path: Path) -> Piece:
    """Return a piece in the subset a list puts it into."""
    entry = actions.get(piece.name)
    if not isinstance(entry, Mapping) or entry.get("action") not in (None, "move", "omit"):
        raise MetadataError(where=f"{path}: {piece.name}", expected="an action null, move or omit", got=repr(entry))
    if entry.get("action") is None:
        return piece
    target = entry.get("destination_split") if entry["action"] == "move" else _OMITTED
    if not isinstance(target, str):
        raise MetadataError(where=f"{path}: {piece.name}", expected="a destination_split", got=repr(target))
    return replace(piece, subset=target)


def _read_list(path: Path) -> Mapping[str, Any]:
    """Read a list of actions by track."""
    try:
        if path.stat().st_size > _MAX_LIST_BYTES:
            raise MetadataError(where=path, expected=f"at most {_MAX_LIST_BYTES} bytes")
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        if isinstance(error, MetadataError):
            raise
        raise MetadataError(f"cannot read the division: {error}", where=path) from error
    if not isinstance(content, Mapping):
        raise MetadataError(where=path, expected="an object of tracks", got=type(content).__name__)
    return content
