"""Progressions of chords: phrases that end in a cadence, in keys that are near each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rebalance._base.errors import ConfigError

_MAJOR = (0, 2, 4, 5, 7, 9, 11)
_MINOR = (0, 2, 3, 5, 7, 8, 10)
_LEADING_NOTE = 11
_DEGREES = 7
_TONIC, _SUPERTONIC, _SUBDOMINANT, _DOMINANT, _SUBMEDIANT, _LEADING = 0, 1, 3, 4, 5, 6
_FOLLOWING = {  # what a chord of every degree goes on to, each as likely as it is often named
    0: (1, 2, 3, 3, 4, 4, 5, 5),
    1: (4, 4, 4, 6, 0),
    2: (5, 5, 3),
    3: (4, 4, 1, 0, 6),
    4: (0, 0, 0, 5, 3),
    5: (1, 3, 3, 4, 2),
    6: (0, 0, 5),
}
_WITH_SEVENTH = (_SUPERTONIC, _DOMINANT, _LEADING)
_SEVENTH_SHARE = 0.3
_INVERTED_SHARE = 0.25
_HALF_CADENCE_SHARE = 0.35
_MINOR_SHARE = 0.45
_NEAR_KEYS = {  # by the mode of home: steps to the tonic of another key and whether it is minor
    False: ((0, False), (7, False), (5, False), (9, True), (4, True), (2, True)),
    True: ((0, True), (7, True), (5, True), (3, False), (8, False), (10, False)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chord:
    """A harmony and how long it holds.

    Parameters
    ----------
    onset_q, duration_q
        In quarter notes.
    tones
        Pitch classes from the root upwards in thirds, 0 for C.
    bass
        Pitch class of the lowest voice.
    scale
        Pitch classes that pass between the tones.

    Examples
    --------
    >>> from rebalance.synthesis.composition import Chord
    >>> scale = frozenset({0, 2, 4, 5, 7, 9, 11})
    >>> Chord(onset_q=4.0, duration_q=2.0, tones=(7, 11, 2), bass=11, scale=scale).end_q
    6.0
    """

    onset_q: float
    duration_q: float
    tones: tuple[int, ...]
    bass: int
    scale: frozenset[int]

    @property
    def end_q(self) -> float:
        """Where the chord ends, in quarter notes."""
        return self.onset_q + self.duration_q


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    """A tonic as a pitch class, and the mode."""

    tonic: int
    minor: bool

    def scale(self, degree: int) -> tuple[int, ...]:
        """Return the pitch classes of the scale, the seventh of minor raised where the dominant asks for it."""
        steps = list(_MINOR if self.minor else _MAJOR)
        if self.minor and degree in (_DOMINANT, _LEADING):
            steps[-1] = _LEADING_NOTE
        return tuple((self.tonic + step) % 12 for step in steps)


def progression(
    n_phrases: int, bars_per_phrase: int, chord_q: float, bar_q: float, rng: np.random.Generator
) -> tuple[tuple[Chord, ...], ...]:
    """Return the chords of phrases that follow each other; the last one closes in the key of the first.

    Parameters
    ----------
    n_phrases, bars_per_phrase
        How many, and how long.
    chord_q, bar_q
        Length of a chord and of a bar in quarter notes; the last chord of a phrase fills what is left of it.
    rng
        Draws keys and chords.

    Raises
    ------
    ConfigError
        If a phrase has no room for a cadence.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.synthesis.composition import progression
    >>> first, second = progression(2, 4, 2.0, 4.0, np.random.default_rng(0))
    >>> len(first), first[-1].end_q == second[0].onset_q, second[-1].end_q
    (8, True, 32.0)
    """
    phrase_q = bars_per_phrase * bar_q
    n_chords = int(phrase_q // chord_q)
    if n_chords < 3:
        raise ConfigError(where="progression", expected="three chords a phrase", got=str(n_chords))
    home = _Key(tonic=int(rng.integers(12)), minor=bool(rng.random() < _MINOR_SHARE))
    phrases = []
    for number in range(n_phrases):
        last = number == n_phrases - 1
        key = home if number == 0 or last else _near(home, rng)
        degrees = _degrees(n_chords, rng, closed=last or rng.random() >= _HALF_CADENCE_SHARE)
        start_q = number * phrase_q
        onsets_q = [start_q + index * chord_q for index in range(n_chords)]
        ends_q = [*onsets_q[1:], start_q + phrase_q]
        spans = enumerate(zip(degrees, onsets_q, ends_q, strict=True))
        phrases.append(
            tuple(
                _chord(key, degree, onset_q, end_q - onset_q, rng, closing=place >= n_chords - 2)
                for place, (degree, onset_q, end_q) in spans
            )
        )
    return tuple(phrases)


def _near(home: _Key, rng: np.random.Generator) -> _Key:
    """Return a key whose signature differs from another's by one accidental at most."""
    near = _NEAR_KEYS[home.minor]
    step, minor = near[int(rng.integers(len(near)))]
    return _Key(tonic=(home.tonic + step) % 12, minor=minor)


def _degrees(n_chords: int, rng: np.random.Generator, *, closed: bool) -> list[int]:
    """Return the degrees of a phrase from the tonic to a cadence, on the tonic or on the dominant."""
    degrees = [_TONIC]
    while len(degrees) < n_chords - 2:
        degrees.append(int(rng.choice(_FOLLOWING[degrees[-1]])))
    before = _SUBDOMINANT if degrees[-1] != _SUBDOMINANT else _SUPERTONIC
    return [*degrees, _DOMINANT, _TONIC] if closed else [*degrees, before, _DOMINANT]


def _chord(
    key: _Key, degree: int, onset_q: float, duration_q: float, rng: np.random.Generator, *, closing: bool
) -> Chord:
    """Return the chord on a degree, at times with a seventh, or, unless it closes, with its third in the bass."""
    scale = key.scale(degree)
    with_seventh = degree in _WITH_SEVENTH and rng.random() < _SEVENTH_SHARE
    tones = tuple(scale[(degree + third) % _DEGREES] for third in ((0, 2, 4, 6) if with_seventh else (0, 2, 4)))
    inverted = rng.random() < _INVERTED_SHARE and degree != _SUBMEDIANT and not closing
    return Chord(
        onset_q=onset_q,
        duration_q=duration_q,
        tones=tones,
        bass=tones[1] if inverted else tones[0],
        scale=frozenset(scale),
    )
