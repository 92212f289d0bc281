"""A score annotated by the distributions of SynthSOD's generator, seeded by its name."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, TypeAlias

import numpy as np

from rebalance.synthesis.notation import ORCHESTRA, Part, Score
from rebalance.synthesis.performance._annotations import (
    DEFAULT_QUARTER_BPM,
    Annotations,
    DynamicsInterval,
    TempoInterval,
    printed_tempo,
)
from rebalance.synthesis.performance._articulation_shares import ARTICULATION_SHARES
from rebalance.synthesis.performance._articulations import Articulation
from rebalance.synthesis.performance._performing import TempoMap, tempo_map
from rebalance.synthesis.performance._published_draws import (
    MEAN_BPM,
    DynamicsDrawn,
    draw_articulations,
    draw_dynamics,
    draw_tempo_changes,
    seed_of_name,
    velocity_at,
)

PublishedPart: TypeAlias = Literal["tempo", "dynamics", "articulations"]


def published_annotations(score: Score, *, seed: int = 0, without: Sequence[PublishedPart] = ()) -> Annotations:
    """Draw tempo, dynamics and articulations for a score by the distributions of SynthSOD's generator.

    Parameters
    ----------
    score
        Every part named by a track of the orchestra or the label of a player, or with its instrument.
    seed
        0 for the published behaviour: the name of the score alone decides.
    without
        What is not drawn: ``"tempo"`` leaves one tempo, the mean of the draws; ``"dynamics"`` one level, mf, its
        velocities drawn in the band; ``"articulations"`` the most frequent one of each part.

    Returns
    -------
    Annotations
        With the velocity of every note. A note of velocity 0, which the band of ppp holds, is not played.

    Examples
    --------
    >>> from rebalance.synthesis.notation import Note, Part, Score
    >>> from rebalance.synthesis.performance import published_annotations
    >>> notes = tuple(Note(onset_q=float(at), duration_q=1.0, pitch=60) for at in range(64))
    >>> score = Score(name="study", parts=(Part(name="Oboe", instrument=None, notes=notes),), quarter_bpm=80.0)
    >>> annotations = published_annotations(score)
    >>> len(annotations.articulations["Oboe"]), len(annotations.velocities["Oboe"]), len(annotations.tempo) >= 4
    (64, 64, True)
    >>> annotations == published_annotations(score)
    True

    Source: SynthSOD (arXiv 2409.10995) and its generator; tempo, dynamics and articulations are seeded alike, in this
    order. The generator is NumPy's newer one, so that draws are not those of the published data.
    """
    tempo = _one_tempo() if "tempo" in without else _drawn_tempo(score, seed_of_name(score.name, seed))
    plain = Annotations(dynamics=(), tempo=tempo, articulations={})
    times = tempo_map(score, plain)
    rng = seed_of_name(score.name, seed)
    drawn = (DynamicsDrawn(start_s=0.0, level="mf"),) if "dynamics" in without else draw_dynamics(times.duration_s, rng)
    velocities = {part.name: _velocities(part, drawn, times, rng) for part in score.parts}
    rng = seed_of_name(score.name, seed)
    articulations = {
        part.name: (_most_frequent(part),) * len(part.notes)
        if "articulations" in without
        else _articulations(part, times, rng)
        for part in score.parts
    }
    return replace(plain, dynamics=_written_dynamics(drawn, times), velocities=velocities, articulations=articulations)


def _one_tempo() -> tuple[TempoInterval, ...]:
    return (TempoInterval(start_q=0.0, quarter_bpm=MEAN_BPM),)


def _drawn_tempo(score: Score, rng: np.random.Generator) -> tuple[TempoInterval, ...]:
    """Return the tempi of a score once the drawn ones are laid over those written, each timing anew what follows."""
    tempo = printed_tempo(score)
    for change in draw_tempo_changes(score.seconds_at(score.end_q, DEFAULT_QUARTER_BPM), rng):
        times = tempo_map(score, Annotations(dynamics=(), tempo=tempo, articulations={}))
        if change.start_s >= times.duration_s:
            continue
        start_q = _quarters_at(times, change.start_s)
        kept = tuple(interval for interval in tempo if interval.start_q < start_q)
        tempo = (*kept, TempoInterval(start_q=start_q, quarter_bpm=float(change.quarter_bpm)))
    return tempo


def _quarters_at(times: TempoMap, time_s: float) -> float:
    """Return the position of a time in quarter notes."""
    return float(np.interp(time_s, times.seconds, times.quarters))


def _onsets_s(part: Part, times: TempoMap) -> list[float]:
    onsets: list[float] = np.interp([note.onset_q for note in part.notes], times.quarters, times.seconds).tolist()
    return onsets


def _velocities(
    part: Part, dynamics: Sequence[DynamicsDrawn], times: TempoMap, rng: np.random.Generator
) -> tuple[int, ...]:
    """Return the velocity of every note of a part."""
    return tuple(velocity_at(dynamics, onset_s, rng) for onset_s in _onsets_s(part, times))


def _articulations(part: Part, times: TempoMap, rng: np.random.Generator) -> tuple[Articulation, ...]:
    """Return the articulation of every note of a part, one for each stretch."""
    drawn = draw_articulations(_instrument_of(part), times.duration_s, rng)
    starts_s = [interval.start_s for interval in drawn]
    return tuple(drawn[bisect.bisect_right(starts_s, onset_s) - 1].articulation for onset_s in _onsets_s(part, times))


def _most_frequent(part: Part) -> Articulation:
    """Return the articulation with the largest share; untuned percussion keeps the instruments it is written for."""
    if _instrument_of(part) == "UntunedPercussion":
        return "sustained"
    shares = ARTICULATION_SHARES[_instrument_of(part)]
    return max(shares, key=lambda articulation: shares[articulation])


def _instrument_of(part: Part) -> str:
    """Return whose table a part has: that of its instrument, or of the track or player it is named by."""
    if part.instrument is not None:
        return part.instrument.name
    if part.name in ORCHESTRA:
        return ORCHESTRA[part.name].instrument
    return part.name.rpartition("_")[0] if part.name[-1:].isdigit() else part.name


def _written_dynamics(drawn: Sequence[DynamicsDrawn], times: TempoMap) -> tuple[DynamicsInterval, ...]:
    """Return drawn dynamics in quarter notes, each change from where it begins but not before the one before it."""
    written: list[DynamicsInterval] = []
    for interval in drawn:
        begun_q = _quarters_at(times, interval.gradual_from_s if interval.gradual_s else interval.start_s)
        start_q = max(begun_q, written[-1].start_q) if written else 0.0
        written.append(DynamicsInterval(start_q=start_q, level=interval.level, transition_s=interval.gradual_s))
    return tuple(written)
