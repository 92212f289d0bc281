"""A test of two small runs, scored, and what a browser needs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

pytest.importorskip("fastapi", reason="the extra 'web' is not installed")
pytest.importorskip("sqlalchemy", reason="the extra 'web' is not installed")

from rebalance import load_task
from rebalance.pipeline import EnhanceOptions, enhance_task

RUNS = ("louder-violins", "plain-mixture")
SEPARATORS = ("oracle", "mixture")


@pytest.fixture(scope="session")
def scored_runs(tiny_task_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Two runs of the tiny task with made-up scores. Never write into them."""
    folder = tmp_path_factory.mktemp("runs")
    task = load_task(tiny_task_root, "valid")
    heard = task.subset(list({pair.scene: pair for pair in reversed(task.pairs)}.values()))
    runs = {name: folder / name for name in RUNS}
    with ThreadPoolExecutor(1) as executor:
        for place, (separator, run) in enumerate(zip(SEPARATORS, runs.values(), strict=True)):
            assert not enhance_task(heard, run, EnhanceOptions(separator=separator), executor=executor)
            write_scores(run, [(pair.scene, pair.listener) for pair in heard.pairs], 0.8 - 0.3 * place)
    return runs


def write_scores(run: Path, pairs: list[tuple[str, str]], first: float) -> None:
    """Write score files with made-up scores, a little lower for every pair."""
    lines = ["scene,song,listener,left_haaqi,right_haaqi,avg_haaqi"]
    for place, (scene, listener) in enumerate(pairs):
        score = first - 0.02 * place
        lines.append(f"{scene},song,{listener},{score},{score},{score}")
    (run / "scores.csv").write_text("\n".join(lines), encoding="utf-8")
    summary = {
        "separator": "any",
        "haaqi": "exact",
        "semantics": "made up",
        "version": "0",
        "data": ".",
        "split": "valid",
    }
    (run / "scores.json").write_text(json.dumps(summary), encoding="utf-8")


@pytest.fixture
def plan_file(tiny_task_root: Path, scored_runs: Mapping[str, Path], tmp_path: Path) -> Callable[..., Path]:
    """Write a plan, with changes."""

    def write(**changes: object) -> Path:
        content: dict[str, object] = {
            "title": "Which is better?",
            "kind": "mushra",
            "task": str(tiny_task_root),
            "runs": {name: str(run) for name, run in scored_runs.items()},
            "seed": 7,
        }
        content |= changes
        path = tmp_path / "test.yaml"
        path.write_text(yaml.safe_dump(json.loads(json.dumps(content))), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium; without one the tests of the pages are skipped."""
    pytest.importorskip("playwright", reason="playwright is not installed")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    return found
