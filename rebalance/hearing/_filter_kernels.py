"""The compiled loops of the multiband aid, all in one file: numba's cache watches no other for changes.

All bands advance together, one to a lane of the processor's vectors, in blocks of rows
``(n_samples, LANES)`` short enough for its cache. With n crossovers every band is a cascade of n
sections, so that one pass over the block runs the next section of every band. A row is two vectors: the
sections of the upper bands are mostly of order 4 and take half the time. Two loops are written in LLVM's
own terms because numba cannot vectorise a recursion; those that have none it vectorises itself.

Sections run in the direct form (transposed, second) and the order of operations of scipy's ``lfilter``:
the all-pass polynomials of the lowest bands are so ill-conditioned that any other order of operations
differs from pyclarity's bands by more than 1e-9.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from rebalance._base.compiling import compiled, compiled_loosely
from rebalance._base.vector_maths import exp2, log2

Floats: TypeAlias = NDArray[np.float64]

LANES = 8
ORDER = 8
SECTION_ROWS = 2 * ORDER + 1
COMPRESSOR_ROWS = 5

_BLOCK = 128
_SHORT_ORDER = 4
_N_VECTORS = 2
_LANES_PER_VECTOR = LANES // _N_VECTORS

_VECTOR = ir.VectorType(ir.DoubleType(), _LANES_PER_VECTOR)
_UNALIGNED = 8
_NO_REDUCTION = 1e-14

_MAX_EXPONENT = 1000.0


def lane_function(build: Callable[..., Any]) -> Any:  # noqa: ANN401 - numba's intrinsics have no type
    """Make a function for compiled code out of one that builds its LLVM code."""
    return intrinsic(build)


class _Lanes:
    """Reads and writes rows of an array, vector by vector, while LLVM code is being built."""

    def __init__(self, context: Any, builder: Any, array_type: Any, array: Any) -> None:  # noqa: ANN401
        """Point at the first row of a C-contiguous array ``(n_rows, LANES)``."""
        struct = context.make_array(array_type)(context, builder, array)
        self._builder = builder
        self._data = builder.bitcast(struct.data, _VECTOR.as_pointer())
        self.n_rows = builder.extract_value(struct.shape, 0)

    def read(self, row: Any, vector: int) -> Any:  # noqa: ANN401 - a number or an LLVM value
        """Return a vector of a row."""
        return self._builder.load(self._address(row, vector), align=_UNALIGNED)

    def write(self, row: Any, vector: int, value: Any) -> None:  # noqa: ANN401
        """Replace a vector of a row."""
        self._builder.store(value, self._address(row, vector), align=_UNALIGNED)

    def _address(self, row: Any, vector: int) -> Any:  # noqa: ANN401
        index_type = ir.IntType(64)
        index = row if isinstance(row, ir.Value) else ir.Constant(index_type, row)
        place = self._builder.mul(index, ir.Constant(index_type, _N_VECTORS))
        return self._builder.gep(self._data, [self._builder.add(place, ir.Constant(index_type, vector))])


class _Section:
    """One vector's worth of sections of one order, coefficients and state in registers."""

    def __init__(self, builder: Any, coefficients: _Lanes, memory: _Lanes, vector: int, order: int) -> None:  # noqa: ANN401
        """Load coefficients and state before the loop."""
        self._builder, self._memory, self._vector, self._order = builder, memory, vector, order
        self._b = [coefficients.read(k, vector) for k in range(order + 1)]
        self._a = [coefficients.read(ORDER + 1 + k, vector) for k in range(order)]
        self._z = [cgutils.alloca_once_value(builder, memory.read(k, vector)) for k in range(order)]

    def advance(self, signal: _Lanes, row: Any) -> None:  # noqa: ANN401
        """Filter one sample in place."""
        builder = self._builder
        x = signal.read(row, self._vector)
        y = builder.fadd(builder.load(self._z[0]), builder.fmul(self._b[0], x))
        for k in range(self._order):
            fed = builder.fmul(self._b[k + 1], x)
            if k + 1 < self._order:
                fed = builder.fadd(builder.load(self._z[k + 1]), fed)
            builder.store(builder.fsub(fed, builder.fmul(self._a[k], y)), self._z[k])
        signal.write(row, self._vector, y)

    def store(self) -> None:
        """Keep the state for the next block."""
        for k in range(self._order):
            self._memory.write(k, self._vector, self._builder.load(self._z[k]))


