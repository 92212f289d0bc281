"""A task of music that moves, and the run of a perfect system on it."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from rebalance._base.files import write_json
from rebalance.audio import read_audio, remix, resample, write_flac
from rebalance.hearing import amplify
from rebalance.pipeline import RunRecord
from rebalance.pipeline._runs import RUN_FILE
from rebalance.submission import SubmissionName, Verdict, check_submission, write_submission
from rebalance.task import Pair, Task, load_task

RATE = 44_100
DURATION_S = 4
FREQUENCIES_HZ = [250, 500, 1000, 2000, 3000, 4000, 6000, 8000]
BANDS_HZ = [250, 500, 1000, 2000, 4000, 8000]
PLAYERS = (("Violin_1", 440.0, 0.15), ("Viola", 220.0, 0.5), ("Cello", 98.0, 0.85))
SEGMENTS = {"gigue_000": 0, "gigue_001": DURATION_S, "waltz_000": 1.5}
GAINS = {
    "gain_0001": {"source_1": 10, "source_2": 0, "source_3": -10},
    "gain_0002": {"source_1": -10, "source_2": 0, "source_3": 10},
}
SCENES = {
    f"S5000{number}": {"music": segment, "gain": gain}
    for number, (segment, gain) in enumerate([(s, g) for s in SEGMENTS for g in GAINS], 1)
}
# Ratio and gain in dB per band; the left ear, then the right.
FITTINGS = {
    "L0001": (([1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0]), ([1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0])),
    "L0002": (([2, 1.5, 1.5, 1.5, 2, 3], [8, 10, 12, 14, 17, 20]), ([2, 2, 2, 2, 2, 2], [6, 8, 8, 10, 12, 14])),
    "L0003": (([1.2, 1.2, 1.3, 2, 3, 4], [0, 0, 3, 12, 18, 25]), ([1.2, 1.2, 1.3, 2, 3, 4], [0, 1, 5, 14, 20, 26])),
}


@pytest.fixture(scope="session")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Root of a validation split: three segments, six scenes, three listeners, eighteen pairs."""
    root = tmp_path_factory.mktemp("moving-task")
    rng = np.random.default_rng(7)
    music = {segment: _write_segment(root / "audio", segment, start_s, rng) for segment, start_s in SEGMENTS.items()}
    files = {
        "gains": GAINS,
        "music.valid": music,
        "scenes.valid": SCENES,
        "scene_listeners.valid": {scene: list(FITTINGS) for scene in SCENES},
        "listeners.valid": {name: _listener(name, rng) for name in FITTINGS},
        "compressor_params.valid": {name: _parameters(name) for name in FITTINGS},
    }
    for name, content in files.items():
        write_json(root / "metadata" / f"{name}.json", content)
    return root


@pytest.fixture(scope="session")
def task(data_root: Path) -> Task:
    return load_task(data_root, "valid")


def write_run(run: Path, task: Task, data_root: Path, process: Callable[[Task, Pair], np.ndarray], **facts) -> Path:
    """Write the run of a system that turns a pair into a stereo signal at 44.1 kHz."""
    for pair in task.pairs:
        signal = resample(process(task, pair), RATE, 32_000)
        write_flac(run / "enhanced_signals" / task.split / f"{pair.scene}_{pair.listener}_remix.flac", signal, 32_000)
    record = RunRecord(
        version="0.1.0",
        separator="/home/somebody/perfect",
        remix="edit",
        rounding="nearest",
        data=str(data_root),
        split=task.split,
        semantics="pyclarity V0.6.3",
        **facts,
    )
    write_json(run / RUN_FILE, dataclasses.asdict(record))
    return run


def read_source(task: Task, source) -> np.ndarray:
    return read_audio(task.audio_path(source), start_s=source.start_s, duration_s=source.duration_s).samples


def perfect(task: Task, pair: Pair) -> np.ndarray:
    """Remix the true sources, then amplify."""
    scene = task.scenes[pair.scene]
    sources = {source.name: read_source(task, source) for source in scene.segment.sources}
    return amplify(remix(sources, scene.gains_db), task.fittings[pair.listener])


def untouched(task: Task, pair: Pair) -> np.ndarray:
    """Amplify the mixture, whatever the gains."""
    return amplify(read_source(task, task.scenes[pair.scene].segment.mixture), task.fittings[pair.listener])


def indifferent(task: Task, pair: Pair) -> np.ndarray:
    """Return the mixture, whoever listens."""
    return read_source(task, task.scenes[pair.scene].segment.mixture)


