"""What the README shows runs."""

from __future__ import annotations

import re
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
    named = re.findall(
        r"(?:^|`)rebalance ([a-z][a-z-]+)", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert not set(named) - known
