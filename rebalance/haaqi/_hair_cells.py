"""The inner hair cells: threshold, logarithm and adaptation, from the cochlea's excitation to the nerve.

Source of all: Kates (2013); ``envelope_sl`` and ``inner_hair_cell_adaptation`` of pyclarity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rebalance._base.compiling import compiled_loosely
from rebalance._base.vector_maths import log2
from rebalance.haaqi._bands import N_BANDS, SAMPLE_RATE
from rebalance.haaqi._cochlea import DB_PER_OCTAVE, FLOOR, Excitation

OVERSHOOT = 2.0
RAPID_ADAPTATION_S = 0.002
SHORT_TERM_ADAPTATION_S = 0.06

Row: TypeAlias = NDArray[np.float32]
Rows: TypeAlias = NDArray[np.float32]
Vector: TypeAlias = NDArray[np.float64]
Vectors: TypeAlias = NDArray[np.float64]
Delays: TypeAlias = NDArray[np.intp]

# Half the smoothing window of 8 ms; the loops below work on blocks of one cell.
CELL_S = 0.004
CELL_SAMPLES = round(CELL_S * SAMPLE_RATE)


def _adaptation_matrix() -> tuple[float, ...]:
    """Return the two-state recursion of the equivalent circuit, backward differences at 24 kHz.

    The new states are ``drive_k * input + a_k1 * state_1 + a_k2 * state_2``; order: drive_1, a_11, a_12, drive_2,
    a_21, a_22, and the output's scale.
    """
    r1 = 1 / OVERSHOOT
    r2 = r3 = 0.5 * (1 - r1)
    c1 = RAPID_ADAPTATION_S * (r1 + r2) / (r1 * r2)
    c2 = SHORT_TERM_ADAPTATION_S / ((r1 + r2) * r3)
    rapid = r1 * r2 * c1 * SAMPLE_RATE
    short_term = r2 * r3 * c2 * SAMPLE_RATE
    a11, a12, a21, a22 = r1 + r2 + rapid, -r1, -r3, r2 + r3 + short_term
    scale = 1 / (a11 * a22 - a21 * a12)
    return (
        scale * a22 * r2,
        scale * a22 * rapid,
        -scale * a12 * short_term,
        -scale * a21 * r2,
        -scale * a21 * rapid,
        scale * a11 * short_term,
        1 / r1,
    )


_DRIVE_1, _A11, _A12, _DRIVE_2, _A21, _A22, _OUT = _adaptation_matrix()


@dataclass(frozen=True, slots=True, kw_only=True)
class NerveResponse:
    """What the hair cells pass on, all bands lagging alike.

    Parameters
    ----------
    motion
        Membrane motion with an envelope in dB over threshold, shape ``(n_bands, n_samples)``.
    rising, falling
        Sums of that envelope, cell after cell of 4 ms, under the two halves of the smoothing window, shape
        ``(n_bands, n_cells)``.
    """

    motion: Rows
    rising: Vectors
    falling: Vectors


def transduce(
    excitation: Excitation,
    *,
    envelope_delays: Delays,
    motion_delays: Delays,
    offsets_db: Vector,
    waits: Delays,
) -> NerveResponse:
    """Pass one signal's excitation through the inner hair cells.

    Parameters
    ----------
    excitation
        From the cochlea.
    envelope_delays, motion_delays
        Samples by which each band lags the reference, made good here; zeros follow or lead.
    offsets_db
        Level in dB over the listener's threshold of an amplitude of 1, shape ``(n_bands,)``.
    waits
        Samples each band is held back, behind zeros, for all bands to lag alike.
    """
    n_samples = excitation.envelope.shape[1]
    n_cells = (n_samples + int(waits.max())) // CELL_SAMPLES + 2
    rising, falling = np.zeros((N_BANDS, n_cells)), np.zeros((N_BANDS, n_cells))
    motion = np.empty((N_BANDS, n_samples), dtype=np.float32)
    _transduce(
        excitation.envelope,
        excitation.motion,
        envelope_delays,
        motion_delays,
        offsets_db,
        waits,
        _cell_weights(waits),
        rising,
        falling,
        motion,
    )
    return NerveResponse(motion=motion, rising=rising, falling=falling)


def _cell_weights(waits: Delays) -> Vector:
    """Return, per sample of a block, the weights of 32 bands in four groups.

    A block of one band, held back, ends one cell and begins the next: rising and falling half of the window over the
    end, then over the beginning.
    """
    window = np.hanning(2 * CELL_SAMPLES)
    place = (waits % CELL_SAMPLES) + np.arange(CELL_SAMPLES)[:, np.newaxis]
    ending = place < CELL_SAMPLES
    within = place % CELL_SAMPLES
    rising, falling = window[within], window[CELL_SAMPLES + within]
    groups = (rising * ending, falling * ending, rising * ~ending, falling * ~ending)
    return np.concatenate(groups, axis=1).ravel()


@compiled_loosely
def _transduce(
    envelope: Rows,
    motion: Rows,
    envelope_delays: Delays,
    motion_delays: Delays,
    offsets_db: Vector,
    waits: Delays,
    weights: Vector,
    rising: Vectors,
    falling: Vectors,
    nerve_motion: Rows,
) -> None:
    """Fill motion and cell sums, block after block."""
    n_samples = envelope.shape[1]
    amplitudes = np.empty(CELL_SAMPLES * N_BANDS)
    levels = np.empty(CELL_SAMPLES * N_BANDS)
    states = np.zeros(2 * N_BANDS)
    sums = np.empty(4 * N_BANDS)
    for b in range(N_BANDS):
        nerve_motion[b, : waits[b]] = 0.0
    for start in range(0, n_samples, CELL_SAMPLES):
        n = min(CELL_SAMPLES, n_samples - start)
        _load_block(envelope, envelope_delays, start, n, amplitudes)
        _level_block(n, amplitudes, offsets_db, levels)
        _adapt_block(n, levels, states)
        _gain_block(n, levels, amplitudes)
        _sum_block(n, levels, weights, sums)
        for b in range(N_BANDS):
            cell = (start + waits[b]) // CELL_SAMPLES
            rising[b, cell] += sums[b]
            falling[b, cell] += sums[N_BANDS + b]
            rising[b, cell + 1] += sums[2 * N_BANDS + b]
            falling[b, cell + 1] += sums[3 * N_BANDS + b]
            _store_band(motion[b], start + motion_delays[b], amplitudes, b, n, nerve_motion[b], start + waits[b])


@compiled_loosely
def _store_band(motion: Row, first: int, gains: Vector, band: int, n: int, nerve_motion: Row, start: int) -> None:
    """Scale one band's motion over one block, shifted on its way in and on its way out."""
    n_samples = len(motion)
    if first >= 0 and first + n <= n_samples and start + n <= n_samples:
        for t in range(n):
            nerve_motion[start + t] = motion[first + t] * gains[t * N_BANDS + band]
    else:
        for t in range(min(n, n_samples - start)):
            source = first + t
            value = motion[source] if 0 <= source < n_samples else 0.0
            nerve_motion[start + t] = value * gains[t * N_BANDS + band]


