"""The one command of the experiments, in its smallest form: it runs, resumes, and its tables can be read."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rebalance._base.errors import ConfigError
from rebalance.synthesis.sound import find_font, soundfont_engine
from rebalance.training import FamilyStudy, read_settings

RECIPE = Path(__file__).parents[2] / "recipes" / "synthsod"


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(RECIPE.parents[1])}
    return subprocess.run(
        [sys.executable, str(RECIPE / script), *arguments],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )


@pytest.fixture(autouse=True)
def _needs_soundfonts() -> None:
    pytest.importorskip("music21")
    try:
        soundfont_engine()
        for font in ("fluidr3", "musescore", "timgm"):
            find_font(font)
    except ConfigError as error:
        pytest.skip(str(error))


def test_the_smallest_experiments_run_resume_and_give_tables(tmp_path: Path) -> None:
    first = run("experiments.py", str(tmp_path), "--smoke")
    assert first.returncode == 0, first.stderr
    results = tmp_path / "results.csv"
    with results.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    models = {row["model"] for row in rows}
    assert models == {
        *("no model", "synthsod", "ensembleset", "close"),
        *("scratch", "fine-tuned", "statistics", "adversarial"),
    }
    assert {row["test"] for row in rows} == {"synthetic", "other-sounds"}
    assert {row["row"] for row in rows if row["model"] == "synthsod"} == {"mixture phase"}
    kept = [line for line in results.read_text().splitlines(keepends=True) if "adversarial" not in line]
    results.write_text("".join(kept))
    again = run("experiments.py", str(tmp_path), "--smoke")
    assert again.returncode == 0, again.stderr
    assert [line for line in again.stderr.splitlines() if line.startswith("cell")] == ["cell adversarial strings 1"]
    with results.open(newline="", encoding="utf-8") as file:
        assert sorted(map(str, csv.DictReader(file))) == sorted(map(str, rows))
    tables = run("compare.py", str(results))
    assert tables.returncode == 0, tables.stderr
    assert "| family | models | ranks on | synthetic | other-sounds |" in tables.stdout
    assert "| strings | 7 | synthetic | +1.00 |" in tables.stdout
    assert "| strings, synthetic | synthsod > no separation (median_db) |" in tables.stdout
    assert "| strings, other-sounds | fine-tuned ≥ scratch (median_db) |" in tables.stdout
    assert "| strings, synthetic less strings, other-sounds | the SDR of synthsod is higher" in tables.stdout
    single = run("compare.py", str(results), "--targets")
    assert "| synthetic | all | no model | oracle, Wiener |" in single.stdout


def test_a_mistyped_setting_is_one_line(tmp_path: Path) -> None:
    done = run("experiments.py", str(tmp_path), "--smoke", "excerpts=3")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "unknown key 'excerpts'" in done.stderr


def test_sounds_that_no_set_has_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"sounds: expected .*train-notes, got held-out-notes"):
        read_settings(RECIPE / "experiments.yaml", FamilyStudy, ("sounds.held-out-notes=here",))


def test_no_piece_is_learnt_from_and_judged() -> None:
    groups = dict(read_settings(RECIPE / "experiments.yaml", FamilyStudy).groups)
    assert set(groups.pop("few")) < set(groups["train"])
    pieces = [piece for group in groups.values() for piece in group]
    assert len(pieces) == len(set(pieces))
