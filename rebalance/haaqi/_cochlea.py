"""The cochlea: gammatone filters whose bandwidth and gain follow the level, as the outer hair cells make them.

Each filter acts on the signal shifted down by the band's centre frequency, as four one-pole filters in a row. The
shift restarts with every block of samples, and the filters' states are turned to the new block's phase, so that one
short table of phases serves a signal of any length.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter

from rebalance._base.compiling import compiled_loosely
from rebalance._base.vector_maths import exp2, log2
from rebalance.haaqi._bands import N_BANDS, SAMPLE_RATE, Gammatone, centre_frequencies_hz, gammatone
from rebalance.haaqi._hearing_loss import LINEAR_ABOVE_DB_SPL, CochlearLoss, control_bandwidth

Vector: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = NDArray[np.float32]

# The filters are normal up to the first level and as broad as the control filters from the second.
BROADENS_ABOVE_DB_SPL = 50.0
BROADEST_ABOVE_DB_SPL = 100.0
# The compressor's gain passes a first-order low-pass, a delay of about 0.2 ms.
GAIN_LOW_PASS_HZ = 800.0
# Amplitudes below this count as this.
FLOOR = 1e-30

DB_PER_OCTAVE = 20.0 * np.log10(2.0)

_BLOCK = 64
_PAIR = 2 * N_BANDS
_STATES = 8 * N_BANDS
_NEGLIGIBLE = 1e-150


@dataclass(frozen=True, slots=True, kw_only=True)
class Excitation:
    """Response of the cochlea to one signal, before the inner hair cells.

    Parameters
    ----------
    envelope, motion
        Compressed envelope and motion of the basilar membrane, shape ``(n_bands, n_samples)``, in the signal's unit.
        Single precision is ample once the recursions are past.
    level_db_sl
        Long-term level of the compressed envelope over the listener's threshold, shape ``(n_bands,)``.
    filters
        The filters at the width the signal's level gave them.
    """

    envelope: Rows
    motion: Rows
    level_db_sl: NDArray[np.float64]
    filters: Gammatone


def excite(signal: NDArray[np.float64], loss: CochlearLoss, full_scale_db_spl: float) -> Excitation:
    """Walk one signal, behind the middle ear, through the cochlea.

    Source: Kates (2013); ``ear_model`` of pyclarity.

    Parameters
    ----------
    signal
        Shape ``(n_samples,)`` at 24 kHz.
    loss
        The listener's.
    full_scale_db_spl
        Level of a signal with an RMS of 1.
    """
    phases = _phases()
    turn = _block_turn()
    control = _control_filters()
    control_mean_square = _control_energy(signal, phases, turn, control.poles) * control.gains**2 / len(signal)
    filters = gammatone(_bandwidth(control_mean_square, loss, full_scale_db_spl))
    envelope = np.empty((N_BANDS, len(signal)), dtype=np.float32)
    motion = np.empty((N_BANDS, len(signal)), dtype=np.float32)
    energy = _vibrate(
        signal,
        phases,
        turn,
        control.poles,
        filters.poles,
        _compression_law(loss, control.gains, full_scale_db_spl),
        filters.gains,
        _gain_low_pass(),
        envelope,
        motion,
    )
    level_db_sl = _level_db_sl(np.sqrt(energy / len(signal)), np.sqrt(control_mean_square), loss, full_scale_db_spl)
    return Excitation(envelope=envelope, motion=motion, level_db_sl=level_db_sl, filters=filters)


def _bandwidth(
    control_mean_square: NDArray[np.float64], loss: CochlearLoss, full_scale_db_spl: float
) -> NDArray[np.float64]:
    """Broaden the filters with the level of the control signal."""
    level = full_scale_db_spl + 10 * np.log10(np.maximum(control_mean_square, FLOOR**2))
    share = (level - BROADENS_ABOVE_DB_SPL) / (BROADEST_ABOVE_DB_SPL - BROADENS_ABOVE_DB_SPL)
    return np.asarray(loss.bandwidth + np.clip(share, 0.0, 1.0) * (control_bandwidth() - loss.bandwidth))


def _compression_law(
    loss: CochlearLoss, control_gains: NDArray[np.float64], full_scale_db_spl: float
) -> NDArray[np.float64]:
    """Return the law in octaves, four rows end to end: scale, slope, lower and upper limit of the control."""
    slope = 1 - 1 / loss.compression_ratio
    lower = (loss.knee_db_spl - full_scale_db_spl) / DB_PER_OCTAVE
    upper = np.full(N_BANDS, (LINEAR_ABOVE_DB_SPL - full_scale_db_spl) / DB_PER_OCTAVE)
    scale = -loss.outer_attenuation_db / DB_PER_OCTAVE + slope * lower
    return np.concatenate((scale, slope, lower, upper, control_gains**2))


def _level_db_sl(
    rms: NDArray[np.float64], control_rms: NDArray[np.float64], loss: CochlearLoss, full_scale_db_spl: float
) -> NDArray[np.float64]:
    """Compress the long-term level of each band and put it over the threshold.

    Source: ``convert_rms_to_sl`` of pyclarity.
    """
    control = full_scale_db_spl + 20 * np.log10(np.maximum(control_rms, FLOOR))
    control = np.maximum(np.minimum(control, LINEAR_ABOVE_DB_SPL), loss.knee_db_spl)
    gain = -loss.outer_attenuation_db - (control - loss.knee_db_spl) * (1 - 1 / loss.compression_ratio)
    level = np.maximum(full_scale_db_spl + 20 * np.log10(np.maximum(rms, FLOOR)), 0.0)
    return np.asarray(np.maximum(level + gain - loss.inner_attenuation_db, 0.0))


@lru_cache(maxsize=1)
def _control_filters() -> Gammatone:
    """Design the control filters once."""
    return gammatone(control_bandwidth())


@lru_cache(maxsize=1)
def _phases() -> NDArray[np.float64]:
    """Return cosine and negative sine of every band's carrier over one block, per sample 32 and 32 values."""
    angle = np.outer(np.arange(_BLOCK), 2 * np.pi * centre_frequencies_hz() / SAMPLE_RATE)
    return np.concatenate((np.cos(angle), -np.sin(angle)), axis=1).ravel()


