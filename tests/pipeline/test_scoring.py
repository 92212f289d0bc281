"""Scores: equal to a loop over pyclarity's functions, resumable, never a number for what cannot be scored."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import typer
from matplotlib.figure import Figure
from official_recipe import floor_signal, official_scores
from typer.testing import CliRunner

from rebalance import load_task
from rebalance._base.errors import AudioError, ConfigError, MetadataError
from rebalance.audio import Recording, read_audio, write_flac
from rebalance.cli import score
from rebalance.pipeline import (
    EnhanceOptions,
    System,
    enhance_task,
    enhanced_path,
    score_pair,
    score_runs,
    score_task,
    system_of_run,
    true_remix,
)
from rebalance.task import Pair, Task

COMPONENTS = ("nonlinear", "linear", "cepstral_correlation", "membrane_covariance", "loudness", "spectrum")


@pytest.fixture(scope="module")
def task(tiny_task_root: Path) -> Task:
    return load_task(tiny_task_root, "valid", require_sources=True)


@pytest.fixture(scope="module")
def scored(task: Task, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The floor of the tiny task, enhanced and scored."""
    run = tmp_path_factory.mktemp("floor")
    enhance_task(task, run, EnhanceOptions(separator="mixture"), jobs=1)
    assert score_task(task, [system_of_run(run, "valid")], jobs=1) == ()
    return run


def copied(run: Path, to: Path) -> Path:
    """Copy the signals of a run, not its scores."""
    for path in [run / "run.json", *run.rglob("*.flac")]:
        target = to / path.relative_to(run)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    return to


def test_floor_scores_equal_a_loop_over_pyclaritys_functions(tiny_task_root: Path, task: Task, scored: Path) -> None:
    scores = pd.read_csv(scored / "scores.csv").set_index(["scene", "listener"])
    for pair in task.pairs:
        processed = read_audio(enhanced_path(scored, "valid", pair)).samples.T
        expected = official_scores(tiny_task_root, "valid", pair.scene, pair.listener, processed)
        row = scores.loc[(pair.scene, pair.listener)]
        np.testing.assert_allclose((row.left_haaqi, row.right_haaqi), expected, atol=1e-6, rtol=0)
        assert row.avg_haaqi == pytest.approx(np.mean(expected), abs=1e-6)


def test_the_official_truncated_floor_is_reproduced(tiny_task_root: Path, task: Task) -> None:
    pair = task.pairs[0]
    processed = floor_signal(tiny_task_root, "valid", pair.scene, pair.listener, truncate=True)
    expected = official_scores(tiny_task_root, "valid", pair.scene, pair.listener, processed)
    score = score_pair(task, pair, Recording(samples=processed.T.copy(), sample_rate=32_000))
    np.testing.assert_allclose((score.left.value, score.right.value), expected, atol=1e-6, rtol=0)


def test_the_score_file_holds_components_and_diagnostics(task: Task, scored: Path) -> None:
    scores = pd.read_csv(scored / "scores.csv")
    assert list(scores)[:6] == ["scene", "song", "listener", "left_haaqi", "right_haaqi", "avg_haaqi"]
    assert {f"{ear}_{name}" for ear in ("left", "right") for name in COMPONENTS} <= set(scores)
    assert {"clipped_samples", "peak", "output_lufs", "reference_lufs", "input_lufs"} <= set(scores)
    assert [(row.scene, row.listener) for row in scores.itertuples()] == [(p.scene, p.listener) for p in task.pairs]
    summary = json.loads((scored / "scores.json").read_text())
    assert summary["semantics"] == "pyclarity V0.6.3"
    assert summary["haaqi"] == "exact"
    assert summary["configuration"]["separator"] == "mixture"
    assert summary["mean_haaqi"] == pytest.approx(scores.avg_haaqi.mean())


def test_scores_do_not_depend_on_jobs_or_company(task: Task, scored: Path, tmp_path: Path) -> None:
    oracle = tmp_path / "oracle"
    enhance_task(task, oracle, EnhanceOptions(separator="oracle"), jobs=1)
    floor = copied(scored, tmp_path / "floor")
    score_task(task, [system_of_run(oracle, "valid"), system_of_run(floor, "valid")], jobs=2)
    assert (floor / "scores.csv").read_bytes() == (scored / "scores.csv").read_bytes()
    assert pd.read_csv(oracle / "scores.csv").avg_haaqi.min() > pd.read_csv(floor / "scores.csv").avg_haaqi.max()


