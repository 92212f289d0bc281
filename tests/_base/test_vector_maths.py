import numpy as np

from rebalance._base.compiling import compiled_loosely
from rebalance._base.vector_maths import exp2, log2


@compiled_loosely
def _map(function, values, out):
    for i in range(len(values)):
        if function == 0:
            out[i] = log2(values[i])
        else:
            out[i] = exp2(values[i])


def mapped(function, values):
    out = np.empty_like(values)
    _map(function, values, out)
    return out


def test_logarithm_is_exact_to_thirteen_digits():
    values = np.concatenate((10 ** np.linspace(-300, 300, 20_001), np.linspace(0.5, 2.0, 20_001)))
    np.testing.assert_allclose(mapped(0, values), np.log2(values), rtol=1e-13, atol=1e-13)


def test_power_is_exact_to_thirteen_digits():
    values = np.concatenate((np.linspace(-900, 900, 30_001), np.arange(-20, 20) + 0.5))
    np.testing.assert_allclose(mapped(1, values), np.exp2(values), rtol=1e-13)


def test_logarithm_of_zero_is_lower_than_that_of_any_normal_number():
    assert -1100 < mapped(0, np.array([0.0]))[0] <= -1022


def test_logarithm_near_one_is_right_to_fifteen_places():
    values = 1.0 + np.linspace(-1e-9, 1e-9, 2001)
    np.testing.assert_allclose(mapped(0, values), np.log2(values), rtol=0, atol=1e-15)
