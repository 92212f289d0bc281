"""Configuration files to frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from rebalance._base.configuration import structured
from rebalance._base.errors import ConfigError
from rebalance._base.extras import optional_packages
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

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.training import TargetExperiment, read_settings
    >>> config = Path("recipes/convtasnet/config.yaml")
    >>> read_settings(config, TargetExperiment, ("network.causal=true",)).network.causal
    True
    >>> read_settings(config, TargetExperiment, ("network.depth=9",))
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: recipes/convtasnet/config.yaml: network: unknown key 'depth'; ...
    """
    path = expanded(path)
    with optional_packages():
        from omegaconf import OmegaConf
        from omegaconf.errors import OmegaConfBaseException
        from yaml import YAMLError

    try:
        merged = OmegaConf.merge(OmegaConf.load(path), OmegaConf.from_dotlist(list(overrides)))
        content = OmegaConf.to_container(merged, resolve=True)
    except (OSError, OmegaConfBaseException, YAMLError, ValueError) as error:
        raise ConfigError(f"cannot read the settings: {' '.join(str(error).split())}", where=path) from error
    return structured(content, kind, str(path))


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

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.training import Experiment, read_recipe
    >>> experiment = read_recipe(Path("recipes/default"), "default", Experiment, ("train.steps=100",))
    >>> experiment.train.steps, experiment.mixing.batch_size, experiment.network.family
    (100, 3, 'u-net')
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
        raise ConfigError(f"cannot read the variants: {' '.join(str(error).split())}", where=path) from error
    if not isinstance(variants, Mapping) or not isinstance(variants.get(name), list):
        known = [str(key) for key in variants] if isinstance(variants, Mapping) else []
        raise ConfigError(f"no variant {name!r}{suggestion(name, known) or f', expected one of {known}'}", where=path)
    for override in variants[name]:
        if not isinstance(override, str) or "=" not in override:
            raise ConfigError(where=f"{path}: {name}", expected="texts such as key=value", got=repr(override))
    return tuple(variants[name])
