"""Program-made music for piano, distorted guitar and electric bass: sections in which parts pause, chords and riffs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from rebalance._base.seeding import stream
from rebalance.synthesis.performance import PlayedNote

PIANO, GUITAR, BASS = "Piano", "Guitar", "Bass"
BAND_PROGRAMS: Mapping[str, int] = MappingProxyType({PIANO: 0, GUITAR: 30, BASS: 33})

_BEATS_PER_BAR = 4
_SCALE = (0, 2, 4, 5, 7, 9, 11)
_PROGRESSIONS = ((0, 4, 5, 3), (0, 3, 4, 4), (5, 3, 0, 4), (0, 5, 1, 4), (1, 4, 0, 5))
_BASS_OCTAVE, _GUITAR_OCTAVE, _PIANO_OCTAVE = 36, 48, 60
_LOWEST = {PIANO: 45, GUITAR: 40, BASS: 28}
_HIGHEST = {PIANO: 88, GUITAR: 76, BASS: 50}


@dataclass(frozen=True, slots=True, kw_only=True)
class BandSettings:
    """How a piece is made up.

    Parameters
    ----------
    duration_s
        About how long; a piece ends with a whole section.
    playing
        How likely each part plays in a section of four bars; at least one does.
    quarter_bpm
        Least and greatest tempo.

    Examples
    --------
    >>> from rebalance.training.data import BandSettings
    >>> sorted(BandSettings().playing)
    ['Bass', 'Guitar', 'Piano']
    """

    duration_s: float = 60.0
    playing: Mapping[str, float] = field(default_factory=lambda: {PIANO: 0.65, GUITAR: 0.5, BASS: 0.75})
    quarter_bpm: tuple[float, float] = (84.0, 144.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bar:
    """One bar to be filled: when it begins, how long a beat is, the degree of its chord and the key."""

    start_s: float
    beat_s: float
    degree: int
    tonic: int

    def chord(self, base: int, n_notes: int) -> list[int]:
        """Return stacked thirds on the degree, above a tonic in an octave."""
        return [base + self.tonic + self.scale_step(self.degree + 2 * index) for index in range(n_notes)]

    def scale_step(self, step: int) -> int:
        """Return semitones above the tonic of a step of the scale."""
        octave, place = divmod(step, len(_SCALE))
        return 12 * octave + _SCALE[place]


def compose_band(name: str, seed: int, settings: BandSettings) -> dict[str, tuple[PlayedNote, ...]]:
    """Make up a piece.

    Parameters
    ----------
    name, seed
        Of the piece; the same give the same music.
    settings
        Duration, range of tempi and chance of every instrument.

    Returns
    -------
    dict
        Sounding notes by part, ``"Piano"``, ``"Guitar"``, ``"Bass"``.

    Examples
    --------
    >>> from rebalance.training.data import BandSettings, compose_band
    >>> parts = compose_band("first", 0, BandSettings(duration_s=20.0))
    >>> list(parts), max(note.pitch for note in parts["Bass"]) <= 50
    (['Piano', 'Guitar', 'Bass'], True)
    """
    rng = stream(seed, "band", name)
    beat_s = 60.0 / rng.uniform(*settings.quarter_bpm)
    tonic = int(rng.integers(-5, 7))
    section_s = 4 * _BEATS_PER_BAR * beat_s
    parts: dict[str, list[PlayedNote]] = {part: [] for part in BAND_PROGRAMS}
    for number in range(max(1, round(settings.duration_s / section_s))):
        degrees = _PROGRESSIONS[int(rng.integers(len(_PROGRESSIONS)))]
        for part in _who_plays(rng, settings.playing):
            style = _STYLES[part][int(rng.integers(len(_STYLES[part])))]
            for index, degree in enumerate(degrees):
                start_s = number * section_s + index * _BEATS_PER_BAR * beat_s
                bar = _Bar(start_s=start_s, beat_s=beat_s, degree=degree, tonic=tonic)
                parts[part] += [_in_range(note, part) for note in style(bar, rng)]
    return {part: _no_overlap(notes) for part, notes in parts.items()}


def _who_plays(rng: np.random.Generator, playing: Mapping[str, float]) -> list[str]:
    """Return the parts of a section, one at least."""
    chosen = [part for part in BAND_PROGRAMS if rng.random() < playing[part]]
    return chosen or [list(BAND_PROGRAMS)[int(rng.integers(len(BAND_PROGRAMS)))]]


def _note(bar: _Bar, beat: float, beats: float, pitch: int, rng: np.random.Generator) -> PlayedNote:
    """Return a note a little off its time and level."""
    onset_s = max(0.0, bar.start_s + beat * bar.beat_s + float(rng.normal(0.0, 0.006)))
    velocity = int(rng.integers(70, 112))
    return PlayedNote(onset_s=onset_s, duration_s=beats * bar.beat_s * 0.94, pitch=pitch, velocity=velocity)


def _block_chords(bar: _Bar, rng: np.random.Generator) -> Iterator[PlayedNote]:
    """Give chords held for one or two beats, a root below."""
    beats = float(rng.choice((1.0, 2.0)))
    for beat in np.arange(0.0, _BEATS_PER_BAR, beats):
        yield from (_note(bar, beat, beats, pitch, rng) for pitch in bar.chord(_PIANO_OCTAVE, int(rng.integers(3, 5))))
    yield _note(bar, 0.0, float(_BEATS_PER_BAR), bar.chord(_PIANO_OCTAVE - 12, 1)[0], rng)


def _arpeggios(bar: _Bar, rng: np.random.Generator) -> Iterator[PlayedNote]:
    """Give a broken chord in eighths over a root."""
    chord = bar.chord(_PIANO_OCTAVE, 4)
    for eighth in range(2 * _BEATS_PER_BAR):
        yield _note(bar, eighth / 2, 0.9, chord[(eighth * 3 + eighth // 4) % len(chord)] + 12 * (eighth % 3 == 2), rng)
    yield _note(bar, 0.0, float(_BEATS_PER_BAR), chord[0] - 12, rng)


def _melody(bar: _Bar, rng: np.random.Generator) -> Iterator[PlayedNote]:
    """Give a line of steps over two notes of the chord."""
    beat, step = 0.0, bar.degree + int(rng.integers(5, 10))
    while beat < _BEATS_PER_BAR:
        beats = float(rng.choice((0.5, 1.0, 1.5)))
        beats = min(beats, _BEATS_PER_BAR - beat)
        yield _note(bar, beat, beats, _PIANO_OCTAVE + bar.tonic + bar.scale_step(step), rng)
        beat, step = beat + beats, step + int(rng.integers(-2, 3))
    yield from (_note(bar, 0.0, 3.5, pitch, rng) for pitch in bar.chord(_PIANO_OCTAVE - 12, 2))


def _power_chords(bar: _Bar, rng: np.random.Generator) -> Iterator[PlayedNote]:
    """Give root, fifth and octave in a driving rhythm."""
    root = bar.chord(_GUITAR_OCTAVE, 1)[0]
    for beat, beats in ((0.0, 1.5), (1.5, 0.5), (2.0, 1.0), (3.0, 0.5), (3.5, 0.5)):
        if rng.random() < 0.85:
            yield from (_note(bar, beat, beats, root + up, rng) for up in (0, 7, 12))


def _riff(bar: _Bar, rng: np.random.Generator) -> Iterator[PlayedNote]:
    """Give single low notes in eighths."""
    for eighth in range(2 * _BEATS_PER_BAR):
        step = bar.degree + int(rng.choice((0, 0, 2, 4, 6)))
        yield _note(bar, eighth / 2, 0.5, _GUITAR_OCTAVE + bar.tonic + bar.scale_step(step), rng)


def _lead(bar: _Bar, rng: np.random.Generator) -> Iterator[PlayedNote]:
    """Give a high line with long notes."""
    beat, step = 0.0, bar.degree + int(rng.integers(7, 11))
    while beat < _BEATS_PER_BAR:
        beats = min(float(rng.choice((0.5, 1.0, 2.0))), _BEATS_PER_BAR - beat)
        yield _note(bar, beat, beats, _GUITAR_OCTAVE + bar.tonic + bar.scale_step(step), rng)
        beat, step = beat + beats, step + int(rng.integers(-3, 4))


def _eighths(bar: _Bar, rng: np.random.Generator) -> Iterator[PlayedNote]:
    """Give the root in eighths, now and then its fifth or octave."""
    root = bar.chord(_BASS_OCTAVE, 1)[0]
    for eighth in range(2 * _BEATS_PER_BAR):
        yield _note(bar, eighth / 2, 0.5, root + int(rng.choice((0, 0, 0, 7, 12), p=(0.3, 0.3, 0.2, 0.1, 0.1))), rng)


def _walking(bar: _Bar, rng: np.random.Generator) -> Iterator[PlayedNote]:
    """Give quarters that walk along the scale."""
    for beat in range(_BEATS_PER_BAR):
        step = bar.degree + beat * int(rng.choice((-1, 1)))
        yield _note(bar, float(beat), 1.0, _BASS_OCTAVE + bar.tonic + bar.scale_step(step), rng)


def _long_roots(bar: _Bar, rng: np.random.Generator) -> Iterator[PlayedNote]:
    """Give two long roots."""
    root = bar.chord(_BASS_OCTAVE, 1)[0]
    yield _note(bar, 0.0, 2.5, root, rng)
    yield _note(bar, 2.5, 1.5, root + int(rng.choice((0, 7))), rng)


_Style = Callable[[_Bar, np.random.Generator], Iterator[PlayedNote]]
_STYLES: Mapping[str, tuple[_Style, ...]] = MappingProxyType(
    {
        PIANO: (_block_chords, _arpeggios, _melody),
        GUITAR: (_power_chords, _riff, _lead),
        BASS: (_eighths, _walking, _long_roots),
    }
)


def _in_range(note: PlayedNote, part: str) -> PlayedNote:
    """Return a note moved by octaves into the range of its part."""
    pitch = note.pitch
    while pitch > _HIGHEST[part]:
        pitch -= 12
    while pitch < _LOWEST[part]:
        pitch += 12
    return PlayedNote(onset_s=note.onset_s, duration_s=note.duration_s, pitch=pitch, velocity=note.velocity)


def _no_overlap(notes: list[PlayedNote]) -> tuple[PlayedNote, ...]:
    """Return notes by onset, each ending before its pitch is struck again, one of each where two begin together."""
    last: dict[int, PlayedNote] = {}
    kept: list[PlayedNote] = []
    for note in sorted(notes, key=lambda note: (-note.onset_s, note.pitch)):
        following = last.get(note.pitch)
        duration_s = note.duration_s if following is None else min(note.duration_s, following.onset_s - note.onset_s)
        if duration_s > 0.03:
            shortened = PlayedNote(
                onset_s=note.onset_s, duration_s=duration_s, pitch=note.pitch, velocity=note.velocity
            )
            last[note.pitch] = shortened
            kept.append(shortened)
    return tuple(sorted(kept, key=lambda note: (note.onset_s, note.pitch)))
