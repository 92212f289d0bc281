"""Three textures: chorale, canon over a ground, and quartet whose players change roles."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rebalance.synthesis.composition._harmony import Chord, progression
from rebalance.synthesis.composition._lines import melody, rhythm
from rebalance.synthesis.composition._voice_leading import VOICE_RANGES, lead_voices
from rebalance.synthesis.notation import Note

Voice = tuple[Note, ...]
_PASSING_SHARE = 0.5
_TIED_SHARE = 0.5
_NEIGHBOUR_SHARE = 0.2
_SUSPENDED_SHARE = 0.25
_THIRDS = (3, 4)
_OCTAVE = 12
_CANON_RANGE = (62, 86)
_QUARTET_RANGES = ((65, 88), (58, 81), (50, 74), (36, 60))
_FIGURES = ("repeated", "broken", "offbeat", "held", "melody", "rest")
_SWAPPED_SHARE = 0.35
_DOUBLED_SHARE = 0.15
_VELOCITIES = (55, 100)


def chorale(n_bars: int, bar_q: float, rng: np.random.Generator) -> tuple[Voice, ...]:
    """Return four voices that move together, a chord a beat, with passing notes, neighbours and suspensions.

    Parameters
    ----------
    n_bars, bar_q
        How long, in bars and in quarter notes a bar.
    rng
        Draws all of it.
    """
    bars_per_phrase = int(rng.choice((2, 2, 4)))
    chord_q = float(rng.choice((1.0, 1.0, 2.0))) if bar_q == 4 else 1.0
    phrases = progression(max(n_bars // bars_per_phrase, 1), bars_per_phrase, chord_q, bar_q, rng)
    chords = [
        replace(chord, duration_q=chord.duration_q + chord_q) if chord is phrase[-1] else chord
        for phrase in phrases
        for chord in phrase
    ]
    onsets_q = [0.0, *itertools.accumulate(chord.duration_q for chord in chords)]
    chords = [replace(chord, onset_q=onset_q) for chord, onset_q in zip(chords, onsets_q, strict=False)]
    pitches = lead_voices(chords, rng)
    return tuple(_decorated(chords, pitches[:, voice], rng) for voice in range(pitches.shape[1]))


def canon(n_bars: int, bar_q: float, rng: np.random.Generator) -> tuple[Voice, ...]:
    """Return voices that follow the first over a ground, one cycle after the other, and at times its bass.

    Parameters
    ----------
    n_bars, bar_q
        See `chorale`.
    rng
        Draws all of it.
    """
    ground_bars = int(rng.choice((2, 4)))
    (ground,) = progression(1, ground_bars, bar_q if ground_bars == 4 else bar_q / 2, bar_q, rng)
    cycle_q = ground_bars * bar_q
    n_voices = int(rng.integers(2, 5))
    n_cycles = max(n_bars // ground_bars, n_voices + 1)
    leader: list[Note] = []
    for cycle in range(n_cycles):
        liveliness = min(int(rng.integers(0, 2)) + cycle * 3 // n_cycles, 3)
        line = melody(
            rhythm(0.0, cycle_q, liveliness, rng), ground, _CANON_RANGE, rng, leader[-1].pitch if leader else None
        )
        leader += _later(line, cycle * cycle_q)
    shifts = sorted((int(rng.choice((0, 0, -_OCTAVE))) for _ in range(n_voices - 1)), reverse=True)
    voices = [_followed(leader, shift, entry * cycle_q, n_cycles * cycle_q) for entry, shift in enumerate((0, *shifts))]
    if n_voices == 2 or rng.random() < 0.5:
        voices.append(_ground_bass(ground, cycle_q, n_cycles, rng))
    return tuple(voices)


def quartet(n_bars: int, bar_q: float, rng: np.random.Generator) -> tuple[Voice, ...]:
    """Return four voices that change roles from phrase to phrase: melodies, accompaniments, rests, doublings.

    Parameters
    ----------
    n_bars, bar_q
        See `chorale`.
    rng
        Draws all of it.
    """
    phrases = progression(max(n_bars // 4, 1), 4, float(rng.choice((bar_q, bar_q / 2))), bar_q, rng)
    voices: list[list[Note]] = [[] for _ in _QUARTET_RANGES]
    for phrase in phrases:
        pitches = lead_voices(phrase, rng)
        for voice, notes in enumerate(_roles(phrase, pitches, rng)):
            voices[voice] += notes
    return tuple(tuple(notes) for notes in voices)


def _roles(chords: Sequence[Chord], pitches: NDArray[np.int64], rng: np.random.Generator) -> list[Voice]:
    """Return what four voices play in a phrase."""
    start_q, end_q = chords[0].onset_q, chords[-1].end_q
    loud = int(rng.integers(*_VELOCITIES))
    swapped = rng.random() < _SWAPPED_SHARE
    leader = int(rng.integers(1, 4)) if swapped else 0
    figure = str(rng.choice(_FIGURES[:4]))
    lines: list[Voice] = []
    for voice, limits in enumerate(_QUARTET_RANGES):
        if voice == leader:
            line = melody(rhythm(start_q, end_q, int(rng.integers(1, 4)), rng), chords, limits, rng)
        elif voice == 3:
            line = _bass(chords, rng)
        else:
            drawn = figure if rng.random() < 0.6 else str(rng.choice(_FIGURES))
            line = _figure(drawn, chords, pitches[:, voice], limits, rng)
        velocity = loud + 10 if voice == leader else loud - 5
        lines.append(tuple(replace(note, velocity=int(np.clip(velocity, 1, 127))) for note in line))
    if rng.random() < _DOUBLED_SHARE:  # two play one melody, an octave apart or in unison
        other = (leader + 1) % 4
        shift = _OCTAVE * round((np.mean(_QUARTET_RANGES[other]) - np.mean(_QUARTET_RANGES[leader])) / _OCTAVE)
        lines[other] = tuple(replace(note, pitch=note.pitch + shift) for note in lines[leader])
    return lines


def _figure(
    name: str, chords: Sequence[Chord], pitches: NDArray[np.int64], limits: tuple[int, int], rng: np.random.Generator
) -> Voice:
    """Return an accompaniment over a phrase, round the pitches of one voice."""
    if name == "rest":
        return ()
    if name == "melody":
        start_q, end_q = chords[0].onset_q, chords[-1].end_q
        return melody(rhythm(start_q, end_q, int(rng.integers(0, 3)), rng), chords, limits, rng)
    length_q = float(rng.choice((0.25, 0.5, 0.5, 1 / 3)))
    return tuple(_in_pattern(name, chords, pitches.tolist(), length_q))


def _in_pattern(name: str, chords: Sequence[Chord], pitches: Sequence[int], length_q: float) -> list[Note]:
    """Return the notes of a pattern, a pitch for every chord."""
    pattern = _PATTERNS[name]
    return [note for chord, pitch in zip(chords, pitches, strict=True) for note in pattern(chord, pitch, length_q)]


def _repeated(chord: Chord, pitch: int, length_q: float) -> list[Note]:
    """Return one pitch again and again, in notes of about a length that fill the chord."""
    n_notes = max(round(chord.duration_q / length_q), 1)
    own_q = chord.duration_q / n_notes
    return [Note(onset_q=chord.onset_q + place * own_q, duration_q=own_q, pitch=pitch) for place in range(n_notes)]


def _broken(chord: Chord, pitch: int, length_q: float) -> list[Note]:
    """Return the chord one tone after the other, up and down from a pitch."""
    tones = [each for each in range(pitch, pitch + _OCTAVE + 1) if each % 12 in chord.tones]
    order = [*tones, *tones[-2:0:-1]]
    return [
        replace(note, pitch=order[place % len(order)]) for place, note in enumerate(_repeated(chord, pitch, length_q))
    ]


def _offbeat(chord: Chord, pitch: int, length_q: float) -> list[Note]:
    """Return one pitch after every beat."""
    halves_q = np.arange(math.floor(chord.onset_q) + 0.5, chord.end_q, 1.0)
    short_q = min(length_q, 0.5)
    return [Note(onset_q=float(at_q), duration_q=short_q, pitch=pitch) for at_q in halves_q if at_q >= chord.onset_q]


def _held(chord: Chord, pitch: int, length_q: float) -> list[Note]:  # noqa: ARG001 - one pattern among others
    """Return one long note."""
    return [Note(onset_q=chord.onset_q, duration_q=chord.duration_q, pitch=pitch)]


_PATTERNS: dict[str, Callable[[Chord, int, float], list[Note]]] = {
    "repeated": _repeated,
    "broken": _broken,
    "offbeat": _offbeat,
    "held": _held,
}


def _bass(chords: Sequence[Chord], rng: np.random.Generator) -> Voice:
    """Return a bass line: roots that are held, repeated, or walked to in steps."""
    manner = str(rng.choice(("held", "repeated", "walking")))
    limits = _QUARTET_RANGES[3]
    if manner == "walking":
        return melody(rhythm(chords[0].onset_q, chords[-1].end_q, 1, rng), chords, limits, rng)
    return tuple(_in_pattern(manner, chords, _bass_pitches(chords, limits), 1.0))


def _bass_pitches(chords: Sequence[Chord], limits: tuple[int, int]) -> list[int]:
    """Return the bass of every chord, each near the one before."""
    before = sum(limits) // 2
    pitches = []
    for chord in chords:
        within = [pitch for pitch in range(limits[0], limits[1] + 1) if pitch % 12 == chord.bass]
        before = min(within, key=lambda pitch, origin=before: abs(pitch - origin))  # type: ignore[misc]
        pitches.append(before)
    return pitches


def _ground_bass(ground: Sequence[Chord], cycle_q: float, n_cycles: int, rng: np.random.Generator) -> Voice:
    """Return the bass of a ground, again and again."""
    manner = str(rng.choice(("held", "repeated")))
    once = _in_pattern(manner, ground, _bass_pitches(ground, VOICE_RANGES[3]), 1.0)
    return tuple(note for cycle in range(n_cycles) for note in _later(once, cycle * cycle_q))


def _followed(leader: Sequence[Note], shift: int, delay_q: float, end_q: float) -> Voice:
    """Return what a voice plays that comes in later, until all end together."""
    moved = (replace(note, pitch=note.pitch + shift) for note in _later(leader, delay_q))
    return tuple(note for note in moved if note.onset_q < end_q)


def _later(notes: Sequence[Note], delay_q: float) -> list[Note]:
    """Return notes moved in time."""
    return [replace(note, onset_q=note.onset_q + delay_q) for note in notes]


def _decorated(chords: Sequence[Chord], pitches: NDArray[np.int64], rng: np.random.Generator) -> Voice:
    """Return the line of one voice of a chorale, with notes between its chords."""
    notes: list[Note] = []
    for place, (chord, pitch) in enumerate(zip(chords, pitches.tolist(), strict=True)):
        following = int(pitches[place + 1]) if place + 1 < len(pitches) else pitch
        before = notes[-1].pitch if notes else pitch
        own = _between(chord, pitch, following, before, rng)
        if notes and own[0].pitch == notes[-1].pitch and rng.random() < _TIED_SHARE:
            notes[-1] = replace(notes[-1], duration_q=notes[-1].duration_q + own[0].duration_q)
            own = own[1:]
        notes += own
    return tuple(notes)


def _between(chord: Chord, pitch: int, following: int, before: int, rng: np.random.Generator) -> list[Note]:
    """Return a note of a voice and what leads on to the next, or what it is held back by."""
    half_q = chord.duration_q / 2
    held = Note(onset_q=chord.onset_q, duration_q=chord.duration_q, pitch=pitch)
    first, second = replace(held, duration_q=half_q), replace(held, onset_q=chord.onset_q + half_q, duration_q=half_q)
    if before - pitch in (1, 2) and rng.random() < _SUSPENDED_SHARE:
        return [replace(first, pitch=before), second]
    passing = [each for each in range(min(pitch, following) + 1, max(pitch, following)) if each % 12 in chord.scale]
    if abs(following - pitch) in _THIRDS and passing and rng.random() < _PASSING_SHARE:
        return [first, replace(second, pitch=passing[0])]
    above = [each for each in (pitch + 1, pitch + 2) if each % 12 in chord.scale]
    if following == pitch and above and rng.random() < _NEIGHBOUR_SHARE:
        return [first, replace(second, pitch=above[0])]
    return [held]
