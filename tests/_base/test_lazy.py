"""Public names that are imported on first use."""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path

import pytest

import rebalance

ROOT = Path(rebalance.__file__).parents[1]


def lazy_packages() -> list[Path]:
    found = sorted(Path(rebalance.__file__).parent.rglob("__init__.py"))
    return [path for path in found if "= lazy_names(" in path.read_text(encoding="utf-8")]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package with two modules, one of which fails, and one package within."""
    root = tmp_path / "lazy_example"
    (root / "inner").mkdir(parents=True)
    (root / "__init__.py").write_text(
        "from rebalance._base.lazy import lazy_names\n"
        "__getattr__, __dir__ = lazy_names(__name__, {'_one': ('first', 'second'), '_broken': ('third',)},"
        " subpackages=('inner',))\n"
    )
    (root / "_one.py").write_text("first, second = 1, 2\n")
    (root / "_broken.py").write_text("raise OSError('broken')\n")
    (root / "inner" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("lazy_example", "lazy_example._one", "lazy_example.inner"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return root.name


def test_a_module_is_imported_when_one_of_its_names_is_asked_for(package: str) -> None:
    loaded = importlib.import_module(package)
    assert f"{package}._one" not in sys.modules
    assert loaded.second == 2
    assert vars(loaded)["second"] == 2
    assert f"{package}._one" in sys.modules


def test_dir_lists_names_that_are_not_imported_yet(package: str) -> None:
    loaded = importlib.import_module(package)
    assert {"first", "second", "third", "inner"} <= set(dir(loaded))
    assert f"{package}._one" not in sys.modules


def test_a_package_within_is_an_attribute(package: str) -> None:
    assert importlib.import_module(package).inner.__name__ == f"{package}.inner"


def test_an_unknown_name_is_an_attribute_error_that_names_it(package: str) -> None:
    with pytest.raises(AttributeError, match="module 'lazy_example' has no attribute 'fourth'"):
        importlib.import_module(package).fourth  # noqa: B018 - asking is the test


def test_a_module_that_fails_says_why(package: str) -> None:
    with pytest.raises(OSError, match="broken"):
        importlib.import_module(package).third  # noqa: B018 - asking is the test


def test_names_of_the_library_are_found_from_its_root() -> None:
    assert rebalance.hearing.Audiogram is rebalance.Audiogram
    assert {"hearing", "load_task"} <= set(dir(rebalance))


def package_of(path: Path) -> str:
    return ".".join(path.parent.relative_to(ROOT).parts)


@pytest.mark.parametrize("path", lazy_packages(), ids=package_of)
def test_the_names_for_type_checkers_are_those_imported_on_first_use(path: Path) -> None:
    tree, package = ast.parse(path.read_text(encoding="utf-8")), package_of(path)
    (table,) = [
        node.args[1]
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "lazy_names"
    ]
    imported = {
        node.module.removeprefix(f"{package}."): {alias.name for alias in node.names}
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.module
    }
    assert {module: set(names) for module, names in ast.literal_eval(table).items()} == imported
