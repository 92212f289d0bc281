"""The direction of imports, the public interfaces of packages, and where heavy libraries may be met."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "rebalance"
COMMAND_LINE = PACKAGE / "cli" / "__init__.py"
LAYERS = (
    {"_base"},
    {"audio"},
    {"hearing", "video"},
    {"task", "haaqi"},
    {"separation", "synthesis", "datasets"},
    {"taskmaking", "pipeline", "transcription"},
    {"training", "submission", "report"},
    {"web"},
    {"cli"},
)
# The one circle: separators are found by name in `separation`, whose shared parts they are built of. The registry
# imports a kind of separator when one is asked for, never when it is imported itself.
REGISTRY = "rebalance.separation"
TORCH_ROOMS = {"separation", "training", "transcription"}
USERS = ("baseline", "recipes")
HEAVY = ("matplotlib", "numba", "pandas", "scipy.signal", "scipy.stats", "torch")


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0]


def package_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).parent.parts)


def imported_modules(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            yield f"{node.module}"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports_of(path: Path) -> list[list[str]]:
    return [name.split(".") for name in imported_modules(parsed(path)) if name.split(".")[0] == "rebalance"]


def package_holding(parts: list[str]) -> str:
    """Return the innermost package on the way to what is imported."""
    places = range(len(parts), 0, -1)
    return next(".".join(parts[:end]) for end in places if ROOT.joinpath(*parts[:end], "__init__.py").exists())


def is_child(name: str) -> bool:
    return name.startswith(f"{REGISTRY}.") and (ROOT / name.replace(".", "/")).is_dir()


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE)


def outside() -> list[Path]:
    return sorted(path for folder in USERS for path in (ROOT / folder).rglob("*.py"))


def rooms_imported_by(path: Path) -> set[str]:
    known = set().union(*LAYERS)
    return {parts[1] for parts in imports_of(path) if len(parts) > 1 and parts[1] in known}


def layer_of(room: str) -> int:
    found = [number for number, rooms in enumerate(LAYERS) if room in rooms]
    assert len(found) == 1, f"{room}: give this package a place among the layers"
    return found[0]


def holds_a_command(path: Path) -> bool:
    return room_of(path) == "cli" and f"import {path.stem.removeprefix('_')}\n" in COMMAND_LINE.read_text(
        encoding="utf-8"
    )


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_nothing_but_packages_lies_in_the_root() -> None:
    assert {path.name for path in PACKAGE.glob("*.py")} == {"__init__.py", "__main__.py", "assets.py"}


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_imports_only_from_its_own_layer_or_below(path: Path) -> None:
    layer = layer_of(room_of(path))
    upward = {room for room in rooms_imported_by(path) if layer_of(room) > layer}
    assert not upward


def test_no_two_packages_import_each_other() -> None:
    graph: dict[str, set[str]] = {}
    for path in modules():
        graph.setdefault(room_of(path), set()).update(rooms_imported_by(path) - {room_of(path)})
    assert list(graphlib.TopologicalSorter(graph).static_order())


def test_no_two_packages_within_packages_import_each_other_but_the_registry_of_separators() -> None:
    graph: dict[str, set[str]] = {}
    for path in modules():
        own = package_of(path)
        found = {package_holding(parts) for parts in imports_of(path)} - {own, "rebalance"}
        graph.setdefault(own, set()).update(name for name in found if own != REGISTRY or not is_child(name))
    assert list(graphlib.TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("path", [path for path in modules() if package_of(path) == REGISTRY], ids=name_of)
def test_the_registry_imports_a_kind_of_separator_only_when_one_is_asked_for(path: Path) -> None:
    at_once = ast.Module(
        body=[node for node in parsed(path).body if isinstance(node, ast.Import | ast.ImportFrom)], type_ignores=[]
    )
    assert not [name for name in imported_modules(at_once) if is_child(name)]


@pytest.mark.parametrize("path", [*modules(), *outside()], ids=name_of)
def test_packages_are_entered_by_their_faces(path: Path) -> None:
    inside = package_of(path).split(".")
    private = [
        parts
        for parts in imports_of(path)
        for place, part in enumerate(parts)
        if part.startswith("_") and parts[:place] != inside and not (part == "_base" and inside[0] == "rebalance")
    ]
    assert not private


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_is_private_and_its_package_has_the_face(path: Path) -> None:
    assert room_of(path) == "_base" or path.name.startswith("_")


def test_no_file_name_is_given_twice_but_to_a_command() -> None:
    """A module of the command line that holds a command is named like it, and so like what it runs."""
    names = [path.name for path in modules() if path.name != "__init__.py" and not holds_a_command(path)]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_torch_stays_in_its_rooms(path: Path) -> None:
    if room_of(path) not in TORCH_ROOMS:
        names = imported_modules(ast.parse(path.read_text(encoding="utf-8")))
        assert not [name for name in names if name.split(".")[0] == "torch"]


@pytest.mark.parametrize(
    "module", ["rebalance", "rebalance.pipeline", "rebalance.cli", "rebalance.submission", "rebalance.report"]
)
def test_no_public_name_loads_torch_or_matplotlib(module: str) -> None:
    names = f"[getattr({module}, name) for name in {module}.__all__]"
    assert not heavy_packages_after(f"import {module}; {names}") & {"torch", "matplotlib"}


@pytest.mark.parametrize("module", ["rebalance", "rebalance.pipeline", "rebalance.cli", "rebalance.separation"])
def test_importing_loads_no_heavy_package(module: str) -> None:
    assert not heavy_packages_after(f"import {module}")


def test_the_server_of_the_board_does_not_load_what_only_scoring_needs() -> None:
    pytest.importorskip("fastapi", reason="the extra 'web' is not installed")
    code = "import rebalance.web.leaderboard_pages; from rebalance.web.leaderboard import serve_board"
    assert not heavy_packages_after(code) & {"numba", "scipy.signal", "scipy.stats", "torch"}


def heavy_packages_after(code: str) -> set[str]:
    """Return which heavy packages a new interpreter has loaded after a line of code."""
    listed = f"{code}; import sys; print(*[name for name in {HEAVY} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", listed], check=True, capture_output=True, text=True)
    return set(found.stdout.split())
