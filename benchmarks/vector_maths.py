"""Measure logarithm and power of two of compiled loops against those of numba: `python benchmarks/vector_maths.py`."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rebalance._base.compiling import compiled_loosely
from rebalance._base.vector_maths import exp2, log2

Loop = Callable[[NDArray[np.float64], NDArray[np.float64]], None]

N_VALUES = 200_000
TURNS = 15


@compiled_loosely
def own_logarithms(values: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    for i in range(len(values)):
        out[i] = log2(values[i])


@compiled_loosely
def numba_logarithms(values: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    for i in range(len(values)):
        out[i] = np.log2(values[i])


@compiled_loosely
def own_powers(values: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    for i in range(len(values)):
        out[i] = exp2(values[i])


@compiled_loosely
def numba_powers(values: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    for i in range(len(values)):
        out[i] = np.exp2(values[i])


def compared(peer: Loop, ours: Loop, values: NDArray[np.float64]) -> tuple[float, float]:
    """Return by how much ours is faster, the median of turns, and the largest difference relative to the peer's."""
    results = [np.empty_like(values), np.empty_like(values)]
    ratios = []
    for _ in range(TURNS):
        seconds = []
        for loop, result in zip((peer, ours), results, strict=True):
            began = time.process_time()
            loop(values, result)
            seconds.append(time.process_time() - began)
        ratios.append(seconds[0] / seconds[1])
    return statistics.median(ratios), float(np.max(np.abs(results[1] / results[0] - 1)))


def main() -> None:
    """Print a line for each."""
    rng = np.random.default_rng(0)
    for what, peer, ours, values in (
        ("logarithms", numba_logarithms, own_logarithms, rng.uniform(2.0, 1e6, N_VALUES)),
        ("powers", numba_powers, own_powers, rng.uniform(-20.0, 20.0, N_VALUES)),
    ):
        ratio, difference = compared(peer, ours, values)
        print(f"{what} of {N_VALUES:,} numbers: {ratio:.1f} times as fast as numba's, {difference:.1e} apart at most")


if __name__ == "__main__":
    main()
