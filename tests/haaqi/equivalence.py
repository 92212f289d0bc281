"""The table of cases over which the metric must equal pyclarity's: signals made from seeds, no file needed.

The first 40 cases are short and have their results on file (``golden/haaqi.json``); all are compared live when slow
tests are asked for. Run as a script, this writes the file: ``python tests/haaqi/equivalence.py``,
with the argument ``spread`` pyclarity's indices under ten seeds.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.signal import butter, lfilter

SAMPLE_RATE = 24_000
FREQUENCIES_HZ = (250.0, 500.0, 1000.0, 2000.0, 4000.0, 6000.0)
AUDIOGRAMS = {
    "none": (0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    "better than normal": (-5.0, -10.0, 0.0, 5.0, 0.0, -5.0),
    "mild": (10.0, 15.0, 19.0, 25.0, 31.0, 35.0),
    "moderate": (30.0, 35.0, 40.0, 45.0, 50.0, 55.0),
    "severe": (55.0, 60.0, 65.0, 70.0, 80.0, 85.0),
    "steep": (5.0, 5.0, 10.0, 45.0, 75.0, 90.0),
    "asymmetric left": (15.0, 15.0, 20.0, 20.0, 30.0, 30.0),
    "asymmetric right": (50.0, 45.0, 55.0, 60.0, 60.0, 70.0),
}
# The quietest level in dB SPL at which each listener still hears something to compare.
QUIETEST_DB_SPL = {
    "none": 20,
    "better than normal": 20,
    "mild": 40,
    "moderate": 60,
    "severe": 80,
    "steep": 40,
    "asymmetric left": 40,
    "asymmetric right": 75,
}
KINDS = ("music", "noise", "tones", "music with gaps", "music in silence")
PROCESSINGS = (
    "as the reference",
    "clipped",
    "low-passed",
    "high-passed",
    "late by 50 ms",
    "early by 50 ms",
    "late by 7 samples",
    "down 30 dB",
    "up 20 dB",
    "noisy",
    "distorted",
    "echoing",
    "with drop-outs",
    "another piece",
    "shorter",
    "longer",
    "inverted",
    "narrow-band",
)
GOLDEN = Path(__file__).parent / "golden" / "haaqi.json"
SPREAD = Path(__file__).parent / "golden" / "spread.json"
# Cases in which the noise matters: quiet or lossy, with silence or a processed signal that lacks whole bands.
SPREAD_CASES = (2, 8, 12, 13, 17)
N_FAST = 40
N_CASES = 204
# Steady tones the listener cannot hear: pyclarity says "Signal below threshold", sets two terms to 0, and goes on.
INAUDIBLE_CASES = (140, 197)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    number: int
    kind: str
    processing: str
    audiogram: str
    level_db_spl: float
    duration_s: float
    amplification: str

    @property
    def name(self) -> str:
        return (
            f"{self.number:03d} {self.kind}, {self.processing}, loss {self.audiogram}, {self.level_db_spl:g} dB SPL,"
            f" {self.duration_s:g} s, amplification {self.amplification}"
        )


def cases() -> list[Case]:
    """Return the table; neighbours differ in everything, every value of every column comes up in the first 40."""
    audiograms = tuple(AUDIOGRAMS)
    rng = np.random.default_rng(2016)
    table = []
    for number in range(N_CASES):
        audiogram = audiograms[number % len(audiograms)]
        quietest = QUIETEST_DB_SPL[audiogram]
        level = quietest + (100 - quietest) * ((number * 7) % 11) / 10
        if number < N_FAST:
            duration = (2.0, 2.4, 2.2)[number % 3]
        else:
            duration = 30.0 if number in (77, 150) else 15.0 if number % 25 == 0 else round(rng.uniform(2, 6), 1)
        table.append(
            Case(
                number=number,
                kind=KINDS[(number + number // 18) % len(KINDS)],
                processing=PROCESSINGS[number % len(PROCESSINGS)],
                audiogram=audiogram,
                level_db_spl=level,
                duration_s=duration,
                amplification="nal_r" if number % 3 == 1 else "none",
            )
        )
    return table


def reference_of(case: Case) -> np.ndarray:
    n = round(case.duration_s * SAMPLE_RATE)
    rng = np.random.default_rng(case.number)
    if case.kind == "noise":
        return 0.05 * lfilter([1.0], [1.0, -0.7], rng.standard_normal(n))
    if case.kind == "tones":
        t = np.arange(n) / SAMPLE_RATE
        return 0.05 * sum(np.sin(2 * np.pi * f * t + f) for f in rng.uniform(90, 7000, 4))
    signal = music(n, rng)
    if case.kind == "music with gaps":
        signal[n // 3 : n // 3 + n // 10] = 0.0
        signal[2 * n // 3 : 2 * n // 3 + n // 20] = 0.0
    if case.kind == "music in silence":
        signal[: n // 6] = 0.0
        signal[n // 2 : 3 * n // 4] = 0.0
        signal[-n // 8 :] = 0.0
    return signal


def music(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return decaying harmonic notes, six a second."""
    signal = np.zeros(n)
    for _ in range(max(6, 6 * n // SAMPLE_RATE)):
        start = int(rng.uniform(-0.05, 0.95) * n) if signal.any() else 0
        start = max(start, 0)
        t = np.arange(n - start) / SAMPLE_RATE
        envelope = np.minimum(t / rng.uniform(0.005, 0.05), 1.0) * np.exp(-t / rng.uniform(0.1, 1.0))
        fundamental = 70 * 2 ** rng.uniform(0, 4.5)
        for harmonic in range(1, 11):
            if fundamental * harmonic < 11_000:
                phase = rng.uniform(0, 2 * np.pi)
                signal[start:] += envelope * np.sin(2 * np.pi * fundamental * harmonic * t + phase) / harmonic
    return 0.05 * signal / np.sqrt(np.mean(signal**2))


def processed_of(case: Case, reference: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(10_000 + case.number)
    n = len(reference)
    rms = np.sqrt(np.mean(reference**2))
    delay = round(0.05 * SAMPLE_RATE)
    match case.processing:
        case "as the reference":
            return reference.copy()
        case "clipped":
            return np.clip(reference, -rms, rms)
        case "low-passed":
            return lfilter(*butter(4, 1500, fs=SAMPLE_RATE), reference)
        case "high-passed":
            return lfilter(*butter(2, 800, "high", fs=SAMPLE_RATE), reference)
        case "narrow-band":
            return lfilter(*butter(2, (300, 3400), "band", fs=SAMPLE_RATE), reference)
        case "late by 50 ms":
            return np.concatenate((np.zeros(delay), reference[:-delay])) + 0.05 * rms * rng.standard_normal(n)
        case "early by 50 ms":
            return np.concatenate((reference[delay:], np.zeros(delay))) + 0.05 * rms * rng.standard_normal(n)
        case "late by 7 samples":
            return np.concatenate((np.zeros(7), reference[:-7]))
        case "down 30 dB":
            return reference * 10**-1.5
        case "up 20 dB":
            return reference * 10.0
        case "noisy":
            return reference + 0.3 * rms * rng.standard_normal(n)
        case "distorted":
            return rms * np.tanh(3 * reference / rms) + 0.2 * reference**2 / rms
        case "echoing":
            return reference + 0.5 * np.concatenate((np.zeros(delay), reference[:-delay]))
        case "with drop-outs":
            gate = np.repeat(rng.random(-(-n // 1200)) > 0.3, 1200)[:n]
            return reference * gate
        case "another piece":
            return 0.5 * reference + music(n, rng)
        case "shorter":
            return reference[: -n // 7] + 0.1 * rms * rng.standard_normal(len(reference[: -n // 7]))
        case "longer":
            return np.concatenate((reference, reference[: n // 5])) * 0.7
        case "inverted":
            return -reference + 0.1 * rms * rng.standard_normal(n)
    raise ValueError(case.processing)


def full_scale_db_spl(case: Case, reference: np.ndarray) -> float:
    return case.level_db_spl - 20 * np.log10(np.sqrt(np.mean(reference**2)))


def by_pyclarity(case: Case, seed: int | None = None) -> list[float]:
    """Return index, nonlinear and linear half, then the four raw terms."""
    from clarity.evaluator.haaqi.haaqi import haaqi_v1
    from clarity.utils.audiogram import Audiogram

    reference = reference_of(case)
    state = np.random.get_state()  # noqa: NPY002 (pyclarity draws from the global stream)
    try:
        np.random.seed(case.number if seed is None else seed)  # noqa: NPY002
        value, nonlinear, linear, raw = haaqi_v1(
            reference,
            SAMPLE_RATE,
            processed_of(case, reference),
            SAMPLE_RATE,
            Audiogram(levels=np.array(AUDIOGRAMS[case.audiogram]), frequencies=np.array(FREQUENCIES_HZ)),
            1 if case.amplification == "nal_r" else 2,
            level1=full_scale_db_spl(case, reference),
        )
    finally:
        np.random.set_state(state)  # noqa: NPY002
    return [float(number) for number in (value, nonlinear, linear, *raw)]


def main() -> None:
    table = cases()
    if "spread" in sys.argv:
        results = {table[n].name: [by_pyclarity(table[n], seed)[0] for seed in range(10)] for n in SPREAD_CASES}
        SPREAD.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    else:
        results = {case.name: by_pyclarity(case) for case in table[:N_FAST]}
        GOLDEN.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
