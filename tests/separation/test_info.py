"""What a separator says of itself."""

import math

import pytest

from rebalance._base.errors import ConfigError
from rebalance.separation import Oracle, Separator, SeparatorInfo, info_of, informed, load_separator


class Plain:
    """All that a separator has to have."""

    name, sample_rate = "plain", 44_100

    def __call__(self, mixture, instruments):
        return dict.fromkeys(instruments, mixture)


def test_name_rate_and_call_make_a_separator() -> None:
    assert isinstance(Plain(), Separator)
    assert not isinstance(Plain(), Oracle)
    assert info_of(Plain()) == SeparatorInfo()


@pytest.mark.parametrize("name", ["oracle", "ideal-ratio-mask", "ideal-binary-mask"])
def test_upper_bounds_are_oracles(name: str) -> None:
    assert isinstance(load_separator(name), Oracle)


def test_only_an_oracle_is_told_the_sources() -> None:
    plain = Plain()
    assert informed(plain, {}) is plain
    assert informed(load_separator("oracle"), {"Cello": None}).sources == {"Cello": None}


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("shrinkage", 1.5, "shrinkage: expected numbers from 0 to 1, got 1.5"),
        ("shrinkage", (), "numbers from 0 to 1"),
        ("shrinkage", (0.5, math.nan), "numbers from 0 to 1"),
        ("shrinkage", "0.5", "numbers from 0 to 1"),
        ("mixture_consistent", "yes", "True or False, got 'yes'"),
        ("reliability", (-0.1,), "numbers from 0"),
        ("n_parameters", -1, "a number from 0, or None"),
        ("lookahead_ms", math.nan, "a time in ms from 0, or None"),
        ("external_training_data", 1, "True, False or None"),
    ],
)
def test_a_value_that_cannot_be_is_refused(field: str, value: object, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        SeparatorInfo(**{field: value})


@pytest.mark.parametrize(("lookahead_ms", "finite"), [(None, None), (math.inf, None), (0.0, 0.0), (5.0, 5.0)])
def test_a_look_ahead_without_end_is_not_declared(lookahead_ms: float | None, finite: float | None) -> None:
    assert SeparatorInfo(lookahead_ms=lookahead_ms).finite_lookahead_ms == finite


@pytest.mark.parametrize("field", ["shrinkage", "mixture_consistent", "weights"])
def test_what_stands_beside_the_info_is_refused_and_not_passed_over(field: str) -> None:
    separator = Plain()
    setattr(separator, field, 0.5)
    with pytest.raises(ConfigError, match=rf"'plain': expected {field} in info = SeparatorInfo\({field}=\.\.\.\)"):
        info_of(separator)
