"""The noise that stands for the threshold of hearing: drawn once per ear, added to both membrane motions.

Two streams of standard normal numbers in single precision. `LegacyStream` gives those of a NumPy ``RandomState``, in
its order, from the same Mersenne twister and polar method; `CounterStream` hashes a counter and is faster.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rebalance.errors import ConfigError
from rebalance.haaqi.bands import N_BANDS
from rebalance.haaqi.compiling import compiled
from rebalance.haaqi.fast_maths import LN_2, cos_turn, log2

Rng: TypeAlias = np.random.RandomState | np.random.Generator
Row: TypeAlias = NDArray[np.float32]
Rows: TypeAlias = NDArray[np.float32]
Delays: TypeAlias = NDArray[np.intp]
Vector: TypeAlias = NDArray[np.float64]
Words: TypeAlias = NDArray[np.uint32]
Counts: TypeAlias = NDArray[np.int64]

# Level of the noise over the threshold; Kates (2013).
NOISE_DB_SL = -10.0

# Matsumoto and Nishimura (1998).
_TWISTER_WORDS = 624
_TWISTER_OFFSET = 397
_TWISTER_MATRIX = np.uint32(0x9908B0DF)
_UPPER = np.uint32(0x80000000)
_LOWER = np.uint32(0x7FFFFFFF)
_TEMPER_B = np.uint32(0x9D2C5680)
_TEMPER_C = np.uint32(0xEFC60000)
_WORDS_PER_TRIAL = 4

# Steele, Lea and Flood (2014), the finaliser of SplitMix64.
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


class NoiseStream(Protocol):
    """A source of standard normal noise, row after row."""

    def fill(self, row: Row) -> None:
        """Write the next ``len(row)`` numbers."""

    def finish(self, n_segments: int) -> None:
        """Leave the generator as one ear of pyclarity with so many audible segments leaves it."""


def copied(rng: Rng) -> Rng:
    """Copy a generator in its present state.

    Raises
    ------
    ConfigError
        If it is neither a ``RandomState`` nor a ``Generator``.
    """
    if not isinstance(rng, np.random.RandomState | np.random.Generator):
        raise ConfigError(f"HAAQI: rng must be a numpy RandomState or Generator, got {rng!r:.80}")
    return copy.deepcopy(rng)


def noise_stream(rng: Rng) -> NoiseStream:
    """Open the stream a generator stands for.

    Raises
    ------
    ConfigError
        If it is a ``RandomState`` of another bit generator than NumPy's default, whose numbers cannot be repeated.
    """
    return LegacyStream(rng) if isinstance(rng, np.random.RandomState) else CounterStream(rng)


def add_noise(motion: Rows, rows: Iterable[Row], full_scale_db_spl: float, waits: Delays) -> None:
    """Add standard normal rows to a membrane motion in place, at the level of the noise.

    Parameters
    ----------
    motion
        Shape ``(n_bands, n_samples)``, each band held back by its ``waits`` samples; so is its noise.
    rows
        One of ``n_samples`` numbers per band.

    Source: ``basilar_membrane_add_noise`` of pyclarity, which scales the noise to the unit of the signal although the
    motion is in dB by then.
    """
    gain = np.float32(10 ** ((NOISE_DB_SL - full_scale_db_spl) / 20))
    for band, row, wait in zip(motion, rows, waits, strict=True):
        band[wait:] += gain * row[: len(row) - wait]


def drawn_rows(stream: NoiseStream, n_samples: int) -> Iterator[Row]:
    """Draw one row per band, each into the same array."""
    row = np.empty(n_samples, dtype=np.float32)
    for _ in range(N_BANDS):
        stream.fill(row)
        yield row


class LegacyStream:
    """The numbers of ``RandomState.standard_normal``; the generator moves on when the stream is finished."""

    def __init__(self, rng: np.random.RandomState) -> None:
        self._rng = rng
        state = rng.get_state(legacy=False)
        if state["bit_generator"] != "MT19937":
            raise ConfigError(f"HAAQI: expected a RandomState of MT19937, got {state['bit_generator']}")
        self._words = np.array(state["state"]["key"], dtype=np.uint32)
        self._counts = np.array([state["state"]["pos"], state["has_gauss"]], dtype=np.int64)
        self._spare = np.array([state["gauss"]], dtype=np.float64)

    def fill(self, row: Row) -> None:
        """Write the next ``len(row)`` numbers."""
        _fill_legacy(self._words, self._counts, self._spare, row)

    def finish(self, n_segments: int) -> None:
        """Move the generator on, past what pyclarity draws for the cepstral term and multiplies by zero."""
        position, has_spare = (int(count) for count in self._counts)
        self._rng.set_state(("MT19937", self._words, position, has_spare, float(self._spare[0])))
        self._rng.standard_normal((2, N_BANDS, n_segments))


class CounterStream:
    """Normal numbers from a hashed counter, seeded by one draw from a ``Generator``."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._key = rng.integers(2**64, dtype=np.uint64)
        self._position = np.uint64(0)

    def fill(self, row: Row) -> None:
        """Write the next ``len(row)`` numbers."""
        even = row if len(row) % 2 == 0 else np.empty(len(row) + 1, dtype=np.float32)
        _fill_counter(self._key, self._position, even)
        self._position += np.uint64(len(even) // 2)
        row[:] = even[: len(row)]

    def finish(self, n_segments: int) -> None:
        """Do nothing: there is no other program to keep in step with."""


@compiled
def _fill_counter(key: np.uint64, position: np.uint64, row: Row) -> None:
    """Fill a row of even length with pairs by Box and Muller (1958), 32 bits for the radius and 32 for the angle."""
    n_pairs = len(row) // 2
    for i in range(n_pairs):
        word = key + (position + np.uint64(i)) * _GOLDEN
        word = (word ^ (word >> np.uint64(30))) * _MIX_1
        word = (word ^ (word >> np.uint64(27))) * _MIX_2
        word = word ^ (word >> np.uint64(31))
        uniform = (float(np.int64(word >> np.uint64(32))) + 0.5) / 4294967296.0
        angle = float(np.int64(word & np.uint64(0xFFFFFFFF))) / 4294967296.0 - 0.5
        radius = np.sqrt(-2.0 * LN_2 * log2(uniform))
        row[i] = radius * cos_turn(angle)
        row[n_pairs + i] = radius * cos_turn(angle - 0.25 if angle >= -0.25 else angle + 0.75)


@compiled
def _twist(words: Words) -> None:
    """Advance the twister by its 624 words."""
    for i in range(_TWISTER_WORDS - _TWISTER_OFFSET):
        y = (words[i] & _UPPER) | (words[i + 1] & _LOWER)
        words[i] = words[i + _TWISTER_OFFSET] ^ (y >> np.uint32(1)) ^ ((y & np.uint32(1)) * _TWISTER_MATRIX)
    for i in range(_TWISTER_WORDS - _TWISTER_OFFSET, _TWISTER_WORDS - 1):
        y = (words[i] & _UPPER) | (words[i + 1] & _LOWER)
        words[i] = (
            words[i + _TWISTER_OFFSET - _TWISTER_WORDS] ^ (y >> np.uint32(1)) ^ ((y & np.uint32(1)) * _TWISTER_MATRIX)
        )
    y = (words[_TWISTER_WORDS - 1] & _UPPER) | (words[0] & _LOWER)
    words[_TWISTER_WORDS - 1] = (
        words[_TWISTER_OFFSET - 1] ^ (y >> np.uint32(1)) ^ ((y & np.uint32(1)) * _TWISTER_MATRIX)
    )


@compiled
def _temper(words: Words, first: int, tempered: Words, offset: int) -> None:
    """Turn the state's words from one on into random ones."""
    for i in range(_TWISTER_WORDS - first):
        y = words[first + i]
        y ^= y >> np.uint32(11)
        y ^= (y << np.uint32(7)) & _TEMPER_B
        y ^= (y << np.uint32(15)) & _TEMPER_C
        y ^= y >> np.uint32(18)
        tempered[offset + i] = y


@compiled
def _try_pairs(tempered: Words, n_trials: int, xs: Vector, ys: Vector, squares: Vector) -> None:
    """Draw points of the square around the unit circle, 53 bits a coordinate."""
    for k in range(n_trials):
        a = float(np.int64(tempered[4 * k] >> np.uint32(5)))
        b = float(np.int64(tempered[4 * k + 1] >> np.uint32(6)))
        c = float(np.int64(tempered[4 * k + 2] >> np.uint32(5)))
        d = float(np.int64(tempered[4 * k + 3] >> np.uint32(6)))
        x = 2.0 * ((a * 67108864.0 + b) / 9007199254740992.0) - 1.0
        y = 2.0 * ((c * 67108864.0 + d) / 9007199254740992.0) - 1.0
        xs[k] = x
        ys[k] = y
        squares[k] = x * x + y * y


@compiled
def _accept_pairs(n_trials: int, xs: Vector, ys: Vector, squares: Vector, trials: Counts) -> int:
    """Move the points inside the circle to the front, with the trials they came from; return their number."""
    n = 0
    for k in range(n_trials):
        square = squares[k]
        xs[n] = xs[k]
        ys[n] = ys[k]
        squares[n] = square
        trials[n] = k
        n += 1 if (square < 1.0) & (square != 0.0) else 0
    return n


@compiled
def _scale_pairs(n: int, xs: Vector, ys: Vector, squares: Vector) -> None:
    """Turn points inside the circle into pairs of normal numbers."""
    for k in range(n):
        factor = np.sqrt(-2.0 * LN_2 * log2(squares[k]) / squares[k])
        xs[k] *= factor
        ys[k] *= factor


@compiled
def _fill_legacy(words: Words, counts: Counts, spare: Vector, row: Row) -> None:
    """Fill a row; ``counts`` is the place among the words and whether ``spare`` holds the last pair's second number."""
    tempered = np.empty(_TWISTER_WORDS + _WORDS_PER_TRIAL, dtype=np.uint32)
    xs, ys, squares = np.empty(_TWISTER_WORDS), np.empty(_TWISTER_WORDS), np.empty(_TWISTER_WORDS)
    trials = np.empty(_TWISTER_WORDS, dtype=np.int64)
    done = 0
    if counts[1] and len(row):
        row[0] = spare[0]
        done, counts[1], spare[0] = 1, 0, 0.0
    carried = 0
    while done < len(row):
        if counts[0] >= _TWISTER_WORDS:
            _twist(words)
            counts[0] = 0
        first = counts[0]
        _temper(words, first, tempered, carried)
        available = carried + _TWISTER_WORDS - first
        n_trials = available // _WORDS_PER_TRIAL
        _try_pairs(tempered, n_trials, xs, ys, squares)
        n = min(_accept_pairs(n_trials, xs, ys, squares, trials), (len(row) - done + 1) // 2)
        _scale_pairs(n, xs, ys, squares)
        whole = min(n, (len(row) - done) // 2)
        for k in range(whole):
            row[done + 2 * k] = ys[k]
            row[done + 2 * k + 1] = xs[k]
        done += 2 * whole
        if whole < n:
            row[done] = ys[whole]
            spare[0] = xs[whole]
            counts[1] = 1
            done += 1
        if done == len(row):
            counts[0] = first + (trials[n - 1] + 1) * _WORDS_PER_TRIAL - carried
        else:
            left = available - n_trials * _WORDS_PER_TRIAL
            for i in range(left):
                tempered[i] = tempered[n_trials * _WORDS_PER_TRIAL + i]
            carried = left
            counts[0] = _TWISTER_WORDS