@compiled_loosely
def _load_block(envelope: Rows, delays: Delays, start: int, n: int, amplitudes: Vector) -> None:
    """Copy one block, shifted, per sample 32 values."""
    n_samples = envelope.shape[1]
    for b in range(N_BANDS):
        first = start + delays[b]
        if first >= 0 and first + n <= n_samples:
            for t in range(n):
                amplitudes[t * N_BANDS + b] = envelope[b, first + t]
        else:
            for t in range(n):
                source = first + t
                amplitudes[t * N_BANDS + b] = envelope[b, source] if 0 <= source < n_samples else 0.0


@compiled_loosely
def _sum_block(n: int, levels: Vector, weights: Vector, sums: Vector) -> None:
    """Add up one block under the four groups of weights."""
    for i in range(4 * N_BANDS):
        sums[i] = 0.0
    for t in range(n):
        for b in range(N_BANDS):
            level = levels[t * N_BANDS + b]
            place = t * 4 * N_BANDS + b
            sums[b] += level * weights[place]
            sums[N_BANDS + b] += level * weights[place + N_BANDS]
            sums[2 * N_BANDS + b] += level * weights[place + 2 * N_BANDS]
            sums[3 * N_BANDS + b] += level * weights[place + 3 * N_BANDS]


@compiled_loosely
def _level_block(n: int, amplitudes: Vector, offsets_db: Vector, levels: Vector) -> None:
    """Convert amplitudes to dB over threshold, never below 0."""
    for t in range(n):
        for b in range(N_BANDS):
            octaves = log2(amplitudes[t * N_BANDS + b] + FLOOR)
            levels[t * N_BANDS + b] = max(offsets_db[b] + DB_PER_OCTAVE * octaves, 0.0)


@compiled_loosely
def _adapt_block(n: int, levels: Vector, states: Vector) -> None:
    """Adapt in place: an onset overshoots, then settles."""
    for t in range(n):
        for b in range(N_BANDS):
            level = levels[t * N_BANDS + b]
            rapid = _DRIVE_1 * level + _A11 * states[b] + _A12 * states[N_BANDS + b]
            short_term = _DRIVE_2 * level + _A21 * states[b] + _A22 * states[N_BANDS + b]
            states[b] = rapid
            states[N_BANDS + b] = short_term
            levels[t * N_BANDS + b] = max((level - rapid) * _OUT, 0.0)


@compiled_loosely
def _gain_block(n: int, levels: Vector, amplitudes: Vector) -> None:
    """Replace amplitudes by the gain that gives the motion the envelope's adapted level."""
    for i in range(n * N_BANDS):
        amplitudes[i] = (levels[i] + FLOOR) / (amplitudes[i] + FLOOR)
