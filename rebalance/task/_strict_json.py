"""Reading JSON strictly: what Python's reader lets pass (duplicate keys, NaN) is refused with its place in the file.

json.loads takes duplicate keys, NaN and numbers out of range; msgspec refuses the last two, but lets the last of
duplicate keys win in silence and names bytes, not keys and lines. So the places are found here.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from rebalance._base.errors import MetadataError
from rebalance._base.files import StrPath, expanded

JsonValue: TypeAlias = "dict[str, JsonValue] | list[JsonValue] | str | int | float | bool | None"
KeyPath: TypeAlias = tuple[str | int, ...]

_MAX_DEPTH = 16
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', flags=re.DOTALL)
_UNUSABLE_TEXT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_PLAIN_KEY = re.compile(r"[^.\[\]\s]+")


class JsonError(MetadataError):
    """A file that is not strict JSON.

    Parameters
    ----------
    file
        The file.
    key
        Where in the document, as `key_text` writes it, and the line and column.
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
        value: JsonValue = json.loads(
            text,
            object_pairs_hook=_object_without_duplicates,
            parse_constant=_refuse,
            parse_float=_finite_float,
            parse_int=_int_within_double,
        )
        _refuse_unusable(value)
    except json.JSONDecodeError as error:
        raise _syntax_fault(path, text, error) from None
    except (_RefusedError, RecursionError):
        raise _semantic_fault(path, text) from None
    return value


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


class _RefusedError(Exception):
    """Raised while parsing; the place is found afterwards."""


@dataclass(slots=True)
class _Container:
    """An object or array being read: which key it is at, and which keys it has had."""

    is_object: bool
    key: str | int | None
    at_key: bool
    seen: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    """A piece of JSON text, where it begins and which key it belongs to."""

    text: str
    position: int
    path: KeyPath
    is_duplicate: bool = False


def _read_text(path: Path) -> str:
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


def _object_without_duplicates(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    entries = dict(pairs)
    if len(entries) != len(pairs):
        raise _RefusedError
    return entries


def _refuse(_: str) -> None:
    raise _RefusedError


def _finite_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _RefusedError
    return number


def _int_within_double(text: str) -> int:
    _finite_float(text)
    return int(text)


def _refuse_unusable(value: JsonValue) -> None:
    """Refuse unpaired surrogates, control characters and deep nesting, without recursion."""
    level = [value]
    for _ in range(_MAX_DEPTH + 1):
        if not level:
            return
        for text in (entry for entry in level if isinstance(entry, str)):
            _refuse_unusable_text(text)
        for text in (key for entry in level if isinstance(entry, dict) for key in entry):
            _refuse_unusable_text(text)
        level = [child for entry in level for child in _children(entry)]
    raise _RefusedError


def _children(value: JsonValue) -> Iterator[JsonValue]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _refuse_unusable_text(text: str) -> None:
    if _UNUSABLE_TEXT.search(text):
        raise _RefusedError


def _syntax_fault(path: Path, text: str, error: json.JSONDecodeError) -> JsonError:
    """Describe what the grammar does not allow."""
    key: KeyPath = ()
    for token in _tokens(text):
        if token.position > error.pos:
            break
        key = token.path
    if not text.strip():
        return JsonError(file=path, key="line 1", expected="a JSON object", got="an empty file")
    truncated = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
    got = "the end of the file (truncated?)" if truncated else repr(text[error.pos : error.pos + 12])
    return JsonError(file=path, key=_place(text, error.pos, key), expected=f"valid JSON ({error.msg})", got=got)


def _semantic_fault(path: Path, text: str) -> JsonError:
    """Find what the parser refused although the grammar allows it."""
    for token in _tokens(text):
        if reason := _reason_to_refuse(token):
            expected, got = reason
            return JsonError(file=path, key=_place(text, token.position, token.path), expected=expected, got=got)
    return JsonError(file=path, key="", expected="strict JSON", got="it cannot be read as strict JSON")


def _reason_to_refuse(token: _Token) -> tuple[str, str] | None:
    """Return what is expected in place of a token and what it is, None if nothing is wrong with it."""
    if token.is_duplicate:
        return "every key once", f"the key {token.text} twice"
    if len(token.path) > _MAX_DEPTH:
        return f"at most {_MAX_DEPTH} levels of nesting", "deeper ones"
    if token.text in ("NaN", "Infinity", "-Infinity"):
        return "a finite number", token.text
    try:
        if token.text[0] in "-0123456789":
            _finite_float(token.text)
        if token.text[0] == '"':
            _refuse_unusable_text(json.loads(token.text, strict=False))
    except _RefusedError:
        expected = (
            "text without control characters and unpaired surrogates" if token.text[0] == '"' else "a finite number"
        )
        return expected, _shortened(token.text)
    except ValueError:
        return None
    return None


def _shortened(text: str) -> str:
    return text if len(text) <= 24 else f"{text[:20]}..."


def _place(text: str, position: int, path: KeyPath) -> str:
    """Write a position as key path, line and column."""
    line = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    place = f"line {line}, column {column}"
    return f"{key_text(path)} ({place})" if path else place


def _tokens(text: str) -> Iterator[_Token]:
    """Yield the pieces of a JSON text with their key paths; takes grammar on trust."""
    stack: list[_Container] = []
    for match in _TOKEN.finditer(text):
        token, position = match[0], match.start()
        duplicate = False
        top = stack[-1] if stack else None
        if top is not None and top.is_object and top.at_key and token[0] == '"':
            top.key, top.at_key = _decoded(token), False
            duplicate = top.key in top.seen
            top.seen.add(top.key)
        yield _Token(
            text=token,
            position=position,
            path=tuple(frame.key for frame in stack if frame.key is not None),
            is_duplicate=duplicate,
        )
        _step(stack, token)


def _step(stack: list[_Container], piece: str) -> None:
    """Move the place in the document past a piece of text."""
    if piece == "{":
        stack.append(_Container(is_object=True, key=None, at_key=True))
    elif piece == "[":
        stack.append(_Container(is_object=False, key=0, at_key=False))
    elif piece in ("}", "]") and stack:
        stack.pop()
    elif piece == "," and stack:
        top = stack[-1]
        top.at_key = top.is_object
        top.key = top.key + 1 if isinstance(top.key, int) else top.key


def _decoded(token: str) -> str:
    try:
        return str(json.loads(token, strict=False))
    except ValueError:
        return token
