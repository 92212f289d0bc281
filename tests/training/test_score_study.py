"""A study of learning from scores: its cells are kept, resumed and never mixed with those of other settings."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from rebalance._base.errors import ConfigError, MetadataError
from rebalance.separation.score_supervised import TcnConfig
from rebalance.training import ScoredData, ScoreStudy, StudyResults, TrainSettings, read_settings, run_score_study
from rebalance.training._score_study_rows import INPUT_ROW, ROWS
from rebalance.training.data import (
    BandLibrary,
    BandSettings,
    ClipSettings,
    TrackInstruments,
    scored_track,
    write_scored_track,
)
from rebalance.training.data._band_rendering import _render

RECIPE = Path(__file__).parents[2] / "recipes" / "score_supervision"
PROGRAMS = {"Piano": (0,), "Guitar": (30,), "Bass": (33,)}


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from rebalance.datasets import load_corpus

    folder = tmp_path_factory.mktemp("study")
    library = BandLibrary(
        out=folder / "music", subsets={"train": 2}, fonts=("timgm",), music=BandSettings(duration_s=8)
    )
    for track in library.tracks:
        _render(library, track)
    for piece in load_corpus("Slakh2100", library.out, purpose="training").pieces:
        track = scored_track(piece, TrackInstruments(programs=PROGRAMS))
        write_scored_track(folder / "tracks" / f"{piece.name}.npz", track)
    return folder / "tracks"


@pytest.fixture
def study(tracks: Path, tmp_path: Path) -> ScoreStudy:
    small = {"bottleneck": 8, "hidden": 8, "n_repeats": 1, "n_blocks": 2}
    return ScoreStudy(
        rows=("transcriptor", "c-mix"),
        seeds=(0,),
        data=ScoredData(train=(tracks,), validation=(tracks,), stems=(tracks,)),
        test=(tracks,),
        network=TcnConfig(role="transcriptor", instruments=tuple(PROGRAMS), **small),
        clips=ClipSettings(batch_size=3, clip_s=1.0),
        train=TrainSettings(steps=2, warmup_steps=1, decay_steps=1, validate_every=1, gradient_clip=1e4),
        validation_batches=1,
        steps={"separator": 1},
        runs=tmp_path / "runs",
        results=tmp_path / "results",
    )


def written(study: ScoreStudy) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in study.results.glob("*.csv")}


def test_an_interrupted_study_ends_as_one_that_was_not(study: ScoreStudy, tmp_path: Path) -> None:
    whole = replace(study, runs=tmp_path / "other-runs", results=tmp_path / "other-results")
    expected = run_score_study(whole, device="cpu")
    first = run_score_study(study, device="cpu", most_cells=1)
    assert first.cells["row"].tolist() == [INPUT_ROW, "transcriptor"]
    found = run_score_study(study, device="cpu")
    assert found.separation.equals(expected.separation)
    assert found.notes.astype(str).equals(expected.notes.astype(str))
    assert found.cells.drop(columns="seconds").astype(str).equals(expected.cells.drop(columns="seconds").astype(str))
    assert found.cells["steps"].tolist() == [0, 2, 1]


def test_finished_cells_are_kept_as_they_are_and_their_runs_made_anew_where_others_need_them(
    study: ScoreStudy, tmp_path: Path
) -> None:
    run_score_study(study, device="cpu", most_cells=1)
    before = written(study)
    fresh = replace(study, runs=tmp_path / "lost")
    run_score_study(fresh, device="cpu")
    after = written(study)
    assert all(after[name].startswith(before[name]) for name in ("cells.csv", "notes.csv"))
    assert (tmp_path / "lost" / "transcriptor-0" / "best.safetensors").exists()
    assert run_score_study(fresh, device="cpu").cells["row"].tolist() == [INPUT_ROW, "transcriptor", "c-mix"]
    assert written(study) == after


def test_lines_of_a_cell_that_was_not_finished_are_dropped(study: ScoreStudy) -> None:
    run_score_study(study, device="cpu")
    path = study.results / "cells.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    assert set(StudyResults.read(study.results).separation["row"]) == {INPUT_ROW}
    assert (
        len(run_score_study(study, device="cpu").separation)
        == len(set(written(study)["separation.csv"].split("\n"))) - 2
    )


def test_results_of_other_settings_are_not_mixed(study: ScoreStudy) -> None:
    run_score_study(study, device="cpu", most_cells=1)
    with pytest.raises(ConfigError, match="transcriptor: expected results of the settings"):
        run_score_study(replace(study, clips=ClipSettings(batch_size=4, clip_s=1.0)), device="cpu")


def test_a_third_step_starts_from_the_best_separator_of_the_second_and_says_which(study: ScoreStudy) -> None:
    rows = ("transcriptor", "c-mix", "h-mix", "c-mix and h-mix", "joint, AML")
    results = run_score_study(replace(study, rows=rows), device="cpu")
    start = results.cells.set_index("row").loc["joint, AML", "start"]
    assert start in rows[1:4]
    assert set(results.notes.loc[results.notes["row"] == "joint, AML", "heard"]) == {"mixture", "isolated"}
    assert {"joint, AML"} <= set(results.separation["row"])


def test_every_row_of_the_tables_differs_from_every_other() -> None:
    settings = [(row.step, row.critic, row.start, str(row.loss), row.material) for row in ROWS.values()]
    assert len(set(settings)) == len(settings)
    assert {row.step for row in ROWS.values() if row.critic == "transcriptor"} == {
        "separator",
        "joint",
        "semi-supervised",
    }


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (("c-mix",), "expected transcriptor before c-mix"),
        (("transcriptor", "joint"), "expected c-mix or h-mix or c-mix and h-mix before joint"),
        (("violin",), "expected some of transcriptor"),
        ((), "one or more rows"),
    ],
)
def test_rows_that_lack_others_are_refused(study: ScoreStudy, rows: tuple[str, ...], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        replace(study, rows=rows)


def test_the_third_step_starts_from_rows_of_the_study(study: ScoreStudy) -> None:
    of_one = replace(study, rows=("transcriptor", "h-mix", "joint"))
    assert of_one.second_step == ("h-mix",)
    assert of_one.needed_rows("joint") == ("transcriptor", "h-mix")


def test_tables_of_results_with_other_columns_are_refused(study: ScoreStudy) -> None:
    study.results.mkdir()
    (study.results / "cells.csv").write_text("row,seed\n")
    with pytest.raises(MetadataError, match="expected columns row, seed, settings"):
        run_score_study(study, device="cpu")


def test_the_recipe_runs_through_in_one_command() -> None:
    done = subprocess.run(
        [sys.executable, RECIPE / "study.py", "--smoke"], capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr[-2000:]
    for row in set(ROWS) - {"transcriptor", "classifier"}:
        assert f"| {row} | 1 |" in done.stdout
    assert "| joint, AML | isolated | 1 |" in done.stdout
    assert "| semi-supervised > few stems | SI-SDR, dB |" in done.stdout


def test_the_recipe_says_how_it_is_called() -> None:
    command = [sys.executable, RECIPE / "study.py", "small.yaml", "seeds"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode != 0
    assert done.stderr.startswith("usage: python study.py")


@pytest.mark.parametrize("name", ["small", "chamber", "paper"])
def test_studies_of_the_recipe_can_be_read(name: str) -> None:
    spec = importlib.util.spec_from_file_location("score_supervision_study", RECIPE / "study.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    settings = read_settings(RECIPE / f"{name}.yaml", module.StudyFile)
    assert settings.study.seeds == (0, 1)
    assert (settings.slakh is not None) + (settings.band is not None) + (settings.chamber is not None) == 1
