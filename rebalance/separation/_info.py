"""What a separator says of itself beside its estimates."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

from rebalance._base.errors import ConfigError
from rebalance.audio import Shrinkage

_OPTIONAL_NUMBERS: Mapping[str, str] = MappingProxyType({"n_parameters": "a number", "lookahead_ms": "a time in ms"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SeparatorInfo:
    """What is known of a separator; what nobody has said has its default.

    Parameters
    ----------
    shrinkage
        How far the remix should trust the estimates, in [0, 1]: a number, or one for two sources, for three, and so
        on, the last for all beyond; see `rebalance.audio.remix_as_edit`.
    mixture_consistent
        Whether the estimates always sum to the mixture.
    reliability
        Gains made over the gains the estimates promise, as measured, by number of sources from two on, the last for
        all beyond; empty where it was not measured.
    n_parameters
        How many trained numbers it has; None where unknown. A submission has to declare it, and the next two.
    lookahead_ms
        By how much it looks ahead, in ms; infinite where it sees the whole signal, None where unknown.
    external_training_data
        Whether it learnt from data outside the challenge's list, own synthesis included; None where unknown.
    weights
        Sha256 of its weights, so that no run is continued with others; None where unknown.

    Raises
    ------
    ConfigError
        If a value is of another kind or out of its range.

    Examples
    --------
    >>> from rebalance.separation import SeparatorInfo
    >>> info = SeparatorInfo(shrinkage=(0.8, 0.5), lookahead_ms=5.0)
    >>> info.shrinkage, info.lookahead_ms, info.n_parameters is None
    ((0.8, 0.5), 5.0, True)
    >>> SeparatorInfo(shrinkage=1.5)
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: separator: shrinkage: expected numbers from 0 to 1, got 1.5
    """

    shrinkage: Shrinkage = 1.0
    mixture_consistent: bool = False
    reliability: tuple[float, ...] = ()
    n_parameters: int | None = None
    lookahead_ms: float | None = None
    external_training_data: bool | None = None
    weights: str | None = None

    def __post_init__(self) -> None:
        values = self.shrinkage if isinstance(self.shrinkage, tuple | list) else (self.shrinkage,)
        if not values or not all(_is_number(value) and 0.0 <= value <= 1.0 for value in values):
            raise _wrong("shrinkage", "numbers from 0 to 1", self.shrinkage)
        if not isinstance(self.mixture_consistent, bool):
            raise _wrong("mixture_consistent", "True or False", self.mixture_consistent)
        if not all(_is_number(value) and value >= 0.0 for value in self.reliability):
            raise _wrong("reliability", "numbers from 0", self.reliability)
        for name, what in _OPTIONAL_NUMBERS.items():
            value = getattr(self, name)
            if value is not None and not (_is_number(value) and value >= 0):
                raise _wrong(name, f"{what} from 0, or None", value)
        if not isinstance(self.external_training_data, bool | None):
            raise _wrong("external_training_data", "True, False or None", self.external_training_data)

    @property
    def finite_lookahead_ms(self) -> float | None:
        """The look-ahead in ms; None where it sees the whole signal, and where it is unknown."""
        return None if self.lookahead_ms is None or math.isinf(self.lookahead_ms) else self.lookahead_ms


def info_of(separator: object) -> SeparatorInfo:
    """Return what a separator says of itself in its attribute ``info``; the defaults where it has none.

    Raises
    ------
    ConfigError
        If ``info`` is anything else than a `SeparatorInfo`, or what belongs into it stands beside it.

    Examples
    --------
    >>> from rebalance.separation import info_of, load_separator
    >>> info_of(load_separator("mixture")).shrinkage
    0.0
    """
    info = getattr(separator, "info", None)
    if isinstance(info, SeparatorInfo):
        return info
    name = getattr(separator, "name", type(separator).__name__)
    if info is not None:
        raise ConfigError(where=f"separator {name!r}: info", expected="a SeparatorInfo", got=f"a {type(info).__name__}")
    if beside := [field.name for field in fields(SeparatorInfo) if hasattr(separator, field.name)]:
        given = ", ".join(f"{each}=..." for each in beside)
        raise ConfigError(
            where=f"separator {name!r}",
            expected=f"{', '.join(beside)} in info = SeparatorInfo({given})",
            got=f"{('an attribute of its own' if len(beside) == 1 else 'attributes of its own')}",
        )
    return SeparatorInfo()


def _is_number(value: object) -> bool:
    """Tell whether a value is a number and not a truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)


def _wrong(name: str, expected: str, got: object) -> ConfigError:
    """Return the error of a value that cannot be."""
    return ConfigError(where=f"separator: {name}", expected=f"{expected}", got=repr(got))
