"""Soundfonts: which are known, where they lie, which preset plays which instrument."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rebalance._base.errors import ConfigError
from rebalance.synthesis.notation import MUTED_TRUMPET_PROGRAM, PIZZICATO_PROGRAM, TREMOLO_PROGRAM, Instrument
from rebalance.synthesis.performance import Technique

FONT_PATH_VARIABLE = "REBALANCE_SOUNDFONTS"
_FONT_SUFFIXES = (".sf2", ".sf3")


@dataclass(frozen=True, slots=True, kw_only=True)
class FontFamily:
    """A freely licensed General MIDI soundfont.

    Parameters
    ----------
    name
        As given to ``--font``.
    file_names
        Any of them will do, the best first.
    package
        Debian package that installs it.
    licence
        Of the samples.
    samples
        Name of the recordings it is made of: fonts that share them sound alike.
    """

    name: str
    file_names: tuple[str, ...]
    package: str
    licence: str
    samples: str


FONT_FAMILIES: dict[str, FontFamily] = {
    family.name: family
    for family in (
        FontFamily(
            name="fluidr3",
            file_names=("FluidR3_GM.sf2",),
            package="fluid-soundfont-gm",
            licence="MIT",
            samples="fluid",
        ),
        FontFamily(
            name="musescore",
            file_names=("MuseScore_General.sf2", "MuseScore_General.sf3", "MuseScore_General_Lite.sf3"),
            package="musescore-general-soundfont-small",
            licence="MIT, parts CC0",
            samples="fluid",
        ),
        FontFamily(
            name="timgm",
            file_names=("TimGM6mb.sf2",),
            package="timgm6mb-soundfont",
            licence="GPL-2",
            samples="timgm",
        ),
    )
}
"""Two independent families of recordings: `fluid` to train with, `timgm` to hold out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A sound within a font: bank and General MIDI program, both from 0.

    Parameters
    ----------
    bank
        From 0.
    program
        General MIDI program, from 0.
    """

    bank: int = 0
    program: int


# Presets that play an instrument besides its General MIDI program: darker and brighter relatives.
_ALTERNATIVES: dict[str, tuple[Preset, ...]] = {
    "Sax": (Preset(program=66), Preset(program=64)),
}


TECHNIQUE_PROGRAMS: dict[Technique, int] = {
    "pizzicato": PIZZICATO_PROGRAM,
    "tremolo": TREMOLO_PROGRAM,
    "muted": MUTED_TRUMPET_PROGRAM,
}
"""General MIDI programs of the techniques that have one."""


def presets_of(instrument: Instrument) -> tuple[Preset, ...]:
    """Return the presets that can play an instrument, its own General MIDI program first.

    Examples
    --------
    >>> from rebalance.synthesis.notation import chair_labelled
    >>> from rebalance.synthesis.sound import presets_of
    >>> presets_of(chair_labelled("Sax").instrument)
    (Preset(bank=0, program=65), Preset(bank=0, program=66), Preset(bank=0, program=64))
    """
    return (Preset(program=instrument.program), *_ALTERNATIVES.get(instrument.name, ()))


def preset_for(preset: Preset, technique: Technique) -> Preset:
    """Return the preset a technique wants in place of the ordinary one."""
    program = TECHNIQUE_PROGRAMS.get(technique)
    return preset if program is None else Preset(program=program)


def find_font(name: str) -> Path:
    """Return the file of a soundfont.

    Parameters
    ----------
    name
        A key of `FONT_FAMILIES`, a file name looked for in the usual places, or a path.

    Raises
    ------
    ConfigError
        If there is none; names the package to install where one is known.

    Examples
    --------
    >>> from rebalance.synthesis.sound import find_font
    >>> find_font("grand-orchestra")
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: soundfont 'grand-orchestra': no such file, and none of the known ...
    """
    if Path(name).suffix.lower() in _FONT_SUFFIXES and Path(name).is_file():
        return Path(name)
    family = FONT_FAMILIES.get(name)
    wanted = family.file_names if family else (name,)
    for file_name in wanted:
        for folder in font_folders():
            if (folder / file_name).is_file():
                return folder / file_name
    if family:
        raise ConfigError(
            f"found no {' or '.join(wanted)}; install it (Debian: apt install {family.package}) or name its"
            f" folder in {FONT_PATH_VARIABLE}",
            where=f"soundfont {name!r}",
        )
    known = ", ".join(FONT_FAMILIES)
    raise ConfigError(f"no such file, and none of the known families ({known})", where=f"soundfont {name!r}")


def font_folders() -> Iterator[Path]:
    """Give the folders soundfonts are looked for in: those of the environment variable, then the usual ones."""
    for named in os.environ.get(FONT_PATH_VARIABLE, "").split(os.pathsep):
        if named:
            yield Path(named)
    for usual in (
        "/usr/share/sounds/sf2",
        "/usr/share/sounds/sf3",
        "/usr/share/soundfonts",
        "/usr/local/share/sounds/sf2",
        "/usr/local/share/soundfonts",
        "/opt/homebrew/share/soundfonts",
    ):
        yield Path(usual)
    yield Path.home() / ".local/share/soundfonts"
    yield Path.home() / "Library/Audio/Sounds/Banks"
    if sys.platform == "win32":
        yield Path("C:/soundfonts")
