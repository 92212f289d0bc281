"""One song from notes to stems, as three spaced microphones and as close ones hear it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import numpy as np
import soundfile
from numpy.typing import NDArray

from rebalance._base.errors import AudioError
from rebalance._base.files import StrPath, expanded, replacing
from rebalance.audio import amplitude_from_db, check_written, db_from_amplitude
from rebalance.synthesis.notation import ORCHESTRA, Part, Score
from rebalance.synthesis.orchestra._orchestral_plans import SEATS, offered_techniques
from rebalance.synthesis.performance import PlayedPart, TempoMap, perform, tempo_map
from rebalance.synthesis.rendering import SAMPLE_RATE, Plan, dry_stem
from rebalance.synthesis.sound import EngineName, active_rms, convolve, record_in, soundfont_engine

Microphone: TypeAlias = Literal["Tree", "Close"]
MICROPHONES: tuple[Microphone, ...] = get_args(Microphone)

MIXTURE_RMS = 0.05
"""Level of every mixture re full scale, unless it would come closer to clipping than `_PEAK` allows."""

_PEAK = 0.9
_STEM_LEVEL = 0.05
_SILENCE = 1e-9
_RING_OUT_S = 2.0
_INT16_SCALE = 32_768


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSong:
    """A song on disk.

    Parameters
    ----------
    duration_s
        Common to all its files.
    stems
        Names of its tracks.
    gains_db
        What all stems of a microphone were multiplied by, beyond one level for every track.
    """

    duration_s: float
    stems: tuple[str, ...]
    gains_db: Mapping[str, float]


def played_orchestra(score: Score, plan: Plan, engine: EngineName | None = None) -> tuple[TempoMap, list[PlayedPart]]:
    """Return when and how every part is played, techniques that its sounds lack being ordinary.

    Parameters
    ----------
    score
        The parts.
    plan
        Of the song.
    engine
        Player of soundfonts; the first that is installed when None.

    Examples
    --------
    >>> from rebalance.synthesis.notation import Note, Part, Score
    >>> from rebalance.synthesis.orchestra import OrchestraSettings, draw_orchestral_plan, played_orchestra
    >>> horn = Part(name="Horn", instrument=None, notes=(Note(onset_q=0.0, duration_q=4.0, pitch=60),))
    >>> score = Score(name="call", parts=(horn,))
    >>> plan = draw_orchestral_plan(score, OrchestraSettings(fonts=("fluidr3",), annotations="none"), name="call")
    >>> tempo, (played,) = played_orchestra(score, plan)
    >>> tempo.duration_s, played.label, len(played.notes)
    (2.0, 'Horn', 1)
    """
    tempo = tempo_map(score, plan.annotations, rubato=plan.rubato, seed=plan.seed)
    return tempo, [_played(part, plan, tempo, engine) for part in score.parts]


def write_song(folder: StrPath, score: Score, plan: Plan, engine: EngineName | None = None) -> WrittenSong:
    """Render a song and write ``<folder>/<microphone>/<track>.flac``, 44.1 kHz, 16 bits, stereo.

    The stems of one microphone are rounded after their common gain, so that their sum is the mixture exactly and does
    not clip. Stems lie on disk while they are made: memory holds one at a time.

    Parameters
    ----------
    folder
        Of the song.
    score, plan
        What is played, and how.
    engine
        Plays the soundfonts.

    Raises
    ------
    AudioError
        If the song is silent.
    ConfigError
        If a font or a preset is missing.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from rebalance.audio import write_audio
    >>> from rebalance.synthesis.notation import Note, Part, Score
    >>> from rebalance.synthesis.orchestra import OrchestraSettings, draw_orchestral_plan, write_song
    >>> horn = Part(name="Horn", instrument=None, notes=(Note(onset_q=0.0, duration_q=1.0, pitch=69),))
    >>> score = Score(name="call", parts=(horn,))
    >>> tone = 0.2 * np.sin(2 * np.pi * 440 * np.arange(44_100) / 44_100)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     notes, out = Path(folder, "notes"), Path(folder, "call")
    ...     write_audio(notes / "Horn" / "horn-A4.wav", tone[None], 44_100)
    ...     settings = OrchestraSettings(fonts=(str(notes),), annotations="none")
    ...     song = write_song(out, score, draw_orchestral_plan(score, settings, name="call"))
    ...     files = sorted(path.relative_to(out).as_posix() for path in out.rglob("*.flac"))
    >>> song.duration_s, files
    (2.5, ['Close/Horn.flac', 'Tree/Horn.flac'])
    """
    folder = expanded(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tempo, played = played_orchestra(score, plan, engine)
    n_samples = int((tempo.duration_s + _RING_OUT_S) * SAMPLE_RATE)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".") as scratch:
        mixtures = {name: np.zeros((2, n_samples), dtype=np.float32) for name in MICROPHONES}
        peaks = dict.fromkeys(MICROPHONES, 0.0)
        for number, part in enumerate(score.parts):
            dry = _dry(played[number], part, plan, engine, n_samples)
            for name, stem in _recorded(dry, part.name, number, plan):
                np.save(Path(scratch, f"{name}-{part.name}.npy"), stem)
                mixtures[name] += stem
                peaks[name] = max(peaks[name], float(np.abs(stem).max()))
        gains = {name: _gain(mixture, peaks[name], plan.name) for name, mixture in mixtures.items()}
        for name in MICROPHONES:
            for part in score.parts:
                stem = np.load(Path(scratch, f"{name}-{part.name}.npy"))
                _write_stem(folder / name / f"{part.name}.flac", stem * np.float32(gains[name]))
    return WrittenSong(
        duration_s=n_samples / SAMPLE_RATE,
        stems=tuple(part.name for part in score.parts),
        gains_db={name: db_from_amplitude(gain) for name, gain in gains.items()},
    )


def _played(part: Part, plan: Plan, tempo: TempoMap, engine: EngineName | None) -> PlayedPart:
    """Return a part as played, techniques that its sounds lack being ordinary."""
    voice = plan.voices[part.name]
    played = perform(part, plan.annotations, tempo, voice.player)
    offered = offered_techniques(ORCHESTRA[part.name], voice.layers[0], engine)
    notes = tuple(note if note.technique in offered else replace(note, technique="ordinary") for note in played.notes)
    return replace(played, notes=notes)


def _dry(played: PlayedPart, part: Part, plan: Plan, engine: EngineName | None, n_samples: int) -> NDArray[np.float32]:
    """Return a part without its room; silence where every note is of velocity 0."""
    if not played.notes:
        return np.zeros(n_samples, dtype=np.float32)
    return dry_stem(played, part, plan.voices[part.name], soundfont_engine(engine), n_samples)


def _recorded(
    dry: NDArray[np.float32], track: str, number: int, plan: Plan
) -> Iterator[tuple[Microphone, NDArray[np.float32]]]:
    """Give a stem as each of the microphones hears it, shape ``(2, n_samples)``, at the level of its player."""
    assert plan.hall is not None
    responses = record_in(plan.hall, SEATS[track], number)
    level = _STEM_LEVEL * amplitude_from_db(plan.voices[track].player.level_db)
    pairs: Sequence[tuple[Microphone, NDArray[np.float64]]] = (
        ("Tree", responses.tree),
        ("Close", np.repeat(responses.close, 2, axis=0)),
    )
    for name, response in pairs:
        wet = convolve(dry, response)
        yield name, wet * np.float32(level / max(active_rms(wet.mean(axis=0)), _SILENCE))


def _gain(mixture: NDArray[np.float32], loudest: float, where: str) -> float:
    """Return the gain that brings a mixture to its level, or as near to it as its stems and itself stay unclipped."""
    level = float(np.sqrt(np.mean(np.square(mixture, dtype=np.float64))))
    if not level:
        raise AudioError(where=where, expected="music, every part is silent")
    peak = max(loudest, float(np.abs(mixture).max()))
    return min(MIXTURE_RMS / level, _PEAK / peak)


def _write_stem(path: Path, stem: NDArray[np.float32]) -> None:
    """Write a stem as 16-bit FLAC, whole or not at all."""
    samples = np.rint(stem * _INT16_SCALE).astype(np.int16)
    with replacing(path) as temporary:
        soundfile.write(os.fsencode(temporary), samples.T, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
        check_written(temporary, n_samples=samples.shape[1], path=path)
