"""Pieces of a corpus as a library of mono stems: what plain mixtures are made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError, MetadataError
from rebalance._base.files import StrPath, expanded, write_json
from rebalance._base.progress import progress_bar
from rebalance.audio import read_audio, resample
from rebalance.datasets import Part, Piece
from rebalance.training.data._stem_library import SAMPLE_RATE, StemEntry, write_manifest, write_stem

_STAMP = "pieces.json"


def write_piece_library(
    pieces: Sequence[Piece], out: StrPath, *, microphone: str | None = None, sample_rate: int = SAMPLE_RATE
) -> Path:
    """Write the stems of pieces as a library, the mean of their channels, and return its folder.

    A library that is there already, of the same pieces and settings, is kept. Each piece is one rendition.

    Parameters
    ----------
    pieces
        Of one or several corpora.
    out
        Folder of the library.
    microphone
        Which recordings to take; the stems of the corpus when None.
    sample_rate
        Of the library in Hz; libraries of other rates than 44.1 kHz are for networks of their rate.

    Raises
    ------
    ConfigError
        If the folder holds a library of other pieces or settings, or there is no piece.
    MetadataError
        If a part was not recorded by the microphone, or the stems of a piece differ in length.
    AudioError
        If a file cannot be read: a stem that is missing is no silence.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from rebalance.audio import write_audio
    >>> from rebalance.datasets import Part, Piece
    >>> from rebalance.training.data import open_library, write_piece_library
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_audio(Path(folder, "Tuba.wav"), 0.1 * np.ones((2, 8_820)), 44_100)
    ...     part = Part(label="Tuba", instrument="Tuba", stem=Path(folder, "Tuba.wav"))
    ...     piece = Piece(corpus="Own", name="solo", parts=(part,))
    ...     library = open_library([write_piece_library([piece], Path(folder, "stems"))], any_instrument=True)
    >>> library.by_rendition
    {'Own/solo': (0,)}
    """
    out = expanded(out)
    if not pieces:
        raise ConfigError(where=out, expected="pieces to make a library of", got="none")
    digest = _digest_of(pieces, microphone, sample_rate)
    stamp = out / _STAMP
    if stamp.is_file():
        _require_same(stamp, digest)
        return out
    entries: list[StemEntry] = []
    with progress_bar("reading stems", len(pieces)) as bar:
        for piece in pieces:
            entries += _write_piece(piece, out, microphone, sample_rate)
            bar.advance()
    write_manifest(out, entries)
    write_json(stamp, {"digest": digest, "pieces": [piece.name for piece in pieces]})
    return out


def _digest_of(pieces: Sequence[Piece], microphone: str | None, sample_rate: int) -> str:
    """Return what tells one library from another: its pieces, the sizes of their files, and the settings."""
    files = [
        (piece.name, part.label, path.name, path.stat().st_size)
        for piece in pieces
        for part in piece.parts
        if (path := _recording(piece, part, microphone)).is_file()
    ]
    return hashlib.sha256(json.dumps([files, microphone, sample_rate]).encode()).hexdigest()


def _require_same(stamp: Path, digest: str) -> None:
    """Raise unless a library was made of the same."""
    try:
        found = json.loads(stamp.read_text(encoding="utf-8"))["digest"]
    except (ValueError, KeyError, TypeError) as error:
        raise MetadataError(where=stamp, expected="the stamp of a library", more=f": {error}") from error
    if found != digest:
        raise ConfigError("holds a library of other pieces or settings; choose another folder", where=stamp.parent)


def _write_piece(piece: Piece, out: Path, microphone: str | None, sample_rate: int) -> list[StemEntry]:
    """Write the stems of one piece and return their entries."""
    entries = []
    lengths: dict[str, int] = {}
    for part in piece.parts:
        mono = _mono(_recording(piece, part, microphone), sample_rate)
        entry = StemEntry(
            rendition=f"{piece.corpus}/{piece.name}",
            label=part.label,
            instrument=part.instrument,
            family=piece.corpus,
            mean_pitch=0.0,
            file=f"{piece.name}/{part.label}.npy",
            sample_rate=sample_rate,
        )
        write_stem(out, entry, mono)
        lengths[part.label] = len(mono)
        entries.append(entry)
    if len(set(lengths.values())) > 1:
        raise MetadataError(where=f"piece {piece.name}", expected="stems of one length", got=str(lengths))
    return entries


def _recording(piece: Piece, part: Part, microphone: str | None) -> Path:
    """Return the file of a part by a microphone."""
    if microphone is None:
        return part.stem
    if microphone not in part.microphones:
        known = ", ".join(part.microphones) or "none"
        raise MetadataError(where=f"piece {piece.name}, {part.label}", expected=f"microphone {microphone}", found=known)
    return part.microphones[microphone]


def _mono(path: Path, sample_rate: int) -> NDArray[np.float64]:
    """Return the mean of the channels of a file at a rate, shape ``(n_samples,)``."""
    recording = read_audio(path)
    mono = np.asarray(recording.samples, dtype=np.float64).mean(axis=0)
    return np.asarray(resample(mono[None], recording.sample_rate, sample_rate)[0], dtype=np.float64)
