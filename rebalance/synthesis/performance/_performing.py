"""From notes on paper to notes in time: what every player does, in seconds, cents and dB."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError
from rebalance._base.seeding import stream
from rebalance.synthesis.notation import MAX_MIDI_PITCH, Note, Part, Score
from rebalance.synthesis.performance._annotations import (
    DYNAMIC_LEVELS,
    VELOCITIES_PER_LEVEL,
    Annotations,
    DynamicsInterval,
)
from rebalance.synthesis.performance._articulations import MANNERS, Articulation, Technique
from rebalance.synthesis.performance._humanising import Player

_MINUTE_S = 60.0
_RUBATO_GRID_Q = 0.5
_RUBATO_PERIOD_Q = 6.0
_JITTER_LIMIT = 2.5  # standard deviations
_MIN_NOTE_S = 0.04
_SAME_TIME_Q = 1e-6
_TRILL_RATE_HZ = 7.0
_MIN_TRILL_S = 0.4
_FLUTTER_RATE_HZ = 24.0
_FLUTTER_DB = 5.0
_MIN_SWELL_S = 0.25
_SWELL_PEAK = (0.3, 0.7)  # where in the note the swell is loudest
_DRIFT_PERIOD_S = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TempoMap:
    """Quarter notes to seconds: breakpoints of both, increasing, linear between them.

    Parameters
    ----------
    quarters
        Breakpoints in quarter notes, increasing, shape ``(n,)``.
    seconds
        When each is reached, increasing, shape ``(n,)``.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.synthesis.performance import TempoMap
    >>> slowing = TempoMap(quarters=np.array([0.0, 4.0, 8.0]), seconds=np.array([0.0, 2.0, 6.0]))
    >>> slowing.seconds_at(2.0), slowing.seconds_at(6.0), slowing.duration_s
    (1.0, 4.0, 6.0)
    """

    quarters: NDArray[np.float64]
    seconds: NDArray[np.float64]

    def seconds_at(self, position_q: float) -> float:
        """Return the time of a position in quarter notes."""
        return float(np.interp(position_q, self.quarters, self.seconds))

    @property
    def duration_s(self) -> float:
        """When the last written note ends."""
        return float(self.seconds[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedNote:
    """One note as played: when, how long, which, how hard, how far from equal temperament, and how.

    Parameters
    ----------
    onset_s
        When it begins, in seconds.
    duration_s
        Until it is released, in seconds.
    pitch
        MIDI number.
    velocity
        MIDI velocity, 1 to 127.
    detune_cents
        From equal temperament.
    technique
        How it is played; one of `Technique`.

    Examples
    --------
    >>> from rebalance.synthesis.performance import PlayedNote
    >>> PlayedNote(onset_s=1.0, duration_s=0.5, pitch=69, velocity=80, detune_cents=-4.0).end_s
    1.5
    """

    onset_s: float
    duration_s: float
    pitch: int
    velocity: int
    detune_cents: float = 0.0
    technique: Technique = "ordinary"

    @property
    def end_s(self) -> float:
        """When the note is released."""
        return self.onset_s + self.duration_s


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedPart:
    """One part as played.

    Parameters
    ----------
    label
        Of the player.
    notes
        By onset.
    level_times_s, levels_db
        Breakpoints of the level curve on top of the notes' velocities: swells, drift, flutter.
    """

    label: str
    notes: tuple[PlayedNote, ...]
    level_times_s: NDArray[np.float64]
    levels_db: NDArray[np.float64]


def tempo_map(score: Score, annotations: Annotations, *, rubato: float = 0.0, seed: int = 0) -> TempoMap:
    """Return when every position of a score is played.

    Parameters
    ----------
    score, annotations
        The tempo intervals give the basic tempo.
    rubato
        Standard deviation of a slow random bend of the tempo, shared by the ensemble, as a share of the tempo.
    seed
        Seed of that bend.

    Examples
    --------
    >>> from rebalance.synthesis.notation import Note, Part, Score
    >>> from rebalance.synthesis.performance import mechanical_annotations, tempo_map
    >>> oboe = Part(name="Oboe", instrument=None, notes=(Note(onset_q=0.0, duration_q=8.0, pitch=60),))
    >>> score = Score(name="study", parts=(oboe,), quarter_bpm=120.0)
    >>> tempo = tempo_map(score, mechanical_annotations(score))
    >>> tempo.seconds_at(4.0), tempo.duration_s
    (2.0, 4.0)
    """
    end_q = max(score.end_q, _RUBATO_GRID_Q)
    starts_q = np.array([interval.start_q for interval in annotations.tempo])
    tempi = np.array([interval.quarter_bpm for interval in annotations.tempo])
    grid = np.arange(0.0, end_q, _RUBATO_GRID_Q) if rubato else np.zeros(1)
    quarters = np.unique(np.concatenate([grid, starts_q[starts_q < end_q], [end_q]]))
    tempo = tempi[np.searchsorted(starts_q, quarters[:-1], side="right") - 1]
    if rubato:
        knots_q = np.arange(0.0, end_q + _RUBATO_PERIOD_Q, _RUBATO_PERIOD_Q)
        draws = stream(seed, score.name, "rubato").standard_normal(len(knots_q))
        bend = rubato * np.clip(np.interp(quarters[:-1], knots_q, draws), -_JITTER_LIMIT, _JITTER_LIMIT)
        tempo = tempo * (1 + bend)
    seconds = np.concatenate([[0.0], np.cumsum(np.diff(quarters) * _MINUTE_S / tempo)])
    return TempoMap(quarters=quarters, seconds=seconds)


def perform(part: Part, annotations: Annotations, tempo: TempoMap, player: Player) -> PlayedPart:
    """Play one part.

    Parameters
    ----------
    part
        Arranged, one note at a time; named by the player's label.
    annotations
        Must hold an articulation per note of the part, or none for it; the same for velocities.
    tempo
        Of the ensemble.
    player
        Timing, tuning and dynamics of the player.

    Raises
    ------
    ConfigError
        If the number of articulations or velocities differs from that of the notes.

    Examples
    --------
    >>> from rebalance.synthesis.notation import Note, Part, Score
    >>> from rebalance.synthesis.performance import HUMANISING, draw_player, mechanical_annotations, perform, tempo_map
    >>> oboe = Part(name="Oboe", instrument=None, notes=(Note(onset_q=4.0, duration_q=2.0, pitch=60),))
    >>> score = Score(name="study", parts=(oboe,), quarter_bpm=60.0)
    >>> annotations = mechanical_annotations(score)
    >>> player = draw_player(HUMANISING["none"], 1, "study", "Oboe")
    >>> played = perform(oboe, annotations, tempo_map(score, annotations), player)
    >>> [(note.onset_s, note.pitch, note.velocity) for note in played.notes]
    [(4.0, 60, 80)]
    """
    sustained: Articulation = "sustained"
    articulations = annotations.articulations.get(part.name) or (sustained,) * len(part.notes)
    if len(articulations) != len(part.notes):
        raise ConfigError(where=part.name, expected=f"{len(part.notes)} articulations", got=f"{len(articulations)}")
    rng = np.random.default_rng(player.seed)
    onsets_s = _onsets(part.notes, tempo, player, rng)
    velocities = _velocities(part, annotations, tempo, player, rng)
    detune = player.offset_cents + player.detune_cents * rng.standard_normal(len(part.notes))
    following = _following(part.notes, onsets_s)
    played: list[PlayedNote] = []
    flutters: list[PlayedNote] = []
    for index, (note, articulation) in enumerate(zip(part.notes, articulations, strict=True)):
        if not velocities[index]:
            continue
        full = PlayedNote(
            onset_s=float(onsets_s[index]),
            duration_s=tempo.seconds_at(note.end_q) - tempo.seconds_at(note.onset_q),
            pitch=note.pitch,
            velocity=int(velocities[index]),
            detune_cents=float(detune[index]),
        )
        shaped = _shape(full, articulation, following[index], player)
        if articulation == "flutter":
            flutters.append(shaped)
        played += _struck(shaped, articulation, part.notes)
    times_s, levels_db = _level_curve(played, flutters, player, rng)
    return PlayedPart(label=part.name, notes=tuple(played), level_times_s=times_s, levels_db=levels_db)


def _onsets(notes: Sequence[Note], tempo: TempoMap, player: Player, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the onset of every note in seconds, around the beat and never before the onset of the last one."""
    beats_s = np.array([tempo.seconds_at(note.onset_q) for note in notes])
    draws = np.clip(rng.standard_normal(len(notes)), -_JITTER_LIMIT, _JITTER_LIMIT)
    onsets = np.maximum(beats_s + player.onset_jitter_ms / 1000 * draws, 0.0)
    return np.maximum.accumulate(onsets)


