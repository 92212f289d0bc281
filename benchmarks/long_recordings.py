"""Measure what recordings of an hour ask for: memory by length, and what is left of the borders of blocks.

    python benchmarks/long_recordings.py [--minutes 10 20] [--borders SEPARATOR ...]

Prints a section of docs/numbers.md. Every command runs in a process of its own, on one thread; its memory is the
largest resident set, all libraries included.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from rebalance import load_task
from rebalance.audio import Recording
from rebalance.pipeline import _block_separation, separate_recording
from rebalance.separation import load_separator
from rebalance.task import read_source

ROOT = Path(__file__).parents[1]
RATE = 44_100
PLAYERS = "violin,violin,viola,cello"
LISTENER = {
    "audiogram_cfs": [250, 500, 1000, 2000, 3000, 4000, 6000, 8000],
    "audiogram_levels_l": [45, 45, 50, 55, 60, 65, 70, 70],
    "audiogram_levels_r": [45, 45, 50, 55, 60, 65, 70, 70],
}
# Some 15, 30 and 41 s, all divided by the frames of the networks, beside the 20 s that are used.
HOPS = (40 * 2**14, 80 * 2**14, 110 * 2**14)
LEVELS_DB = (0, -10, 3, -6, 0, -15, 0)
NOTE = """
Largest memory of the process, torch included, and processor time; FLAC in, FLAC out, stereo at 44.1 kHz, four players.
A test holds fast that memory does not grow with the length (`tests/pipeline/test_own_files.py`).

By how much estimates change, relative to them, when the borders of blocks are moved (a quartet of the embedded task,
its level changed by up to 18 dB every 15 s); the tracker of `default` attends to all of the 20 s that it looks
at together:
"""


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, nargs="+", default=[10, 20, 60])
    parser.add_argument("--separators", nargs="+", default=["fast"])
    parser.add_argument("--borders", nargs="*", default=["fast", "u-net", "default"])
    arguments = parser.parse_args()
    print("| command | separator | " + " | ".join(f"{minutes} min" for minutes in arguments.minutes) + " |")
    print("|---|---|" + "---|" * len(arguments.minutes))
    for separator in arguments.separators:
        for command in ("separate", "remix", "remix --listener"):
            figures = [measured(command, separator, minutes) for minutes in arguments.minutes]
            cells = " | ".join(f"{memory_mb:.0f} MB, {seconds:.0f} s" for memory_mb, seconds in figures)
            print(f"| `{command}` | `{separator}` | {cells} |", flush=True)
    print(NOTE)
    for name in arguments.borders:
        print(f"- `{name}`: {borders(name)}", flush=True)


def measured(command: str, separator: str, minutes: int) -> tuple[float, float]:
    """Return memory in MB and processor time in seconds of a command."""
    with tempfile.TemporaryDirectory() as folder:
        music = Path(folder) / "music.flac"
        write_music(music, minutes)
        name, *listener = command.split()
        options = ["--instruments", PLAYERS, "--separator", separator, "--device", "cpu", "--quiet"]
        if name == "remix":
            options += ["--gain", "cello=+6", "--out", f"{folder}/out.flac"]
        else:
            options += ["--out", f"{folder}/stems"]
        if listener:
            path = Path(folder) / "me.json"
            path.write_text(f'{{"me": {{"name": "me", {str(LISTENER)[1:-1]}}}}}'.replace("'", '"'))
            options += ["--listener", str(path)]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
        process = subprocess.Popen(
            [sys.executable, "-m", "rebalance", name, str(music), *options],
            env=environment,
            stdout=subprocess.DEVNULL,
            cwd=ROOT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"{command}: ended with {status}")
    return usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime


def write_music(path: Path, minutes: int) -> None:
    """Write tones that come and go, and some noise."""
    with soundfile.SoundFile(path, "w", RATE, 2) as file:
        rng = np.random.default_rng(0)
        for minute in range(minutes):
            time_s = minute * 60 + np.arange(60 * RATE) / RATE
            tones = sum(
                np.sin(2 * np.pi * hz * time_s) * (1 + np.sin(time_s / hz * 100)) for hz in (131, 294, 440, 660)
            )
            file.write(
                0.03 * tones[:, np.newaxis] * np.array([1.0, 0.8]) + 0.003 * rng.standard_normal((len(time_s), 2))
            )


def borders(name: str) -> str:
    """Return by how much estimates change with the borders of blocks, in dB relative to them."""
    task = load_task(ROOT / "metadata" / "demo", "valid")
    segment = next(iter(task.segments.values()))
    mixture = read_source(task, segment.mixture)
    music = np.concatenate([mixture * 10 ** (level_db / 20) for level_db in LEVELS_DB], axis=1).astype(np.float32)
    recording = Recording(samples=music, sample_rate=RATE)
    separator = load_separator(name, device="cpu")
    usual = _block_separation.SEPARATION_BLOCKING
    reference = separate_recording(recording, segment.instruments, separator)
    worst = -np.inf
    for hop in HOPS:
        _block_separation.SEPARATION_BLOCKING = dataclasses.replace(usual, hop=hop)
        moved = separate_recording(recording, segment.instruments, separator)
        for stem, signal in reference.items():
            change = np.std(moved[stem] - signal) / np.std(signal)
            worst = max(worst, 20 * np.log10(max(float(change), 1e-9)))
    _block_separation.SEPARATION_BLOCKING = usual
    return f"{worst:.0f} dB at most"


if __name__ == "__main__":
    began = time.monotonic()
    main()
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
