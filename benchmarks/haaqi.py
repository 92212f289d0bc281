"""Measure HAAQI of one ear on 15 s of sound against pyclarity's: speed in turns, cold start, memory, spread.

    python benchmarks/haaqi.py [--json | --stages | --noise]

Prints a section of docs/numbers.md, the bare numbers, where the time of one call goes, or what compiling
the noise saves.
"""

from __future__ import annotations

import json
import re
import resource
import statistics
import subprocess
import sys
import time
import unittest.mock
from collections.abc import Callable
from pathlib import Path

import numpy as np
from pairing import TABLE_HEAD, Comparison, in_turns, processor_seconds

from rebalance.haaqi import (
    HaaqiScore,
    _coherence as coherence,
    _metric as metric,
    _threshold_noise as threshold_noise,
    haaqi,
    hear_reference,
)
from rebalance.hearing import Audiogram

SAMPLE_RATE = 24_000
DURATION_S = 15.0
TURNS = 3
FRESH_PROCESSES = 3
FULL_SCALE_DB_SPL = 91.0
FREQUENCIES_HZ = (250.0, 500.0, 1000.0, 2000.0, 4000.0, 6000.0)
THRESHOLDS_DB_HL = (20.0, 25.0, 30.0, 40.0, 50.0, 55.0)
AUDIOGRAM = Audiogram(frequencies_hz=FREQUENCIES_HZ, thresholds_db_hl=THRESHOLDS_DB_HL)


def main() -> None:
    """Measure everything and print it."""
    if "--child" in sys.argv:
        print(json.dumps(fresh_call()))
        return
    if "--stages" in sys.argv:
        print("| stage | time | share |\n|---|---|---|")
        for name, seconds, share in stages():
            print(f"| {name} | {1e3 * seconds:.0f} ms | {100 * share:.0f} % |")
        return
    if "--noise" in sys.argv:
        ratio, same = noise_ratio()
        print(f"With RandomState.standard_normal: {ratio:.2f} times as long; the same index: {same}")
        return
    rows, difference = speed()
    cold = fresh_processes()
    if "--json" in sys.argv:
        times = {row.what: {"pyclarity_s": row.peer_s, "rebalance_s": row.ours_s, "ratio": row.ratios} for row in rows}
        medians = {row.what: statistics.median(row.ratios) for row in rows}
        print(json.dumps({"rows": times, "median_ratios": medians, "difference": difference, "fresh": cold}, indent=1))
        return
    print(f"{DURATION_S:g} s at 24 kHz, one ear, a moderate loss; notes clipped and in noise.\n")
    print("\n".join((TABLE_HEAD, *(row.row() for row in rows))))
    print(f"\nIndex of both: {difference:.1e} apart.\n")
    print("| one call in a fresh process, code compiled before | median (smallest-largest) |\n|---|---|")
    for name, unit in (("import", "s"), ("first call", "s"), ("second call", "s"), ("memory over the imports'", "MB")):
        values = [one[name] for one in cold]
        print(f"| {name} | {statistics.median(values):.3g} {unit} ({min(values):.3g}-{max(values):.3g}) |")


def speed() -> tuple[list[Comparison], float]:
    """Compare a single call and one more signal against a reference already heard."""
    reference, processed = signals()
    peer = lambda: by_pyclarity(reference, processed)  # noqa: E731
    heard = hear_reference(
        reference,
        AUDIOGRAM,
        sample_rate=SAMPLE_RATE,
        rng=np.random.RandomState(1),
        full_scale_db_spl=FULL_SCALE_DB_SPL,
    )
    rows = [
        in_turns("one call", peer, lambda: ours(reference, processed, np.random.RandomState(1)), turns=TURNS),
        in_turns("each further signal", peer, lambda: heard.score(processed), turns=TURNS),
    ]
    return rows, abs(peer() - ours(reference, processed, np.random.RandomState(1)).value)


STAGES = {
    "cochlea, both signals": (metric, "excite"),
    "delays of the bands": (metric, "band_delays"),
    "covariances of tiles": (coherence, "covary"),
    "hair cells, both signals": (metric, "transduce"),
    "bulk delay": (metric, "bulk_aligned"),
    "middle ear, both signals": (metric, "through_middle_ear"),
}
STAGE_TURNS = 7