@lru_cache(maxsize=1)
def _block_turn() -> NDArray[np.float64]:
    """Return cosine and sine of the phase by which every carrier advances over one block."""
    angle = _BLOCK * 2 * np.pi * centre_frequencies_hz() / SAMPLE_RATE
    return np.concatenate((np.cos(angle), np.sin(angle)))


@lru_cache(maxsize=1)
def _gain_low_pass() -> NDArray[np.float64]:
    """Return the feed-forward coefficient of the gain's low-pass, twice the same, and its pole."""
    numerator, denominator = butter(1, GAIN_LOW_PASS_HZ / (SAMPLE_RATE / 2))
    return np.array([numerator[0], -denominator[1]])


@compiled_loosely
def _filter_block(
    signal: Vector, start: int, n: int, phases: Vector, poles: Vector, states: Vector, out: Vector
) -> None:
    """Shift one block down, pass it through four poles and the two zeros: per sample 32 real, 32 imaginary parts."""
    for t in range(n):
        x = signal[start + t]
        o = t * _PAIR
        for b in range(N_BANDS):
            a = poles[b]
            re1 = x * phases[o + b] + a * states[b]
            im1 = x * phases[o + N_BANDS + b] + a * states[4 * N_BANDS + b]
            re2 = re1 + a * states[N_BANDS + b]
            im2 = im1 + a * states[5 * N_BANDS + b]
            re3 = re2 + a * states[2 * N_BANDS + b]
            im3 = im2 + a * states[6 * N_BANDS + b]
            re4 = re3 + a * states[3 * N_BANDS + b]
            im4 = im3 + a * states[7 * N_BANDS + b]
            states[b] = re1
            states[N_BANDS + b] = re2
            states[2 * N_BANDS + b] = re3
            states[3 * N_BANDS + b] = re4
            states[4 * N_BANDS + b] = im1
            states[5 * N_BANDS + b] = im2
            states[6 * N_BANDS + b] = im3
            states[7 * N_BANDS + b] = im4
            # 1 + 4a/z + 4(a/z)^2 behind the fourth pole, written with the outputs of the last three.
            out[o + b] = 9.0 * re4 - 12.0 * re3 + 4.0 * re2
            out[o + N_BANDS + b] = 9.0 * im4 - 12.0 * im3 + 4.0 * im2


@compiled_loosely
def _turn_states(states: Vector, turn: Vector) -> None:
    """Carry the states into the next block's phase, and what has died away to zero."""
    for stage in range(4):
        for b in range(N_BANDS):
            re = states[stage * N_BANDS + b]
            im = states[(4 + stage) * N_BANDS + b]
            turned_re = re * turn[b] - im * turn[N_BANDS + b]
            turned_im = re * turn[N_BANDS + b] + im * turn[b]
            states[stage * N_BANDS + b] = turned_re if abs(turned_re) > _NEGLIGIBLE else 0.0
            states[(4 + stage) * N_BANDS + b] = turned_im if abs(turned_im) > _NEGLIGIBLE else 0.0


