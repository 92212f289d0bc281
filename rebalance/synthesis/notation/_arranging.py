"""Re-orchestration: any score for any ensemble, parts moved by octaves into the players' ranges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import ConfigError
from rebalance._base.names import suggestion
from rebalance.synthesis.notation._instruments import Chair, Instrument, chair_labelled, is_of_challenge
from rebalance.synthesis.notation._repair import repair_score
from rebalance.synthesis.notation._scores import Part, Score

OCTAVE = 12
ENSEMBLES: dict[str, tuple[str, ...]] = {
    "strings": ("Violin", "Violin", "Viola", "Cello"),
    "string-trio": ("Violin", "Viola", "Cello"),
    "string-quintet": ("Violin", "Violin", "Viola", "Viola", "Cello"),
    "winds": ("Flute", "Oboe", "Clarinet", "Bassoon"),
    "winds-sax": ("Flute", "Sax", "Oboe", "Bassoon"),
    "bach10": ("Violin", "Clarinet", "Sax", "Bassoon"),
    "flute-quartet": ("Flute", "Violin", "Viola", "Cello"),
    "clarinet-quintet": ("Clarinet", "Violin", "Violin", "Viola", "Cello"),
}
"""Ensembles by name; any list of instruments will do as well."""
RANDOM_ENSEMBLE = "random"
MIXED_ENSEMBLE = "mixed"
_OCTAVE_SHIFTS = tuple(octave * OCTAVE for octave in range(-4, 5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """A score set for an ensemble.

    Parameters
    ----------
    score
        One part per player, named by the player's label, from high to low.
    shifts
        Semitones each part was moved by, a multiple of 12, by label.
    folded_notes
        Notes moved by further octaves because the part as a whole did not fit, by label.
    """

    score: Score
    shifts: dict[str, int]
    folded_notes: dict[str, int]


def parse_ensemble(labels: Sequence[str]) -> tuple[Chair, ...]:
    """Return the players of an ensemble of the challenge.

    Parameters
    ----------
    labels
        Two to five instruments; the voices of a doubled one may be numbered or not: ``["Violin", "Violin", "Cello"]``
        and ``["Violin_1", "Violin_2", "Cello"]`` are the same.

    Raises
    ------
    ConfigError
        If their number, an instrument or a doubling is against the rules of the challenge.

    Examples
    --------
    >>> from rebalance.synthesis.notation import parse_ensemble
    >>> [chair.instrument.name for chair in parse_ensemble(["Flute", "Cello"])]
    ['Flute', 'Cello']
    """
    plain = [chair_labelled(label).instrument for label in labels]
    shown = ",".join(labels)
    if len(plain) not in CAD2_TASK2.n_sources:
        raise ConfigError(where=f"ensemble {shown!r}", expected="two to five instruments", got=f"{len(plain)}")
    for instrument, times in Counter(plain).items():
        if not is_of_challenge(instrument):
            raise ConfigError(f"{instrument.name} is no instrument of the challenge", where=f"ensemble {shown!r}")
        if times > (2 if instrument.name in CAD2_TASK2.doubling_instruments else 1):
            raise ConfigError(
                f"{instrument.name} {times} times, more than the challenge allows", where=f"ensemble {shown!r}"
            )
    return chairs_of(plain)


def ensemble_named(name: str, rng: np.random.Generator) -> tuple[Chair, ...]:
    """Return an ensemble.

    Parameters
    ----------
    name
        A key of `ENSEMBLES`, a list such as ``"Flute,Violin,Cello"``, ``"random"`` for any two to five instruments the
        challenge allows, or ``"mixed"`` for such with both strings and woodwinds.
    rng
        For the random ones.

    Raises
    ------
    ConfigError
        If an instrument is not known or the ensemble breaks the rules of the challenge.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.synthesis.notation import ensemble_named
    >>> rng = np.random.default_rng(0)
    >>> [chair.label for chair in ensemble_named("Flute,Violin,Violin,Cello", rng)]
    ['Flute', 'Violin_1', 'Violin_2', 'Cello']
    >>> len(ensemble_named("random", rng)) in (2, 3, 4, 5)
    True
    """
    if name in {RANDOM_ENSEMBLE, MIXED_ENSEMBLE}:
        return _random_ensemble(rng, mixed=name == MIXED_ENSEMBLE)
    if "," not in name and name not in ENSEMBLES:
        known = (*ENSEMBLES, RANDOM_ENSEMBLE, MIXED_ENSEMBLE)
        raise ConfigError(f"unknown ensemble {name!r}{suggestion(name, known) or f', expected one of {known}'}")
    return parse_ensemble(ENSEMBLES.get(name) or name.split(","))


def _random_ensemble(rng: np.random.Generator, *, mixed: bool) -> tuple[Chair, ...]:
    """Draw two to five players, every set of that size equally likely; with `mixed`, of both families."""
    pool = [*CAD2_TASK2.instruments, *CAD2_TASK2.doubling_instruments]
    while True:
        size = int(rng.choice(CAD2_TASK2.n_sources))
        drawn = sorted(pool[index] for index in rng.choice(len(pool), size=size, replace=False).tolist())
        chairs = parse_ensemble(drawn)
        if not mixed or len({chair.instrument.family for chair in chairs}) > 1:
            return chairs


def chairs_of(instruments: Sequence[Instrument]) -> tuple[Chair, ...]:
    """Label the players of an ensemble, numbering the voices of doubled instruments."""
    times = Counter(instruments)
    seen: Counter[Instrument] = Counter()
    chairs = []
    for instrument in instruments:
        seen[instrument] += 1
        label = f"{instrument.name}_{seen[instrument]}" if times[instrument] > 1 else instrument.name
        chairs.append(Chair(label=label, instrument=instrument))
    return tuple(chairs)


def arrange(score: Score, ensemble: Sequence[Chair]) -> Arrangement:
    """Set a score for an ensemble.

    Parts from high to low go to players from high to low. With more parts than players the outer parts
    stay and the inner ones with the fewest notes go; with fewer, the busiest parts are doubled at the
    octave. A part is moved by the octaves that leave the fewest notes outside the player's range; what
    still lies outside is folded into it note by note. Of two players of one instrument the first has the part that is
    higher once it is moved.

    Parameters
    ----------
    score
        Parts in any order; percussion and empty parts are left out.
    ensemble
        The players, in the order of the stems.

    Raises
    ------
    ConfigError
        If the ensemble or the score is empty.

    Examples
    --------
    >>> from rebalance.synthesis.notation import Note, Part, Score, arrange, parse_ensemble
    >>> high = tuple(Note(onset_q=float(at), duration_q=1.0, pitch=72 + at) for at in range(4))
    >>> low = tuple(Note(onset_q=float(at), duration_q=1.0, pitch=28 + at) for at in range(4))
    >>> parts = (Part(name="Right", instrument=None, notes=high), Part(name="Left", instrument=None, notes=low))
    >>> arrangement = arrange(Score(name="study", parts=parts), parse_ensemble(["Flute", "Cello"]))
    >>> [part.name for part in arrangement.score.parts], arrangement.shifts
    (['Flute', 'Cello'], {'Flute': 0, 'Cello': 12})
    """
    playable = [part for part in repair_score(score).score.parts if part.notes]
    if not playable or not ensemble:
        raise ConfigError(where=score.name, expected="parts and players", got=f"{len(playable)} and {len(ensemble)}")
    seated = _seated(_parts_for(playable, len(ensemble)), ensemble)
    shifts: dict[str, int] = {}
    folded: dict[str, int] = {}
    arranged = []
    for chair in ensemble:
        part = seated[chair.label]
        shift = best_octave_shift(part, chair.instrument)
        shifts[chair.label] = shift
        folded[chair.label] = sum(not chair.instrument.plays(note.pitch + shift) for note in part.notes)
        arranged.append(_moved(part, chair, shift))
    return Arrangement(score=replace(score, parts=tuple(arranged)), shifts=shifts, folded_notes=folded)


def best_octave_shift(part: Part, instrument: Instrument) -> int:
    """Return the multiple of 12 semitones that leaves the fewest notes out of range, the smallest move among equals."""
    pitches = Counter(note.pitch for note in part.notes)

    def cost(shift: int) -> tuple[int, int]:
        outside = sum(times for pitch, times in pitches.items() if not instrument.plays(pitch + shift))
        return outside, abs(shift)

    return min(_OCTAVE_SHIFTS, key=cost)


def fold_into_range(pitch: int, instrument: Instrument) -> int:
    """Return the pitch moved by the fewest octaves into the range."""
    while pitch < instrument.lowest:
        pitch += OCTAVE
    while pitch > instrument.highest:
        pitch -= OCTAVE
    return pitch


def _parts_for(parts: Sequence[Part], n_players: int) -> list[Part]:
    """Return as many parts as there are players: inner parts left out, or the busiest ones doubled."""
    by_height = sorted(parts, key=lambda part: -part.mean_pitch)
    if len(by_height) >= n_players:
        outer = [by_height[0], by_height[-1]] if n_players > 1 else [by_height[0]]
        inner = sorted(by_height[1:-1], key=lambda part: -len(part.notes))
        return [*outer, *inner[: n_players - len(outer)]]
    busiest = sorted(by_height, key=lambda part: -len(part.notes))
    doubled = [busiest[index % len(busiest)] for index in range(n_players - len(by_height))]
    return [*by_height, *doubled]


def _seated(parts: Sequence[Part], ensemble: Sequence[Chair]) -> dict[str, Part]:
    """Return the part of every player by label, from high to low; among players of one instrument as they sound."""
    by_height = sorted(ensemble, key=lambda chair: -chair.instrument.centre)
    seated = dict(zip(by_height, sorted(parts, key=lambda part: -part.mean_pitch), strict=True))
    for instrument in {chair.instrument for chair in ensemble}:
        chairs = [chair for chair in ensemble if chair.instrument == instrument]
        sounding = {
            chair: _moved(seated[chair], chair, best_octave_shift(seated[chair], instrument)) for chair in chairs
        }
        from_high = sorted(chairs, key=lambda chair: -sounding[chair].mean_pitch)
        seated |= dict(zip(chairs, [seated[chair] for chair in from_high], strict=True))
    return {chair.label: part for chair, part in seated.items()}


def _moved(part: Part, chair: Chair, shift: int) -> Part:
    """Return a part as its player plays it."""
    notes = tuple(replace(note, pitch=fold_into_range(note.pitch + shift, chair.instrument)) for note in part.notes)
    return Part(name=chair.label, instrument=chair.instrument, notes=notes)
