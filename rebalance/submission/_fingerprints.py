"""The spectral fingerprint of a signal: its level per ear, band and tenth of a second.

Enough to tell whose mixture a submitted signal was made from, for whom, and whether its channels are
swapped; blind to phase, so that filters and small delays do not matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2, EARS
from rebalance.audio import Audio, normalising_gain_db
from rebalance.hearing import Fitting

Levels: TypeAlias = NDArray[np.float32]

FRAME_S = 0.1
FLOOR_DB = -100.0
_MIN_HZ, _MAX_HZ = 30.0, 16_000.0
_EDGES_HZ = (_MIN_HZ, *CAD2_TASK2.crossover_frequencies_hz, _MAX_HZ)
# The compressor follows the magnitude of single samples, which in music exceeds the RMS of a tenth of a second.
_CREST_DB = 6.0


def band_levels(samples: Audio, sample_rate: int) -> Levels:
    """Return the level of every ear, compressor band and frame, in dB re full scale.

    Parameters
    ----------
    samples
        Shape ``(n_channels, n_samples)``, full scale 1.
    sample_rate
        In Hz.

    Returns
    -------
    Levels
        Shape ``(n_channels, n_bands, n_frames)``, not below -100 dB; no frame for less than a tenth of a second.
    """
    n_frame = round(FRAME_S * sample_rate)
    n_frames = samples.shape[1] // n_frame
    window = np.hanning(n_frame).astype(np.float32)
    frames = samples[:, : n_frames * n_frame].astype(np.float32, copy=False).reshape(len(samples), n_frames, n_frame)
    spectrum = np.fft.rfft(frames * window)
    power = spectrum.real**2 + spectrum.imag**2
    edges = np.searchsorted(np.fft.rfftfreq(n_frame, 1 / sample_rate), _EDGES_HZ)
    bands = np.add.reduceat(power[..., : edges[-1]], edges[:-1], axis=-1)
    return levels_of_power(bands.transpose(0, 2, 1) * (2 / (n_frame * np.sum(window**2))))


def levels_of_power(power: NDArray[np.floating]) -> Levels:
    """Return levels in dB, not below the floor; same shape."""
    levels: Levels = (10 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10)))).astype(np.float32)
    return levels


def power_of_levels(levels: Levels) -> NDArray[np.float64]:
    """Return mean squares; same shape."""
    power: NDArray[np.float64] = 10 ** (levels.astype(np.float64) / 10)
    return power


def remixed(sources: Mapping[str, Levels], gains_db: Mapping[str, float]) -> Levels:
    """Return the levels of a remix, the sources taken to add up in power; shape of one source."""
    total_db = normalising_gain_db(gains_db)
    power = sum(power_of_levels(levels) * 10 ** ((gains_db[name] + total_db) / 10) for name, levels in sources.items())
    return levels_of_power(np.asarray(power))


def amplified(levels: Levels, fitting: Fitting) -> Levels:
    """Return the levels a listener's compressors make of a signal, their time constants left aside; same shape."""
    gains_db = np.array([fitting.ear(ear).gains_db for ear in EARS])[..., np.newaxis]
    slopes = 1 - 1 / np.array([fitting.ear(ear).ratios for ear in EARS])[..., np.newaxis]
    thresholds_db = np.array(CAD2_TASK2.compressor_threshold_db)[:, np.newaxis]
    excess_db = np.maximum(levels + _CREST_DB - thresholds_db, 0.0)
    louder: Levels = (levels + gains_db - slopes * excess_db).astype(np.float32)
    return louder


def overall_level_db(levels: Levels) -> float:
    """Return the level over all ears, bands and frames, in dB re full scale."""
    return float(10 * np.log10(power_of_levels(levels).sum(axis=1).mean()))


def mean_levels(levels: Levels) -> NDArray[np.float64]:
    """Return the level of every ear and band over time, in dB, flat; shape ``(n_channels * n_bands,)``."""
    means: NDArray[np.float64] = 10 * np.log10(power_of_levels(levels).mean(axis=-1)).ravel()
    return means


def movements(levels: Levels) -> NDArray[np.float64]:
    """Return how every ear and band moves about its mean, flat, of unit length; zeros where nothing moves."""
    moving = (levels - levels.mean(axis=-1, keepdims=True)).astype(np.float64).ravel()
    length = np.linalg.norm(moving)
    unit: NDArray[np.float64] = moving / length if length > 0 else moving
    return unit


def balance_movements(levels: Levels) -> NDArray[np.float64]:
    """Return how left minus right moves about its mean in every band, in dB, flat."""
    balance = (levels[0] - levels[1]).astype(np.float64)
    moving: NDArray[np.float64] = (balance - balance.mean(axis=-1, keepdims=True)).ravel()
    return moving
