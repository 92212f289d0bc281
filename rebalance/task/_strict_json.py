"""Reading JSON strictly: what Python's reader lets pass (duplicate keys, NaN) is refused with its place in the file.

Python's own reader marks what it is given and cannot be used, and a walk over the value tells the key path of the
first mark. msgspec (0.22) reads three times as fast but keeps the last of two equal keys and control characters
silently, and names a byte, no key, for NaN.
"""

from __future__ import annotations

import json
import logging
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from rebalance._base.errors import MetadataError
from rebalance._base.files import StrPath, expanded

JsonValue: TypeAlias = "dict[str, JsonValue] | list[JsonValue] | str | int | float | bool | None"
KeyPath: TypeAlias = tuple[str | int, ...]

_LOG = logging.getLogger(__name__)
_MAX_DEPTH = 16
_NESTING = f"at most {_MAX_DEPTH} levels of nesting"
_UNUSABLE_TEXT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_PLAIN_KEY = re.compile(r"[^.\[\]\s]+")


class JsonError(MetadataError):
    """A file that is not strict JSON.

    Parameters
    ----------
    file
        The file.
    key
        Where in the document: as `key_text` writes it, or the line and column of what is no JSON.
    expected, got
        What should stand there and what does.
    """

    def __init__(self, *, file: Path, key: str, expected: str, got: str) -> None:
        if key:
            super().__init__(where=f"{file}: {key}", expected=expected, got=got)
        else:
            super().__init__(got, where=file)
        self.file = file
        self.key = key
        self.expected = expected
        self.got = got


def read_json(path: StrPath) -> JsonValue:
    """Read a JSON file, refusing what is ambiguous or cannot be computed with.

    Refused are duplicate keys, NaN, infinities and numbers beyond double precision, text that is not
    UTF-8 (a byte order mark is skipped), control characters and unpaired surrogates in text, and
    nesting deeper than 16 levels.

    Raises
    ------
    JsonError
        With the place of the first fault; a `MetadataError`.

    Examples
    --------
    >>> from rebalance.assets import demo_folder
    >>> from rebalance.task import read_json
    >>> sorted(read_json(demo_folder() / "metadata/scenes.valid.json"))
    ['S50001', 'S50002', 'S50003', 'S50004']
    """
    path = expanded(path)
    text = _read_text(path)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_marked_where_repeated,
            parse_constant=_Unusable,
            parse_float=_finite_float,
            parse_int=_int_within_double,
        )
    except json.JSONDecodeError as error:
        raise _syntax_fault(path, text, error) from None
    except RecursionError:
        raise JsonError(file=path, key="the document", expected=_NESTING, got="deeper ones") from None
    if fault := _first_fault(value, ()):
        key = key_text(fault.path) or "the document"
        raise JsonError(file=path, key=key, expected=fault.expected, got=fault.got)
    usable: JsonValue = value
    return usable


def key_text(path: KeyPath) -> str:
    """Write a key path for a reader: ``L0001.audiogram_levels_l[2]``."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        elif key.isprintable() and _PLAIN_KEY.fullmatch(key):
            text += f".{key}" if text else key
        else:
            text += f"[{key!r}]"
    return text


@dataclass(frozen=True, slots=True)
class _Unusable:
    """A number as written that is none to compute with."""

    text: str


class _Repeated(dict[str, object]):
    """An object that had a key twice."""

    twice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fault:
    """What the grammar allows and this reader refuses, and where it stands."""

    path: KeyPath
    expected: str
    got: str


def _read_text(path: Path) -> str:
    _LOG.debug("%s: reading", path)
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise JsonError(file=path, key="", expected="a JSON file", got="no such file") from None
    except UnicodeDecodeError as error:
        place = f"byte {error.start}"
        raise JsonError(
            file=path, key=place, expected="UTF-8 text", got=f"byte 0x{error.object[error.start]:02x}"
        ) from None
    except OSError as error:
        reason = f"cannot read: {error.strerror or error}"
        raise JsonError(file=path, key="", expected="a readable JSON file", got=reason) from error
    except ValueError:
        raise JsonError(file=path, key="", expected="a file name", got="a name that no file can have") from None


def _marked_where_repeated(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Make an object, marked where a key comes twice."""
    entries = dict(pairs)
    if len(entries) == len(pairs):
        return entries
    marked = _Repeated(entries)
    names = [name for name, _ in pairs]
    marked.twice = next(name for number, name in enumerate(names) if name in names[:number])
    return marked


def _finite_float(text: str) -> float | _Unusable:
    number = float(text)
    return number if math.isfinite(number) else _Unusable(text)


def _int_within_double(text: str) -> int | _Unusable:
    number = _finite_float(text)
    return number if isinstance(number, _Unusable) else int(text)


def _first_fault(value: object, path: KeyPath) -> _Fault | None:
    """Return the first thing in a value that cannot be used."""
    match value:
        case dict() | list() if len(path) >= _MAX_DEPTH:
            return _Fault(path=path, expected=_NESTING, got="deeper ones")
        case _Repeated():
            name = json.dumps(value.twice)
            return _Fault(path=(*path, value.twice), expected="every key once", got=f"the key {name} twice")
        case dict():
            return next(filter(None, (_entry_fault(key, child, path) for key, child in value.items())), None)
        case list():
            return next(filter(None, (_first_fault(child, (*path, at)) for at, child in enumerate(value))), None)
        case _Unusable():
            return _Fault(path=path, expected="a finite number", got=_shortened(value.text))
        case str():
            return _text_fault(value, path)
    return None


def _entry_fault(key: str, value: object, path: KeyPath) -> _Fault | None:
    """Return the first fault of an object's entry, its name before its value."""
    return _text_fault(key, (*path, key)) or _first_fault(value, (*path, key))


def _text_fault(text: str, path: KeyPath) -> _Fault | None:
    """Refuse unpaired surrogates and control characters."""
    if not _UNUSABLE_TEXT.search(text):
        return None
    wanted = "text without control characters and unpaired surrogates"
    return _Fault(path=path, expected=wanted, got=_shortened(json.dumps(text)))


def _syntax_fault(path: Path, text: str, error: json.JSONDecodeError) -> JsonError:
    """Describe what the grammar does not allow."""
    if not text.strip():
        return JsonError(file=path, key="line 1", expected="a JSON object", got="an empty file")
    truncated = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
    got = "the end of the file (truncated?)" if truncated else repr(text[error.pos : error.pos + 12])
    place = f"line {error.lineno}, column {error.colno}"
    return JsonError(file=path, key=place, expected=f"valid JSON ({error.msg})", got=got)


def _shortened(text: str) -> str:
    return text if len(text) <= 24 else f"{text[:20]}..."
