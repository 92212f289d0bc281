"""From what JSON, YAML or a header holds to frozen values: every key must be known, every value of its kind.

Of the libraries that do this, cattrs turns texts into numbers, and msgspec and pydantic pass over unknown keys of plain
dataclasses; here a misspelt key or a number in quotes is an error with its place.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from rebalance._base.errors import ConfigError
from rebalance._base.names import suggestion

Value = TypeVar("Value")


def structured(content: object, kind: type[Value], where: str) -> Value:
    """Return plain content as a dataclass.

    Parameters
    ----------
    content
        Mappings, lists, texts, numbers, truth values and None.
    kind
        A dataclass, its fields dataclasses, numbers, texts, paths, tuples or mappings.
    where
        What the content came from, for the message.

    Raises
    ------
    ConfigError
        If a key is unknown or missing, or a value of the wrong kind.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from rebalance._base.configuration import structured
    >>> @dataclass(frozen=True)
    ... class Gains:
    ...     gains_db: tuple[float, ...]
    >>> structured({"gains_db": [3, -3]}, Gains, "here")
    Gains(gains_db=(3.0, -3.0))
    """
    return _structured(content, kind, where)  # type: ignore[no-any-return]


def _structured(value: Any, kind: Any, where: str) -> Any:  # noqa: ANN401 - whatever the annotation says
    """Return a value as its annotation wants it."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        return _dataclass(value, kind, where)
    if origin in (types.UnionType, typing.Union):
        return None if value is None else _structured(value, arguments[0], where)
    if origin is typing.Literal:
        return _required(value, value in arguments, where, f"one of {', '.join(map(str, arguments))}")
    if origin is tuple:
        _required(value, isinstance(value, list | tuple), where, "a list")
        kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else arguments
        _required(value, len(kinds) == len(value), where, f"{len(kinds)} values")
        return tuple(
            _structured(item, kind, f"{where}[{i}]") for i, (item, kind) in enumerate(zip(value, kinds, strict=True))
        )
    if origin in (dict, Mapping):
        _required(value, isinstance(value, Mapping), where, "a mapping")
        return {key: _structured(item, arguments[1], f"{where}.{key}") for key, item in value.items()}
    if kind is Path:
        return Path(_required(value, isinstance(value, str | Path), where, "a path")).expanduser()
    if kind is float:
        return float(
            _required(value, isinstance(value, int | float) and not isinstance(value, bool), where, "a number")
        )
    is_flag = isinstance(value, bool)
    return _required(value, isinstance(value, kind) and (kind is bool or not is_flag), where, kind.__name__)


def _dataclass(value: Any, kind: Any, where: str) -> Any:  # noqa: ANN401 - whatever the annotation says
    """Return a mapping as a dataclass."""
    _required(value, isinstance(value, Mapping), where, "a mapping")
    hints, needed = _fields(kind)
    for key in value:
        if key not in hints:
            raise ConfigError(
                f"unknown key {key!r}; expected {', '.join(hints)}", where=where, more=suggestion(str(key), hints)
            )
    if missing := sorted(needed - set(value)):
        raise ConfigError(f"missing {', '.join(missing)}", where=where)
    return kind(**{key: _structured(item, hints[key], f"{where}: {key}") for key, item in value.items()})


@functools.cache
def _fields(kind: Any) -> tuple[Mapping[str, Any], frozenset[str]]:  # noqa: ANN401 - whatever the annotation says
    """Return the annotations of a dataclass, and which fields have no default."""
    needed = {
        field.name
        for field in dataclasses.fields(kind)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    return typing.get_type_hints(kind), frozenset(needed)


def _required(value: Any, holds: bool, where: str, expected: str) -> Any:  # noqa: ANN401 - any value
    """Return the value if it is what was expected."""
    if not holds:
        raise ConfigError(where=where, expected=f"{expected}", got=repr(value))
    return value