@pytest.fixture(scope="session")
def good_run(tmp_path_factory: pytest.TempPathFactory, task: Task, data_root: Path) -> Path:
    """The run of a perfect system; never write into it."""
    return write_run(tmp_path_factory.mktemp("runs") / "perfect", task, data_root, perfect)


@pytest.fixture
def run(good_run: Path, tmp_path: Path) -> Path:
    """A copy of the perfect run that a test may spoil."""
    return Path(shutil.copytree(good_run, tmp_path / "run"))


@pytest.fixture(scope="session")
def good_zip(good_run: Path, task: Task, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The perfect run, packed; never write to it."""
    return pack(good_run, task, tmp_path_factory.mktemp("packed"))


def check(path: Path, task: Task) -> Verdict:
    """Check a submission in this process."""
    with ThreadPoolExecutor(2) as executor:
        return check_submission(path, task, executor=executor)


def pack(run: Path, task: Task, folder: Path) -> Path:
    """Pack a run without a word."""
    from rebalance.pipeline import read_run

    verdict = check(run, task)
    name = SubmissionName(team="T001", causality="noncausal")
    (packed,) = write_submission(run, name, read_run(run), verdict, folder=folder)
    return packed.path


def signal_path(run: Path, scene: str, listener: str) -> Path:
    return run / "enhanced_signals" / "valid" / f"{scene}_{listener}_remix.flac"


def _write_segment(music_dir: Path, segment: str, start_s: float, rng: np.random.Generator) -> dict[str, object]:
    """Write stems and mixture; return the metadata of the segment."""
    piece = segment.rpartition("_")[0]
    folder = music_dir / "valid" / piece
    if not folder.exists():
        folder.mkdir(parents=True)
        stems = {label: _melody(pitch, pan, rng) for label, pitch, pan in PLAYERS}
        for label, stem in {**stems, "Mixture": np.sum(list(stems.values()), axis=0)}.items():
            soundfile.write(folder / f"{label}.flac", stem.T, RATE, subtype="PCM_16")
    labels = {f"source_{number}": player[0] for number, player in enumerate(PLAYERS, 1)} | {"mixture": "Mixture"}
    return {
        name: {
            "source_dataset": "Test",
            "instrument": label,
            "track": f"valid/{piece}/{label}.flac",
            "start": start_s,
            "duration": DURATION_S,
        }
        for name, label in labels.items()
    }


def _melody(pitch_hz: float, pan: float, rng: np.random.Generator) -> np.ndarray:
    """Random notes of random strength for eight seconds, stereo, about -40 dB re full scale."""
    time_s = np.arange(2 * DURATION_S * RATE) / RATE
    mono = np.zeros_like(time_s)
    onset = 0.0
    while onset < time_s[-1]:
        length = rng.uniform(0.2, 0.8)
        note = (time_s >= onset) & (time_s < onset + length)
        since = time_s[note] - onset
        frequency = pitch_hz * 2 ** (rng.integers(0, 13) / 12)
        tone = sum(np.sin(2 * np.pi * frequency * partial * since) / partial for partial in range(1, 12))
        mono[note] = rng.uniform(0.1, 1.0) * np.exp(-3 * since) * tone
        onset += length
    noise = 0.003 * rng.standard_normal((2, time_s.size))
    return 0.02 * (np.array([[1 - pan], [pan]]) * mono + noise)


def _listener(name: str, rng: np.random.Generator) -> dict[str, object]:
    levels = [int(level) for level in np.sort(rng.integers(0, 70, len(FREQUENCIES_HZ)))]
    return {
        "name": name,
        "audiogram_cfs": FREQUENCIES_HZ,
        "audiogram_levels_l": levels,
        "audiogram_levels_r": levels,
    }


def _parameters(name: str) -> dict[str, object]:
    (left_ratios, left_gains), (right_ratios, right_gains) = FITTINGS[name]
    return {
        "frequencies": BANDS_HZ,
        "cr_l": left_ratios,
        "gain_l": left_gains,
        "cr_r": right_ratios,
        "gain_r": right_gains,
    }


@pytest.fixture(scope="session")
def helpers() -> SimpleNamespace:
    """The functions of this file, for tests that cannot import it."""
    return SimpleNamespace(
        check=check,
        indifferent=indifferent,
        pack=pack,
        perfect=perfect,
        signal_path=signal_path,
        untouched=untouched,
        write_run=write_run,
    )
