"""Measure the compressor of one ear on 15 s of sound against pyclarity's: processor time, in turns.

    python benchmarks/compressor.py

The signal is noise with the spectrum of music, once at the challenge's level (few samples reach the
compressors) and once 20 dB louder (all bands compress all the time).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from clarity.enhancer.multiband_compressor import MultibandCompressor as PyclarityCompressor
from rich.console import Console

from rebalance._base.challenge import CAD2_TASK2
from rebalance.hearing import MultibandCompressor

_RATIOS = (2.1, 1.5, 1.3, 1.5, 2.4, 3.7)
_GAINS_DB = (9.6, 11.9, 12.9, 16.4, 19.0, 28.0)
_DURATION_S = 15.0
_TURNS = 7
_CALLS_PER_TURN = 5


def pink_noise(level_db: float) -> np.ndarray:
    """Return noise whose power falls by 3 dB an octave; shape ``(n_samples,)``, RMS in dB re full scale."""
    n_samples = int(_DURATION_S * CAD2_TASK2.mixture_sample_rate)
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(n_samples))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    signal = np.fft.irfft(spectrum, n_samples)
    return signal * 10 ** (level_db / 20) / np.sqrt(np.mean(signal**2))


def pyclarity_aid() -> Callable[[np.ndarray], np.ndarray]:
    """Return the challenge's aid made of pyclarity's classes."""
    return PyclarityCompressor(
        crossover_frequencies=list(CAD2_TASK2.crossover_frequencies_hz),
        sample_rate=CAD2_TASK2.mixture_sample_rate,
        compressors_params={
            "attack": list(CAD2_TASK2.compressor_attack_ms),
            "release": list(CAD2_TASK2.compressor_release_ms),
            "threshold": list(CAD2_TASK2.compressor_threshold_db),
            "ratio": list(_RATIOS),
            "makeup_gain": list(_GAINS_DB),
        },
    )


def seconds(aid: Callable[[np.ndarray], np.ndarray], signal: np.ndarray, calls: int) -> float:
    """Return the processor time of the shortest of some calls."""
    times = []
    for _ in range(calls):
        fresh = signal.copy()
        start = time.process_time()
        aid(fresh)
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    """Print times, their ratio and the largest difference at both levels."""
    theirs, ours = pyclarity_aid(), MultibandCompressor(ratios=_RATIOS, gains_db=_GAINS_DB)
    ours(np.ones(1000))
    console = Console(soft_wrap=True, highlight=False)
    for level_db in (CAD2_TASK2.mixture_loudness_lufs, CAD2_TASK2.mixture_loudness_lufs + 20):
        signal = pink_noise(level_db)
        difference = np.abs(theirs(signal.copy())[0] - ours(signal)).max()
        turns = [(seconds(theirs, signal, 1), seconds(ours, signal, _CALLS_PER_TURN)) for _ in range(_TURNS)]
        official_s, own_s = (min(column) for column in zip(*turns, strict=True))
        ratio = statistics.median(official / own for official, own in turns)
        console.print(
            f"- {level_db:.0f} dB: pyclarity {1e3 * official_s:.0f} ms, rebalance {1e3 * own_s:.1f} ms (shortest of"
            f" {_TURNS} turns); {ratio:.0f} times faster (median of turns); largest difference {difference:.1e}"
        )


if __name__ == "__main__":
    main()
