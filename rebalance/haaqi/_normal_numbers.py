"""The standard normal numbers of NumPy's ``RandomState`` in single precision, number for number.

Compiled, because a lone `haaqi` of 15 s takes 1.3 times as long with ``RandomState.standard_normal``
(`benchmarks/haaqi.py --noise`).
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rebalance._base.compiling import compiled_loosely
from rebalance._base.vector_maths import LN_2, log2

Row: TypeAlias = NDArray[np.float32]
Vector: TypeAlias = NDArray[np.float64]
Words: TypeAlias = NDArray[np.uint32]
Counts: TypeAlias = NDArray[np.int64]

# Matsumoto and Nishimura (1998).
_TWISTER_WORDS = 624
_TWISTER_OFFSET = 397
_TWISTER_MATRIX = np.uint32(0x9908B0DF)
_UPPER = np.uint32(0x80000000)
_LOWER = np.uint32(0x7FFFFFFF)
_TEMPER_B = np.uint32(0x9D2C5680)
_TEMPER_C = np.uint32(0xEFC60000)
_WORDS_PER_TRIAL = 4


@compiled_loosely
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


@compiled_loosely
def _temper(words: Words, first: int, tempered: Words, offset: int) -> None:
    """Turn the state's words from one on into random ones."""
    for i in range(_TWISTER_WORDS - first):
        y = words[first + i]
        y ^= y >> np.uint32(11)
        y ^= (y << np.uint32(7)) & _TEMPER_B
        y ^= (y << np.uint32(15)) & _TEMPER_C
        y ^= y >> np.uint32(18)
        tempered[offset + i] = y


@compiled_loosely
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


@compiled_loosely
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


@compiled_loosely
def _scale_pairs(n: int, xs: Vector, ys: Vector, squares: Vector) -> None:
    """Turn points inside the circle into pairs of normal numbers."""
    for k in range(n):
        factor = np.sqrt(max(-2.0 * LN_2 * log2(squares[k]) / squares[k], 0.0))
        xs[k] *= factor
        ys[k] *= factor


@compiled_loosely
def fill_legacy(words: Words, counts: Counts, spare: Vector, row: Row) -> None:
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