def test_scored_pairs_are_kept_and_changed_signals_scored_again(task: Task, scored: Path, tmp_path: Path) -> None:
    run = copied(scored, tmp_path / "run")
    system = system_of_run(run, "valid")
    score_task(task, [system], jobs=1)
    times = {path.name: path.stat().st_mtime_ns for path in (run / "scores").iterdir()}
    changed = enhanced_path(run, "valid", task.pairs[0])
    recording = read_audio(changed)
    write_flac(changed, recording.samples[::-1].copy(), recording.sample_rate)
    score_task(task, [system], jobs=1)
    again = {path.name for path in (run / "scores").iterdir() if path.stat().st_mtime_ns != times[path.name]}
    assert again == {f"{task.pairs[0].scene}_{task.pairs[0].listener}.json"}


def test_a_copied_run_is_not_scored_again(task: Task, scored: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(scored, run)
    kept = {path: path.stat().st_mtime_ns for path in (run / "scores").iterdir()}
    for path in run.rglob("*.flac"):
        os.utime(path, ns=(1, 1))
    score_task(task, [system_of_run(run, "valid")], jobs=1)
    assert {path: path.stat().st_mtime_ns for path in (run / "scores").iterdir()} == kept


def spoil_silent(path: Path) -> str:
    write_flac(path, np.zeros((2, 32_000)), 32_000)
    return "silent|silence"


def spoil_one_ear(path: Path) -> str:
    recording = read_audio(path)
    write_flac(path, recording.samples * np.array([[1.0], [0.0]]), 32_000)
    return "silent|silence"


def spoil_rate(path: Path) -> str:
    write_flac(path, np.full((2, 44_100), 0.1), 44_100)
    return "expected 32000 Hz, got 44100 Hz"


def spoil_mono(path: Path) -> str:
    write_flac(path, np.full((1, 32_000), 0.1), 32_000)
    return "expected 2 channels, got 1"


def spoil_length(path: Path) -> str:
    write_flac(path, np.full((2, 31_000), 0.1), 32_000)
    return "expected 32000 samples"


def spoil_truncated(path: Path) -> str:
    path.write_bytes(path.read_bytes()[:5000])
    return "decode|truncated"


def spoil_missing(path: Path) -> str:
    path.unlink()
    return "no such audio file"


SPOILERS = [spoil_silent, spoil_one_ear, spoil_rate, spoil_mono, spoil_length, spoil_truncated, spoil_missing]


@pytest.mark.parametrize("spoil", SPOILERS)
def test_what_cannot_be_scored_gets_no_line_and_stops_nothing(task: Task, scored: Path, tmp_path: Path, spoil) -> None:
    run = copied(scored, tmp_path / "run")
    part = task.subset(task.pairs[:2])
    message = spoil(enhanced_path(run, "valid", part.pairs[0]))
    (failure,) = score_task(part, [system_of_run(run, "valid")], jobs=1)
    assert part.pairs[0].listener in failure.item
    assert part.pairs[0].scene in failure.item
    import re

    assert re.search(message, failure.reason), failure.reason
    assert "\n" not in failure.reason
    scores = pd.read_csv(run / "scores.csv")
    assert list(scores.listener) == [part.pairs[1].listener]


def test_a_release_of_mixtures_only_cannot_be_scored(own_task_root: Path) -> None:
    music_file = own_task_root / "metadata" / "music.valid.json"
    music = json.loads(music_file.read_text())
    music_file.write_text(json.dumps({name: {"mixture": entry["mixture"]} for name, entry in music.items()}))
    with pytest.raises(MetadataError):
        load_task(own_task_root, "valid", require_sources=True)
    task = load_task(own_task_root, "valid")
    with pytest.raises(MetadataError, match="true sources"):
        true_remix(task, task.scenes["S50001"])


def test_a_silent_reference_is_not_scored_against(own_task_root: Path) -> None:
    for path in (own_task_root / "audio" / "valid" / "garden_002").iterdir():
        info = soundfile.info(path)
        soundfile.write(path, np.zeros((info.frames, 2)), info.samplerate, subtype="PCM_16")
    task = load_task(own_task_root, "valid")
    processed = Recording(samples=np.full((2, 32_000), 0.1, dtype=np.float32), sample_rate=32_000)
    with pytest.raises(AudioError, match="silent"):
        score_pair(task, Pair(scene="S50003", listener="L0002"), processed)


def test_scores_of_a_folder_that_is_no_run_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no run\.json"):
        system_of_run(tmp_path, "valid")


def test_signals_may_come_from_anywhere(task: Task, scored: Path, tmp_path: Path) -> None:
    part = task.subset(task.pairs[:1])
    system = System(signals=HalvedSignals(scored), scores=tmp_path, description={"separator": "halved"})
    assert score_task(part, [system], jobs=1) == ()
    halved, whole = (pd.read_csv(folder / "scores.csv").iloc[0] for folder in (tmp_path, scored))
    assert halved.peak == pytest.approx(whole.peak / 2)


class HalvedSignals:
    def __init__(self, run: Path) -> None:
        self.run = run

    def read(self, pair: Pair) -> Recording:
        recording = read_audio(enhanced_path(self.run, "valid", pair))
        return Recording(samples=recording.samples / 2, sample_rate=recording.sample_rate)

    def fingerprint(self, pair: Pair) -> str:
        return f"{pair}"


def test_of_two_systems_each_is_scored_where_it_lacks_a_score(task: Task, scored: Path, tmp_path: Path) -> None:
    part = task.subset(task.pairs[:4])  # two listeners of the first scene, one of the second, one of the third
    whole, half = (system_of_run(copied(scored, tmp_path / name), "valid") for name in ("whole", "half"))
    score_task(part, [whole], jobs=1)
    score_task(part.subset([part.pairs[0], part.pairs[2]]), [half], jobs=1)
    before = times_of_scores(whole) | times_of_scores(half)
    assert score_task(part, [whole, half], jobs=1) == ()
    after = times_of_scores(whole) | times_of_scores(half)
    fresh = {path for path, time in after.items() if before.get(path) != time}
    assert fresh == {half.scores / "scores" / f"{pair.scene}_{pair.listener}.json" for pair in part.pairs[1::2]}
    whole_scores, half_scores = ((system.scores / "scores.csv").read_bytes() for system in (whole, half))
    assert whole_scores == half_scores


def times_of_scores(system: System) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in (system.scores / "scores").iterdir()}


