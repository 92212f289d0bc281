"""Fixtures of all tests: a task of the validation split, as small as one can be."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

# Where tests run side by side, each on one core: threads that wait for each other took up to 400 times as long.
# Before numpy and torch are loaded, which read this.
if "PYTEST_XDIST_WORKER" in os.environ:
    for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(_variable, "1")

import numpy as np
import pytest
import soundfile
from hypothesis import settings
from numpy.typing import NDArray

# The same examples on every machine, however slow; `pytest --hypothesis-profile=thorough` looks further.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.register_profile("thorough", deadline=None, max_examples=2000)
settings.load_profile("repeatable")


def pytest_sessionstart() -> None:
    """Forget what is cached: mutants are tried in processes forked from one in which all tests have run."""
    for name, module in list(sys.modules.items()):
        if name.startswith("rebalance"):
            for value in list(vars(module).values()):
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


class CoverageFloor:
    """Asks for no share of the code where tests are skipped for want of something that can be installed."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._wanting: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Drop the floor at the first such test."""
        reason = report.longrepr[2] if report.skipped and isinstance(report.longrepr, tuple) else ""
        coverage = self._config.pluginmanager.get_plugin("_cov")
        if "install" in reason and coverage is not None:
            self._wanting.add(reason.removeprefix("Skipped: "))
            coverage.options.cov_fail_under = 0

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say why."""
        for reason in sorted(self._wanting):
            terminalreporter.write_line(f"no share of the code is asked for: {reason}")


def pytest_configure(config: pytest.Config) -> None:
    """Register the floor."""
    config.pluginmanager.register(CoverageFloor(config))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try a mutant by the quick tests first: those that score whole pairs pass through everything."""
    if "MUTANT_UNDER_TEST" in os.environ:
        items.sort(key=lambda item: ("scoring" in item.path.name, item.location[1] or 0))


SAMPLE_RATE = 44_100
FREQUENCIES_HZ = [250, 500, 1000, 2000, 3000, 4000, 6000, 8000]
BANDS_HZ = [250, 500, 1000, 2000, 4000, 8000]

# Instrument, pitch in Hz and place between left (0) and right (1) of every source of every segment.
ENSEMBLES = {
    "beach_000": (("Violin_1", 587.3, 0.2), ("Violin_2", 440.0, 0.4), ("Viola", 293.7, 0.6), ("Cello", 110.0, 0.8)),
    "garden_002": (("Flute", 784.0, 0.3), ("Bassoon", 116.5, 0.7)),
}
STARTS_S = {"beach_000": 0, "garden_002": 0.25}
GAINS = {
    "gain_0007": {"source_1": 6, "source_2": 0, "source_3": -3, "source_4": 0},
    "gain_0009": {"source_1": 0, "source_2": -10, "source_3": 10, "source_4": 3},
    "gain_0001": {"source_1": -10, "source_2": 0},
    "gain_0002": {"source_1": 0, "source_2": 3},
}
SCENES = {
    "S50001": {"music": "beach_000", "gain": "gain_0007"},
    "S50002": {"music": "beach_000", "gain": "gain_0009"},
    "S50003": {"music": "garden_002", "gain": "gain_0001"},
    "S50004": {"music": "garden_002", "gain": "gain_0002"},
}
SCENE_LISTENERS = {
    "S50001": ["L0001", "L0002"],
    "S50002": ["L0003"],
    "S50003": ["L0002"],
    "S50004": ["L0003", "L0001"],
}
LEVELS_DB_HL = {
    "L0001": ([15, 15, 20, 25, 30, 35, 40, 40], [10, 15, 20, 30, 30, 40, 40, 45]),
    "L0002": ([45, 45, 50, 55, 60, 65, 70, 70], [40, 45, 50, 60, 65, 70, 75, 80]),
    "L0003": ([0] * 8, [0] * 8),
}
RATIOS_AND_GAINS_DB = {
    "L0001": ([1.1, 1.1, 1.2, 1.3, 1.6, 1.8], [1, 2, 4, 7, 11, 14]),
    "L0002": ([2.1, 1.5, 1.3, 1.5, 2.4, 3.7], [9.6, 11.9, 12.9, 16.4, 19.0, 28.0]),
    "L0003": ([1] * 6, [0] * 6),
}