def stages() -> list[tuple[str, float, float]]:
    """Return name, seconds and share of every stage, the noise and the rest among them; medians of some calls."""
    reference, processed = signals()
    spent: dict[str, float] = {}

    def timed(name: str, stage: Callable[..., object]) -> Callable[..., object]:
        def run(*arguments: object, **options: object) -> object:
            start = time.process_time()
            result = stage(*arguments, **options)
            spent[name] = spent.get(name, 0.0) + time.process_time() - start
            return result

        return run

    for name, (module, function) in STAGES.items():
        setattr(module, function, timed(name, getattr(module, function)))
    turns = []
    for _ in range(STAGE_TURNS + 1):
        spent.clear()
        start = time.process_time()
        ours(reference, processed, np.random.RandomState(1))
        turns.append(spent | {"whole": time.process_time() - start})
    medians = {name: statistics.median(turn[name] for turn in turns[1:]) for name in turns[0]}
    whole = medians.pop("whole")
    medians["noise, and the rest"] = whole - sum(medians.values())
    return [(name, seconds, seconds / whole) for name, seconds in sorted(medians.items(), key=lambda item: -item[1])]


def by_pyclarity(reference: np.ndarray, processed: np.ndarray) -> float:
    """Return pyclarity's index."""
    from clarity.evaluator.haaqi import compute_haaqi
    from clarity.utils.audiogram import Audiogram as PeerAudiogram

    np.random.seed(1)  # noqa: NPY002 (pyclarity draws from the global stream)
    audiogram = PeerAudiogram(levels=np.array(THRESHOLDS_DB_HL), frequencies=np.array(FREQUENCIES_HZ))
    return float(compute_haaqi(processed, reference, SAMPLE_RATE, SAMPLE_RATE, audiogram, 2, level1=FULL_SCALE_DB_SPL))


def ours(reference: np.ndarray, processed: np.ndarray, rng: np.random.RandomState | np.random.Generator) -> HaaqiScore:
    """Return the library's score."""
    return haaqi(reference, processed, AUDIOGRAM, sample_rate=SAMPLE_RATE, rng=rng, full_scale_db_spl=FULL_SCALE_DB_SPL)


class NumpyStream:
    """The noise as NumPy itself draws it."""

    def __init__(self, rng: np.random.RandomState) -> None:
        self._rng = rng

    def fill(self, row: np.ndarray) -> None:
        """Write the next numbers."""
        row[:] = self._rng.standard_normal(len(row))

    def finish(self, n_segments: int) -> None:
        """Leave the generator where it is: nothing follows."""


def noise_ratio() -> tuple[float, bool]:
    """Return how many times as long a call takes with NumPy's own noise, and whether the index is the same."""
    reference, processed = signals()

    def call() -> float:
        return ours(reference, processed, np.random.RandomState(1)).value

    def by_numpy() -> float:
        with unittest.mock.patch.object(threshold_noise, "LegacyStream", NumpyStream):
            return call()

    same = call() == by_numpy()
    turns = [(processor_seconds(call), processor_seconds(by_numpy)) for _ in range(STAGE_TURNS)]
    return statistics.median(slow / fast for fast, slow in turns), same


def fresh_processes() -> list[dict[str, float]]:
    """Call once and once more in a process of its own, a few times over."""
    command = [sys.executable, __file__, "--child"]
    run = lambda: json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)  # noqa: E731
    run()
    return [run() for _ in range(FRESH_PROCESSES)]


def fresh_call() -> dict[str, float]:
    """Time the first and the second call of this process, and measure the memory they took."""
    imported = time.process_time()
    reference, processed = signals()
    before = peak_mb()
    start = time.process_time()
    ours(reference, processed, np.random.RandomState(1))
    first = time.process_time()
    ours(reference, processed, np.random.RandomState(1))
    return {
        "import": imported,
        "first call": first - start,
        "second call": time.process_time() - first,
        "memory over the imports'": peak_mb() - before,
    }


def peak_mb() -> float:
    """Return the most memory this program has held; the counter of `resource` starts from that of its parent."""
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        return float(found[1]) / 1024 if found else 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def signals() -> tuple[np.ndarray, np.ndarray]:
    """Return decaying harmonic notes, six a second, and the same clipped and in noise."""
    rng = np.random.default_rng(2016)
    n = round(DURATION_S * SAMPLE_RATE)
    reference = np.zeros(n)
    for start in rng.integers(0, n - SAMPLE_RATE // 4, size=round(6 * DURATION_S)):
        t = np.arange(n - start) / SAMPLE_RATE
        envelope = np.minimum(t / 0.02, 1.0) * np.exp(-t / rng.uniform(0.1, 1.0))
        fundamental = 70 * 2 ** rng.uniform(0, 4.5)
        for harmonic in range(1, 11):
            if fundamental * harmonic < 11_000:
                reference[start:] += envelope * np.sin(2 * np.pi * fundamental * harmonic * t) / harmonic
    reference *= 0.05 / np.sqrt(np.mean(reference**2))
    return reference, np.clip(reference, -0.1, 0.1) + 0.003 * rng.standard_normal(n)


if __name__ == "__main__":
    main()
