"""The instruments of the orchestra: family, General MIDI program, playable range, and how names are recognised."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import ConfigError
from rebalance._base.general_midi import INSTRUMENT_OF_PROGRAM, PROGRAMS
from rebalance._base.instrument_names import instrument_of, names_another
from rebalance._base.names import suggestion

Family: TypeAlias = Literal["strings", "woodwinds", "brass", "percussion"]

TREMOLO_PROGRAM = 44
PIZZICATO_PROGRAM = 45
MUTED_TRUMPET_PROGRAM = 59
PERCUSSION_CHANNEL = 9

_VOICE = re.compile(r"(?P<instrument>.+?)_(?P<voice>[1-9])", flags=re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One instrument of the orchestra.

    Parameters
    ----------
    name
        As the challenge spells it where it knows the instrument.
    family
        Section of the orchestra.
    lowest, highest
        Sounding range as MIDI pitches (60 is middle C), both playable by an accomplished amateur.

    Examples
    --------
    >>> from rebalance.synthesis.notation import chair_labelled
    >>> flute = chair_labelled("Flute").instrument
    >>> flute.family, flute.plays(72), flute.plays(40)
    ('woodwinds', True, False)
    """

    name: str
    family: Family
    lowest: int
    highest: int

    @property
    def program(self) -> int:
        """General MIDI program, counted from 0; that of the nearest relative where it has none of its own."""
        return PROGRAMS[_PLAYED_AS.get(self.name, self.name)][0]

    @property
    def centre(self) -> float:
        """Middle of the range, a MIDI pitch."""
        return (self.lowest + self.highest) / 2

    def plays(self, pitch: int) -> bool:
        """Tell whether a MIDI pitch lies within the range."""
        return self.lowest <= pitch <= self.highest


# Ranges: sounding pitch, the working range of orchestration textbooks without the extreme notes of soloists
# (Sax: the alto). The table of docs/synthesis.md is made from this one.
INSTRUMENTS: dict[str, Instrument] = {
    instrument.name: instrument
    for instrument in (
        Instrument(name="Bassoon", family="woodwinds", lowest=34, highest=75),
        Instrument(name="Cello", family="strings", lowest=36, highest=81),
        Instrument(name="Clarinet", family="woodwinds", lowest=50, highest=91),
        Instrument(name="Flute", family="woodwinds", lowest=60, highest=96),
        Instrument(name="Oboe", family="woodwinds", lowest=58, highest=89),
        Instrument(name="Sax", family="woodwinds", lowest=49, highest=81),
        Instrument(name="Viola", family="strings", lowest=48, highest=88),
        Instrument(name="Violin", family="strings", lowest=55, highest=98),
        Instrument(
            name="Bass",
            family="strings",
            lowest=28,
            highest=67,
        ),
        Instrument(name="Harp", family="strings", lowest=24, highest=103),
        Instrument(name="Piccolo", family="woodwinds", lowest=74, highest=105),
        Instrument(
            name="EnglishHorn",
            family="woodwinds",
            lowest=52,
            highest=81,
        ),
        Instrument(name="BassClarinet", family="woodwinds", lowest=38, highest=77),
        Instrument(name="Contrabassoon", family="woodwinds", lowest=22, highest=53),
        Instrument(name="Horn", family="brass", lowest=35, highest=77),
        Instrument(name="Trumpet", family="brass", lowest=54, highest=84),
        Instrument(name="Trombone", family="brass", lowest=40, highest=72),
        Instrument(name="Tuba", family="brass", lowest=28, highest=58),
        Instrument(name="Timpani", family="percussion", lowest=40, highest=57),
    )
}

_PLAYED_AS = {"BassClarinet": "Clarinet", "Contrabassoon": "Bassoon"}
# General MIDI programs of techniques and ensembles that stand for an instrument of the table.
_RELATED_PROGRAMS: dict[int, str] = {44: "Violin", 45: "Violin", 48: "Violin"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chair:
    """One player of an ensemble: the label ``"Violin_2"`` taken apart.

    Parameters
    ----------
    label
        Instrument, with its voice where it is doubled.
    instrument
        The instrument without the voice.
    """

    label: str
    instrument: Instrument


def instrument_named(name: str) -> Instrument:
    """Return the instrument of a name of the table.

    Raises
    ------
    ConfigError
        If there is none; the closest spelling is suggested.
    """
    if name in INSTRUMENTS:
        return INSTRUMENTS[name]
    hint = suggestion(name, INSTRUMENTS) or f", expected one of {', '.join(INSTRUMENTS)}"
    raise ConfigError(f"unknown instrument {name!r}{hint}")


def chair_labelled(label: str) -> Chair:
    """Take the label of a player apart: ``"Violin_2"`` is the second of two violins.

    Raises
    ------
    ConfigError
        If its instrument is not known.

    Examples
    --------
    >>> from rebalance.synthesis.notation import chair_labelled
    >>> chair_labelled("Violin_2").instrument.name
    'Violin'
    """
    match = _VOICE.fullmatch(label)
    return Chair(label=label, instrument=instrument_named(match["instrument"] if match else label))


def recognise_instrument(name: str, program: int | None = None) -> Instrument | None:
    """Return the instrument a part is written for, by its name or else by its program; None if neither is known.

    A name of an instrument that is none of the table (``"Alto Flute"``) is not overruled by the program.

    Parameters
    ----------
    name
        As printed in the score or stored in a track: ``"Violino I"``, ``"Fagott"``.
    program
        General MIDI program from 0; None when the score has none.
    """
    named = instrument_of(name)
    if named is not None:
        return INSTRUMENTS[named]
    if names_another(name):
        return None
    if program is None:
        return None
    played = _RELATED_PROGRAMS.get(program) or INSTRUMENT_OF_PROGRAM.get(program)
    return None if played is None else INSTRUMENTS[played]


def is_of_challenge(instrument: Instrument) -> bool:
    """Tell whether the challenge knows the instrument."""
    return instrument.name in CAD2_TASK2.instruments
