"""The direction of imports, and where heavy libraries may be met."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "rebalance"
LAYERS = (
    {"errors"},
    {"challenge", "decibels", "files", "names", "semantics"},
    {"archives", "audio", "audiogram", "running", "runs", "scenes"},
    {"haaqi", "hearing_aid", "loading", "metrics", "remixing", "separation"},
    {
        "binaural",
        "corpora",
        "enhancing",
        "official_options",
        "personal",
        "scoring",
        "synthesis",
        "training",
        "transcription",
    },
    {"leaderboard", "report", "submission"},
    {"__main__", "cli"},
)
TORCH_ROOMS = {"separation", "training", "transcription"}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_modules(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            yield f"{node.module}"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def rooms_imported_by(path: Path) -> set[str]:
    names = [name.split(".") for name in imported_modules(ast.parse(path.read_text(encoding="utf-8")))]
    known = set().union(*LAYERS)
    return {parts[1] for parts in names if parts[0] == "rebalance" and len(parts) > 1 and parts[1] in known}


def layer_of(room: str) -> int:
    found = [number for number, rooms in enumerate(LAYERS) if room in rooms]
    assert len(found) == 1, f"{room}: give this module a place among the layers"
    return found[0]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_its_own_layer_or_below(path: Path) -> None:
    layer = layer_of(room_of(path))
    upward = {room for room in rooms_imported_by(path) if layer_of(room) > layer}
    assert not upward


def test_no_two_rooms_import_each_other() -> None:
    graph: dict[str, set[str]] = {}
    for path in modules():
        graph.setdefault(room_of(path), set()).update(rooms_imported_by(path) - {room_of(path)})
    assert list(graphlib.TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_torch_stays_in_its_rooms(path: Path) -> None:
    if room_of(path) not in TORCH_ROOMS:
        names = imported_modules(ast.parse(path.read_text(encoding="utf-8")))
        assert not [name for name in names if name.split(".")[0] == "torch"]


@pytest.mark.parametrize("module", ["rebalance", "rebalance.scoring", "rebalance.cli"])
def test_importing_does_not_load_torch(module: str) -> None:
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
