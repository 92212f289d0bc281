"""Where the library finds its data: weights, the embedded task and the schemas.

In a checkout they lie under ``baseline/weights`` and ``metadata``; in an installed copy under ``rebalance/_data``.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

__all__ = ["demo_folder", "schema_folder", "weights_folder"]


def weights_folder() -> Path:
    """Return the folder of the weights that ship.

    Examples
    --------
    >>> from rebalance.assets import weights_folder
    >>> (weights_folder() / "default.safetensors").is_file()
    True
    """
    return _folder("weights", "baseline")


def demo_folder() -> Path:
    """Return the folder of the embedded task.

    Examples
    --------
    >>> from rebalance.assets import demo_folder
    >>> sorted(path.name for path in demo_folder().iterdir() if path.is_dir())
    ['audio', 'metadata']
    """
    return _folder("demo", "metadata")


def schema_folder() -> Path:
    """Return the folder of the JSON Schemas.

    Examples
    --------
    >>> from rebalance.assets import schema_folder
    >>> (schema_folder() / "gains.schema.json").is_file()
    True
    """
    return _folder("schema", "metadata")


def _folder(name: str, place: str) -> Path:
    """Return a folder of an installed copy, or of the checkout this module lies in."""
    package = Path(str(resources.files("rebalance")))
    installed = package / "_data" / name
    return installed if installed.is_dir() else package.parent / place / name
