"""The standard audiograms of hearing-loss research."""

from __future__ import annotations

from rebalance.hearing._audiogram import Audiogram

_STANDARD_FREQUENCIES_HZ = (250.0, 375.0, 500.0, 750.0, 1000.0, 1500.0, 2000.0, 3000.0, 4000.0, 6000.0)
# Bisgaard, Vlaming and Dahlquist (2010), Trends in Amplification 14(2), tables 2 (N) and 4 (S), in dB HL.
_STANDARD_THRESHOLDS_DB_HL: dict[str, tuple[float, ...]] = {
    "N1": (10, 10, 10, 10, 10, 10, 15, 20, 30, 40),
    "N2": (20, 20, 20, 22.5, 25, 30, 35, 40, 45, 50),
    "N3": (35, 35, 35, 35, 40, 45, 50, 55, 60, 65),
    "N4": (55, 55, 55, 55, 55, 60, 65, 70, 75, 80),
    "N5": (65, 67.5, 70, 72.5, 75, 80, 80, 80, 80, 80),
    "N6": (75, 77.5, 80, 82.5, 85, 90, 90, 95, 100, 100),
    "N7": (90, 92.5, 95, 100, 105, 105, 105, 105, 105, 105),
    "S1": (10, 10, 10, 10, 10, 10, 15, 30, 55, 70),
    "S2": (20, 20, 20, 22.5, 25, 35, 55, 75, 95, 95),
    "S3": (30, 30, 35, 47.5, 60, 70, 75, 80, 80, 85),
}

STANDARD_AUDIOGRAMS: dict[str, Audiogram] = {
    name: Audiogram(frequencies_hz=_STANDARD_FREQUENCIES_HZ, thresholds_db_hl=thresholds)
    for name, thresholds in _STANDARD_THRESHOLDS_DB_HL.items()
}