@compiled_loosely
def _square_block(n: int, filtered: Vector, squared: Vector, energy: Vector) -> None:
    """Square the envelope of one block, per sample 32 values, and add it up."""
    for t in range(n):
        for b in range(N_BANDS):
            re = filtered[t * _PAIR + b]
            im = filtered[t * _PAIR + N_BANDS + b]
            square = re * re + im * im
            squared[t * N_BANDS + b] = square
            energy[b] += square


@compiled_loosely
def _control_energy(signal: Vector, phases: Vector, turn: Vector, poles: Vector) -> Vector:
    """Return the sum of the squared control envelope, shape ``(n_bands,)``, without the filters' gain."""
    states = np.zeros(_STATES)
    filtered = np.empty(_BLOCK * _PAIR)
    squared = np.empty(_BLOCK * N_BANDS)
    energy = np.zeros(N_BANDS)
    for start in range(0, len(signal), _BLOCK):
        n = min(_BLOCK, len(signal) - start)
        _filter_block(signal, start, n, phases, poles, states, filtered)
        _square_block(n, filtered, squared, energy)
        _turn_states(states, turn)
    return energy


@compiled_loosely
def _compress_block(n: int, squared: Vector, law: Vector, gains: Vector) -> None:
    """Turn the squared control envelope into the outer hair cells' gain."""
    for t in range(n):
        for b in range(N_BANDS):
            square = max(squared[t * N_BANDS + b] * law[4 * N_BANDS + b], FLOOR * FLOOR)
            octaves = min(max(0.5 * log2(square), law[2 * N_BANDS + b]), law[3 * N_BANDS + b])
            gains[t * N_BANDS + b] = exp2(law[b] - law[N_BANDS + b] * octaves)


@compiled_loosely
def _smooth_gain_block(n: int, gains: Vector, low_pass: Vector, states: Vector) -> None:
    """Low-pass the gain in place; the states hold its last input and output."""
    for t in range(n):
        for b in range(N_BANDS):
            gain = gains[t * N_BANDS + b]
            smooth = low_pass[0] * (gain + states[b]) + low_pass[1] * states[N_BANDS + b]
            states[b] = gain
            states[N_BANDS + b] = smooth
            gains[t * N_BANDS + b] = smooth


@compiled_loosely
def _apply_block(
    n: int, filtered: Vector, squared: Vector, phases: Vector, gains: Vector, filter_gains: Vector
) -> None:
    """Scale envelope (into ``squared``) and motion (into the first half of ``filtered``) of one block."""
    for t in range(n):
        o = t * _PAIR
        for b in range(N_BANDS):
            gain = gains[t * N_BANDS + b] * filter_gains[b]
            squared[t * N_BANDS + b] = gain * np.sqrt(squared[t * N_BANDS + b])
            motion = filtered[o + b] * phases[o + b] + filtered[o + N_BANDS + b] * phases[o + N_BANDS + b]
            filtered[o + b] = gain * motion


@compiled_loosely
def _vibrate(
    signal: Vector,
    phases: Vector,
    turn: Vector,
    control_poles: Vector,
    poles: Vector,
    law: Vector,
    filter_gains: Vector,
    low_pass: Vector,
    envelope: Rows,
    motion: Rows,
) -> Vector:
    """Fill the compressed envelope and motion; return the sum of the squared uncompressed envelope."""
    control_states = np.zeros(_STATES)
    states = np.zeros(_STATES)
    gain_states = np.zeros(_PAIR)
    filtered = np.empty(_BLOCK * _PAIR)
    squared = np.empty(_BLOCK * N_BANDS)
    gains = np.empty(_BLOCK * N_BANDS)
    energy = np.zeros(N_BANDS)
    unused = np.zeros(N_BANDS)
    for start in range(0, len(signal), _BLOCK):
        n = min(_BLOCK, len(signal) - start)
        _filter_block(signal, start, n, phases, control_poles, control_states, filtered)
        _square_block(n, filtered, squared, unused)
        _compress_block(n, squared, law, gains)
        _smooth_gain_block(n, gains, low_pass, gain_states)
        _filter_block(signal, start, n, phases, poles, states, filtered)
        _square_block(n, filtered, squared, energy)
        _apply_block(n, filtered, squared, phases, gains, filter_gains)
        for b in range(N_BANDS):
            for t in range(n):
                envelope[b, start + t] = squared[t * N_BANDS + b]
                motion[b, start + t] = filtered[t * _PAIR + b]
        _turn_states(control_states, turn)
        _turn_states(states, turn)
    return energy * filter_gains**2
