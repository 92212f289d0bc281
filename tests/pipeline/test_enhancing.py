"""Enhancing whole tasks: the submission's form, resume, failures apart, the official remix."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile
from official_recipe import floor_signal
from small_networks import small_network

from rebalance import load_task
from rebalance._base.errors import ConfigError
from rebalance.audio import read_audio
from rebalance.pipeline import EnhanceOptions, clear_run, enhance_task, enhanced_path, estimate_sources, read_run
from rebalance.pipeline._enhancing import _separator
from rebalance.pipeline._runs import claim_run
from rebalance.separation import ModelCard, SeparatorInfo, informed, load_separator, save_checkpoint, source_names
from rebalance.task import Source, Task, read_source

MIXTURE = EnhanceOptions(separator="mixture")


@pytest.fixture(scope="session")
def task(tiny_task_root: Path) -> Task:
    return load_task(tiny_task_root, "valid")


def outputs(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (run / "enhanced_signals").rglob("*.flac")}


def test_every_pair_gets_a_file_in_the_form_of_the_submission(task: Task, tmp_path: Path) -> None:
    assert enhance_task(task, tmp_path, MIXTURE, jobs=1) == ()
    for pair in task.pairs:
        info = soundfile.info(enhanced_path(tmp_path, "valid", pair))
        assert (info.samplerate, info.channels, info.subtype, info.frames) == (32_000, 2, "PCM_16", 32_000)
    assert len(outputs(tmp_path)) == len(task.pairs)
    assert read_run(tmp_path).separator == "mixture"


def test_results_do_not_depend_on_the_number_of_jobs(task: Task, tmp_path: Path) -> None:
    options = EnhanceOptions(separator="ideal-ratio-mask")
    for jobs in (1, 2):
        enhance_task(task, tmp_path / str(jobs), options, jobs=jobs)
    assert outputs(tmp_path / "1") == outputs(tmp_path / "2")


def test_the_floor_equals_the_mixture_through_pyclarity(tiny_task_root: Path, task: Task, tmp_path: Path) -> None:
    enhance_task(task, tmp_path, MIXTURE, jobs=1)
    pair = task.pairs[1]
    expected = floor_signal(tiny_task_root, "valid", pair.scene, pair.listener)
    written = read_audio(enhanced_path(tmp_path, "valid", pair)).samples
    assert np.max(np.abs(written - expected.T)) <= 1 / 32768
    assert np.mean(written != expected.T) < 1e-3


def test_a_second_run_redoes_nothing(task: Task, tmp_path: Path) -> None:
    enhance_task(task, tmp_path, MIXTURE, jobs=1)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.flac")}
    enhance_task(task, tmp_path, MIXTURE, jobs=1)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.flac")} == before


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_records_how_long_the_separation_of_how_much_music_took(task: Task, tmp_path: Path, jobs: int) -> None:
    enhance_task(task.subset(task.pairs[:1]), tmp_path, MIXTURE, jobs=1)
    first = read_run(tmp_path)
    (segment,) = task.subset(task.pairs[:1]).segments.values()
    assert first.timing["music_s"] == segment.mixture.duration_s
    assert first.timing["separation_s"] > 0
    assert first.speed == pytest.approx(first.timing["separation_s"] / first.timing["music_s"], rel=0.01)
    enhance_task(task, tmp_path, MIXTURE, jobs=jobs)
    whole = read_run(tmp_path)
    others = [one for one in task.segments.values() if one.name != segment.name]
    again = any(task.scenes[pair.scene].segment.name == segment.name for pair in task.pairs[1:])
    expected_s = (
        sum(one.mixture.duration_s for one in (*others, *([segment] if again else []))) + segment.mixture.duration_s
    )
    assert whole.timing["music_s"] == pytest.approx(expected_s)
    assert whole.timing["separation_s"] > first.timing["separation_s"]
    enhance_task(task, tmp_path, MIXTURE, jobs=jobs)  # nothing is left to do
    assert read_run(tmp_path) == whole


def test_a_timing_that_is_none_is_refused(task: Task, tmp_path: Path) -> None:
    enhance_task(task.subset(task.pairs[:1]), tmp_path, MIXTURE, jobs=1)
    content = json.loads((tmp_path / "run.json").read_text())
    for broken in ({}, {"separation_s": "soon", "music_s": 1.0}, {"separation_s": 1.0, "music_s": 0.0}):
        (tmp_path / "run.json").write_text(json.dumps(content | {"timing": broken}))
        with pytest.raises(ConfigError, match="not the record of a run"):
            read_run(tmp_path)


def test_a_lost_file_alone_is_made_again(task: Task, tmp_path: Path) -> None:
    enhance_task(task, tmp_path, MIXTURE, jobs=1)
    lost = enhanced_path(tmp_path, "valid", task.pairs[2])
    content = lost.read_bytes()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.flac") if path != lost}
    lost.unlink()
    enhance_task(task, tmp_path, MIXTURE, jobs=1)
    assert lost.read_bytes() == content
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.flac") if path != lost} == before


def test_estimates_of_an_unfinished_segment_are_kept_and_used(own_task_root: Path, tmp_path: Path) -> None:
    task = load_task(own_task_root, "valid")
    part = task.subset(task.pairs[:2])
    incomplete = dataclasses.replace(part, fittings={"L0001": part.fittings["L0001"]})
    options = EnhanceOptions(separator="oracle")
    (failure,) = enhance_task(incomplete, tmp_path, options, jobs=1)
    assert "L0002" in failure.item
    assert "compressor parameters" in failure.reason
    (kept,) = (tmp_path / "unfinished").iterdir()
    with np.load(kept) as arrays:
        silent = {"names": arrays["names"], "estimates": np.zeros_like(arrays["estimates"])}
    np.savez(kept, **silent)
    assert enhance_task(part, tmp_path, options, jobs=1) == ()
    assert not list((tmp_path / "unfinished").iterdir())


def test_one_bad_segment_is_reported_and_stops_no_other(own_task_root: Path, tmp_path: Path) -> None:
    (own_task_root / "audio" / "valid" / "beach_000" / "Mixture.flac").write_bytes(b"")
    task = load_task(own_task_root, "valid")
    (failure,) = enhance_task(task, tmp_path, MIXTURE, jobs=1)
    assert "beach_000" in failure.item
    assert "empty" in failure.reason
    assert {name[:6] for name in outputs(tmp_path)} == {"S50003", "S50004"}


def test_a_folder_of_another_run_is_refused(task: Task, tmp_path: Path) -> None:
    enhance_task(task, tmp_path, MIXTURE, jobs=1)
    before = outputs(tmp_path)
    with pytest.raises(ConfigError, match="begun with 'mixture'"):
        enhance_task(task, tmp_path, EnhanceOptions(separator="oracle"), jobs=1)
    assert outputs(tmp_path) == before


def test_the_oracle_hands_in_the_true_remix(task: Task, tmp_path: Path) -> None:
    from rebalance.pipeline import amplify_for_submission, true_remix

    enhance_task(task, tmp_path, EnhanceOptions(separator="oracle"), jobs=1)
    pair = task.pairs[0]
    expected = amplify_for_submission(true_remix(task, task.scenes[pair.scene]).remix, task.fittings[pair.listener])
    written = read_audio(enhanced_path(tmp_path, "valid", pair)).samples
    assert np.sqrt(np.mean((written - expected) ** 2)) < 1e-3 * np.sqrt(np.mean(expected**2))


def test_estimates_carry_the_names_of_the_metadata(task: Task) -> None:
    segment = task.segments["beach_000"]
    estimates = estimate_sources(load_separator("oracle"), task, segment)
    assert list(estimates) == ["source_1", "source_2", "source_3", "source_4"]


def test_a_release_of_mixtures_only_can_be_enhanced_by_what_needs_no_names(own_task_root: Path, tmp_path: Path) -> None:
    music_file = own_task_root / "metadata" / "music.valid.json"
    music = json.loads(music_file.read_text())
    music_file.write_text(json.dumps({name: {"mixture": entry["mixture"]} for name, entry in music.items()}))
    task = load_task(own_task_root, "valid")
    assert enhance_task(task, tmp_path / "floor", MIXTURE, jobs=1) == ()
    failures = enhance_task(task, tmp_path / "masks", EnhanceOptions(separator="ideal-ratio-mask"), jobs=1)
    assert len(failures) == 2
    assert all("names no instruments" in failure.reason for failure in failures)


def test_only_the_official_networks_can_be_remixed_officially(task: Task, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected separator 'convtasnet', got 'oracle'"):
        enhance_task(task, tmp_path / "run", EnhanceOptions(separator="oracle", remix="official"), jobs=1)
    assert not (tmp_path / "run").exists()


def test_a_killed_run_goes_on_where_it_was(tiny_task_root: Path, task: Task, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rebalance", "enhance", str(tiny_task_root), str(tmp_path / "run")]
    command += ["--separator", "mixture", "--jobs", "1"]
    process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not outputs(tmp_path / "run") and time.monotonic() < deadline:
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    finished = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*.flac")}
    assert all(read_audio(path).samples.shape == (2, 32_000) for path in finished)
    enhance_task(task, tmp_path / "run", MIXTURE, jobs=1)
    assert all(path.stat().st_mtime_ns == time_ns for path, time_ns in finished.items())
    enhance_task(task, tmp_path / "whole", MIXTURE, jobs=1)
    assert outputs(tmp_path / "run") == outputs(tmp_path / "whole")


def test_soft_clipping_and_truncation_follow_the_official_options(task: Task, tmp_path: Path) -> None:
    from rebalance.pipeline import amplify_for_submission
    from rebalance.task import read_source

    part = task.subset(task.pairs[:1])
    enhance_task(part, tmp_path, EnhanceOptions(separator="mixture", soft_clip=True), jobs=1)
    pair = part.pairs[0]
    mixture = read_source(task, task.scenes[pair.scene].segment.mixture)
    expected = np.tanh(amplify_for_submission(mixture, task.fittings[pair.listener]))
    written = read_audio(enhanced_path(tmp_path, "valid", pair)).samples
    assert np.max(np.abs(written - expected)) <= 0.51 / 32768
    assert EnhanceOptions(separator="convtasnet", remix="official").rounding == "truncate"


def test_a_run_is_not_continued_with_other_weights_of_the_same_name(task: Task, tmp_path: Path) -> None:
    """Half of a run by old weights and half by new ones would be scored as one system."""
    path = tmp_path / "tiny.safetensors"
    options = EnhanceOptions(separator=str(path), device="cpu")
    part = task.subset(task.pairs[:1])
    save_checkpoint(path, small_network(0), ModelCard())
    enhance_task(part, tmp_path / "run", options, jobs=1)
    assert read_run(tmp_path / "run").weights == hashlib.sha256(path.read_bytes()).hexdigest()
    enhance_task(part, tmp_path / "run", options, jobs=1)
    save_checkpoint(path, small_network(1), ModelCard())
    _separator.cache_clear()
    with pytest.raises(ConfigError, match="one begun with weights"):
        enhance_task(part, tmp_path / "run", options, jobs=1)


def test_a_run_that_does_not_say_its_weights_can_go_on(task: Task, tmp_path: Path) -> None:
    enhance_task(task, tmp_path, MIXTURE, jobs=1)
    record = read_run(tmp_path)
    assert record.weights is None
    claim_run(tmp_path, dataclasses.replace(record, weights="0" * 64))
    assert read_run(tmp_path).weights == "0" * 64


class Reordered:
    """The ideal ratio mask, whose estimates are handed over sorted by name and in double precision."""

    def __init__(self, inner) -> None:
        self.inner = inner
        self.name, self.sample_rate, self.info = "reordered", inner.sample_rate, inner.info

    def __call__(self, mixture, instruments):
        made = self.inner(mixture, instruments)
        return {name: made[name].astype(np.float64) for name in sorted(made, reverse=True)}

    def informed_by(self, sources):
        return type(self)(informed(self.inner, sources))


def test_the_order_of_a_separators_estimates_changes_no_file(
    task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = EnhanceOptions(separator="ideal-ratio-mask")
    enhance_task(task, tmp_path / "in order", options, jobs=1)
    reordered = Reordered(load_separator("ideal-ratio-mask"))
    monkeypatch.setattr("rebalance.pipeline._enhancing._separator", lambda _: reordered)
    with ThreadPoolExecutor(1) as executor:
        assert enhance_task(task, tmp_path / "reordered", options, executor=executor) == ()
    assert outputs(tmp_path / "reordered") == outputs(tmp_path / "in order")


def test_official_targets_are_looked_up_by_name(task: Task) -> None:
    from rebalance.pipeline._enhancing import _official_targets

    class Targets(Reordered):
        def targets(self, mixture, instruments, *, accompaniment_share=0.1):
            return {
                name: np.full_like(mixture, number)
                for number, name in reversed(list(enumerate(source_names(instruments))))
            }

    segment = task.segments["beach_000"]
    mixture = read_source(task, segment.mixture)
    made = _official_targets(Targets(load_separator("mixture")), mixture, segment, 0.1)
    assert {name: signal[0, 0] for name, signal in made.items()} == {f"source_{k + 1}": k for k in range(4)}


class Overwriting:
    """A separator that spoils what it is given."""

    name, sample_rate = "overwriting", 44_100
    info = SeparatorInfo(shrinkage=1.0, mixture_consistent=True)

    def __call__(self, mixture, instruments):
        estimates = {name: mixture / len(instruments) for name in source_names(instruments)}
        mixture[:] = 0.0
        return estimates

    def targets(self, mixture, instruments, *, accompaniment_share=0.1):
        return self(mixture, instruments)


@pytest.mark.parametrize("remix", ["edit", "official"])
def test_a_mixture_is_read_once_a_segment(
    task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, remix: str
) -> None:
    read: list[Source] = []

    def counted(part: Task, source: Source) -> np.ndarray:
        read.append(source)
        return read_source(part, source)

    monkeypatch.setattr("rebalance.pipeline._enhancing.read_source", counted)
    monkeypatch.setattr("rebalance.pipeline._enhancing._separator", lambda _: Overwriting())
    monkeypatch.setattr("rebalance.pipeline._enhancing._require_official", lambda separator: separator)
    options = EnhanceOptions(separator="mixture", remix=remix)
    with ThreadPoolExecutor(1) as executor:
        assert enhance_task(task, tmp_path, options, executor=executor) == ()
    assert sorted(source.track for source in read) == sorted(part.mixture.track for part in task.segments.values())


def test_a_separator_that_writes_into_its_mixture_changes_no_remix(
    task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enhance_task(task, tmp_path / "whole", MIXTURE, jobs=1)
    monkeypatch.setattr("rebalance.pipeline._enhancing._separator", lambda _: Overwriting())
    unmoved = {
        name: dataclasses.replace(scene, gains_db=dict.fromkeys(scene.gains_db, 0.0))
        for name, scene in task.scenes.items()
    }
    with ThreadPoolExecutor(1) as executor:
        enhance_task(dataclasses.replace(task, scenes=unmoved), tmp_path / "spoilt", MIXTURE, executor=executor)
    assert outputs(tmp_path / "spoilt") == outputs(tmp_path / "whole")


@pytest.mark.parametrize("wrong", ["missing", "superfluous", "shape", "nan"])
def test_a_separator_that_breaks_its_contract_fails_in_one_line(
    task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    class Broken(Reordered):
        def __call__(self, mixture, instruments):
            made = dict.fromkeys(source_names(instruments), mixture)
            first = next(iter(made))
            if wrong == "missing":
                del made[first]
            elif wrong == "superfluous":
                made["Tuba"] = mixture
            else:
                made[first] = mixture[:, 1:] if wrong == "shape" else mixture * np.float32(np.nan)
            return made

    broken = Broken(load_separator("mixture"))
    broken.info = SeparatorInfo()
    monkeypatch.setattr("rebalance.pipeline._enhancing._separator", lambda _: broken)
    with ThreadPoolExecutor(1) as executor:
        failures = enhance_task(task, tmp_path, MIXTURE, executor=executor)
    assert len(failures) == len(task.segments)
    assert all("estimate" in failure.reason and "\n" not in failure.reason for failure in failures)
    assert not outputs(tmp_path)


def test_kept_estimates_that_cannot_be_read_are_made_again(task: Task, tmp_path: Path) -> None:
    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    for segment in task.segments:
        (unfinished / f"{segment}.npz").write_bytes(b"cut off")
    options = EnhanceOptions(separator="oracle")
    assert enhance_task(task, tmp_path, options, jobs=1) == ()
    enhance_task(task, tmp_path / "whole", options, jobs=1)
    assert len(outputs(tmp_path / "whole")) == len(task.pairs)


def own_module(folder: Path, name: str, *, shrinkage: float) -> None:
    (folder / f"{name}.py").write_text(
        f"""
