"""One piece from notes to stems: perform, synthesise, colour, place in a room, set the level."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import scipy.signal
import soundfile
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import AudioError
from rebalance._base.files import StrPath, expanded, replacing
from rebalance._base.seeding import stream
from rebalance.audio import amplitude_from_db, check_written, loudness_lufs
from rebalance.synthesis.notation import Part, Score
from rebalance.synthesis.performance import PlayedPart, perform, tempo_map
from rebalance.synthesis.rendering._piece_stems import PieceStems
from rebalance.synthesis.rendering._plans import Plan, Voice
from rebalance.synthesis.sound import (
    ANECHOIC,
    Engine,
    Layer,
    SampleEngine,
    active_rms,
    convolve,
    decode_stereo,
    eq_response,
    follow_level,
    half_angle_for,
    is_sample_source,
    read_response,
    simulate_response,
    soundfont_engine,
    with_noise_floor,
)

SAMPLE_RATE = CAD2_TASK2.mixture_sample_rate

_RING_OUT_S = 2.0
_STEM_LEVEL = 0.05
_SILENCE = 1e-9
_INT16_SCALE = 32_768
_GATING_BLOCK_S = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedPiece:
    """The sound of a rendition.

    Parameters
    ----------
    stems
        By label; shape ``(2, n_samples)``, 16-bit integers at 44.1 kHz.
    mixture
        Their sum, exactly.
    """

    stems: Mapping[str, NDArray[np.int16]]
    mixture: NDArray[np.int16]

    @property
    def duration_s(self) -> float:
        """Duration in seconds."""
        return float(self.mixture.shape[1]) / SAMPLE_RATE


def render(score: Score, plan: Plan, engine: Engine | None = None) -> RenderedPiece:
    """Render a rendition of a score: the same plan gives the same samples.

    Parameters
    ----------
    score
        The arranged score the plan was drawn for.
    plan
        Everything random about it.
    engine
        Plays the layers; the best installed one when None.

    Raises
    ------
    ConfigError
        If an engine, a font or a preset is missing, or the plan does not fit the score.
    AudioError
        If the result is silent.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from rebalance.audio import write_audio
    >>> from rebalance.synthesis.notation import Note, Part, Score
    >>> from rebalance.synthesis.rendering import RenderSettings, draw_plan, render
    >>> from rebalance.synthesis.sound import SampleEngine
    >>> notes = tuple(Note(onset_q=float(at), duration_q=1.0, pitch=69 + at) for at in range(4))
    >>> parts = tuple(Part(name=label, instrument=None, notes=notes) for label in ("Flute", "Oboe"))
    >>> score = Score(name="study", parts=parts, quarter_bpm=240.0)
    >>> tone = 0.2 * np.sin(2 * np.pi * 440 * np.arange(44_100) / 44_100)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_audio(Path(folder) / "tone-A4.wav", tone[None], 44_100)
    ...     settings = RenderSettings(fonts=(folder,), humanise="none", room="dry")
    ...     piece = render(score, draw_plan(score, settings, name="study-1", seed=1), SampleEngine())
    >>> list(piece.stems), piece.mixture.dtype, piece.duration_s
    (['Flute', 'Oboe'], dtype('int16'), 3.0)
    """
    return mix_down(render_stems(score, plan, engine), where=plan.name)


def render_stems(score: Score, plan: Plan, engine: Engine | None = None) -> dict[str, NDArray[np.float32]]:
    """Render the stems of a rendition in their room, balanced but not yet at their final level.

    Parameters
    ----------
    score
        Arranged for the players of the plan.
    plan
        How it is played, and where.
    engine
        Plays the layers that come from sound fonts; the best there is when None.

    Returns
    -------
    stems
        By label, each of shape ``(2, n_samples)``; see `render` for the rest.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from rebalance.audio import write_audio
    >>> from rebalance.synthesis.notation import Note, Part, Score
    >>> from rebalance.synthesis.rendering import RenderSettings, draw_plan, render_stems
    >>> from rebalance.synthesis.sound import SampleEngine
    >>> oboe = Part(name="Oboe", instrument=None, notes=(Note(onset_q=0.0, duration_q=1.0, pitch=69),))
    >>> score = Score(name="study", parts=(oboe,), quarter_bpm=60.0)
    >>> tone = 0.2 * np.sin(2 * np.pi * 440 * np.arange(44_100) / 44_100)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_audio(Path(folder) / "oboe-A4.wav", tone[None], 44_100)
    ...     settings = RenderSettings(fonts=(folder,), humanise="none", room="dry")
    ...     stems = render_stems(score, draw_plan(score, settings, name="study-1", seed=1), SampleEngine())
    >>> {label: stem.shape[0] for label, stem in stems.items()}
    {'Oboe': 2}
    """
    engine = engine or soundfont_engine()
    tempo = tempo_map(score, plan.annotations, rubato=plan.rubato, seed=plan.seed)
    n_samples = int((tempo.duration_s + _RING_OUT_S) * SAMPLE_RATE)
    responses = stereo_responses(plan)
    stems = {}
    for part in score.parts:
        voice = plan.voices[part.name]
        played = perform(part, plan.annotations, tempo, voice.player)
        dry = dry_stem(played, part, voice, engine, n_samples)
        wet = convolve(dry, responses[part.name])
        level = _STEM_LEVEL * amplitude_from_db(voice.player.level_db)
        wet *= np.float32(level / max(active_rms(wet.mean(axis=0)), _SILENCE))
        stems[part.name] = wet
    return stems


def dry_stem(played: PlayedPart, part: Part, voice: Voice, engine: Engine, n_samples: int) -> NDArray[np.float32]:
    """Return one part without its room: layers mixed, level curve followed, noise added.

    Parameters
    ----------
    played
        The part as it is to be played.
    part
        The part as it is written.
    voice
        The player, and the sounds mixed for it.
    engine
        Plays the layers that come from sound fonts.
    n_samples
        Length of the stem at 44.1 kHz.

    Returns
    -------
    stem
        Shape ``(n_samples,)``.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from rebalance.audio import write_audio
    >>> from rebalance.synthesis.notation import Note, Part, Score
    >>> from rebalance.synthesis.performance import perform, tempo_map
    >>> from rebalance.synthesis.rendering import RenderSettings, draw_plan, dry_stem
    >>> from rebalance.synthesis.sound import SampleEngine
    >>> oboe = Part(name="Oboe", instrument=None, notes=(Note(onset_q=0.0, duration_q=1.0, pitch=69),))
    >>> score = Score(name="study", parts=(oboe,), quarter_bpm=60.0)
    >>> tone = 0.2 * np.sin(2 * np.pi * 440 * np.arange(44_100) / 44_100)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_audio(Path(folder) / "oboe-A4.wav", tone[None], 44_100)
    ...     settings = RenderSettings(fonts=(folder,), humanise="none", room="dry")
    ...     plan = draw_plan(score, settings, name="study-1", seed=1)
    ...     played = perform(oboe, plan.annotations, tempo_map(score, plan.annotations), plan.voices["Oboe"].player)
    ...     stem = dry_stem(played, oboe, plan.voices["Oboe"], SampleEngine(), 44_100)
    >>> stem.shape, int(np.abs(np.fft.rfft(stem)).argmax())
    ((44100,), 440)
    """
    if not part.notes:
        return np.zeros(n_samples, dtype=np.float32)
    mixed = np.zeros(n_samples, dtype=np.float32)
    for layer in voice.layers:
        instrument = part.instrument.name if part.instrument else part.name
        player = SampleEngine(instrument=instrument) if is_sample_source(layer.source) else engine
        mixed += _layer(played, layer, player, n_samples)
    stem = follow_level(mixed, played.level_times_s, played.levels_db)
    if voice.player.noise_floor_db is None:
        return stem
    return with_noise_floor(stem, voice.player.noise_floor_db, stream(voice.player.seed, "noise"))


def mix_down(stems: Mapping[str, NDArray[np.float32]], *, where: str) -> RenderedPiece:
    """Set the mixture of stems to the loudness of the challenge and round everything to 16 bits.

    Parameters
    ----------
    stems
        By label, each of shape ``(2, n_samples)``, all of one length.
    where
        Name of the piece, for errors.

    Returns
    -------
    piece
        The mixture is the sum of the rounded stems, so that they add up to it exactly.

    Raises
    ------
    AudioError
        If the mixture is silent, too short to measure, or would clip.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.audio import loudness_lufs
    >>> from rebalance.synthesis.rendering import mix_down
    >>> rng = np.random.default_rng(0)
    >>> stems = {label: 0.1 * rng.standard_normal((2, 44_100)).astype(np.float32) for label in ("Flute", "Cello")}
    >>> piece = mix_down(stems, where="noises")
    >>> round(loudness_lufs(piece.mixture / 32_768, 44_100), 1)
    -40.0
    >>> np.array_equal(piece.stems["Flute"] + piece.stems["Cello"], piece.mixture)
    True
    """
    mixture = sum(stems.values(), np.zeros_like(next(iter(stems.values()))))
    loudness = _whole_loudness_lufs(mixture)
    if not np.isfinite(loudness):
        raise AudioError(where=where, expected="music, the mixture is silent")
    gain = np.float32(amplitude_from_db(CAD2_TASK2.mixture_loudness_lufs - loudness) * _INT16_SCALE)
    loudest = max(float(np.max(np.abs(signal))) for signal in (mixture, *stems.values()))
    if not loudest * gain < _INT16_SCALE - len(stems):
        raise AudioError(f"clips at {CAD2_TASK2.mixture_loudness_lufs} LUFS", where=where)
    rounded = {label: np.rint(stem * gain).astype(np.int16) for label, stem in stems.items()}
    return RenderedPiece(stems=rounded, mixture=sum(rounded.values(), np.zeros(mixture.shape, dtype=np.int16)))


def _whole_loudness_lufs(samples: NDArray[np.floating]) -> float:
    """Return the integrated loudness of a signal; one shorter than a gating block is an error, not repeated."""
    n_samples = samples.shape[1]
    if n_samples < _GATING_BLOCK_S * SAMPLE_RATE:
        raise AudioError(where="loudness", expected="at least 0.4 s", got=f"{n_samples / SAMPLE_RATE:.2f} s")
    return loudness_lufs(samples, SAMPLE_RATE)


def write_piece(
    audio_root: StrPath, folder: PurePosixPath, piece: RenderedPiece, *, name: str, dataset: str
) -> PieceStems:
    """Write the stems and the mixture of a piece as FLAC files.

    Parameters
    ----------
    audio_root
        The audio folder of a task.
    folder
        Where in it: the files become ``<folder>/<label>.flac`` and ``<folder>/mixture.flac``.
    piece
        Stems and mixture.
    name, dataset
        Names of the piece and of its data set, kept in the metadata.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path, PurePosixPath
    >>> import numpy as np
    >>> from rebalance.synthesis.rendering import mix_down, write_piece
    >>> rng = np.random.default_rng(0)
    >>> stems = {label: 0.1 * rng.standard_normal((2, 44_100)).astype(np.float32) for label in ("Flute", "Cello")}
    >>> piece = mix_down(stems, where="noises")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = write_piece(Path(folder), PurePosixPath("valid/noises"), piece, name="noises", dataset="Own")
    ...     print(sorted(path.name for path in Path(folder, "valid", "noises").iterdir()))
    ['Cello.flac', 'Flute.flac', 'mixture.flac']
    >>> written.mixture.as_posix(), written.duration_s
    ('valid/noises/mixture.flac', 1.0)
    """
    audio_root = expanded(audio_root)
    tracks = {label: folder / f"{label}.flac" for label in piece.stems}
    mixture = folder / "mixture.flac"
    for track, samples in ((mixture, piece.mixture), *((tracks[label], stem) for label, stem in piece.stems.items())):
        _write_whole(audio_root / track, samples)
    return PieceStems(name=name, dataset=dataset, stems=tracks, mixture=mixture, duration_s=piece.duration_s)


def _write_whole(path: Path, samples: NDArray[np.int16]) -> None:
    """Write 16-bit samples as they are: the way through floating point costs as much as the encoding."""
    with replacing(path) as temporary:
        soundfile.write(os.fsencode(temporary), samples.T, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
        check_written(temporary, n_samples=samples.shape[1], path=path)


def _layer(played: PlayedPart, layer: Layer, engine: Engine, n_samples: int) -> NDArray[np.float32]:
    """Return one layer of a stem at its level: fonts differ by many dB, so each is brought to one level first."""
    sound = engine.render(played.notes, layer, n_samples)
    return sound * np.float32(amplitude_from_db(layer.gain_db) / max(active_rms(sound), _SILENCE))


def stereo_responses(plan: Plan) -> dict[str, NDArray[np.float64]]:
    """Return the stereo response from every player through equaliser and room, by label, each ``(2, n_taps)``.

    Examples
    --------
    >>> from rebalance.synthesis.notation import Note, Part, Score
    >>> from rebalance.synthesis.rendering import RenderSettings, draw_plan, stereo_responses
    >>> notes = (Note(onset_q=0.0, duration_q=4.0, pitch=72),)
    >>> parts = tuple(Part(name=label, instrument=None, notes=notes) for label in ("Flute", "Oboe"))
    >>> settings = RenderSettings(fonts=("fluidr3",), humanise="none", room="dry")
    >>> plan = draw_plan(Score(name="study", parts=parts), settings, name="study-1", seed=1)
    >>> left, right = stereo_responses(plan)["Flute"]
    >>> bool(left[0] > right[0])  # sits on the left
    True
    """
    players = range(len(plan.voices))
    shared = [0 if plan.one_response else player for player in players]
    if plan.hall is not None:
        rooms = [simulate_response(plan.hall, player) for player in shared]
    elif plan.response is not None:
        rooms = [read_response(Path(plan.response))] * len(plan.voices)
    else:
        rooms = [ANECHOIC] * len(plan.voices)
    azimuths = [voice.azimuth_deg for voice in plan.voices.values()]
    half_angle = half_angle_for(rooms, azimuths, plan.correlation)
    return {
        label: scipy.signal.fftconvolve(
            decode_stereo(room, azimuth_deg=voice.azimuth_deg, half_angle_deg=half_angle),
            eq_response(voice.player.eq_db)[None, :],
            axes=1,
        )
        for (label, voice), room in zip(plan.voices.items(), rooms, strict=True)
    }
