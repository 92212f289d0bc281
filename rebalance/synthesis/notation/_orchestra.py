"""The tracks of a rendered orchestra: the names that SynthSOD gives its stems, and who plays them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from rebalance._base.general_midi import INSTRUMENT_OF_PROGRAM
from rebalance._base.instrument_names import instrument_of, names_another, plain
from rebalance.synthesis.notation._instruments import INSTRUMENTS, Family

DRUM_BANK = 128
_LOWEST_DRUM, _HIGHEST_DRUM = 35, 81


@dataclass(frozen=True, slots=True, kw_only=True)
class OrchestraTrack:
    """One track of a rendered orchestra.

    Parameters
    ----------
    name
        Of the track and of its file.
    instrument
        Who plays it, as the loaders of data sets spell it.
    family
        Section of the orchestra; the harp is among the percussion, as SynthSOD has it.
    program, bank
        General MIDI program, counted from 0; bank 128 is that of drum sets.
    lowest, highest
        Sounding range, MIDI pitches.

    Examples
    --------
    >>> from rebalance.synthesis.notation import ORCHESTRA
    >>> track = ORCHESTRA["coranglais"]
    >>> track.instrument, track.family, track.program
    ('EnglishHorn', 'woodwinds', 69)
    """

    name: str
    instrument: str
    family: Family
    program: int
    lowest: int
    highest: int
    bank: int = 0


def _known(name: str, instrument: str, family: Family | None = None) -> OrchestraTrack:
    """Return the track of an instrument of the table."""
    known = INSTRUMENTS[instrument]
    return OrchestraTrack(
        name=name,
        instrument=instrument,
        family=family or known.family,
        program=known.program,
        lowest=known.lowest,
        highest=known.highest,
    )


def _tuned(name: str, program: int, lowest: int, highest: int) -> OrchestraTrack:
    """Return the track of a tuned percussion instrument, its range that of textbooks."""
    return OrchestraTrack(
        name=name, instrument=name, family="percussion", program=program, lowest=lowest, highest=highest
    )


ORCHESTRA: Mapping[str, OrchestraTrack] = MappingProxyType(
    {
        track.name: track
        for track in (
            _known("Violin_1", "Violin"),
            _known("Violin_2", "Violin"),
            _known("Viola", "Viola"),
            _known("Cello", "Cello"),
            _known("Bass", "Bass"),
            _known("Flute", "Flute"),
            _known("Piccolo", "Piccolo"),
            _known("Clarinet", "Clarinet"),
            _known("Oboe", "Oboe"),
            _known("coranglais", "EnglishHorn"),
            _known("Bassoon", "Bassoon"),
            _known("Horn", "Horn"),
            _known("Trumpet", "Trumpet"),
            _known("Trombone", "Trombone"),
            _known("Tuba", "Tuba"),
            _known("Harp", "Harp", "percussion"),
            _known("Timpani", "Timpani"),
            OrchestraTrack(
                name="untunedpercussion",
                instrument="UntunedPercussion",
                family="percussion",
                program=0,
                lowest=_LOWEST_DRUM,
                highest=_HIGHEST_DRUM,
                bank=DRUM_BANK,
            ),
            _tuned("Celeste", 8, 60, 108),
            _tuned("Glockenspiel", 9, 79, 108),
            _tuned("Marimba", 12, 45, 96),
            _tuned("Vibraphone", 11, 53, 89),
            _tuned("Xylophone", 13, 65, 108),
            _tuned("TubularBells", 14, 60, 77),
        )
    }
)
"""The 18 stems of SynthSOD and the six tracks of tuned percussion of its generator, in the order of a score."""

PUBLISHED_STEMS: tuple[str, ...] = tuple(ORCHESTRA)[:18]

# Names that the vocabulary of the challenge has only as those of others, without accents and in lower case.
_PERCUSSION_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Celeste": ("celest",),
        "Glockenspiel": ("glockenspiel", "campanelli", "jeu de timbres", "orchestra bells"),
        "Marimba": ("marimb",),
        "Vibraphone": ("vibraphon", "vibrafon", "vibes"),
        "Xylophone": ("xylophon", "xilofon", "silofon"),
        "TubularBells": ("tubular", "rohrenglocken", "campane", "chimes", "cloches"),
        "untunedpercussion": (
            *("percussion", "percusion", "percussioni", "schlagzeug", "schlagwerk", "batteria", "batterie", "drum"),
            *("grosse caisse", "gran cassa", "grosse trommel", "bombo", "caisse claire", "kleine trommel", "snare"),
            *("cymbal", "becken", "piatti", "tam-tam", "tam tam", "tamtam", "gong", "triang", "tambour"),
            *("castanet", "kastagnetten", "wood block", "woodblock", "ударные"),
        ),
    }
)
_TRACK_OF_INSTRUMENT: Mapping[str, str] = MappingProxyType(
    {track.instrument: track.name for track in ORCHESTRA.values() if track.instrument != "Violin"}
    | {"Violin": "Violin_1", "BassClarinet": "Clarinet", "Contrabassoon": "Bassoon"}
)
_TRACK_OF_PROGRAM: Mapping[int, str] = MappingProxyType(
    {
        track.program: name
        for name, track in ORCHESTRA.items()
        if track.family == "percussion" and track.bank == 0 and track.program not in INSTRUMENT_OF_PROGRAM
    }
    | {59: "Trumpet", 116: "untunedpercussion", 117: "untunedpercussion", 118: "untunedpercussion"}
)
_STRING_PROGRAMS = frozenset({44, 45, 48, 49, 50, 51})
_BRASS_SECTION = 61
_BY_HEIGHT: Mapping[Family, tuple[tuple[float, str], ...]] = MappingProxyType(
    {
        "strings": ((67.0, "Violin_1"), (59.0, "Viola"), (45.0, "Cello"), (0.0, "Bass")),
        "brass": ((65.0, "Trumpet"), (57.0, "Horn"), (46.0, "Trombone"), (0.0, "Tuba")),
    }
)
_SECOND_WORDS = frozenset({"2", "2nd", "ii", "second", "seconds", "secondo", "secondi", "zweite", "zweiten", "zweiter"})


def track_named(name: str) -> str | None:
    """Return the track that a printed name stands for, in whatever language; None for none.

    Violins without a number are the first; ``"Violini II"`` the second.

    Examples
    --------
    >>> from rebalance.synthesis.notation import track_named
    >>> [track_named(name) for name in ("Geige 2", "Corno inglese", "Gran Cassa", "Xilofono", "Alto Flute")]
    ['Violin_2', 'coranglais', 'untunedpercussion', 'Xylophone', None]
    """
    instrument = instrument_of(name)
    if instrument is not None:
        track = _TRACK_OF_INSTRUMENT.get(instrument)
        return "Violin_2" if track == "Violin_1" and _is_second(name) else track
    written = plain(name)
    return next((track for track, words in _PERCUSSION_NAMES.items() if any(word in written for word in words)), None)


def is_outside_the_orchestra(name: str) -> bool:
    """Tell whether a printed name is that of an instrument for which the orchestra has no track, such as a piano.

    Examples
    --------
    >>> from rebalance.synthesis.notation import is_outside_the_orchestra
    >>> [is_outside_the_orchestra(name) for name in ("Piano", "Saxophone", "Oboe", "Staff 3")]
    [True, True, False, False]
    """
    return track_named(name) is None and (instrument_of(name) is not None or names_another(name))


def track_of_program(program: int, mean_pitch: float) -> str | None:
    """Return the track of a General MIDI program; sections are told apart by their mean pitch.

    Parameters
    ----------
    program
        From 0 to 127.
    mean_pitch
        Of the notes, as a MIDI pitch.

    Examples
    --------
    >>> from rebalance.synthesis.notation import track_of_program
    >>> track_of_program(73, 80.0), track_of_program(48, 50.0), track_of_program(0, 60.0)
    ('Flute', 'Cello', None)
    """
    if program in _STRING_PROGRAMS or program == _BRASS_SECTION:
        heights = _BY_HEIGHT["brass" if program == _BRASS_SECTION else "strings"]
        return next(track for lowest, track in heights if mean_pitch >= lowest)
    if program in _TRACK_OF_PROGRAM:
        return _TRACK_OF_PROGRAM[program]
    return _TRACK_OF_INSTRUMENT.get(INSTRUMENT_OF_PROGRAM.get(program, ""))


def _is_second(name: str) -> bool:
    """Tell whether a name is that of second violins."""
    words = plain(name).replace(".", " ").replace("_", " ").replace("-", " ").split()
    return any(word in _SECOND_WORDS or word.endswith(("2", "ii")) for word in words)
