"""A listening test read from TEST.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from rebalance._base.configuration import structured
from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded
from rebalance.web.listening_test._listening_plans import IDEAL, Kind, ListeningPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class _PlanFile:
    """The keys of TEST.yaml; the number or list of scenes is looked at by hand."""

    title: str
    kind: Kind
    task: Path
    runs: Mapping[str, Path] = field(default_factory=dict)
    split: str | None = None
    scenes: object = None
    listener: str | None = None
    reference: str = IDEAL
    anchors_hz: tuple[float, ...] | None = None
    seed: int = 0
    loudness_lufs: float = -23.0
    start_s: float = 0.0
    duration_s: float | None = None
    instructions: str = ""
    consent: str = ""


def read_plan(path: StrPath) -> ListeningPlan:
    """Read TEST.yaml; folders in it are relative to it.

    Parameters
    ----------
    path
        A YAML file.

    Raises
    ------
    ConfigError
        If it cannot be read, a key is unknown or missing, or a value is wrong.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.web.listening_test import read_plan
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Path(folder, "test.yaml").open("w") as file:
    ...         lines = ("title: Trios", "kind: preference", "task: data", "runs: {a: exp/a, b: exp/b}")
    ...         print(*lines, sep=chr(10), file=file)
    ...     plan = read_plan(Path(folder, "test.yaml"))
    >>> plan.kind, plan.systems, plan.runs["a"].name
    ('preference', ('a', 'b'), 'a')
    """
    path = expanded(path)
    content = _content(path)
    scenes = _scenes(content.get("scenes"), path) if isinstance(content, dict) else None
    read = structured(content, _PlanFile, str(path))
    beside = path.parent
    values: dict[str, Any] = {name: getattr(read, name) for name in _PlanFile.__slots__}
    values |= {
        "task": beside / read.task.expanduser(),
        "runs": {str(name): beside / folder for name, folder in read.runs.items()},
        "scenes": scenes,
        "reference": read.reference if read.reference == IDEAL else str(beside / expanded(read.reference)),
    }
    try:
        return ListeningPlan(**values)
    except ConfigError as error:
        raise ConfigError(str(error), where=path) from error


def _content(path: Path) -> object:
    """Return what a YAML file holds."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror or error}", where=path) from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise ConfigError(f"not YAML: {' '.join(str(error).split())}", where=path) from error


def _scenes(value: object, path: Path) -> tuple[str, ...] | int | None:
    """Return a number of scenes or their names."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, list) and value and all(isinstance(name, str) for name in value):
        return tuple(dict.fromkeys(value))
    raise ConfigError(where=f"{path}: scenes", expected="a number or a list of names", got=repr(value))
