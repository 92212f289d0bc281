"""Docstrings name every parameter, every field and every error, and nothing else."""

from __future__ import annotations

import ast
import builtins
import dataclasses
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest
from faces import classes_of, faces, functions_of

import rebalance

FACES = faces()
HEADING = re.compile(r"^([A-Z][a-z]+)\n-+\n", flags=re.MULTILINE)
PACKAGE = Path(rebalance.__file__).parent
# Words that ask or point: a description of nothing else leaves its reader without unit, shape, range or meaning.
EMPTY_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        a above all any are as at both by does each everyone everything for from how in is it its itself many much of on
        that the their them there these they this those to what when where which who whom whose why with
        """,
    )
)
Described = type | FunctionType | Callable[..., Any]


def described(value: Described, title: str) -> list[str]:
    """Return the names that a section of a docstring describes: its lines at the margin."""
    _, *parts = HEADING.split(inspect.cleandoc(value.__doc__ or ""))
    lines = dict(zip(parts[::2], parts[1::2], strict=True)).get(title, "").splitlines()
    return [name for line in lines if line and not line[0].isspace() for name in re.split(r", +", line)]


def descriptions(docstring: str) -> list[tuple[str, str]]:
    """Return the names that the parameters of a docstring have, each with its description."""
    _, *parts = HEADING.split(inspect.cleandoc(docstring))
    text = dict(zip(parts[::2], parts[1::2], strict=True)).get("Parameters", "")
    return re.findall(r"^(\S.*)\n((?:[ \t]+\S.*\n?)+)", text, flags=re.MULTILINE)


def says_nothing(description: str) -> bool:
    return set(re.findall(r"[\w`'.]+", description.lower().rstrip().rstrip("."))) <= EMPTY_WORDS


def docstrings_in(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield getattr(node, "name", ""), ast.get_docstring(node) or ""


def parameters(value: Described) -> list[str]:
    names = inspect.signature(value).parameters
    return [name for name in names if name not in {"self", "cls"} and not name.startswith("_")]


def is_made(kind: type) -> bool:
    """Tell whether a class has a constructor of its own: not a protocol, and not one that inherits it."""
    return not getattr(kind, "_is_protocol", False) and ("__init__" in vars(kind) or dataclasses.is_dataclass(kind))


def misnamed(value: Described) -> bool:
    """Tell whether there are two or more parameters, or a section that describes any, and both differ."""
    told, names = described(value, "Parameters"), parameters(value)
    return bool(told or len(names) > 1) and sorted(told) != sorted(names)


def is_exception(name: str, value: Described) -> bool:
    module = sys.modules[value.__module__]
    places = (builtins, rebalance, module, sys.modules[module.__name__.rpartition(".")[0]])
    found = next((getattr(place, name) for place in places if hasattr(place, name)), None)
    return inspect.isclass(found) and issubclass(found, BaseException)


def raises(kind: type) -> bool:
    """Tell whether the making of a class has a ``raise`` of its own."""
    makers = [vars(kind)[name] for name in ("__init__", "__post_init__") if name in vars(kind)]
    written = [maker for maker in makers if not dataclasses.is_dataclass(kind) or maker.__name__ == "__post_init__"]
    trees = (ast.parse(textwrap.dedent(inspect.getsource(maker))) for maker in written)
    return any(isinstance(node, ast.Raise) for tree in trees for node in ast.walk(tree))


@pytest.mark.parametrize("face", FACES)
def test_every_public_function_of_two_or_more_parameters_names_exactly_those(face: str) -> None:
    assert not [name for name, function in functions_of(face) if misnamed(function)]


@pytest.mark.parametrize("face", FACES)
def test_every_public_class_names_exactly_its_fields(face: str) -> None:
    made = [(name, kind) for name, kind in classes_of(face) if is_made(kind)]
    assert not [name for name, kind in made if sorted(described(kind, "Parameters")) != sorted(parameters(kind))]


@pytest.mark.parametrize("face", FACES)
def test_every_public_class_says_what_its_constructor_raises(face: str) -> None:
    made = [(name, kind) for name, kind in classes_of(face) if is_made(kind)]
    assert not [name for name, kind in made if raises(kind) and not described(kind, "Raises")]


@pytest.mark.parametrize("face", FACES)
def test_what_a_docstring_says_is_raised_is_an_exception(face: str) -> None:
    found = [*functions_of(face), *classes_of(face)]
    told = [(name, error, value) for name, value in found for error in described(value, "Raises")]
    assert not [(name, error) for name, error, value in told if not is_exception(error, value)]


def test_every_description_of_a_parameter_says_more_than_words_that_ask_or_point() -> None:
    told = [
        (path.name, owner, name)
        for path in sorted(PACKAGE.rglob("*.py"))
        for owner, docstring in docstrings_in(path)
        for name, description in descriptions(docstring)
        if says_nothing(description)
    ]
    assert not told


def test_a_description_of_words_that_ask_or_point_is_found() -> None:
    (kept, empty) = descriptions(
        "Do it.\n\nParameters\n----------\nn\n    How many tries.\n    More.\nseed\n    Of everything.\n"
    )
    assert (kept[0], says_nothing(kept[1]), empty[0], says_nothing(empty[1])) == ("n", False, "seed", True)


def test_no_docstring_points_at_a_private_module() -> None:
    recipes = PACKAGE.parent / "recipes"
    found = [
        (path.name, owner, name)
        for path in sorted([*PACKAGE.rglob("*.py"), *recipes.rglob("*.py")])
        for owner, docstring in docstrings_in(path)
        for name in re.findall(r"`(rebalance(?:\.\w+)*\._\w+)", docstring)
    ]
    assert not found


@pytest.mark.parametrize("section", ["Parameters", "Raises"])
def test_a_sentence_after_a_section_is_taken_for_a_name(section: str) -> None:
    def amplify() -> None: ...

    amplify.__doc__ = f"Amplify.\n\n{section}\n{'-' * len(section)}\nAudioError\n    Why.\n\nSource: Kates, 2016."
    assert described(amplify, section) == ["AudioError", "Source: Kates", "2016."]