import dataclasses
from rebalance.separation import SeparatorInfo, load_separator
def make(device="auto"):
    return dataclasses.replace(load_separator("mixture"), info=SeparatorInfo(shrinkage={shrinkage}))
""",
        encoding="utf-8",
    )


def test_a_run_is_not_continued_with_a_changed_module(
    task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    own_module(tmp_path, "own_sharing", shrinkage=0.0)
    options = EnhanceOptions(separator="own_sharing:make")
    nothing, run = task.subset([]), tmp_path / "run"
    enhance_task(nothing, run, options, jobs=1)
    digest = hashlib.sha256((tmp_path / "own_sharing.py").read_bytes()).hexdigest()
    assert read_run(run).source == digest
    enhance_task(nothing, run, options, jobs=1)
    with (tmp_path / "own_sharing.py").open("a", encoding="utf-8") as file:
        file.write("# changed")
    with pytest.raises(ConfigError, match=r"begun with source .*--fresh"):
        enhance_task(nothing, run, options, jobs=1)
    enhance_task(nothing, run, options, fresh=True, jobs=1)
    assert read_run(run).source != digest


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("shrinkage", (0.25,)),
        ("source", "0" * 64),
        ("soft_clip", True),
        ("accompaniment_share", 0.5),
        ("aid", {"attacks_ms": [1.0]}),
        ("remix", "official"),
        ("split", "test"),
    ],
)
def test_continuing_with_something_else_names_the_field(
    tmp_path: Path, task: Task, field: str, changed: object
) -> None:
    enhance_task(task.subset([]), tmp_path, MIXTURE, jobs=1)
    record = dataclasses.replace(read_run(tmp_path), source="1" * 64)
    claim_run(tmp_path, record)
    claim_run(tmp_path, record)
    with pytest.raises(ConfigError, match=f"begun with {field} ") as raised:
        claim_run(tmp_path, dataclasses.replace(record, **{field: changed}))
    assert "\n" not in str(raised.value)


def test_starting_anew_removes_the_runs_own_files_only(task: Task, tmp_path: Path) -> None:
    enhance_task(task.subset([]), tmp_path, MIXTURE, jobs=1)
    pair = task.pairs[0]
    own = [
        enhanced_path(tmp_path, "valid", pair),
        tmp_path / "unfinished" / "beach_000.npz",
        tmp_path / "scores" / f"{pair.scene}_{pair.listener}.json",
        tmp_path / "scores.csv",
        tmp_path / "scores.json",
    ]
    others = [
        tmp_path / "notes.txt",
        tmp_path / "enhanced_signals" / "valid" / "mine.flac",
        tmp_path / "enhanced_signals" / "test" / "S1_L1_remix.flac",
        tmp_path / "unfinished" / "mine.txt",
    ]
    for path in (*own, *others):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    enhance_task(task.subset([]), tmp_path, EnhanceOptions(separator="oracle"), fresh=True, jobs=1)
    assert not [path for path in own if path.exists()]
    assert all(path.exists() for path in others)
    assert read_run(tmp_path).separator == "oracle"


def test_starting_anew_leaves_a_folder_that_is_no_run_alone(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("mine")
    clear_run(tmp_path)
    assert path.read_text() == "mine"
