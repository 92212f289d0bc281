"""Posteriors as a good tracker would have them of a score that is played."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rebalance.synthesis.notation import Note, Part, Score
from rebalance.transcription import Posteriors

PITCHES = 33 + np.arange(288) / 3
HOP_S = 1024 / 44_100


def part(name: str, pitches: Sequence[int], quarters: float = 1.0) -> Part:
    """Return a part of notes one after the other."""
    notes = tuple(
        Note(onset_q=place * quarters, duration_q=quarters, pitch=pitch) for place, pitch in enumerate(pitches)
    )
    return Part(name=name, instrument=None, notes=notes)


def heard(
    score: Score,
    instruments: Sequence[str],
    seconds_at: Callable[[float], float],
    *,
    shift: float = 0.0,
    share: float = 0.8,
    seed: int = 0,
) -> Posteriors:
    """Return posteriors in which each player has its note with a share, the rest spread over a few random pitches."""
    rng = np.random.default_rng(seed)
    times = np.arange(int(seconds_at(score.end_q) / HOP_S)) * HOP_S
    values = np.zeros((len(score.parts), len(times), len(PITCHES) + 1))
    for player, its_part in enumerate(score.parts):
        states = np.full(len(times), len(PITCHES))
        for note in its_part.notes:
            sounding = (times >= seconds_at(note.onset_q)) & (times < seconds_at(note.end_q))
            states[sounding] = int(np.argmin(np.abs(PITCHES - note.pitch - shift)))
        stray = rng.integers(0, len(PITCHES), (len(times), 4))
        np.add.at(values[player], (np.arange(len(times))[:, None], stray), (1 - share) / 4)
        values[player, np.arange(len(times)), states] += share
    return Posteriors(
        values=values.astype(np.float32),
        pitches_midi=PITCHES,
        frame_times_s=times,
        instruments=tuple(instruments),
    )


def duet(seed: int = 1, n_notes: int = 40) -> Score:
    """Return two parts that move at random, the higher one first."""
    rng = np.random.default_rng(seed)
    high, low = (centre + np.clip(np.cumsum(rng.integers(-3, 4, n_notes)), -9, 9) for centre in (74, 52))
    parts = (part("Upper", [int(pitch) for pitch in high], 0.5), part("Lower", [int(pitch) for pitch in low], 0.5))
    return Score(name=f"duet{seed}", parts=parts, quarter_bpm=60.0)
