"""Recorded single notes as a source of sound: a folder of files named by pitch, or an SFZ instrument."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import AudioError, ConfigError
from rebalance._base.files import StrPath, is_hidden
from rebalance.audio import read_audio, resample
from rebalance.synthesis.performance import PlayedNote
from rebalance.synthesis.sound._engines import SAMPLE_RATE, Layer
from rebalance.synthesis.sound._sfz import read_sfz

_AUDIO_SUFFIXES = (".wav", ".flac", ".aif", ".aiff", ".ogg", ".mp3")
_SEMITONES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "s": 1, "b": -1, "♭": -1}
_NOTE_NAME = re.compile(r"(?<![A-Za-z])([A-Ga-g])([#♯sb♭]?)(-?\d)(?!\d)")
_MIDI_NUMBER = re.compile(r"(?<!\d)(\d{2,3})(?!\d)")
_RELEASE_S = 0.08
_ATTACK_S = 0.003
_MAX_VELOCITY = 127
_OCTAVE = 12
_MAX_BEND_SEMITONES = 7  # a sample is bent no further than this


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFile:
    """One recorded note.

    Parameters
    ----------
    path
        Audio file.
    pitch
        MIDI pitch it sounds at.
    lowest_velocity, highest_velocity
        Range of velocities it is meant for.
    tune_cents
        How far to tune it when played.
    """

    path: Path
    pitch: int
    lowest_velocity: int = 0
    highest_velocity: int = _MAX_VELOCITY
    tune_cents: float = 0.0


def pitch_of_name(name: str) -> int | None:
    """Return the MIDI pitch in a file name: ``Violin_A4_ff`` or ``flute-069``; None if there is none.

    A4 is 69; ``s`` and ``#`` sharpen, ``b`` flattens; ``Es`` is the E flat of German names.
    """
    if match := _NOTE_NAME.search(name):
        letter, accidental, octave = match.groups()
        accidental = "b" if (letter + accidental).lower() == "es" else accidental
        return _SEMITONES[letter.lower()] + _ACCIDENTALS[accidental] + _OCTAVE * (int(octave) + 1)
    numbers = [int(found) for found in _MIDI_NUMBER.findall(name) if int(found) <= _MAX_VELOCITY]
    return numbers[-1] if numbers else None


@functools.lru_cache(maxsize=32)
def sample_files(source: Path) -> tuple[SampleFile, ...]:
    """Return the notes of a folder (by the pitch in each file's name) or of an SFZ file (by its regions).

    Raises
    ------
    ConfigError
        If there are none, or an SFZ file asks for what is not supported; see `read_sfz`.
    """
    if source.is_dir():
        named = (
            (path, pitch_of_name(path.stem))
            for path in sorted(source.rglob("*"))
            if path.suffix.lower() in _AUDIO_SUFFIXES and not is_hidden(path, source)
        )
        samples = tuple(SampleFile(path=path, pitch=pitch) for path, pitch in named if pitch is not None)
    else:
        samples = tuple(
            SampleFile(
                path=region.path,
                pitch=region.pitch,
                lowest_velocity=region.lowest_velocity,
                highest_velocity=region.highest_velocity,
                tune_cents=region.tune_cents,
            )
            for region in read_sfz(source)
        )
    if not samples:
        raise ConfigError(
            where=source, expected="recorded notes named by pitch (such as 'Violin_A4.wav')", found="none"
        )
    return samples


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleEngine:
    """Plays recorded single notes: the nearest in pitch and velocity, resampled to the pitch wanted.

    A layer's preset is unused; one source stands for one instrument, or holds a folder per instrument.

    Parameters
    ----------
    instrument
        Name of the folder within a source that holds one per instrument; empty for a source of one instrument.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from rebalance.audio import write_audio
    >>> from rebalance.synthesis.performance import PlayedNote
    >>> from rebalance.synthesis.sound import Layer, Preset, SampleEngine
    >>> tone = 0.2 * np.sin(2 * np.pi * 440 * np.arange(44_100) / 44_100)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_audio(Path(folder) / "oboe-A4.wav", tone[None], 44_100)
    ...     note = PlayedNote(onset_s=0.5, duration_s=0.5, pitch=71, velocity=127)
    ...     stem = SampleEngine().render([note], Layer(source=folder, preset=Preset(program=68)), 44_100)
    >>> float(np.abs(stem[:22_000]).max()), int(np.abs(np.fft.rfft(stem)).argmax())  # a whole tone above 440 Hz
    (0.0, 494)
    """

    instrument: str = ""

    def render(self, notes: Sequence[PlayedNote], layer: Layer, n_samples: int) -> NDArray[np.float32]:
        """Return one mono stem of shape ``(n_samples,)``.

        Parameters
        ----------
        notes
            By onset.
        layer
            Names the file or folder of recorded notes.
        n_samples
            Length of the stem at 44.1 kHz; what sounds later is cut.

        Raises
        ------
        ConfigError
            If the source holds no notes, or none within a fifth of one that is wanted.
        """
        source = sample_source(Path(layer.source), self.instrument)
        stem = np.zeros(n_samples, dtype=np.float32)
        for note in notes:
            sample = _nearest(sample_files(source), note, layer.neighbour_semitones, source)
            cents = 100 * (note.pitch - sample.pitch) + note.detune_cents + sample.tune_cents
            sound = _tuned(_recorded(sample.path), cents, note.duration_s)
            start = round(note.onset_s * SAMPLE_RATE)
            stop = min(start + len(sound), n_samples)
            if start < stop:
                stem[start:stop] += sound[: stop - start] * np.float32((note.velocity / _MAX_VELOCITY) ** 2)
        return stem


def is_sample_source(source: str) -> bool:
    """Tell whether a source is recorded notes rather than a soundfont.

    Examples
    --------
    >>> from rebalance.synthesis.sound import is_sample_source
    >>> is_sample_source("FluidR3_GM.sf2")
    False
    """
    return Path(source).is_dir() or Path(source).suffix.lower() == ".sfz"


def sample_source(source: StrPath, instrument: str) -> Path:
    """Return where an instrument's notes lie: in the folder or SFZ file of its name, else in the source itself.

    Parameters
    ----------
    source
        Folder of recorded notes.
    instrument
        Name of the instrument.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.synthesis.sound import sample_source
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     (Path(folder) / "Oboe").mkdir()
    ...     sample_source(folder, "Oboe").name, sample_source(folder, "Tuba") == Path(folder)
    ('Oboe', True)
    """
    source = Path(source)
    if not source.is_dir():
        return source
    for candidate in sorted(source.iterdir()):
        if is_hidden(candidate):
            continue
        if candidate.stem.lower() == instrument.lower() and (candidate.is_dir() or candidate.suffix.lower() == ".sfz"):
            return candidate
    return source


def _nearest(samples: Sequence[SampleFile], note: PlayedNote, neighbour: int, source: Path) -> SampleFile:
    """Return the sample to play a note with."""
    wanted = note.pitch + neighbour

    def distance(sample: SampleFile) -> tuple[int, int]:
        too_soft = max(sample.lowest_velocity - note.velocity, note.velocity - sample.highest_velocity, 0)
        return abs(sample.pitch - wanted), too_soft

    nearest = min(samples, key=distance)
    if abs(nearest.pitch - note.pitch) > _MAX_BEND_SEMITONES + abs(neighbour):
        raise ConfigError(
            f"no recorded note within {_MAX_BEND_SEMITONES} semitones of MIDI pitch {note.pitch}", where=source
        )
    return nearest


@functools.lru_cache(maxsize=512)
def _recorded(path: Path) -> NDArray[np.float32]:
    """Return a recorded note, mono at 44.1 kHz, silence before it cut off."""
    recording = read_audio(path)
    mono = np.asarray(resample(recording.samples, recording.sample_rate, SAMPLE_RATE)).mean(axis=0).astype(np.float32)
    peak = float(np.max(np.abs(mono)))
    if not peak:
        raise AudioError(where=path, expected="a recorded note, the file is silent")
    first = int(np.argmax(np.abs(mono) > peak / 100))
    note: NDArray[np.float32] = mono[first:] / np.float32(peak)
    return note


def _tuned(sound: NDArray[np.float32], cents: float, duration_s: float) -> NDArray[np.float32]:
    """Return a note at another pitch (linear interpolation), released after its duration."""
    ratio = 2 ** (cents / 1200)
    held = round(duration_s * SAMPLE_RATE)
    release = round(_RELEASE_S * SAMPLE_RATE)
    n_samples = min(held + release, int((len(sound) - 1) / ratio))
    played = np.interp(np.arange(n_samples) * ratio, np.arange(len(sound)), sound)
    envelope = np.clip((held + release - np.arange(n_samples)) / release, 0.0, 1.0)
    envelope *= np.clip(np.arange(n_samples) / (_ATTACK_S * SAMPLE_RATE), 0.0, 1.0)
    released: NDArray[np.float32] = (played * envelope).astype(np.float32)
    return released