@pytest.fixture(scope="session")
def tiny_task_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a task to read from: validation split, two 1-s segments, four scenes, three listeners, six pairs.

    Never write into it: `own_task_root` is the same for one test alone.
    """
    root = tmp_path_factory.mktemp("task")
    write_tiny_task(root)
    return root


@pytest.fixture
def own_task_root(tiny_task_root: Path, tmp_path: Path) -> Path:
    """A copy of the tiny task that a test may spoil."""
    return Path(shutil.copytree(tiny_task_root, tmp_path / "task"))


def write_tiny_task(root: Path) -> None:
    """Write the metadata and audio of the tiny task."""
    rng = np.random.default_rng(2024)
    music = {segment: _write_segment(root / "audio", segment, rng) for segment in ENSEMBLES}
    files = {
        "gains": GAINS,
        "music.valid": music,
        "scenes.valid": SCENES,
        "scene_listeners.valid": SCENE_LISTENERS,
        "listeners.valid": {name: _audiogram_entry(name) for name in LEVELS_DB_HL},
        "compressor_params.valid": {name: _params_entry(name) for name in RATIOS_AND_GAINS_DB},
    }
    (root / "metadata").mkdir(parents=True)
    for name, content in files.items():
        (root / "metadata" / f"{name}.json").write_text(json.dumps(content, indent=2), encoding="utf-8")


def _write_segment(music_dir: Path, segment: str, rng: np.random.Generator) -> dict[str, dict[str, object]]:
    """Write stems and mixture of a segment, 1 s and what comes before; return its metadata."""
    start_s = STARTS_S[segment]
    stems = [_stem(pitch, pan, 1 + start_s, rng) for _, pitch, pan in ENSEMBLES[segment]]
    stems = [np.round(stem * 2**15) / 2**15 for stem in stems]
    labels = {f"source_{number}": player[0] for number, player in enumerate(ENSEMBLES[segment], 1)}
    signals = {**dict(zip(labels, stems, strict=True)), "mixture": np.sum(stems, axis=0)}
    entries = {}
    for name, signal in signals.items():
        label = labels.get(name, "Mixture")
        track = f"valid/{segment}/{label}.flac"
        (music_dir / track).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(music_dir / track, signal.T, SAMPLE_RATE, subtype="PCM_16")
        entries[name] = {
            "source_dataset": "Tiny",
            "instrument": label,
            "track": track,
            "start": start_s,
            "duration": 1,
        }
    return entries


def _stem(pitch_hz: float, pan: float, duration_s: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """A swelling tone of eight partials with some breath, shape (2, n_samples), about -40 dB re full scale."""
    time_s = np.arange(round(duration_s * SAMPLE_RATE)) / SAMPLE_RATE
    phase = 2 * np.pi * pitch_hz * time_s + 2 * np.sin(2 * np.pi * 5.5 * time_s)
    tone = sum(np.sin(partial * phase) / partial for partial in range(1, 9))
    swell = 0.3 + 0.7 * np.sin(np.pi * 3 * time_s) ** 2
    breath = 0.02 * rng.standard_normal((2, time_s.size))
    return 0.01 * swell * (np.array([[1 - pan], [pan]]) * tone + breath)


def _audiogram_entry(name: str) -> dict[str, object]:
    left, right = LEVELS_DB_HL[name]
    return {
        "name": name,
        "audiogram_cfs": FREQUENCIES_HZ,
        "audiogram_levels_l": left,
        "audiogram_levels_r": right,
    }


def _params_entry(name: str) -> dict[str, object]:
    ratios, gains_db = RATIOS_AND_GAINS_DB[name]
    return {"frequencies": BANDS_HZ, "cr_l": ratios, "gain_l": gains_db, "cr_r": ratios, "gain_r": gains_db}