def _sections_of_orders(*orders: int) -> Any:  # noqa: ANN401 - numba's intrinsics have no type
    """Make the function ``(rows, section, state)`` that filters in place, sections of one order per vector."""

    @lane_function
    def run(typing_context: Any, rows: Any, section: Any, state: Any) -> Any:  # noqa: ANN401, ARG001
        def build(context: Any, builder: Any, signature: Any, arrays: Any) -> Any:  # noqa: ANN401
            signal, coefficients, memory = _lanes(context, builder, signature, arrays)
            vectors = [_Section(builder, coefficients, memory, *item) for item in enumerate(orders)]
            with cgutils.for_range(builder, signal.n_rows) as loop:
                for vector in vectors:
                    vector.advance(signal, loop.index)
            for vector in vectors:
                vector.store()
            return context.get_dummy_value()

        return types.void(rows, section, state), build

    return run


def _lanes(context: Any, builder: Any, signature: Any, arrays: Any) -> list[_Lanes]:  # noqa: ANN401
    """Return the arrays a function was called with as lanes."""
    return [_Lanes(context, builder, *pair) for pair in zip(signature.args, arrays, strict=True)]


_run_short_sections = _sections_of_orders(_SHORT_ORDER, _SHORT_ORDER)
_run_mixed_sections = _sections_of_orders(ORDER, _SHORT_ORDER)
_run_long_sections = _sections_of_orders(ORDER, ORDER)


@lane_function
def _smooth(typing_context: Any, rows: Any, compressors: Any, state: Any) -> Any:  # noqa: ANN401, ARG001
    """Replace levels by gains, both as powers of 2: knee, ratio, attack and release, make-up gain."""

    def build(context: Any, builder: Any, signature: Any, arrays: Any) -> Any:  # noqa: ANN401
        levels, settings, memory = _lanes(context, builder, signature, arrays)
        reductions = [cgutils.alloca_once_value(builder, memory.read(0, vector)) for vector in range(_N_VECTORS)]
        rows_of = [[settings.read(k, vector) for k in range(COMPRESSOR_ROWS)] for vector in range(_N_VECTORS)]
        with cgutils.for_range(builder, levels.n_rows) as loop:
            for vector, (reduction, own) in enumerate(zip(reductions, rows_of, strict=True)):
                gain = _smoothed_gain(builder, levels.read(loop.index, vector), reduction, *own)
                levels.write(loop.index, vector, gain)
        for vector, reduction in enumerate(reductions):
            memory.write(0, vector, builder.load(reduction))
        return context.get_dummy_value()

    return types.void(rows, compressors, state), build


