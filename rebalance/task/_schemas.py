"""The JSON Schemas of the challenge's files, and what a document that breaks one is told."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from rebalance._base.files import StrPath, expanded
from rebalance.assets import schema_folder
from rebalance.task._problems import Findings, close_spelling, described, likely_file, listed, shortened
from rebalance.task._strict_json import JsonError, JsonValue, key_text, read_json

SchemaName: TypeAlias = Literal[
    "compressor_params",
    "gains",
    "gains_meta",
    "listeners",
    "music",
    "music_to_generate",
    "music_tracks",
    "scene_listeners",
    "scenes",
]

_TYPE_NAMES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "text",
}
# What the patterns of the schemas mean to a reader, and names that match them, to suggest from.
_PATTERN_NAMES = {
    "^S[0-9]{1,9}$": "scene ids such as 'S50001'",
    "^source_[1-9][0-9]?$": "'source_1', 'source_2' and so on",
    "^[1-9][0-9]?$": "numbers of sources such as '4'",
}
_PATTERN_EXAMPLES = {"^source_[1-9][0-9]?$": tuple(f"source_{number}" for number in range(1, 10))}


@functools.cache
def schema(name: SchemaName) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a kind of file, named as the file without its split."""
    text = (schema_folder() / f"{name}.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file as read.

    Parameters
    ----------
    path
        The file.
    names
        The keys of all its entries, sound or not; None if it could not be read.
    entries
        The entries the schema finds no fault with.
    """

    path: Path
    names: tuple[str, ...] | None
    entries: Mapping[str, Any]

    def close_spelling(self, name: str) -> str:
        """Return the entry a misspelt name probably means, or an empty text."""
        return close_spelling(name, self.names or ())


def read_document(path: StrPath, name: SchemaName, findings: Findings) -> Document:
    """Read a file against its schema; everything wrong with it becomes a finding.

    Parameters
    ----------
    path
        A JSON file.
    name
        Name of the schema.
    findings
        Where problems are added.

    Examples
    --------
    >>> from rebalance.assets import demo_folder
    >>> from rebalance.task import Findings, read_document
    >>> len(read_document(demo_folder() / "metadata/scenes.valid.json", "scenes", Findings()).entries)
    4
    """
    path = expanded(path)
    try:
        content = read_json(path)
    except JsonError as error:
        message = "" if error.key else error.got
        likely = "" if error.key else likely_file(path)
        findings.error(path, error.key, expected=error.expected, got=error.got, message=message, suggestion=likely)
        return Document(path=path, names=None, entries={})
    return checked_document(content, path, name, findings)


def checked_document(content: JsonValue, path: Path, name: SchemaName, findings: Findings) -> Document:
    """Hold JSON against a schema; everything wrong with it becomes a finding."""
    faulty: set[str] = set()
    for error in _validator(name).iter_errors(content):
        faulty.update(_faulty_keys(error))
        expected, got = _expectation(error)
        key = key_text(tuple(error.absolute_path)) or "the document"
        findings.error(path, key, expected=expected, got=got, suggestion=_suggestion(error))
    if not isinstance(content, dict):
        return Document(path=path, names=None, entries={})
    sound = {key: entry for key, entry in content.items() if key not in faulty}
    return Document(path=path, names=tuple(content), entries=sound)


@functools.cache
def _validator(name: SchemaName) -> Draft202012Validator:
    return Draft202012Validator(schema(name))


def _faulty_keys(error: ValidationError) -> list[str]:
    """Return the top-level keys an error is about."""
    if error.absolute_path:
        return [str(error.absolute_path[0])]
    if error.validator == "additionalProperties":
        return _unknown_keys(error)
    return [str(error.instance)] if error.validator == "pattern" else []


def _expectation(error: ValidationError) -> tuple[str, str]:
    """Say what the schema asks for and what the document holds."""
    limit: Any = error.validator_value
    got: Any = error.instance
    match error.validator:
        case "type":
            types = [limit] if isinstance(limit, str) else limit
            return " or ".join(_TYPE_NAMES[name] for name in types), described(got)
        case "required":
            return f"the key {listed(_missing_keys(error))}", f"only the keys {listed(list(got))}"
        case "additionalProperties":
            return _known_names(error), listed([repr(key) for key in _unknown_keys(error)])
        case "minItems" | "maxItems" | "minProperties" | "minLength":
            bound = "at most" if error.validator == "maxItems" else "at least"
            unit = "characters" if error.validator == "minLength" else "entries"
            return f"{bound} {limit} {unit}", f"{len(got)}"
        case "minimum":
            return f"at least {limit}", described(got)
        case "maximum":
            return f"at most {limit}", described(got)
        case "exclusiveMinimum":
            return f"more than {limit}", described(got)
        case "const":
            return shortened(json.dumps(limit)), shortened(json.dumps(got)) if isinstance(got, list) else described(got)
        case "pattern":
            return "a name that can be part of a file name", described(got)
        case _:
            return shortened(f"{error.validator} {limit}"), described(got)


def _suggestion(error: ValidationError) -> str:
    """Return the key that was probably meant, where one is missing or unknown."""
    named, patterns = _rules(error)
    if error.validator == "additionalProperties":
        examples = [name for pattern in patterns for name in _PATTERN_EXAMPLES.get(pattern, ())]
        absent = [name for name in (*named, *examples) if name not in _keys(error)]
        return _first_close_spelling(_unknown_keys(error), absent)
    if error.validator == "required":
        return _first_close_spelling([key for key in _keys(error) if key not in named], _missing_keys(error))
    return ""


def _first_close_spelling(keys: Sequence[str], candidates: Sequence[str]) -> str:
    return next(filter(None, (close_spelling(key, candidates) for key in keys)), "")


def _keys(error: ValidationError) -> list[str]:
    """Return the keys of the object an error is about."""
    return list(error.instance) if isinstance(error.instance, dict) else []


def _missing_keys(error: ValidationError) -> list[str]:
    """Return the required keys an object lacks."""
    required: Sequence[str] = error.validator_value if isinstance(error.validator_value, list) else ()
    return [key for key in required if key not in _keys(error)]


def _unknown_keys(error: ValidationError) -> list[str]:
    """Return the keys of an object that its schema does not name."""
    named, patterns = _rules(error)
    return [key for key in _keys(error) if key not in named and not any(re.search(rule, key) for rule in patterns)]


def _known_names(error: ValidationError) -> str:
    """Say which keys a schema knows."""
    named, patterns = _rules(error)
    return " or ".join([*map(repr, named), *(_PATTERN_NAMES[pattern] for pattern in patterns)])


def _rules(error: ValidationError) -> tuple[Sequence[str], Sequence[str]]:
    """Return the names and the patterns of the keys a schema knows."""
    rules = error.schema if isinstance(error.schema, dict) else {}
    return tuple(rules.get("properties", ())), tuple(rules.get("patternProperties", ()))
