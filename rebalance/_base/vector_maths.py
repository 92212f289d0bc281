"""Logarithm and power that the compiler can run on several numbers at once, accurate to 1e-13.

numba's own call the C library once for each number; its packages on PyPI come without the patch that lets loops call
vector functions (SVML), whether that library is there or not. A logarithm takes 4 times as long so, a power 2 times
(``python benchmarks/vector_maths.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from rebalance._base.compiling import compiled_inline

_MANTISSA_BITS = 0x000FFFFFFFFFFFFF
_ONE_BITS = 0x3FF0000000000000
_SQRT2 = 1.4142135623730951
# 2 / ln 2 / (2 k + 1): log2 as 1/2 and the odd series of (m - r) / (m + r), r the root of 2; here below 0.172.
_L0 = 2.8853900817779268
_L1, _L2, _L3, _L4 = _L0 / 3, _L0 / 5, _L0 / 7, _L0 / 9
_L5, _L6, _L7, _L8 = _L0 / 11, _L0 / 13, _L0 / 15, _L0 / 17
# ln(2)^k / k!: the series of 2^f for f in [-1/2, 1/2].
LN_2 = 0.6931471805599453
_E1 = LN_2
_E2 = _E1 * LN_2 / 2
_E3 = _E2 * LN_2 / 3
_E4 = _E3 * LN_2 / 4
_E5 = _E4 * LN_2 / 5
_E6 = _E5 * LN_2 / 6
_E7 = _E6 * LN_2 / 7
_E8 = _E7 * LN_2 / 8
_E9 = _E8 * LN_2 / 9
_E10 = _E9 * LN_2 / 10
_E11 = _E10 * LN_2 / 11


def _reinterpret_double(typing_context: Any, value: Any) -> Any:  # noqa: ANN401, ARG001 (numba's protocol is untyped)
    """Type and generate the conversion of a double to the integer of the same bits."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401, ARG001
        return builder.bitcast(arguments[0], ir.IntType(64))

    return types.int64(types.float64), generate


def _reinterpret_bits(typing_context: Any, bits: Any) -> Any:  # noqa: ANN401, ARG001 (numba's protocol is untyped)
    """Type and generate the conversion of an integer to the double of the same bits."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401, ARG001
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.int64), generate


_bits_of: Callable[[float], int] = intrinsic(_reinterpret_double)
_double_of: Callable[[int], float] = intrinsic(_reinterpret_bits)


@compiled_inline
def log2(value: float) -> float:
    """Return the binary logarithm of a positive normal number."""
    bits = _bits_of(value)
    exponent = float((bits >> 52) - 1023)
    mantissa = _double_of((bits & _MANTISSA_BITS) | _ONE_BITS)
    s = (mantissa - _SQRT2) / (mantissa + _SQRT2)
    z = s * s
    series = _L5 + z * (_L6 + z * (_L7 + z * _L8))
    series = _L0 + z * (_L1 + z * (_L2 + z * (_L3 + z * (_L4 + z * series))))
    return exponent + 0.5 + s * series


@compiled_inline
def exp2(value: float) -> float:
    """Return two to a power between -1000 and 1000."""
    whole = float(np.floor(value + 0.5))
    f = value - whole
    series = _E6 + f * (_E7 + f * (_E8 + f * (_E9 + f * (_E10 + f * _E11))))
    series = 1.0 + f * (_E1 + f * (_E2 + f * (_E3 + f * (_E4 + f * (_E5 + f * series)))))
    return series * _double_of((int(whole) + 1023) << 52)
