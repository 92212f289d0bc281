"""Small YAML files of corpora, read without running anything in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rebalance._base.errors import MetadataError

_MAX_METADATA_BYTES = 1 << 20


def read_stem_metadata(path: Path) -> Mapping[str, Mapping[str, Any]]:
    """Return the entries under ``stems`` of a track's metadata, by name, in the order of their names.

    Raises
    ------
    MetadataError
        If the file cannot be read, is too large, or has no such entries.
    """
    entries = _document(path).get("stems")
    if not isinstance(entries, Mapping) or not all(isinstance(entry, Mapping) for entry in entries.values()):
        raise MetadataError(where=path, expected="an object 'stems'", got=f"{type(entries).__name__}")
    return {str(name): entry for name, entry in sorted(entries.items())}


def _document(path: Path) -> Mapping[str, Any]:
    """Read a YAML file that holds an object."""
    import yaml

    try:
        if path.stat().st_size > _MAX_METADATA_BYTES:
            raise MetadataError(
                where=path, expected=f"at most {_MAX_METADATA_BYTES} bytes", got=f"{path.stat().st_size}"
            )
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise MetadataError(f"cannot read the metadata: {' '.join(str(error).split())}", where=path) from error
    if not isinstance(document, Mapping):
        raise MetadataError(where=path, expected="an object", got=f"{type(document).__name__}")
    return document
