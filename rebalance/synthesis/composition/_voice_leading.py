"""Four voices that carry a progression in small steps, without parallel fifths and octaves."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rebalance.synthesis.composition._harmony import Chord

VOICE_RANGES = ((60, 81), (55, 74), (48, 69), (38, 62))
"""Lowest and highest MIDI pitch of soprano, alto, tenor and bass."""
_MAX_VOICINGS = 160
_MAX_SPACING = 12
_MAX_BASS_SPACING = 24
_PERFECT = (0, 7)
_PARALLEL_COST = 12.0
_LEAP = 5
_LEAP_COST = 1.5
_LACKING_COST = 6.0
_NOISE = 2.5


def lead_voices(chords: Sequence[Chord], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the MIDI pitches of soprano, alto, tenor and bass for every chord, shape ``(n_chords, 4)``.

    The voicings of all chords are chosen together by dynamic programming: small steps, no leaps, no two voices that
    move in parallel fifths or octaves, chords with their third.

    Parameters
    ----------
    chords
        What the voices sing.
    rng
        Draws which voicings are looked at, and a little of their cost, for variety.
    """
    voicings = [_voicings(chord, rng) for chord in chords]
    costs = _own_costs(chords[0], voicings[0], rng)
    ways = []
    for chord, before, after in zip(chords[1:], voicings, voicings[1:], strict=False):
        joint = costs[:, None] + _step_costs(before, after)
        ways.append(joint.argmin(axis=0))
        costs = joint.min(axis=0) + _own_costs(chord, after, rng)
    chosen = [int(costs.argmin())]
    for way in reversed(ways):
        chosen.append(int(way[chosen[-1]]))
    return np.array([rows[index] for rows, index in zip(voicings, reversed(chosen), strict=True)])


def _voicings(chord: Chord, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return ways to set a chord for four voices from high to low, shape ``(n, 4)``."""
    upper = [_within(limits, chord.tones) for limits in VOICE_RANGES[:3]]
    bass = _within(VOICE_RANGES[3], (chord.bass,))
    rows = [
        (soprano, alto, tenor, low)
        for soprano, alto, tenor, low in itertools.product(*upper, bass)
        if 0 <= soprano - alto <= _MAX_SPACING and 0 <= alto - tenor <= _MAX_SPACING
        if 0 <= tenor - low <= _MAX_BASS_SPACING
    ]
    kept = rng.permutation(len(rows))[:_MAX_VOICINGS]
    return np.array([rows[index] for index in kept])


def _within(limits: tuple[int, int], classes: Sequence[int]) -> list[int]:
    """Return the pitches of some classes within limits."""
    return [pitch for pitch in range(limits[0], limits[1] + 1) if pitch % 12 in classes]


def _own_costs(chord: Chord, voicings: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return what is amiss in voicings by themselves: the third missing, or doubled."""
    thirds = (voicings % 12 == chord.tones[1]).sum(axis=1)
    lacking: NDArray[np.float64] = np.where(thirds == 1, 0.0, _LACKING_COST) + rng.uniform(0, _NOISE, len(voicings))
    return lacking


def _step_costs(before: NDArray[np.int64], after: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return what it costs to go from every voicing to every other, shape ``(n_before, n_after)``."""
    steps = after[None] - before[:, None]
    sizes = np.abs(steps)
    costs: NDArray[np.float64] = (sizes + _LEAP_COST * np.maximum(sizes - _LEAP, 0)).sum(axis=2)
    for high, low in itertools.combinations(range(4), 2):
        kept = np.isin((before[:, high] - before[:, low]) % 12, _PERFECT)
        still = (before[:, high] - before[:, low])[:, None] == (after[:, high] - after[:, low])[None]
        costs += _PARALLEL_COST * (kept[:, None] & still & (steps[..., high] != 0))
    return costs
