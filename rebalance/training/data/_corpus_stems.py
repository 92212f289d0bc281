"""The stems of a corpus on disk as a library to train with."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np

from rebalance._base.errors import MetadataError
from rebalance._base.files import StrPath, expanded
from rebalance._base.names import suggestion
from rebalance.audio import Audio, read_audio, resample
from rebalance.datasets import Corpus, Part, Piece
from rebalance.synthesis.notation import safe_name
from rebalance.training.data._stem_library import SAMPLE_RATE, StemEntry, write_manifest, write_stem

_UNKNOWN_PITCH = 0.0


def write_corpus_stems(
    corpus: Corpus, out: StrPath, *, subset: str | None = None, pieces: Collection[str] | None = None
) -> int:
    """Write the stems of a corpus as a library: mono, the mean of the channels, at 44.1 kHz; return how many.

    Parameters
    ----------
    corpus
        Opened for training, or for evaluation where nothing is trained with it.
    out
        Folder of the library; see `open_library`, which needs ``any_instrument`` for other instruments than the
        challenge's.
    subset
        Only pieces of this part of the corpus, by its makers' division.
    pieces
        Only pieces of these names.

    Raises
    ------
    MetadataError
        If there is no such subset or piece, or the stems of a piece differ in duration.
    AudioError
        If a stem cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from rebalance.audio import write_audio
    >>> from rebalance.datasets import load_corpus
    >>> from rebalance.training.data import open_library, write_corpus_stems
    >>> with tempfile.TemporaryDirectory() as root:
    ...     for name in ("mixture", "vocals", "drums", "bass", "other"):
    ...         write_audio(Path(root, "train", "song", f"{name}.wav"), np.full((2, 44_100), 0.1), 44_100)
    ...     corpus = load_corpus("MUSDB18-HQ", root, purpose="training")
    ...     print(write_corpus_stems(corpus, Path(root, "stems"), subset="train"))
    ...     library = open_library([Path(root, "stems")], any_instrument=True)
    4
    >>> sorted(library.by_instrument)
    ['Bass', 'Drums', 'Other', 'Vocals']
    """
    folder = expanded(out)
    found = [piece for piece in corpus.pieces if subset is None or piece.subset == subset]
    if not found:
        known = sorted({piece.subset for piece in corpus.pieces if piece.subset is not None})
        where, more = f"{corpus.info.name}: subset", suggestion(str(subset), known)
        raise MetadataError(where=where, expected=f"one of {known}", got=repr(subset), more=more)
    chosen = [piece for piece in found if pieces is None or piece.name in pieces]
    missing = sorted({*pieces} - {piece.name for piece in chosen}) if pieces is not None else []
    if missing or not chosen:
        raise MetadataError(where=corpus.info.name, expected=f"pieces {', '.join(missing) or 'to write'}", found="none")
    entries = [entry for piece in chosen for entry in _written(folder, piece)]
    write_manifest(folder, entries)
    return len(entries)


def _written(folder: Path, piece: Piece) -> list[StemEntry]:
    """Write the stems of one piece and return their entries."""
    signals = {part.label: _mono(part) for part in piece.parts}
    if len(lengths := {len(signal) for signal in signals.values()}) > 1:
        raise MetadataError(where=f"{piece.corpus} {piece.name}", expected="stems of one length", got=str(lengths))
    entries = [_entry(piece, part) for part in piece.parts]
    for entry in entries:
        write_stem(folder, entry, signals[entry.label])
    return entries


def _entry(piece: Piece, part: Part) -> StemEntry:
    """Return the entry of a part."""
    return StemEntry(
        rendition=f"{piece.corpus}/{piece.name}",
        label=part.label,
        instrument=part.instrument,
        family=piece.corpus,
        mean_pitch=_UNKNOWN_PITCH,
        file=f"{safe_name(piece.name)}/{safe_name(part.label)}.npy",
    )


def _mono(part: Part) -> Audio:
    """Return the mean of the channels of a stem at 44.1 kHz, shape ``(n_samples,)``."""
    recording = read_audio(part.stem)
    return np.asarray(resample(recording.samples.mean(axis=0, keepdims=True), recording.sample_rate, SAMPLE_RATE)[0])