def _following(notes: Sequence[Note], onsets_s: NDArray[np.float64]) -> list[float]:
    """Return for every note when the first one that begins at its end or later is played; infinity for none."""
    written_q = [note.onset_q for note in notes]
    later = [bisect.bisect_left(written_q, note.end_q - _SAME_TIME_Q, lo=at + 1) for at, note in enumerate(notes)]
    return [float(onsets_s[at]) if at < len(notes) else math.inf for at in later]


def _velocities(
    part: Part, annotations: Annotations, tempo: TempoMap, player: Player, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the velocity of every note: as drawn, that of the score, or one of the band of the dynamic in force."""
    notes, dynamics = part.notes, annotations.dynamics
    within = rng.uniform(0, VELOCITIES_PER_LEVEL - 1, len(notes))
    if drawn := annotations.velocities.get(part.name):
        if len(drawn) != len(notes):
            raise ConfigError(where=part.name, expected=f"{len(notes)} velocities", got=f"{len(drawn)}")
        return np.where(np.array(drawn) > 0, _narrowed(np.array(drawn, dtype=np.float64), player), 0)
    if dynamics:
        bands = np.array([dynamic_at(dynamics, tempo, tempo.seconds_at(note.onset_q)) for note in notes])
        return _narrowed(bands * VELOCITIES_PER_LEVEL + within, player)
    return _narrowed(np.array([float(note.velocity) for note in notes]), player)


def _narrowed(velocities: NDArray[np.float64], player: Player) -> NDArray[np.int64]:
    """Return velocities within a player's dynamic range, from 1."""
    narrowed = MAX_MIDI_PITCH - (MAX_MIDI_PITCH - velocities) * player.dynamic_range
    return np.clip(np.rint(narrowed), 1, MAX_MIDI_PITCH).astype(np.int64)


def dynamic_at(dynamics: Sequence[DynamicsInterval], tempo: TempoMap, time_s: float) -> float:
    """Return the dynamic at a time: 0 for ppp to 7 for fff, fractional in a gradual transition.

    A transition that the next interval cuts short goes on from where it got to.

    Parameters
    ----------
    dynamics
        Stretches by where they begin, at least one; the first counts from the start.
    tempo
        Quarter notes to seconds.
    time_s
        In seconds from the beginning.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.synthesis.performance import DynamicsInterval, TempoMap, dynamic_at
    >>> tempo = TempoMap(quarters=np.array([0.0, 16.0]), seconds=np.array([0.0, 16.0]))
    >>> soft = DynamicsInterval(start_q=0.0, level="p")
    >>> crescendo = DynamicsInterval(start_q=4.0, level="f", transition_s=6.0)
    >>> [dynamic_at((soft, crescendo), tempo, time_s) for time_s in (0.0, 6.0, 12.0)]  # 2 is p, 5 is f
    [2.0, 3.0, 5.0]
    """
    reached = float(DYNAMIC_LEVELS.index(dynamics[0].level))
    for interval, following in itertools.zip_longest(dynamics[1:], dynamics[2:]):
        start_s = tempo.seconds_at(interval.start_q)
        if time_s < start_s:
            break
        end_s = min(time_s, tempo.seconds_at(following.start_q)) if following is not None else time_s
        share = min((end_s - start_s) / interval.transition_s, 1.0) if interval.transition_s else 1.0
        reached += (DYNAMIC_LEVELS.index(interval.level) - reached) * share
    return reached


def _shape(note: PlayedNote, articulation: Articulation, next_onset_s: float, player: Player) -> PlayedNote:
    """Return a note of full length as its articulation wants it."""
    manner = MANNERS[articulation]
    duration_s = max(note.duration_s * manner.sounding, _MIN_NOTE_S)
    connected = note.end_s >= next_onset_s - player.onset_jitter_ms * _JITTER_LIMIT / 1000
    if articulation.startswith("legato") and connected and np.isfinite(next_onset_s):
        duration_s = max(next_onset_s + player.legato_overlap_ms / 1000 - note.onset_s, _MIN_NOTE_S)
    return replace(
        note,
        duration_s=duration_s,
        pitch=note.pitch if manner.key is None else manner.key,
        velocity=min(note.velocity + manner.added_velocity, MAX_MIDI_PITCH),
        technique=manner.technique,
    )


def _struck(note: PlayedNote, articulation: Articulation, notes: Sequence[Note]) -> list[PlayedNote]:
    """Return the notes that are heard for one: itself, a trill, or repetitions."""
    manner = MANNERS[articulation]
    if manner.trill_semitones is not None and note.duration_s >= _MIN_TRILL_S:
        return _alternating(note, _TRILL_RATE_HZ, manner.trill_semitones or _trill_step(note, notes))
    if manner.repeat_rate_hz is not None:
        return _alternating(note, manner.repeat_rate_hz, 0)
    return [note]


def _trill_step(note: PlayedNote, notes: Sequence[Note]) -> int:
    """Return the step above a note: the half tone where the part uses that note, else the whole."""
    pitch_classes = {other.pitch % 12 for other in notes}
    return 1 if (note.pitch + 1) % 12 in pitch_classes and (note.pitch + 2) % 12 not in pitch_classes else 2


def _alternating(note: PlayedNote, rate_hz: float, step: int) -> list[PlayedNote]:
    """Return a note as several of its own length together, every second one a step higher."""
    n_notes = max(2, round(note.duration_s * rate_hz)) if step else max(1, round(note.duration_s * rate_hz))
    length_s = note.duration_s / n_notes
    return [
        replace(
            note, onset_s=note.onset_s + index * length_s, duration_s=length_s, pitch=note.pitch + step * (index % 2)
        )
        for index in range(n_notes)
    ]


def _level_curve(
    played: Sequence[PlayedNote], flutters: Sequence[PlayedNote], player: Player, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return breakpoints of the level curve: times in s, levels in dB."""
    end_s = max((note.end_s for note in played), default=0.0)
    knots_s = np.arange(0.0, end_s + 2 * _DRIFT_PERIOD_S, _DRIFT_PERIOD_S)
    drift_db = player.drift_db * np.clip(rng.standard_normal(len(knots_s)), -_JITTER_LIMIT, _JITTER_LIMIT)
    swell = [
        (note.onset_s + share * note.duration_s, level_db)
        for note, peak in zip(played, rng.uniform(*_SWELL_PEAK, len(played)), strict=True)
        if player.swell_db and note.duration_s >= _MIN_SWELL_S and note.technique == "ordinary"
        for share, level_db in (
            (0.0, -player.swell_db / 2),
            (float(peak), player.swell_db / 2),
            (1.0, -player.swell_db / 2),
        )
    ]
    flutter = [
        (note.onset_s + step / (2 * _FLUTTER_RATE_HZ), -_FLUTTER_DB if step % 2 else 0.0)
        for note in flutters
        for step in range(int(note.duration_s * 2 * _FLUTTER_RATE_HZ))
    ]
    curves = [(knots_s, drift_db), *(_breakpoints(curve) for curve in (swell, flutter) if curve)]
    times_s = np.unique(np.concatenate([times for times, _ in curves]))
    return times_s, np.sum([np.interp(times_s, times, levels) for times, levels in curves], axis=0)


def _breakpoints(points: Sequence[tuple[float, float]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return points as increasing times and their levels."""
    times, order = np.unique([time for time, _ in points], return_index=True)
    return times, np.array([level for _, level in points])[order]
