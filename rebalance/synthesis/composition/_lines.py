"""Lines: rhythms of bars, and melodies that move through a harmony."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

from rebalance.synthesis.composition._harmony import Chord
from rebalance.synthesis.notation import Note

Rhythm = tuple[tuple[float, float], ...]
"""Onset and length of notes in quarter notes."""
_CELLS: dict[int, tuple[tuple[float, ...], ...]] = {  # lengths that fill one or two quarter notes, from calm to lively
    0: ((2.0,), (1.0,), (1.0, 1.0)),
    1: ((1.0,), (1.0,), (0.5, 0.5), (1.5, 0.5)),
    2: ((0.5, 0.5), (0.5, 0.5), (0.75, 0.25), (0.5, 0.25, 0.25), (1 / 3, 1 / 3, 1 / 3)),
    3: ((0.25, 0.25, 0.25, 0.25), (0.25, 0.25, 0.25, 0.25), (0.5, 0.25, 0.25), (0.25, 0.5, 0.25), (0.5, 0.5)),
}
_REACH = 9
_STEP_SCALE = 2.2
_CHORD_TONE_WEIGHT = {True: 12.0, False: 1.5}  # by whether the note is stressed
_SAME_WEIGHT = 0.25
_ONWARD_WEIGHT = 2.5
_CENTRE_SCALE = 9.0
_OUTSIDE_WEIGHT = 0.02
_ROUNDING = 1e-6


def rhythm(start_q: float, end_q: float, liveliness: int, rng: np.random.Generator) -> Rhythm:
    """Return notes without gaps that fill a stretch of time.

    Parameters
    ----------
    start_q, end_q
        The stretch in quarter notes.
    liveliness
        From 0, half notes, to 3, sixteenths.
    rng
        Draws the cells.
    """
    notes = []
    at_q = start_q
    while at_q < end_q - _ROUNDING:
        cells = _CELLS[int(np.clip(liveliness + rng.choice((-1, 0, 0, 0, 1)), 0, 3))]
        for length in cells[int(rng.integers(len(cells)))]:
            kept = min(length, end_q - at_q)
            if kept > _ROUNDING:
                notes.append((at_q, kept))
                at_q += kept
    return tuple(notes)


def melody(
    notes: Rhythm, chords: Sequence[Chord], limits: tuple[int, int], rng: np.random.Generator, first: int | None = None
) -> tuple[Note, ...]:
    """Return a melody: mostly steps that go on as they began, tones of the chord where it is stressed.

    Parameters
    ----------
    notes
        Onsets and lengths of the melody.
    chords
        By onset; the first must have begun.
    limits
        Lowest and highest MIDI pitch.
    rng
        Draws the pitches.
    first
        Where it comes from; the middle when None.
    """
    pitch = sum(limits) // 2 if first is None else first
    direction = int(rng.choice((-1, 1)))
    sounding = []
    for onset_q, length_q in notes:
        chord = chord_at(chords, onset_q)
        stressed = abs(onset_q - round(onset_q)) < _ROUNDING and (length_q >= 1 or rng.random() < 0.5)
        candidates = range(max(limits[0], pitch - _REACH), min(limits[1], pitch + _REACH) + 1)
        weights = np.array([_weight(each, pitch, direction, chord, limits, stressed=stressed) for each in candidates])
        chosen = candidates[int(rng.choice(len(candidates), p=weights / weights.sum()))]
        direction = direction if chosen == pitch else int(math.copysign(1, chosen - pitch))
        pitch = chosen
        sounding.append(Note(onset_q=onset_q, duration_q=length_q, pitch=pitch))
    return tuple(sounding)


def chord_at(chords: Sequence[Chord], onset_q: float) -> Chord:
    """Return the chord that holds at a time, the first before it begins."""
    return chords[max(bisect_right(chords, onset_q + _ROUNDING, key=lambda chord: chord.onset_q) - 1, 0)]


def _weight(pitch: int, before: int, direction: int, chord: Chord, limits: tuple[int, int], *, stressed: bool) -> float:
    """Return how likely a melody goes on with a pitch."""
    step = pitch - before
    weight = math.exp(-abs(step) / _STEP_SCALE)
    weight *= _SAME_WEIGHT if step == 0 else _ONWARD_WEIGHT if step * direction > 0 else 1.0
    weight *= math.exp(-abs(pitch - sum(limits) / 2) / _CENTRE_SCALE)
    if pitch % 12 in chord.tones:
        return weight * _CHORD_TONE_WEIGHT[stressed]
    return weight if pitch % 12 in chord.scale else weight * _OUTSIDE_WEIGHT
