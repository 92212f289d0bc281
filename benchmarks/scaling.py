"""Measure how scoring scales from one process to all cores, start-up of the processes included.

    python benchmarks/scaling.py

Prints a section of docs/numbers.md.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rebalance import load_task
from rebalance._base.running import available_cores
from rebalance.pipeline import EnhanceOptions, enhance_task

ROOT = Path(__file__).parents[1]
DATA = ROOT / "metadata" / "demo"
SEPARATORS = ("mixture", "ideal-binary-mask", "ideal-ratio-mask", "oracle")
TURNS = 3


def wall_seconds(runs: list[Path], jobs: int) -> float:
    """Score some runs afresh with so many processes; return the wall time of the command."""
    for run in runs:
        shutil.rmtree(run / "scores", ignore_errors=True)
    command = [sys.executable, "-m", "rebalance", "score", str(DATA), *map(str, runs), "--jobs", str(jobs)]
    start = time.perf_counter()
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    n_cores = available_cores()
    with tempfile.TemporaryDirectory() as name:
        runs = [Path(name) / separator for separator in SEPARATORS]
        task = load_task(DATA, "valid", require_sources=True)
        for run in runs:
            enhance_task(task, run, EnhanceOptions(separator=run.name))
        wall_seconds(runs, 1)
        turns = [(wall_seconds(runs, 1), wall_seconds(runs, n_cores)) for _ in range(TURNS)]
    one, all_cores = (sorted(times)[len(times) // 2] for times in zip(*turns, strict=True))
    ratios = sorted(alone / together for alone, together in turns)
    print(
        f"`rebalance score` of {len(SEPARATORS)} runs of the embedded task ({len(task.pairs)} pairs, {len(task.scenes)}"
        f" scenes) at once, start-up included, wall time, {TURNS} turns; load of the machine when done:"
        f" {os.getloadavg()[0]:.1f}.\n"
    )
    print("| processes | wall time | faster | efficiency |")
    print("|---|---|---|---|")
    print(f"| 1 | {one:.1f} s | 1 | |")
    median = ratios[len(ratios) // 2]
    spread = f"({ratios[0]:.2f}-{ratios[-1]:.2f})"
    print(f"| {n_cores} | {all_cores:.1f} s | {median:.2f} {spread} | {100 * median / n_cores:.0f} % |")


if __name__ == "__main__":
    main()
