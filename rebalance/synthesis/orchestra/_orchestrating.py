"""Chamber music set for an orchestra, so that orchestral data can be rendered where there are no orchestral scores."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rebalance._base.errors import ConfigError
from rebalance.synthesis.notation import MAX_MIDI_PITCH, ORCHESTRA, PUBLISHED_STEMS, Note, OrchestraTrack, Part, Score

_SECTION_Q = 16.0
_PLAYING_SHARE = 0.6
_MIN_PER_FAMILY = 2
_OCTAVE = 12
_BEAT_Q = 4.0
_DRUM_KEYS = (36, 38, 49, 81)
_PHRASE_Q = 8.0
_ARC = 14.0
_MEAN_VELOCITY = 76.0
_VELOCITY_SPREAD = 12.0
_FAMILIES = ("strings", "woodwinds", "brass", "percussion")


def orchestrated(score: Score, rng: np.random.Generator, *, n_tracks: int = 10) -> Score:
    """Return a score for an orchestra drawn at random, at least two tracks of each of the four families.

    Every track takes the voice of the score that suits its height, moved by octaves, and plays in some sections of four
    bars and rests in others. Timpani take the lowest voice once in four beats, untuned percussion strokes on beats. The
    velocities rise and fall over phrases of eight beats, as a stand-in for what a musician writes.

    Parameters
    ----------
    score
        Of any number of parts.
    rng
        Decides tracks, sections and velocities.
    n_tracks
        Number of tracks, 8 to 18.

    Raises
    ------
    ConfigError
        If the score has no notes or the number of tracks is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.synthesis.notation import Note, Part, Score
    >>> from rebalance.synthesis.orchestra import orchestrated
    >>> notes = tuple(Note(onset_q=float(at), duration_q=1.0, pitch=60 + at % 12) for at in range(64))
    >>> score = Score(name="study", parts=(Part(name="Voice", instrument=None, notes=notes),))
    >>> full = orchestrated(score, np.random.default_rng(1), n_tracks=8)
    >>> len(full.parts), full.name
    (8, 'study')
    """
    fewest = _MIN_PER_FAMILY * len(_FAMILIES)
    voices = sorted((part for part in score.parts if part.notes), key=_mean_pitch)
    if not voices or not fewest <= n_tracks <= len(PUBLISHED_STEMS):
        raise ConfigError(
            where="orchestra",
            expected=f"notes, and {fewest} to {len(PUBLISHED_STEMS)} tracks",
            got=f"{len(voices)} voices and {n_tracks} tracks",
        )
    tracks = _drawn_tracks(n_tracks, rng)
    parts = tuple(_part(track, voices, score.end_q, rng) for track in tracks)
    return replace(score, parts=tuple(part for part in parts if part.notes))


def _drawn_tracks(n_tracks: int, rng: np.random.Generator) -> list[OrchestraTrack]:
    """Return tracks in the order of a score."""
    published = [ORCHESTRA[name] for name in PUBLISHED_STEMS]
    chosen: set[str] = set()
    for family in _FAMILIES:
        own = [track.name for track in published if track.family == family]
        chosen |= set(rng.choice(own, size=_MIN_PER_FAMILY, replace=False).tolist())
    others = [track.name for track in published if track.name not in chosen]
    chosen |= set(rng.choice(others, size=n_tracks - len(chosen), replace=False).tolist())
    return [track for track in published if track.name in chosen]


def _part(track: OrchestraTrack, voices: Sequence[Part], end_q: float, rng: np.random.Generator) -> Part:
    """Return the part of one track."""
    sections = rng.uniform(size=math.ceil(end_q / _SECTION_Q)) < _PLAYING_SHARE
    sections[int(rng.integers(len(sections)))] = True
    line = _line(track, voices, rng)
    notes = [note for note in line if sections[int(note.onset_q // _SECTION_Q)]] or line
    level = rng.normal(_MEAN_VELOCITY, _VELOCITY_SPREAD)
    return Part(
        name=track.name,
        instrument=None,
        percussion=track.family == "percussion",
        notes=tuple(sorted(replace(note, velocity=_velocity(note, level)) for note in notes)),
    )


def _line(track: OrchestraTrack, voices: Sequence[Part], rng: np.random.Generator) -> list[Note]:
    """Return the notes of a track before it rests."""
    if track.bank:
        keys = rng.choice(_DRUM_KEYS, size=2, replace=False).tolist()
        beats = sorted({float(note.onset_q // 2 * 2) for note in voices[0].notes})
        return [Note(onset_q=beat, duration_q=1.0, pitch=int(keys[int(beat % _BEAT_Q > 0)])) for beat in beats]
    centre = (track.lowest + track.highest) / 2
    voice = _suiting(track, voices)
    shift = _OCTAVE * round((centre - _mean_pitch(voice)) / _OCTAVE)
    moved = [replace(note, pitch=min(max(note.pitch + shift, 0), MAX_MIDI_PITCH)) for note in voice.notes]
    return moved if track.name != "Timpani" else [note for note in moved if note.onset_q % _BEAT_Q == 0]


def _suiting(track: OrchestraTrack, voices: Sequence[Part]) -> Part:
    """Return the voice as far from the lowest as the track is within its family."""
    family = sorted((other for other in ORCHESTRA.values() if other.family == track.family), key=_height)
    place = family.index(track) / max(len(family) - 1, 1)
    return voices[round(place * (len(voices) - 1))]


def _height(track: OrchestraTrack) -> float:
    return track.lowest + track.highest


def _mean_pitch(part: Part) -> float:
    return part.mean_pitch


def _velocity(note: Note, level: float) -> int:
    """Return a velocity on an arc over its phrase."""
    arc = np.sin(np.pi * (note.onset_q % _PHRASE_Q) / _PHRASE_Q)
    return int(np.clip(round(level + _ARC * (arc - 0.5)), 1, MAX_MIDI_PITCH))
