"""The notebooks and scripts of docs/examples run, and the notebooks show what they gave."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

nbclient = pytest.importorskip("nbclient")

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs/examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))
NUMBER = re.compile(r"-?\d+\.\d+|-?\d+")
# Of a score, as far as machines may differ in the last digits of a network's estimates.
TOLERANCE = 0.02
LONG = ("scores.ipynb",)


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shown(cell: Any) -> list[str]:
    """Return the results of a cell as plain text; what it said of its progress and drew does not count."""
    return [output.data["text/plain"] for output in cell.outputs if output.output_type == "execute_result"]


def kinds(cell: Any) -> list[str]:
    return sorted(
        kind
        for output in cell.outputs
        if output.output_type == "display_data"
        for kind in output.data
        if "image" in kind
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_was_executed_from_top_to_bottom_and_names_no_machine(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    assert [cell.execution_count for cell in code_cells(notebook)] == list(range(1, len(code_cells(notebook)) + 1))
    assert not [
        output for cell in code_cells(notebook) for output in cell.outputs if output.output_type in ("error", "stream")
    ]
    assert "Warning" not in path.read_text(encoding="utf-8")
    assert not re.search(r"/(home|root|work|Users|tmp)/", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=pytest.mark.slow) if path.name in LONG else path for path in NOTEBOOKS],
    ids=lambda path: path.name,
)
@pytest.mark.filterwarnings("default")
def test_a_notebook_runs_and_gives_what_it_shows(path: Path) -> None:
    kept = nbformat.read(path, as_version=4)
    again = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(again, timeout=600, resources={"metadata": {"path": str(ROOT)}}).execute()
    for before, now in zip(code_cells(kept), code_cells(again), strict=True):
        assert kinds(now) == kinds(before), before.source
        for old, new in zip(shown(before), shown(now), strict=True):
            assert NUMBER.sub("#", new).split() == NUMBER.sub("#", old).split(), before.source
            numbers = zip(NUMBER.findall(new), NUMBER.findall(old), strict=True)
            assert all(float(one) == pytest.approx(float(other), abs=TOLERANCE) for one, other in numbers), (
                before.source
            )


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_a_script_runs(path: Path, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, str(path)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "15 of 15 checks passed" in done.stdout


def test_the_page_names_every_example() -> None:
    page = (ROOT / "docs/examples.md").read_text(encoding="utf-8")
    assert [path.name for path in sorted(EXAMPLES.iterdir()) if path.is_file() and path.name not in page] == []
