"""Solos and ensembles by program, as video files in the layouts of Solos and URMP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded, replacing, write_json
from rebalance._base.progress import progress_bar
from rebalance._base.seeding import stream
from rebalance.audio import resample, write_audio
from rebalance.synthesis.notation import chair_labelled
from rebalance.synthesis.performers._improvised_music import ImprovisedPart, improvise
from rebalance.synthesis.performers._pictograms import PICTURED_INSTRUMENTS, Scenery, draw_stage
from rebalance.synthesis.sound import Layer, presets_of, soundfont_engine
from rebalance.video import write_video

SOUND_RATE = 22_050
FRAME_RATE = 25
_ENGINE_RATE = 44_100
_LEVEL = 0.05
_TAIL_S = 0.2
_N_JOINTS = 47
_LOST_JOINTS = 0.05
_CLASSES: Mapping[str, str] = MappingProxyType({"Bass": "DoubleBass", "Sax": "Saxophone"})
_CODES: Mapping[str, str] = MappingProxyType(
    {
        "Violin": "vn",
        "Viola": "va",
        "Cello": "vc",
        "Bass": "db",
        "Flute": "fl",
        "Oboe": "ob",
        "Clarinet": "cl",
        "Sax": "sax",
        "Bassoon": "bn",
        "Trumpet": "tpt",
        "Horn": "hn",
        "Trombone": "tbn",
        "Tuba": "tba",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SoloPlan:
    """What a corpus of solos holds.

    Parameters
    ----------
    instruments
        Names of the instruments.
    per_instrument
        Number of recordings of each instrument.
    duration_s
        Of a recording.
    fonts
        Soundfonts that recordings take turns with, and by how many semitones a sound is moved and tuned back, which
        changes its colour: ``(("fluidr3", 0), ("fluidr3", 2))``.
    scenery
        Texture behind the players.
    side
        Of the square pictures, in pixels.
    seed
        Seed of music, sounds and pictures.

    Raises
    ------
    ConfigError
        If an instrument cannot be drawn, or there is nothing to make.
    """

    instruments: tuple[str, ...] = PICTURED_INSTRUMENTS
    per_instrument: int = 6
    duration_s: float = 20.0
    fonts: tuple[tuple[str, int], ...] = (("fluidr3", 0), ("fluidr3", 2))
    scenery: Scenery = "stripes"
    side: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        _require_drawn(self.instruments)
        if self.per_instrument < 1 or self.duration_s < 1.0 or not self.fonts or self.side < 16 or self.side % 2:
            raise ConfigError(where="solos", expected="recordings of 1 s or more, a font, an even side", got=str(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsemblePlan:
    """What a corpus of ensembles holds.

    Parameters
    ----------
    sizes
        Number of players of every piece; no instrument is doubled.
    duration_s, fonts, scenery, side, seed
        As for `SoloPlan`; the pictures show all players side by side.

    Raises
    ------
    ConfigError
        If a size cannot be used.
    """

    sizes: tuple[int, ...] = (2, 2, 3, 3, 4, 4, 5, 5)
    duration_s: float = 18.0
    fonts: tuple[tuple[str, int], ...] = (("fluidr3", -2),)
    scenery: Scenery = "speckles"
    side: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.sizes or not 1 <= min(self.sizes) <= max(self.sizes) <= len(PICTURED_INSTRUMENTS):
            raise ConfigError(where="ensembles", expected="sizes from 1 to 13", got=str(self.sizes))
        if self.duration_s < 1.0 or not self.fonts or self.side < 16 or self.side % 2:
            raise ConfigError(where="ensembles", expected="pieces of 1 s or more, a font, an even side", got=str(self))


def write_solos(root: StrPath, plan: SoloPlan) -> None:
    """Write solo performances on video in the layout of Solos; those that are there are kept.

    The sound is that of the videos. There are skeletons, some of whose joints are lost.

    Parameters
    ----------
    root
        Folder to write into.
    plan
        Instruments, number and length of the performances.

    Raises
    ------
    ConfigError
        If a soundfont or its player is not installed.
    RebalanceError
        If the operating system refuses to write.

    Examples
    --------
    >>> import tempfile
    >>> from rebalance.datasets import read_solos
    >>> from rebalance.synthesis.performers import SoloPlan, write_solos
    >>> plan = SoloPlan(instruments=("Sax",), per_instrument=1, duration_s=1.0, fonts=(("timgm", 0),), side=32)
    >>> with tempfile.TemporaryDirectory() as root:
    ...     write_solos(root, plan)
    ...     [(solo.instrument, solo.stretches_s) for solo in read_solos(root)]
    [('Sax', ((0.0, 1.0),))]
    """
    root = expanded(root)
    names = [(name, number) for name in plan.instruments for number in range(plan.per_instrument)]
    last_frame = round(plan.duration_s * FRAME_RATE) - 1
    identifiers: dict[str, list[str]] = {}
    with progress_bar("solos", len(names)) as bar:
        for done, (name, number) in enumerate(names, start=1):
            class_name, identifier = _CLASSES.get(name, name), f"{name.lower()}-{number:03d}"
            identifiers.setdefault(class_name, []).append(identifier)
            _write_solo(root, class_name, identifier, name, number, plan)
            bar.reach(done, identifier)
    write_json(root / "solos_ids.json", identifiers)
    stamps = {key: {each: [[0, last_frame]] for each in of_class} for key, of_class in identifiers.items()}
    write_json(root / "solos_timestamps.json", stamps)


def write_ensembles(root: StrPath, plan: EnsemblePlan) -> None:
    """Write pieces for several players on video in the layout of URMP; those that are there are kept.

    A mixture is the exact sum of its stems, up to the rounding of its file.

    Parameters
    ----------
    root
        Folder to write into.
    plan
        Number of players of each piece, its duration and its sounds.

    Raises
    ------
    ConfigError
        If a soundfont or its player is not installed.
    RebalanceError
        If the operating system refuses to write.

    Examples
    --------
    >>> import tempfile
    >>> from rebalance.datasets import load_corpus
    >>> from rebalance.synthesis.performers import EnsemblePlan, write_ensembles
    >>> with tempfile.TemporaryDirectory() as root:
    ...     write_ensembles(root, EnsemblePlan(sizes=(2,), duration_s=1.0, fonts=(("timgm", 0),), side=32))
    ...     piece = load_corpus("URMP", root, purpose="evaluation").pieces[0]
    ...     len(piece.parts), piece.video.name == f"Vid_{piece.name}.mp4"
    (2, True)
    """
    root = expanded(root)
    with progress_bar("ensembles", len(plan.sizes)) as bar:
        for number, players in enumerate(_line_ups(plan), start=1):
            _write_ensemble(root, number, players, plan)
            bar.reach(number, f"{len(players)} players")


def _require_drawn(instruments: Sequence[str]) -> None:
    """Raise unless all of some instruments can be drawn."""
    if not instruments or (unknown := sorted(set(instruments) - set(PICTURED_INSTRUMENTS))):
        raise ConfigError(
            where="instruments", expected=f"some of {', '.join(PICTURED_INSTRUMENTS)}", got=str(unknown or "none")
        )


def _line_ups(plan: EnsemblePlan) -> list[tuple[str, ...]]:
    """Return who plays in every piece: instruments dealt out like cards, so that each comes about as often."""
    rng = stream(plan.seed, "line-ups")
    pack: list[str] = []
    line_ups = []
    for size in plan.sizes:
        players: list[str] = []
        while len(players) < size:
            pack = pack or rng.permutation(PICTURED_INSTRUMENTS).tolist()
            fitting = next((name for name in pack if name not in players), None)
            if fitting is None:
                pack = [*pack, *rng.permutation(PICTURED_INSTRUMENTS).tolist()]
                continue
            pack.remove(fitting)
            players.append(fitting)
        line_ups.append(tuple(players))
    return line_ups


def _write_solo(root: Path, class_name: str, identifier: str, name: str, number: int, plan: SoloPlan) -> None:
    """Write one performance."""
    video = root / "videos" / class_name / f"{identifier}.mp4"
    if video.is_file():
        return
    part = improvise([name], plan.duration_s - _TAIL_S, stream(plan.seed, identifier, "music"))[0]
    sound = _rendered(part, plan.fonts[number % len(plan.fonts)], plan.duration_s)
    levels = _levels(sound, round(plan.duration_s * FRAME_RATE))
    stage = draw_stage(name, plan.scenery, stream(plan.seed, identifier, "stage"))
    frames = stage.frames(levels, side=plan.side, frame_rate=FRAME_RATE)
    joints = root / "skeletons" / class_name / f"{identifier}.npy"
    with replacing(joints) as temporary, temporary.open("wb") as file:
        np.save(file, _skeletons(levels, stage.centre, stream(plan.seed, identifier, "joints")))
    write_video(video, frames, frame_rate=FRAME_RATE, sound=sound[None], sample_rate=SOUND_RATE)


def _write_ensemble(root: Path, number: int, players: Sequence[str], plan: EnsemblePlan) -> None:
    """Write one piece; its video comes last, and so says that the piece is whole."""
    title = f"{number:02d}_Improvised_{'_'.join(_CODES[name] for name in players)}"
    folder = root / title
    video = folder / f"Vid_{title}.mp4"
    if video.is_file():
        return
    parts = improvise(players, plan.duration_s - _TAIL_S, stream(plan.seed, title, "music"))
    font = plan.fonts[number % len(plan.fonts)]
    sounds = [_rendered(part, font, plan.duration_s) for part in parts]
    views = []
    for place, (name, sound) in enumerate(zip(players, sounds, strict=True), start=1):
        write_audio(folder / f"AuSep_{place}_{_CODES[name]}_{number:02d}_Improvised.wav", sound[None], SOUND_RATE)
        stage = draw_stage(name, plan.scenery, stream(plan.seed, title, name, "stage"))
        levels = _levels(sound, round(plan.duration_s * FRAME_RATE))
        views.append(stage.frames(levels, side=plan.side, frame_rate=FRAME_RATE))
    mixture = np.asarray(np.sum(sounds, axis=0), dtype=np.float32)
    write_audio(folder / f"AuMix_{title}.wav", mixture[None], SOUND_RATE)
    frames = np.concatenate(views, axis=2)
    write_video(video, frames, frame_rate=FRAME_RATE, sound=mixture[None], sample_rate=SOUND_RATE)


def _rendered(part: ImprovisedPart, font: tuple[str, int], duration_s: float) -> NDArray[np.float32]:
    """Return the sound of a part, shape ``(n_samples,)``, at a level of its own."""
    instrument = chair_labelled(part.instrument).instrument
    layer = Layer(source=font[0], preset=presets_of(instrument)[0], neighbour_semitones=font[1])
    n_samples = round(duration_s * _ENGINE_RATE)
    stem = soundfont_engine().render(part.notes, layer, n_samples)
    sound = np.asarray(resample(stem[None], _ENGINE_RATE, SOUND_RATE)[0], dtype=np.float64)
    level = float(np.sqrt(np.mean(np.square(sound)))) or 1.0
    return np.asarray(np.clip(sound * (_LEVEL / level), -1.0, 1.0), dtype=np.float32)


def _levels(sound: NDArray[np.float32], n_frames: int) -> NDArray[np.float64]:
    """Return how loud the sound is in every frame of a video, relative to the loudest."""
    pieces = np.array_split(np.square(sound.astype(np.float64)), n_frames)
    levels = np.sqrt([piece.mean() for piece in pieces])
    return levels / max(float(levels.max()), 1e-12)


def _skeletons(
    levels: NDArray[np.float64], centre: tuple[float, float], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return joints about an instrument, moving as it sounds, some of them lost: ``(n_frames, 3, 47)``."""
    rest = rng.uniform(0.1, 0.4, (2, _N_JOINTS)) + 0.5 + 0.25 * np.array(centre)[:, None]
    phases = rng.uniform(0, 2 * np.pi, _N_JOINTS)
    moves = 0.02 * levels[:, None] * np.sin(np.arange(len(levels))[:, None] / 5.0 + phases)
    joints = np.ones((len(levels), 3, _N_JOINTS), dtype=np.float32)
    joints[:, :2] = rest[None] + moves[:, None, :]
    lost = rng.random((len(levels), 1, _N_JOINTS)) < _LOST_JOINTS
    return np.where(lost, np.float32(0.0), joints)
