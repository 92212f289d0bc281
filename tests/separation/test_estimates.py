"""Estimates are looked up by name, and what is not an estimate is refused in one line."""

import numpy as np
import pytest

from rebalance._base.errors import AudioError, ConfigError, RebalanceError
from rebalance.separation import checked_estimates

NAMES = ("Violin_1", "Violin_2", "Cello")
SHAPE = (2, 50)


def made(**changes):
    signals = {name: np.full(SHAPE, number, dtype=np.float32) for number, name in enumerate(NAMES)}
    return {name: signal for name, signal in {**signals, **changes}.items() if signal is not None}


def test_another_order_gives_the_same_estimates_in_the_order_asked_for():
    found = checked_estimates(dict(sorted(made().items())), NAMES, SHAPE)
    assert tuple(found) == NAMES
    assert [signal[0, 0] for signal in found.values()] == [0, 1, 2]


def test_tensors_and_lists_become_arrays_in_single_precision():
    torch = pytest.importorskip("torch")
    tensors = {
        "Violin_1": torch.zeros(SHAPE, requires_grad=True),
        "Violin_2": torch.ones(SHAPE, dtype=torch.bfloat16),
        "Cello": np.full(SHAPE, 2.0).tolist(),
    }
    for (name, signal), expected in zip(checked_estimates(tensors, NAMES, SHAPE).items(), made().values(), strict=True):
        assert isinstance(signal, np.ndarray), name
        assert signal.dtype == np.float32
        np.testing.assert_array_equal(signal, expected)


@pytest.mark.parametrize(
    ("estimates", "error", "said"),
    [
        (list(made().values()), ConfigError, "got a list"),
        (np.zeros((3, *SHAPE)), ConfigError, "got a ndarray"),
        (None, ConfigError, "got a NoneType"),
        (made(Cello=None), ConfigError, "missing ['Cello'], superfluous []"),
        (made(Viola=np.zeros(SHAPE)), ConfigError, "missing [], superfluous ['Viola']"),
        ({**made(Cello=None), "cello": np.zeros(SHAPE)}, ConfigError, "did you mean 'Cello'?"),
        ({**made(Cello=None), 3: np.zeros(SHAPE)}, ConfigError, "superfluous [3]"),
        (made(Cello=np.zeros((2, 49))), AudioError, "'Cello': expected the mixture's shape (2, 50), got (2, 49)"),
        (made(Cello=np.zeros((50, 2))), AudioError, "got (50, 2)"),
        (made(Cello=np.zeros(50)), AudioError, "got (50,)"),
        (made(Cello=np.full(SHAPE, np.nan)), AudioError, "found NaN or infinity"),
        (made(Cello=np.full(SHAPE, 1e300)), AudioError, "found NaN or infinity"),
        (made(Cello=np.zeros(SHAPE, dtype=np.int16)), AudioError, "got int16"),
        (made(Cello=np.zeros(SHAPE, dtype=complex)), AudioError, "got complex128"),
        (made(Cello=[[0.0], [0.0, 1.0]]), AudioError, "got a list"),
        (made(Cello="loud"), AudioError, "got a str"),
        ({**made(), "Cello": None}, AudioError, "'Cello'"),
    ],
)
def test_what_is_not_one_finite_signal_for_every_source_is_refused(estimates, error, said):
    with pytest.raises(error) as raised:
        checked_estimates(estimates, NAMES, SHAPE)
    assert said in str(raised.value)
    assert isinstance(raised.value, RebalanceError)
    assert "\n" not in str(raised.value)


def test_nothing_is_written_to():
    before = made()
    checked_estimates(before, NAMES, SHAPE)
    for name, signal in made().items():
        np.testing.assert_array_equal(before[name], signal)
