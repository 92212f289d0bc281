"""What a corpus of recorded or rendered ensembles is made of: pieces, parts, notes. Values only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import MetadataError

Purpose: TypeAlias = Literal["training", "evaluation"]
NoteFormat: TypeAlias = Literal["urmp", "bach10", "midi"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusInfo:
    """What one must know of a corpus before using it.

    Parameters
    ----------
    name
        As the challenge's metadata and the registry spell it.
    title
        What it is, in one line.
    licence
        Under which terms it is given out, as far as its makers say.
    citation
        The publication to cite.
    origin
        Where its makers keep it.
    evaluation_material
        Whether the challenge evaluates on it, so that nothing may be trained or tuned on it.

    Examples
    --------
    >>> from rebalance.datasets import LOADERS
    >>> [name for name, loader in LOADERS.items() if loader.info.evaluation_material]
    ['BACH10', 'URMP']
    """

    name: str
    title: str
    licence: str
    citation: str
    origin: str
    evaluation_material: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteFile:
    """Where the notes of a part are written down.

    Parameters
    ----------
    path
        The file.
    format
        How it is written.
    channel
        Which of the parts in the file, where it holds several.
    transpose_semitones
        What is to be added to the pitches written to have those that sound.
    highest_written
        Highest pitch as written that was recorded or rendered; higher notes are no notes. None without such a limit.
    """

    path: Path
    format: NoteFormat
    channel: int | None = None
    transpose_semitones: int = 0
    highest_written: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """Notes of one part, in the order of their onsets; three arrays of shape ``(n_notes,)``.

    Parameters
    ----------
    onset_s, duration_s
        In seconds of the recording; onsets from 0, durations above 0.
    pitch
        MIDI pitch, 60 for middle C; a fraction is the tuning.

    Raises
    ------
    MetadataError
        If shapes differ, a number is not finite, an onset is negative or decreases, or a duration is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.datasets import Notes
    >>> len(Notes(onset_s=np.array([0.0, 0.5]), duration_s=np.array([0.5, 1.0]), pitch=np.array([60.0, 64.1])))
    2
    >>> Notes(onset_s=np.array([0.5, 0.0]), duration_s=np.array([0.5, 1.0]), pitch=np.array([60.0, 64.1]))
    Traceback (most recent call last):
        ...
    rebalance._base.errors.MetadataError: notes: expected onsets from 0 s that do not decrease
    """

    onset_s: NDArray[np.float64]
    duration_s: NDArray[np.float64]
    pitch: NDArray[np.float64]

    def __post_init__(self) -> None:
        columns = (self.onset_s, self.duration_s, self.pitch)
        if any(column.ndim != 1 or column.shape != self.onset_s.shape for column in columns):
            raise MetadataError(
                where="notes", expected="three columns of one length", got=f"{[column.shape for column in columns]}"
            )
        if not all(np.isfinite(column).all() for column in columns):
            raise MetadataError(where="notes", expected="finite numbers", found="NaN or infinity")
        if (self.onset_s < 0).any() or (np.diff(self.onset_s) < 0).any():
            raise MetadataError(where="notes", expected="onsets from 0 s that do not decrease")
        if (self.duration_s <= 0).any():
            raise MetadataError(where="notes", expected="positive durations")

    def __len__(self) -> int:
        return len(self.onset_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One player of a piece.

    Parameters
    ----------
    label
        Instrument, with its voice where the instrument is doubled: ``"Violin_2"``.
    instrument
        As the challenge spells it where it knows the instrument.
    stem
        Recording of this player alone.
    notes
        What is played, where the corpus says so.
    microphones
        Further recordings of the same playing by microphone, the stem included; empty where there is only one.
    program
        General MIDI program it was rendered with, from 0; None where there is none.
    """

    label: str
    instrument: str
    stem: Path
    notes: NoteFile | None = None
    microphones: Mapping[str, Path] = field(default_factory=dict)
    program: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One piece of a corpus.

    Parameters
    ----------
    corpus
        Name of the corpus.
    name
        Unique within the corpus.
    parts
        The players of the piece.
    mixture
        Recording of all of them, where the corpus has one.
    subset
        Which part of the corpus it belongs to by its makers' division (``"train"`` ..), where there is one.
    evaluation_material
        Whether the challenge evaluates on it.
    video
        Of all players side by side, in the order of the parts from left to right, where there is one.

    Raises
    ------
    MetadataError
        If there are no parts, or two share a label.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.datasets import Part, Piece
    >>> parts = tuple(Part(label=name, instrument=name, stem=Path(f"{name}.flac")) for name in ("Flute", "Tuba"))
    >>> Piece(corpus="Own", name="duet", parts=parts).is_of_challenge
    False
    """

    corpus: str
    name: str
    parts: tuple[Part, ...]
    mixture: Path | None = None
    subset: str | None = None
    evaluation_material: bool = False
    video: Path | None = None

    def __post_init__(self) -> None:
        repeated = [label for label, count in Counter(part.label for part in self.parts).items() if count > 1]
        if repeated or not self.parts:
            raise MetadataError(
                where=f"{self.corpus} {self.name}", expected="parts with different labels", got=f"{repeated or 'none'}"
            )

    @property
    def is_of_challenge(self) -> bool:
        """Whether the challenge has such ensembles: two to five of its instruments, doubled where it allows."""
        counts = Counter(part.instrument for part in self.parts)
        return (
            len(self.parts) in CAD2_TASK2.n_sources
            and counts.keys() <= set(CAD2_TASK2.instruments)
            and all(
                count == 1 or (count == 2 and instrument in CAD2_TASK2.doubling_instruments)
                for instrument, count in counts.items()
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """A corpus on disk, opened for a purpose.

    Parameters
    ----------
    info
        Licence, citation, origin.
    pieces
        In the order of their names.
    purpose
        What it was opened for.
    trains_on_evaluation_material
        True when evaluation material was opened for training on the caller's word; to be carried into whatever is
        made of it.

    Examples
    --------
    >>> from rebalance.datasets import LOADERS, Corpus
    >>> corpus = Corpus(info=LOADERS["EnsembleSet"].info, pieces=(), purpose="training")
    >>> corpus.info.evaluation_material, corpus.trains_on_evaluation_material
    (False, False)
    """

    info: CorpusInfo
    pieces: tuple[Piece, ...]
    purpose: Purpose
    trains_on_evaluation_material: bool = False


def labels_for(instruments: Sequence[str]) -> tuple[str, ...]:
    """Return a label for every player: the instrument, numbered where several play it."""
    counts = Counter(instruments)
    seen: Counter[str] = Counter()
    labels: list[str] = []
    for instrument in instruments:
        seen[instrument] += 1
        labels.append(f"{instrument}_{seen[instrument]}" if counts[instrument] > 1 else instrument)
    return tuple(labels)


def notes_from_rows(rows: Iterable[tuple[float, float, float]]) -> Notes:
    """Return notes from rows of onset in s, duration in s and MIDI pitch, in any order."""
    table = np.array(sorted(rows), dtype=np.float64).reshape(-1, 3)
    return Notes(onset_s=table[:, 0], duration_s=table[:, 1], pitch=table[:, 2])