def _smoothed_gain(
    builder: Any,  # noqa: ANN401
    level: Any,  # noqa: ANN401
    reduction: Any,  # noqa: ANN401
    threshold: Any,  # noqa: ANN401
    slope: Any,  # noqa: ANN401
    attack: Any,  # noqa: ANN401
    release: Any,  # noqa: ANN401
    gain: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Move the gain reduction of one vector by one sample and return the gain it leaves."""
    zero, one = (ir.Constant(_VECTOR, [value] * _LANES_PER_VECTOR) for value in (0.0, 1.0))
    excess = builder.fsub(level, threshold)
    wanted = builder.fmul(builder.select(builder.fcmp_ordered(">", excess, zero), excess, zero), slope)
    before = builder.load(reduction)
    attacked, released = (
        builder.fadd(builder.fmul(keep, before), builder.fmul(builder.fsub(one, keep), wanted))
        for keep in (attack, release)
    )
    after = builder.select(builder.fcmp_ordered(">", wanted, before), attacked, released)
    builder.store(after, reduction)
    return builder.fsub(gain, after)


@compiled
def split_into_bands(signal: Floats, sections: Floats) -> Floats:
    """Split a signal ``(n_samples,)`` by ``(n_sections, SECTION_ROWS, LANES)`` into ``(LANES, n_samples)``."""
    states = np.zeros((len(sections), ORDER, LANES))
    bands = np.empty((LANES, len(signal)))
    for start in range(0, len(signal), _BLOCK):
        stretch = signal[start : start + _BLOCK]
        rows = np.empty((len(stretch), LANES))
        _split(stretch, sections, states, rows)
        for i in range(len(stretch)):
            for lane in range(LANES):
                bands[lane, start + i] = rows[i, lane]
    return bands


@compiled
def compress_in_bands(signal: Floats, sections: Floats, compressors: Floats) -> Floats:
    """Compress a signal ``(n_samples,)`` in bands and return their sum, of the same shape.

    The rows of `compressors`, ``(COMPRESSOR_ROWS, LANES)``, are threshold, ``1 - 1 / ratio``, coefficients
    of the smoother for attack and release, and gain; threshold and gain as powers of 2.
    """
    states = np.zeros((len(sections), ORDER, LANES))
    reductions = np.zeros((1, LANES))
    rows = np.empty((_BLOCK, LANES))
    gains = np.empty((_BLOCK, LANES))
    knee = 2.0 ** compressors[0].min()
    resting_gains = np.empty((_BLOCK, LANES))
    resting_gains[:] = compressors[COMPRESSOR_ROWS - 1]
    _raise_2(resting_gains.ravel())
    output = np.empty(len(signal))
    for start in range(0, len(signal), _BLOCK):
        stretch = signal[start : start + _BLOCK]
        n = len(stretch)
        _split(stretch, sections, states, rows[:n])
        if reductions.max() < _NO_REDUCTION and not _count_reaching(rows[:n].ravel(), knee):
            reductions[:] = 0.0
            _sum_lanes(rows[:n], resting_gains[:n], output[start : start + n])
            continue
        _write_levels(rows[:n].ravel(), gains[:n].ravel())
        _smooth(gains[:n], compressors, reductions)
        _raise_2(gains[:n].ravel())
        _sum_lanes(rows[:n], gains[:n], output[start : start + n])
    return output


@compiled
def _split(stretch: Floats, sections: Floats, states: Floats, rows: Floats) -> None:
    """Write the bands of a stretch ``(n_samples,)`` into rows ``(n_samples, LANES)``."""
    for i in range(len(stretch)):
        for lane in range(LANES):
            rows[i, lane] = stretch[i]
    for k in range(len(sections)):
        beyond_short = sections[k, _SHORT_ORDER + 1 : ORDER + 1]
        if not beyond_short.any():
            _run_short_sections(rows, sections[k], states[k])
        elif not beyond_short[:, _LANES_PER_VECTOR:].any():
            _run_mixed_sections(rows, sections[k], states[k])
        else:
            _run_long_sections(rows, sections[k], states[k])


@compiled_loosely
def _count_reaching(samples: Floats, magnitude: float) -> int:
    """Return how many samples have a magnitude or more."""
    count = 0
    for i in range(len(samples)):
        count += int(abs(samples[i]) >= magnitude)
    return count


@compiled_loosely
def _write_levels(samples: Floats, levels: Floats) -> None:
    """Write the level of every sample as a power of 2; a level of silence is far below all others."""
    for i in range(len(samples)):
        levels[i] = log2(abs(samples[i]))


@compiled_loosely
def _raise_2(powers: Floats) -> None:
    """Put 2 to the power of every value in its place."""
    for i in range(len(powers)):
        powers[i] = exp2(min(max(powers[i], -_MAX_EXPONENT), _MAX_EXPONENT))


@compiled_loosely
def _sum_lanes(rows: Floats, gains: Floats, sums: Floats) -> None:
    """Write the sum over the lanes, each times its gain, ``(n_samples,)``."""
    for i in range(len(sums)):
        total = 0.0
        for lane in range(LANES):
            total += rows[i, lane] * gains[i, lane]
        sums[i] = total
