"""Articulations: what each makes of a note, and where it stands for one that soundfonts do not have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

Technique: TypeAlias = Literal["ordinary", "pizzicato", "tremolo", "muted"]
UntunedInstrument: TypeAlias = Literal[
    "bass-drum",
    "bass-drum-roll",
    "snare",
    "snare-rim",
    "tenor-drum",
    "cymbal",
    "clashed-cymbals",
    "tam-tam",
    "triangle",
    "tambourine",
    "wood-block",
    "castanets",
    "whip",
]
Articulation: TypeAlias = Literal[
    "sustained",
    "legato",
    "staccato",
    "marcato",
    "tenuto",
    "trill",
    "flutter",
    "pizzicato",
    "legato-muted",
    "staccatissimo",
    "staccatissimo-muted",
    "snap-pizzicato",
    "trill-minor",
    "trill-major",
    "tremolo",
    "tremolo-muted",
    "tremolo-measured",
    "spiccato",
    "col-legno",
    "harmonics",
    "sul-ponticello",
    "sul-tasto",
    "multitongue",
    "roll",
    UntunedInstrument,
]
ARTICULATIONS: tuple[Articulation, ...] = get_args(Articulation)
TECHNIQUES: tuple[Technique, ...] = get_args(Technique)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a note in one articulation is played.

    Parameters
    ----------
    sounding
        Share of the written duration that sounds.
    technique
        Which sound of the font it wants.
    trill_semitones
        Steps of a trill; 0 for the step that the part itself uses; None for no trill.
    repeat_rate_hz
        How often a note is struck anew while it lasts; None for once.
    added_velocity
        On top of the note's own.
    key
        Of the General MIDI drum set, in place of the note's pitch.
    approximated_by
        What is heard in place of the articulation, where the sounds have nothing for it; empty where they have.

    Examples
    --------
    >>> from rebalance.synthesis.performance import MANNERS
    >>> MANNERS["pizzicato"].technique, MANNERS["col-legno"].approximated_by, MANNERS["snare"].key
    ('pizzicato', 'staccato', 38)
    """

    sounding: float
    technique: Technique = "ordinary"
    trill_semitones: int | None = None
    repeat_rate_hz: float | None = None
    added_velocity: int = 0
    key: int | None = None
    approximated_by: str = ""


def _struck(key: int, approximated_by: str = "", repeat_rate_hz: float | None = None) -> Manner:
    """Return the manner of an instrument of the drum set."""
    return Manner(sounding=0.95, key=key, approximated_by=approximated_by, repeat_rate_hz=repeat_rate_hz)


MANNERS: Mapping[Articulation, Manner] = MappingProxyType(
    {
        "sustained": Manner(sounding=0.93),
        "legato": Manner(sounding=1.0),
        "staccato": Manner(sounding=0.45),
        "marcato": Manner(sounding=0.75, added_velocity=12),
        "tenuto": Manner(sounding=0.98),
        "trill": Manner(sounding=0.97, trill_semitones=0),
        "flutter": Manner(sounding=0.95),
        "pizzicato": Manner(sounding=0.9, technique="pizzicato"),
        "legato-muted": Manner(sounding=1.0, technique="muted"),
        "staccatissimo": Manner(sounding=0.3),
        "staccatissimo-muted": Manner(sounding=0.3, technique="muted"),
        "snap-pizzicato": Manner(
            sounding=0.9, technique="pizzicato", added_velocity=20, approximated_by="loud pizzicato"
        ),
        "trill-minor": Manner(sounding=0.97, trill_semitones=1),
        "trill-major": Manner(sounding=0.97, trill_semitones=2),
        "tremolo": Manner(sounding=0.97, technique="tremolo"),
        "tremolo-muted": Manner(sounding=0.97, technique="tremolo", approximated_by="tremolo"),
        "tremolo-measured": Manner(sounding=0.97, repeat_rate_hz=8.0),
        "spiccato": Manner(sounding=0.35, approximated_by="staccato"),
        "col-legno": Manner(sounding=0.25, approximated_by="staccato"),
        "harmonics": Manner(sounding=0.93, approximated_by="sustained"),
        "sul-ponticello": Manner(sounding=0.93, approximated_by="sustained"),
        "sul-tasto": Manner(sounding=0.93, approximated_by="sustained"),
        "multitongue": Manner(sounding=0.9, repeat_rate_hz=9.0),
        "roll": Manner(sounding=0.97, repeat_rate_hz=12.0),
        "bass-drum": _struck(36),
        "bass-drum-roll": _struck(36, "strokes of the bass drum", 12.0),
        "snare": _struck(38),
        "snare-rim": _struck(37),
        "tenor-drum": _struck(43, "tom-tom"),
        "cymbal": _struck(49),
        "clashed-cymbals": _struck(57, "crash cymbal"),
        "tam-tam": _struck(52, "Chinese cymbal"),
        "triangle": _struck(81),
        "tambourine": _struck(54),
        "wood-block": _struck(76),
        "castanets": _struck(75, "claves"),
        "whip": _struck(39, "hand clap"),
    }
)
"""Every articulation of both annotation modes."""
