"""The tables that stand in the documents are those that the commands print of the results."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def printed(recipe: str, *command: str) -> list[str]:
    """Return the lines that a command of a recipe prints."""
    folder = ROOT / "recipes" / recipe
    run = subprocess.run([sys.executable, *command], capture_output=True, text=True, cwd=folder, check=True)
    return [line for line in run.stdout.splitlines() if line]


@pytest.mark.parametrize(
    ("recipe", "command"), [("iass", ("study.py", "--tables")), ("synthsod", ("compare.py",))], ids=["iass", "synthsod"]
)
def test_the_documents_have_the_tables_of_the_results(recipe: str, command: tuple[str, ...]) -> None:
    readme = (ROOT / "recipes" / recipe / "README.md").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "literature.md").read_text(encoding="utf-8")
    lines = printed(recipe, *command)
    claims = lines[next(number for number, line in enumerate(lines) if line.startswith("| target | claim |")) :]
    assert all(line in readme for line in lines)
    assert all(line in page for line in claims if line.endswith(("| holds |", "| fails |", "| open |")))


@pytest.mark.parametrize("study", ["small", "chamber"])
def test_the_documents_have_the_tables_of_learning_from_scores(study: str) -> None:
    recipe = ROOT / "recipes" / "score_supervision"
    lines = (recipe / "results" / study / "tables.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) > 10
    for page in (recipe / "README.md", ROOT / "docs" / "literature.md"):
        text = page.read_text(encoding="utf-8")
        assert [line for line in lines if line not in text] == []
