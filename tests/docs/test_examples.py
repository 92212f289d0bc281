"""What the README shows runs."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def python_blocks(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("page", ["README.md", "docs/getting-started.md"])
def test_the_python_example_runs(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {}
    for block in python_blocks(page):
        exec(compile(block, page, "exec"), names)
    assert names["mixture"].shape == (2, 15 * 44_100)
    assert len(names["estimates"]) == len(names["scene"].segment.sources)
    if "processed" in names:
        assert names["processed"].shape == (2, 15 * 32_000)


@pytest.mark.parametrize("page", sorted(path.relative_to(ROOT) for path in (ROOT / "docs").glob("*.md")), ids=str)
def test_every_command_the_docs_name_exists(page: Path) -> None:
    from rebalance.cli import app

    known = {command.name or command.callback.__name__.replace("_", "-") for command in app.registered_commands}
    known |= {group.name or group.typer_instance.info.name for group in app.registered_groups}
    named = re.findall(
        r"(?:^|`)rebalance ([a-z][a-z-]+)", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert not set(named) - known


@pytest.mark.parametrize("page", ["docs/add-a-separator.md", "docs/add-a-data-set.md", "docs/add-a-metric.md"])
def test_what_the_pages_for_contributors_show_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks with a title are files of that name; the others run in order beside them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    names: dict[str, Any] = {}
    for title, block in re.findall(
        r"```python(?: title=\"(\w+\.py)\")?\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL
    ):
        if title:
            (tmp_path / title).write_text(block, encoding="utf-8")
            monkeypatch.setitem(sys.modules, title.removesuffix(".py"), None)  # restored, that is removed, at the end
            del sys.modules[title.removesuffix(".py")]
        else:
            exec(compile(block, page, "exec"), names)
    assert names


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_every_test_the_docs_name_exists(page: Path) -> None:
    named = re.findall(r"\btests/[\w/]+(?:\.\w+)?", page.read_text(encoding="utf-8"))
    assert [path for path in named if not (ROOT / path).exists()] == []


def glossary() -> list[tuple[str, str, str]]:
    """Return word, meaning and place in the code of every entry."""
    rows = [
        line for line in (ROOT / "docs/glossary.md").read_text(encoding="utf-8").splitlines() if line.startswith("| **")
    ]
    return [tuple(cell.strip() for cell in row.strip("|").split(" | ")) for row in rows]


def test_the_glossary_is_sorted_and_names_every_word_once() -> None:
    words = [word.strip("*").casefold() for word, _, _ in glossary()]
    assert words == sorted(set(words))
    assert len(words) > 40


def test_every_name_of_the_glossary_exists() -> None:
    """Backticked names that begin with the package are imported: module, then attributes."""
    missing = []
    for name in re.findall(r"`(rebalance(?:\.\w+)+)", (ROOT / "docs/glossary.md").read_text(encoding="utf-8")):
        parts = name.split(".")
        found: Any = importlib.import_module("rebalance")
        for depth, part in enumerate(parts[1:], 2):
            if not hasattr(found, part):
                try:
                    importlib.import_module(".".join(parts[:depth]))
                except ImportError:
                    missing.append(name)
                    break
            found = getattr(found, part)
    assert not missing
