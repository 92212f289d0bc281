"""Scores as note tables: parts of notes in quarter notes, whatever file they came from. Values only."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from rebalance._base.errors import MetadataError
from rebalance.synthesis.notation._instruments import Instrument

MAX_MIDI_PITCH = 127
_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Note:
    """One note as written.

    Parameters
    ----------
    onset_q, duration_q
        In quarter notes from the start of the score; a grace note has duration 0.
    pitch
        Sounding MIDI pitch, 60 is middle C.
    velocity
        1 to 127, as the score has it.

    Raises
    ------
    MetadataError
        If a value lies outside its range.

    Examples
    --------
    >>> from rebalance.synthesis.notation import Note
    >>> Note(onset_q=3.0, duration_q=1.5, pitch=60).end_q
    4.5
    >>> Note(onset_q=0.0, duration_q=1.0, pitch=128)
    Traceback (most recent call last):
        ...
    rebalance._base.errors.MetadataError: note: expected a MIDI pitch and velocity, got 128 and 80
    """

    onset_q: float
    duration_q: float
    pitch: int
    velocity: int = 80

    def __post_init__(self) -> None:
        if not (self.onset_q >= 0 and self.duration_q >= 0):
            raise MetadataError(
                where="note", expected="onset and duration from 0", got=f"{self.onset_q} and {self.duration_q}"
            )
        if not (0 <= self.pitch <= MAX_MIDI_PITCH and 1 <= self.velocity <= MAX_MIDI_PITCH):
            raise MetadataError(
                where="note", expected="a MIDI pitch and velocity", got=f"{self.pitch} and {self.velocity}"
            )

    @property
    def end_q(self) -> float:
        """Where the note ends, in quarter notes."""
        return self.onset_q + self.duration_q


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One line of a score: notes by onset, and what it is written for (None when that is not known).

    Parameters
    ----------
    name
        As the score has it, or the label of the player.
    instrument
        What it is written for.
    notes
        By onset.
    percussion
        Whether pitches stand for percussion instruments.

    Examples
    --------
    >>> from rebalance.synthesis.notation import Note, Part
    >>> notes = (Note(onset_q=0.0, duration_q=3.0, pitch=60), Note(onset_q=3.0, duration_q=1.0, pitch=64))
    >>> part = Part(name="Oboe", instrument=None, notes=notes)
    >>> part.end_q, part.mean_pitch
    (4.0, 61.0)
    """

    name: str
    instrument: Instrument | None
    notes: tuple[Note, ...]
    percussion: bool = False

    @property
    def end_q(self) -> float:
        """Where the last note ends, in quarter notes."""
        return max((note.end_q for note in self.notes), default=0.0)

    @property
    def mean_pitch(self) -> float:
        """Mean MIDI pitch, every note counted by its duration; 0 for a part without notes."""
        total_q = sum(note.duration_q for note in self.notes)
        return sum(note.pitch * note.duration_q for note in self.notes) / total_q if total_q else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TempoChange:
    """A later tempo of a score: where it begins, in quarter notes, and its quarter notes per minute.

    Parameters
    ----------
    onset_q
        Where it begins, in quarter notes, above 0.
    quarter_bpm
        Quarter notes per minute, above 0.

    Raises
    ------
    MetadataError
        If it does not begin after the start, or the tempo is not positive.

    Examples
    --------
    >>> from rebalance.synthesis.notation import TempoChange
    >>> TempoChange(onset_q=16.0, quarter_bpm=72.0).quarter_bpm
    72.0
    >>> TempoChange(onset_q=0.0, quarter_bpm=72.0)
    Traceback (most recent call last):
        ...
    rebalance._base.errors.MetadataError: tempo: expected an onset and a tempo above 0, got 0.0 and 72.0
    """

    onset_q: float
    quarter_bpm: float

    def __post_init__(self) -> None:
        if not (self.onset_q > 0 and 0 < self.quarter_bpm < math.inf):
            raise MetadataError(
                where="tempo", expected="an onset and a tempo above 0", got=f"{self.onset_q} and {self.quarter_bpm}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A piece of music.

    Parameters
    ----------
    name
        Safe for file names.
    parts
        From high to low, as printed.
    quarter_bpm
        Tempo printed at the start, in quarter notes per minute; None when the score has none.
    tempo_changes
        Printed later, by onset.
    remarks
        What of the file is not in the score, or not as it was, each with its count.

    Examples
    --------
    >>> from rebalance.synthesis.notation import Note, Part, Score, TempoChange
    >>> oboe = Part(name="Oboe", instrument=None, notes=(Note(onset_q=0.0, duration_q=8.0, pitch=60),))
    >>> score = Score(
    ...     name="long-note",
    ...     parts=(oboe,),
    ...     quarter_bpm=60.0,
    ...     tempo_changes=(TempoChange(onset_q=4.0, quarter_bpm=120.0),),
    ... )
    >>> score.end_q, score.seconds_at(8.0, default_bpm=90.0)
    (8.0, 6.0)
    """

    name: str
    parts: tuple[Part, ...]
    quarter_bpm: float | None = None
    tempo_changes: tuple[TempoChange, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def end_q(self) -> float:
        """Where the last note of any part ends, in quarter notes."""
        return max((part.end_q for part in self.parts), default=0.0)

    def seconds_at(self, position_q: float, default_bpm: float) -> float:
        """Return when a position in quarter notes is reached in the printed tempi, or in the default where none is.

        Parameters
        ----------
        position_q
            In quarter notes from the beginning.
        default_bpm
            Quarter notes per minute where the score prints no tempo.
        """
        bounds = [0.0, *(change.onset_q for change in self.tempo_changes), math.inf]
        tempi = [self.quarter_bpm or default_bpm, *(change.quarter_bpm for change in self.tempo_changes)]
        stretches = zip(itertools.pairwise(bounds), tempi, strict=True)
        return sum(max(0.0, min(position_q, end) - start) * _MINUTE_S / bpm for (start, end), bpm in stretches)
