"""Music made up by program: parts that share a key, a beat and the harmony of every bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rebalance._base.errors import ConfigError
from rebalance.synthesis.notation import chair_labelled
from rebalance.synthesis.performance import PlayedNote

_MAJOR = (0, 2, 4, 5, 7, 9, 11)
_BEATS_PER_BAR = 4
_LENGTHS_BEATS = (0.5, 1.0, 1.0, 1.5, 2.0)
_REST_SHARE = 0.08
_CHORD_SHARE = 0.7
_RANGE_SHARES = (0.2, 0.75)  # of the instrument's range
_LEAP_SEMITONES = 5
_BPM = (72.0, 126.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImprovisedPart:
    """What one player plays.

    Parameters
    ----------
    instrument
        Name of the instrument.
    notes
        By onset.
    """

    instrument: str
    notes: tuple[PlayedNote, ...]


def improvise(instruments: Sequence[str], duration_s: float, rng: np.random.Generator) -> tuple[ImprovisedPart, ...]:
    """Make up music for some players, who share key, tempo and the chord of every bar.

    Parameters
    ----------
    instruments
        One for every player.
    duration_s
        When the last note ends, at the latest.
    rng
        Draws all of it.

    Raises
    ------
    ConfigError
        If there is no player, or no time.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.synthesis.performers import improvise
    >>> parts = improvise(["Flute", "Tuba"], 10.0, np.random.default_rng(0))
    >>> [part.instrument for part in parts], all(part.notes[-1].end_s <= 10.0 for part in parts)
    (['Flute', 'Tuba'], True)
    """
    if not instruments or duration_s <= 0:
        raise ConfigError(where="music", expected="a player and some time", got=f"{list(instruments)}, {duration_s} s")
    beat_s = 60.0 / rng.uniform(*_BPM)
    tonic = int(rng.integers(12))
    n_bars = int(duration_s / (beat_s * _BEATS_PER_BAR)) + 1
    roots = rng.choice((0, 0, 3, 4, 5, 1), size=n_bars)
    chords = [frozenset((tonic + _MAJOR[(root + third) % 7]) % 12 for third in (0, 2, 4)) for root in roots]
    scale = frozenset((tonic + step) % 12 for step in _MAJOR)
    return tuple(
        ImprovisedPart(instrument=name, notes=_line(name, duration_s, beat_s, chords, scale, rng))
        for name in instruments
    )


def _line(
    instrument: str,
    duration_s: float,
    beat_s: float,
    chords: Sequence[frozenset[int]],
    scale: frozenset[int],
    rng: np.random.Generator,
) -> tuple[PlayedNote, ...]:
    """Make up the line of one player, in small steps within the middle of the range."""
    known = chair_labelled(instrument).instrument
    low, high = (round(known.lowest + share * (known.highest - known.lowest)) for share in _RANGE_SHARES)
    pitch = int(rng.integers(low, high + 1))
    notes: list[PlayedNote] = []
    beat = 0.0
    while (onset_s := beat * beat_s) < duration_s:
        length = float(rng.choice(_LENGTHS_BEATS))
        end_s = min(onset_s + 0.95 * length * beat_s, duration_s)
        allowed = chords[int(beat // _BEATS_PER_BAR)] if rng.random() < _CHORD_SHARE else scale
        near = [
            other
            for other in range(max(low, pitch - _LEAP_SEMITONES), min(high, pitch + _LEAP_SEMITONES) + 1)
            if other % 12 in allowed
        ]
        pitch = int(rng.choice(near)) if near else pitch
        if rng.random() >= _REST_SHARE or not notes:
            velocity = int(rng.integers(65, 110))
            detune = float(rng.normal(0.0, 6.0))
            notes.append(
                PlayedNote(
                    onset_s=onset_s,
                    duration_s=max(end_s - onset_s, 1e-3),
                    pitch=pitch,
                    velocity=velocity,
                    detune_cents=detune,
                )
            )
        beat += length
    return tuple(notes)
