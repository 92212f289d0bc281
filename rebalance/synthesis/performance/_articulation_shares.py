"""How often each instrument plays in which articulation: the tables of SynthSOD's generator, as far as they are known.

Known are the sums of each kind (legato, staccato, trills ..) for families or instruments, and bounds for the rest;
each table keeps to them. How a sum is shared among the articulations of a kind, the harp, the timpani and the tuned
percussion, and the thirteen instruments of the untuned percussion with equal shares, are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import get_args

from rebalance.synthesis.performance._articulations import Articulation, UntunedInstrument

Shares = Mapping[Articulation, float]

_UPPER_STRINGS: Shares = {
    "legato": 0.60,
    "staccato": 0.30,
    "pizzicato": 0.001,
    "snap-pizzicato": 0.001,
    "marcato": 0.05,
    "trill-minor": 0.0025,
    "trill-major": 0.0025,
    "tremolo": 0.006,
    "tremolo-muted": 0.003,
    "tremolo-measured": 0.002,
    "spiccato": 0.010,
    "col-legno": 0.004,
    "harmonics": 0.006,
    "sul-ponticello": 0.006,
    "sul-tasto": 0.006,
}
_CELLO: Shares = {
    "legato": 0.55,
    "staccato": 0.25,
    "pizzicato": 0.05,
    "snap-pizzicato": 0.05,
    "marcato": 0.010,
    "trill-minor": 0.008,
    "trill-major": 0.008,
    "tremolo": 0.007,
    "tremolo-muted": 0.004,
    "tremolo-measured": 0.002,
    "spiccato": 0.013,
    "col-legno": 0.011,
    "harmonics": 0.012,
    "sul-ponticello": 0.012,
    "sul-tasto": 0.013,
}
_BASS: Shares = {**_CELLO, "marcato": 0.005, "tremolo": 0.010, "col-legno": 0.013}


def _woodwind(
    legato: float,
    staccatissimo: float,
    *,
    marcato: float = 0.05,
    tenuto: float,
    trills: float,
    flutter: float = 0.0,
    multitongue: float,
) -> Shares:
    """Return the table of a woodwind instrument; the sum of its trills is shared equally."""
    shares: dict[Articulation, float] = {
        "legato": legato,
        "staccatissimo": staccatissimo,
        "marcato": marcato,
        "tenuto": tenuto,
        "trill-minor": trills / 2,
        "trill-major": trills / 2,
        "flutter": flutter,
        "multitongue": multitongue,
    }
    return {articulation: share for articulation, share in shares.items() if share}


def _brass(
    legato: tuple[float, float],
    staccatissimo: tuple[float, float],
    *,
    flutter: float,
    marcato: float,
    trills: float = 0.0,
    sustained: float = 0.0,
) -> Shares:
    """Return the table of a brass instrument; pairs are open and muted."""
    shares: dict[Articulation, float] = {
        "legato": legato[0],
        "legato-muted": legato[1],
        "staccatissimo": staccatissimo[0],
        "staccatissimo-muted": staccatissimo[1],
        "flutter": flutter,
        "marcato": marcato,
        "trill-minor": trills / 2,
        "trill-major": trills / 2,
        "sustained": sustained,
    }
    return {articulation: share for articulation, share in shares.items() if share}


_CLARINET = _woodwind(0.57, 0.28, tenuto=0.035, trills=0.03, flutter=0.02, multitongue=0.015)
_STRUCK: Shares = {"sustained": 1.0}
_UNTUNED: tuple[UntunedInstrument, ...] = get_args(UntunedInstrument)

ARTICULATION_SHARES: Mapping[str, Shares] = MappingProxyType(
    {
        "Violin": _UPPER_STRINGS,
        "Viola": _UPPER_STRINGS,
        "Cello": _CELLO,
        "Bass": _BASS,
        "Flute": _woodwind(0.55, 0.28, tenuto=0.035, trills=0.025, flutter=0.02, multitongue=0.04),
        "Piccolo": _woodwind(0.55, 0.27, marcato=0.06, tenuto=0.035, trills=0.025, flutter=0.02, multitongue=0.04),
        "Clarinet": _CLARINET,
        "BassClarinet": _CLARINET,
        "Sax": _CLARINET,
        "Oboe": _woodwind(0.58, 0.30, tenuto=0.04, trills=0.03, multitongue=0.0),
        "EnglishHorn": _woodwind(0.60, 0.27, tenuto=0.04, trills=0.04, multitongue=0.0),
        "Bassoon": _woodwind(0.58, 0.28, tenuto=0.03, trills=0.02, flutter=0.015, multitongue=0.025),
        "Contrabassoon": _woodwind(0.58, 0.28, tenuto=0.03, trills=0.02, flutter=0.015, multitongue=0.025),
        "Horn": _brass((0.45, 0.15), (0.22, 0.08), flutter=0.02, marcato=0.062, trills=0.018),
        "Trumpet": _brass((0.45, 0.15), (0.22, 0.08), flutter=0.024, marcato=0.060, trills=0.016),
        "Trombone": _brass((0.45, 0.15), (0.22, 0.08), flutter=0.024, marcato=0.072, sustained=0.004),
        "Tuba": _brass((0.50, 0.10), (0.24, 0.06), flutter=0.024, marcato=0.072, sustained=0.004),
        "Harp": {"sustained": 0.9, "staccato": 0.1},
        "Timpani": {"sustained": 0.8, "staccato": 0.1, "roll": 0.1},
        "Celeste": _STRUCK,
        "Glockenspiel": _STRUCK,
        "Marimba": {"sustained": 0.9, "roll": 0.1},
        "Vibraphone": _STRUCK,
        "Xylophone": {"sustained": 0.9, "roll": 0.1},
        "TubularBells": _STRUCK,
        "UntunedPercussion": {instrument: 1 / len(_UNTUNED) for instrument in _UNTUNED},
    }
)
"""Shares by instrument, as loaders of data sets spell it; each table sums to 1."""
