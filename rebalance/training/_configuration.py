"""Configuration files to frozen values: every key must be known, every value of its kind."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded
from rebalance._base.names import suggestion

Settings = TypeVar("Settings")


def read_settings(path: StrPath, kind: type[Settings], overrides: tuple[str, ...] = ()) -> Settings:
    """Read a YAML file into a dataclass.

    Parameters
    ----------
    path
        The file.
    kind
        A dataclass, its fields dataclasses, numbers, texts, paths, tuples or mappings.
    overrides
        ``"train.steps=100"``, as on the command line of a Hydra application.

    Raises
    ------
    ConfigError
        If the file cannot be read, or a key is unknown or a value of the wrong kind.
    """
    path = expanded(path)
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    try:
        merged = OmegaConf.merge(OmegaConf.load(path), OmegaConf.from_dotlist(list(overrides)))
        content = OmegaConf.to_container(merged, resolve=True)
    except (OSError, OmegaConfBaseException, YAMLError, ValueError) as error:
        raise ConfigError(f"{path}: cannot read the settings: {' '.join(str(error).split())}") from error
    return _converted(content, kind, str(path))  # type: ignore[no-any-return]


def read_recipe(folder: StrPath, variant: str, kind: type[Settings], overrides: tuple[str, ...] = ()) -> Settings:
    """Read the settings of a recipe: ``config.yaml``, what a variant of ``variants.yaml`` changes of it, overrides.

    Parameters
    ----------
    folder
        Of the recipe.
    variant
        Its name; ``"default"`` changes nothing.
    kind, overrides
        See `read_settings`.

    Raises
    ------
    ConfigError
        As `read_settings`, or if there is no such variant.
    """
    folder = expanded(folder)
    changes = () if variant == "default" else _variant(folder / "variants.yaml", variant)
    return read_settings(folder / "config.yaml", kind, (*changes, *overrides))


def _variant(path: Path, name: str) -> tuple[str, ...]:
    """Return the overrides a YAML file lists under a name."""
    from yaml import YAMLError, safe_load

    try:
        variants = safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, YAMLError) as error:
        raise ConfigError(f"{path}: cannot read the variants: {' '.join(str(error).split())}") from error
    if not isinstance(variants, Mapping) or not isinstance(variants.get(name), list):
        known = [str(key) for key in variants] if isinstance(variants, Mapping) else []
        raise ConfigError(f"{path}: no variant {name!r}{suggestion(name, known) or f', expected one of {known}'}")
    for override in variants[name]:
        _required(override, isinstance(override, str) and "=" in override, f"{path}: {name}", "texts such as key=value")
    return tuple(variants[name])


def _converted(value: Any, kind: Any, where: str) -> Any:  # noqa: ANN401 - whatever the annotation says
    """Return a value as its annotation wants it."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        return _dataclass(value, kind, where)
    if origin in (types.UnionType, typing.Union):
        return None if value is None else _converted(value, arguments[0], where)
    if origin is typing.Literal:
        return _required(value, value in arguments, where, f"one of {', '.join(map(str, arguments))}")
    if origin is tuple:
        _required(value, isinstance(value, list | tuple), where, "a list")
        kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else arguments
        _required(value, len(kinds) == len(value), where, f"{len(kinds)} values")
        return tuple(
            _converted(item, kind, f"{where}[{i}]") for i, (item, kind) in enumerate(zip(value, kinds, strict=True))
        )
    if origin in (dict, Mapping):
        _required(value, isinstance(value, Mapping), where, "a mapping")
        return {key: _converted(item, arguments[1], f"{where}.{key}") for key, item in value.items()}
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
    hints = typing.get_type_hints(kind)
    for key in value:
        if key not in hints:
            raise ConfigError(f"{where}: unknown key {key!r}; expected {', '.join(hints)}{suggestion(str(key), hints)}")
    needed = {
        field.name
        for field in dataclasses.fields(kind)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    if missing := sorted(needed - set(value)):
        raise ConfigError(f"{where}: missing {', '.join(missing)}")
    return kind(**{key: _converted(item, hints[key], f"{where}: {key}") for key, item in value.items()})


def _required(value: Any, holds: bool, where: str, expected: str) -> Any:  # noqa: ANN401 - any value
    """Return the value if it is what was expected."""
    if not holds:
        raise ConfigError(f"{where}: expected {expected}, got {value!r}")
    return value
