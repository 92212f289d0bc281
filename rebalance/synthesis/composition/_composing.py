"""Pieces by name: what is composed depends on the name alone."""

from __future__ import annotations

import numpy as np

from rebalance._base.seeding import stream
from rebalance.synthesis.composition._textures import canon, chorale, quartet
from rebalance.synthesis.notation import TEXTURES, Part, Score, is_composed, read_corpus_score, safe_name, texture_of

_METRES_Q = (4.0, 4.0, 4.0, 3.0, 2.0)
_BPM = {"chorale": (52.0, 108.0), "canon": (56.0, 120.0), "quartet": (60.0, 144.0)}
_DURATION_S = 50.0
_MIN_BARS = 8


def composed_pieces(n_each: int) -> tuple[str, ...]:
    """Return the names of pieces of every texture, for `compose`.

    Parameters
    ----------
    n_each
        Number of pieces of every texture.

    Examples
    --------
    >>> from rebalance.synthesis.composition import composed_pieces
    >>> composed_pieces(1)
    ('composed/chorale/0', 'composed/canon/0', 'composed/quartet/0')
    """
    return tuple(f"composed/{texture}/{number}" for texture in TEXTURES for number in range(n_each))


def named_score(name: str) -> Score:
    """Return a piece by its name: composed by program, or of music21's corpus.

    Parameters
    ----------
    name
        See `compose` and `rebalance.synthesis.notation.read_corpus_score`.

    Raises
    ------
    MetadataError
        If the installed corpus has no such piece.
    ConfigError
        If music21 is not installed, or a name of a composed piece has another form.

    Examples
    --------
    >>> from rebalance.synthesis.composition import named_score
    >>> named_score("composed/chorale/1").name
    'composed-chorale-1'
    """
    return compose(name) if is_composed(name) else read_corpus_score(name)


def compose(name: str) -> Score:
    """Return a piece for three to five players, about a minute long, the same for the same name.

    Harmonies follow rules of tonal music: functional progressions with cadences, keys near each other, steps rather
    than leaps, parallel fifths avoided. Players cross, rest, play in unison, and change roles, more often than in music
    that people wrote.

    Parameters
    ----------
    name
        ``"composed/TEXTURE/NUMBER"``; see `composed_pieces`.

    Raises
    ------
    ConfigError
        If the name has another form.

    Examples
    --------
    >>> from rebalance.synthesis.composition import compose
    >>> score = compose("composed/canon/3")
    >>> score == compose("composed/canon/3"), len(score.parts) >= 3
    (True, True)
    >>> compose("composed/fugue/3")
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: piece: expected composed/TEXTURE/NUMBER, with a texture of chorale, canon, \
quartet, got 'composed/fugue/3'
    """
    texture = texture_of(name)
    rng = stream(0, name)
    bar_q = float(rng.choice(_METRES_Q))
    quarter_bpm = float(np.round(rng.uniform(*_BPM[texture]), 1))
    n_bars = max(int(_DURATION_S * quarter_bpm / 60 / bar_q) // 4 * 4, _MIN_BARS)
    voices = {"chorale": chorale, "canon": canon, "quartet": quartet}[texture](n_bars, bar_q, rng)
    playing = (notes for notes in voices if notes)
    parts = tuple(
        Part(name=f"Voice {place}", instrument=None, notes=notes) for place, notes in enumerate(playing, start=1)
    )
    return Score(name=safe_name(name), parts=parts, quarter_bpm=quarter_bpm)
