"""General MIDI: which programs play which single instrument of the orchestra."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# Programs from 0; the first of several is the one a part is written with.
PROGRAMS: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "Violin": (40,),
        "Viola": (41,),
        "Cello": (42,),
        "Bass": (43,),
        "Harp": (46,),
        "Timpani": (47,),
        "Trumpet": (56,),
        "Trombone": (57,),
        "Tuba": (58,),
        "Horn": (60,),
        "Sax": (65, 64, 66, 67),
        "Oboe": (68,),
        "EnglishHorn": (69,),
        "Bassoon": (70,),
        "Clarinet": (71,),
        "Piccolo": (72,),
        "Flute": (73,),
    }
)

INSTRUMENT_OF_PROGRAM: Mapping[int, str] = MappingProxyType(
    {program: name for name, programs in PROGRAMS.items() for program in programs}
)
