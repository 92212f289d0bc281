"""Every public function shows what it is for, and every example in a docstring gives what it says."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from faces import faces

ROOT = Path(__file__).parents[2]
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
CACHES = ("music21", "torchinductor")  # what libraries keep in the folder of temporary files
Documented = ast.FunctionDef | ast.ClassDef


def documented(node: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the functions, classes and methods of a module that have examples, each with its docstring."""
    for child in node.body:
        if isinstance(child, Documented):
            name = f"{prefix}{child.name}"
            if ">>>" in (docstring := ast.get_docstring(child) or ""):
                yield name, docstring
            if isinstance(child, ast.ClassDef):
                yield from documented(child, f"{name}.")


def examples() -> list[doctest.DocTest]:
    """Return all examples of the package, read without importing it: torch alone takes seconds."""
    parser = doctest.DocTestParser()
    found = []
    for path in sorted((ROOT / "rebalance").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for name, docstring in documented(ast.parse(path.read_text(encoding="utf-8"))):
            found.append(parser.get_doctest(docstring, {"__name__": "__main__"}, f"{module}.{name}", str(path), 0))
    return found


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_an_example_gives_what_it_says(
    example: doctest.DocTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    report: list[str] = []
    result = doctest.DocTestRunner(optionflags=FLAGS).run(example, out=report.append)
    assert not result.failed, "".join(report)
    assert result.attempted == len(example.examples), "an example that is skipped"
    left_behind = [path.name for path in tmp_path.iterdir() if not path.name.startswith(CACHES)]
    assert not left_behind, "an example that leaves files behind"


def lacking(face: str) -> list[str]:
    """Return the public functions of a package that show no example."""
    module = importlib.import_module(face)
    functions = (name for name in module.__all__ if inspect.isfunction(getattr(module, name)))
    return [name for name in functions if ">>>" not in (inspect.getdoc(getattr(module, name)) or "")]


@pytest.mark.parametrize("face", faces())
def test_every_public_function_has_an_example(face: str) -> None:
    assert not lacking(face)