@pytest.mark.parametrize(("n_samples", "accepted"), [(31_998, False), (31_999, True), (32_001, True), (32_002, False)])
def test_a_signal_may_be_one_sample_off_but_not_two(
    task: Task, scored: Path, n_samples: int, *, accepted: bool
) -> None:
    whole = read_audio(enhanced_path(scored, "valid", task.pairs[0]))
    samples = np.pad(whole.samples, ((0, 0), (0, 2)), mode="edge")[:, :n_samples]
    processed = Recording(samples=samples, sample_rate=whole.sample_rate)
    if accepted:
        assert score_pair(task, task.pairs[0], processed).left.value > 0
    else:
        with pytest.raises(AudioError, match=f"expected 32000 samples at 32000 Hz, got {n_samples}"):
            score_pair(task, task.pairs[0], processed)


def test_scores_are_a_table_with_means_and_intervals_in_python(
    tiny_task_root: Path, scored: Path, tmp_path: Path
) -> None:
    run = tmp_path / "mine"
    shutil.copytree(scored, run)
    scores = score_runs(str(tiny_task_root), [str(run)])
    written = pd.read_csv(run / "scores.csv").set_index(["scene", "listener"])
    table = scores.table.loc[str(run)]
    pd.testing.assert_series_equal(table["avg_haaqi"], written["avg_haaqi"])
    assert set(table["piece"]) == {"beach", "garden"}
    means = scores.means().loc[str(run)]
    assert means["mean"] == pytest.approx(written["avg_haaqi"].mean())
    assert means["low"] <= means["mean"] <= means["high"]
    assert (means["pairs"], means["pieces"], scores.failures) == (6, 2, ())
    assert "6 pairs scored" in repr(scores)
    assert "<table" in scores._repr_html_()
    assert scores.plot(Figure().subplots()).get_xlabel().startswith("HAAQI")


def test_the_command_prints_mean_and_interval(tiny_task_root: Path, scored: Path, tmp_path: Path) -> None:
    run = tmp_path / "mine"
    shutil.copytree(scored, run)
    app = typer.Typer()
    app.command()(score)
    result = CliRunner().invoke(app, [str(tiny_task_root), str(run)])
    written = pd.read_csv(run / "scores.csv")
    assert result.exit_code == 0
    assert re.search(rf"{written['avg_haaqi'].mean():.3f} \[0\.\d{{3}}, 0\.\d{{3}}\]", result.stdout)
