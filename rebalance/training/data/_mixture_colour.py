"""What recordings differ in besides players and rooms: equalisers, timbre that wanders, noise behind the music."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rebalance.audio import rms
from rebalance.synthesis.performance import EQ_FREQUENCIES_HZ, smooth_gain_db
from rebalance.training.data._mixing_settings import MixingSettings
from rebalance.training.data._stem_library import SAMPLE_RATE

_LOWEST_HZ = 20.0
_PIVOT_HZ = 500.0
_N_COARSE = 1024
_N_RESONANCES = (6, 24)
_RESONANCES_HZ = (150.0, 12_000.0)
_WIDTHS_OCTAVES = (0.04, 0.4)
_WANDER_S = (0.15, 1.5)
_NOISE_DB_PER_OCTAVE = (-6.0, 0.0)


def draw_equalisers(names: Sequence[str], settings: MixingSettings, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw an equaliser for every source of a mixture, magnitudes of shape ``(n_sources, n_bins)``.

    Parameters
    ----------
    names
        Instruments of the sources.
    settings
        Length of the transform, and how large the parts of an equaliser are.
    rng
        Of the draws.
    """
    octaves = np.log2(np.maximum(np.fft.rfftfreq(settings.n_fft, 1 / SAMPLE_RATE), _LOWEST_HZ))
    return np.stack([_equaliser(name, settings, octaves, rng) for name in names])


def _equaliser(
    name: str, settings: MixingSettings, octaves: NDArray[np.floating], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Draw the magnitudes of an equaliser at rising octaves, log2 of Hz: smooth, sloping, with narrow resonances."""
    coarse = np.linspace(octaves[0], octaves[-1], _N_COARSE)
    darkening = settings.darkening_db_per_octave.get(name, 0.0) * float(rng.uniform())
    slope = float(rng.uniform(-1, 1)) * settings.tilt_db_per_octave + darkening
    eq_db = rng.uniform(-settings.eq_db, settings.eq_db, len(EQ_FREQUENCIES_HZ))
    gain_db = smooth_gain_db(eq_db.tolist(), np.exp2(coarse))
    gain_db += slope * np.maximum(coarse - np.log2(_PIVOT_HZ), 0.0)
    if settings.resonance_db:
        gain_db += _resonances_db(coarse, settings.resonance_db * float(rng.uniform()), rng)
    magnitudes: NDArray[np.float32] = np.interp(octaves, coarse, 10 ** (gain_db / 20)).astype(np.float32)
    return magnitudes


def _resonances_db(octaves: NDArray[np.float64], height_db: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw narrow peaks and dips of at most a height each, as a body or a tube has them."""
    n_resonances = int(rng.integers(*_N_RESONANCES, endpoint=True))
    centres = np.log2(_log_uniform(_RESONANCES_HZ, rng, n_resonances))[:, None]
    widths = _log_uniform(_WIDTHS_OCTAVES, rng, n_resonances)[:, None]
    heights_db = rng.uniform(-height_db, height_db, n_resonances)
    peaks = np.exp(-0.5 * ((octaves - centres) / widths) ** 2)
    summed: NDArray[np.float64] = heights_db @ peaks
    return summed


def draw_wandering(n_samples: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw the share of the first of two timbres over time, 0 to 1, shape ``(n_samples,)``."""
    step_s = float(_log_uniform(_WANDER_S, rng, 1)[0])
    n_knots = max(int(np.ceil(n_samples / (step_s * SAMPLE_RATE))), 1) + 1
    positions = np.linspace(0, n_knots - 1, n_samples)
    return np.interp(positions, np.arange(n_knots), rng.uniform(size=n_knots)).astype(np.float32)


def draw_noise(level: float, n_samples: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw noise of a random slope, alike in both channels in part, shape ``(2, n_samples)``.

    Parameters
    ----------
    level
        Root mean square of it.
    n_samples
        Length.
    rng
        Of the draws.
    """
    white = rng.standard_normal((3, n_samples), dtype=np.float32)
    octaves = np.log2(np.maximum(np.fft.rfftfreq(n_samples, 1 / SAMPLE_RATE), _LOWEST_HZ) / _PIVOT_HZ)
    slope = 10 ** (float(rng.uniform(*_NOISE_DB_PER_OCTAVE)) * octaves / 20)
    noise = np.fft.irfft(np.fft.rfft(white[:2] + float(rng.uniform()) * white[2]) * slope, n=n_samples)
    scaled: NDArray[np.float64] = noise * (level / rms(noise))
    return scaled.astype(np.float32)


def _log_uniform(bounds: tuple[float, float], rng: np.random.Generator, size: int) -> NDArray[np.float64]:
    """Draw numbers between two bounds, evenly on a logarithmic scale."""
    lowest, highest = bounds
    return lowest * (highest / lowest) ** rng.uniform(size=size)
