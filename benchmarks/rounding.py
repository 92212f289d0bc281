"""Measure what rounding to the nearest 16-bit step is worth against truncating, for the oracle.

    python benchmarks/rounding.py

Prints a section of docs/numbers.md.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rebalance import load_task
from rebalance.audio import Recording, quantise_int16
from rebalance.pipeline import amplify_for_submission, score_pair, true_remix
from rebalance.task import Pair

ROOT = Path(__file__).parents[1] / "metadata" / "demo"


def main() -> None:
    task = load_task(ROOT, "valid", require_sources=True)
    print("HAAQI of the true remix written as the submission's 16-bit, 32-kHz file (mean of ears and scenes).\n")
    print("| listener | truncated (official) | rounded to nearest | not quantised | rounding wins |")
    print("|---|---|---|---|---|")
    for listener in task.listeners:
        scores: dict[str, list[float]] = {kind: [] for kind in ("truncate", "nearest", "none")}
        for name, scene in task.scenes.items():
            signal = amplify_for_submission(true_remix(task, scene).remix, task.fittings[listener])
            for kind, found in scores.items():
                rounded = quantise_int16(signal, rounding="truncate" if kind == "truncate" else "nearest") / 32_768
                samples = signal if kind == "none" else rounded
                recording = Recording(samples=samples.astype(np.float32), sample_rate=32_000)
                score = score_pair(task, Pair(scene=name, listener=listener), recording)
                found.append((score.left.value + score.right.value) / 2)
        truncated, nearest, exact = (float(np.mean(scores[kind])) for kind in ("truncate", "nearest", "none"))
        severity = task.listeners[listener].severity("site")
        print(
            f"| {listener} ({severity}) | {truncated:.4f} | {nearest:.4f} | {exact:.4f} | {nearest - truncated:+.4f} |"
        )


if __name__ == "__main__":
    main()
