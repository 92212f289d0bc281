"""Scores step by step, in one process: what is kept, what is done again, what explains a score."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pyloudnorm
import pytest

from rebalance import load_task
from rebalance._base.errors import AudioError, ConfigError
from rebalance.audio import Recording, read_audio, remix, resample, write_flac
from rebalance.haaqi import haaqi
from rebalance.hearing import CHALLENGE_AID, amplify
from rebalance.pipeline import (
    EnhanceOptions,
    System,
    enhance_task,
    enhanced_path,
    score_pair,
    score_task,
    system_of_run,
    true_remix,
)
from rebalance.pipeline._pair_scores import PairScore, Reference
from rebalance.pipeline._score_records import kept_pairs, unscored_by_scene
from rebalance.pipeline._scored_systems import FolderSignals
from rebalance.task import Pair, Task

COMPONENTS = ("nonlinear", "linear", "cepstral_correlation", "membrane_covariance", "loudness", "spectrum")


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as threads:
        yield threads


@pytest.fixture(scope="module")
def task(tiny_task_root: Path) -> Task:
    return load_task(tiny_task_root, "valid", require_sources=True)


@pytest.fixture(scope="module")
def pair(task: Task) -> Pair:
    return task.pairs[1]


@pytest.fixture(scope="module")
def floor(task: Task, tmp_path_factory: pytest.TempPathFactory, executor: Executor) -> Path:
    """The untouched mixtures, amplified, and no scores."""
    run = tmp_path_factory.mktemp("floor")
    enhance_task(task, run, EnhanceOptions(separator="mixture"), executor=executor)
    return run


@pytest.fixture(scope="module")
def processed(floor: Path, pair: Pair) -> Recording:
    return read_audio(enhanced_path(floor, "valid", pair))


@pytest.fixture(scope="module")
def score(task: Task, pair: Pair, processed: Recording) -> PairScore:
    return score_pair(task, pair, processed)


class Signals:
    """Signals held in memory; notes which are read."""

    def __init__(self, by_pair: dict[Pair, Recording], version: str = "1") -> None:
        self.by_pair = by_pair
        self.version = version
        self.read_pairs: list[Pair] = []
        self.checked_pairs: list[Pair] = []

    def read(self, pair: Pair) -> Recording:
        self.read_pairs.append(pair)
        if pair not in self.by_pair:
            raise AudioError("no such signal")
        return self.by_pair[pair]

    def fingerprint(self, pair: Pair) -> str:
        self.checked_pairs.append(pair)
        return f"{self.version} of {pair.scene} for {pair.listener}"


def system_of(folder: Path, signals: Signals, name: str = "scores") -> System:
    return System(signals=signals, scores=folder, description={"separator": "mine"}, scores_name=name)


def record_of(folder: Path, pair: Pair) -> Path:
    return folder / "scores" / f"{pair.scene}_{pair.listener}.json"


# --- one pair


def test_a_score_is_haaqi_of_either_ear_against_the_amplified_true_remix(
    task: Task, pair: Pair, processed: Recording, score: PairScore
) -> None:
    reference = true_remix(task, task.scenes[pair.scene])
    amplified = amplify(reference.remix, task.fittings[pair.listener])
    rng = np.random.RandomState(1)  # another noise than the scene's: it matters little
    for channel, ear in enumerate(("left", "right")):
        expected = haaqi(
            resample(amplified[channel], 44_100, 24_000),
            resample(processed.samples[channel], 32_000, 24_000),
            task.listeners[pair.listener].audiogram(ear),
            sample_rate=24_000,
            full_scale_db_spl=65 - 10 * np.log10(np.mean(reference.remix[channel] ** 2)),
            rng=rng,
        )
        assert getattr(score, ear).value == pytest.approx(expected.value, abs=0.01)
    assert score.left.value != pytest.approx(score.right.value, abs=1e-4)
    assert (score.scene, score.listener, score.song) == (pair.scene, pair.listener, "beach_000")


def test_the_line_of_a_score_holds_both_ears_their_mean_and_every_component(score: PairScore) -> None:
    row = score.row()
    assert row["avg_haaqi"] == pytest.approx((score.left.value + score.right.value) / 2, abs=1e-15)
    for ear in ("left", "right"):
        assert row[f"{ear}_haaqi"] == getattr(score, ear).value
        for name in COMPONENTS:
            assert row[f"{ear}_{name}"] == getattr(getattr(score, ear), name)
    diagnostics = ["clipped_samples", "peak", "output_lufs", "reference_lufs", "input_lufs"]
    expected = ["scene", "song", "listener", "left_haaqi", "right_haaqi", "avg_haaqi"]
    expected += [f"{ear}_{name}" for ear in ("left", "right") for name in COMPONENTS]
    assert list(row) == expected + diagnostics


def test_diagnostics_say_how_loud_and_how_often_clipped_a_signal_is(
    task: Task, pair: Pair, processed: Recording
) -> None:
    samples = processed.samples / np.abs(processed.samples).max() * np.float32(0.5)
    samples[0, [10, 20, 30]] = (1.0, -1.0, 32_767 / 32_768)
    samples[1, 40] = -32_767 / 32_768
    samples[1, 50] = 32_766 / 32_768
    found = score_pair(task, pair, Recording(samples=samples, sample_rate=32_000)).diagnostics
    assert (found.clipped_samples, found.peak) == (4, 1.0)
    mixture = read_audio(task.audio_path(task.scenes[pair.scene].segment.mixture)).samples
    sources = {
        source.name: read_audio(task.audio_path(source)).samples for source in task.scenes[pair.scene].segment.sources
    }
    amplified = amplify(remix(sources, task.scenes[pair.scene].gains_db), task.fittings[pair.listener])
    for loudness, signal, rate in (
        (found.output_lufs, samples, 32_000),
        (found.reference_lufs, amplified, 44_100),
        (found.input_lufs, mixture, 44_100),
    ):
        assert loudness == pytest.approx(pyloudnorm.Meter(rate).integrated_loudness(signal.T), abs=1e-9)


def test_the_true_remix_is_the_remix_of_the_sources_cut_to_the_segment(task: Task) -> None:
    for scene in task.scenes.values():
        sources = {
            source.name: read_audio(
                task.audio_path(source), start_s=source.start_s, duration_s=source.duration_s
            ).samples
            for source in scene.segment.sources
        }
        np.testing.assert_array_equal(true_remix(task, scene).remix, remix(sources, scene.gains_db))


def test_the_reference_is_presented_at_65_db_spl_ear_by_ear() -> None:
    reference = Reference(remix=np.array([[0.1, -0.1, 0.1], [0.001, 0.001, -0.001]]), input_lufs=None)
    assert reference.level_db_spl("left") == pytest.approx(65 + 20)
    assert reference.level_db_spl("right") == pytest.approx(65 + 60)
    silent = dataclasses.replace(reference, remix=np.array([[0.1, 0.1], [0.0, 0.0]]))
    with pytest.raises(AudioError, match="right channel of the true remix is silent"):
        silent.level_db_spl("right")


# --- what is kept


def test_a_score_is_kept_with_all_that_decides_whether_it_holds(
    task: Task, pair: Pair, processed: Recording, score: PairScore, tmp_path: Path, executor: Executor
) -> None:
    signals = Signals({pair: processed}, version="as heard")
    assert score_task(task.subset([pair]), [system_of(tmp_path, signals)], executor=executor) == ()
    kept = json.loads(record_of(tmp_path, pair).read_text())
    assert kept["row"] == score.row()
    assert (kept["fingerprint"], kept["mode"]) == (f"as heard of {pair.scene} for {pair.listener}", "exact")
    assert signals.read_pairs == [pair]


@pytest.mark.parametrize("change", ["fingerprint", "mode", "version"])
def test_a_score_of_another_signal_mode_or_version_is_done_again(
    task: Task, pair: Pair, processed: Recording, tmp_path: Path, executor: Executor, change: str
) -> None:
    part = task.subset([pair])
    signals = Signals({pair: processed})
    score_task(part, [system_of(tmp_path, signals)], executor=executor)
    score_task(part, [system_of(tmp_path, signals)], executor=executor)
    assert len(signals.read_pairs) == 1
    record = record_of(tmp_path, pair)
    kept = json.loads(record.read_text())
    record.write_text(json.dumps({**kept, change: "other"}))
    score_task(part, [system_of(tmp_path, signals)], executor=executor)
    assert len(signals.read_pairs) == 2
    assert json.loads(record.read_text()) == kept


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b'"text"'])
def test_a_record_that_cannot_be_read_is_made_again(
    task: Task, pair: Pair, processed: Recording, tmp_path: Path, executor: Executor, content: bytes
) -> None:
    signals = Signals({pair: processed})
    record_of(tmp_path, pair).parent.mkdir()
    record_of(tmp_path, pair).write_bytes(content)
    assert score_task(task.subset([pair]), [system_of(tmp_path, signals)], executor=executor) == ()
    assert signals.read_pairs == [pair]
    assert json.loads(record_of(tmp_path, pair).read_text())["row"]["listener"] == pair.listener


def test_each_of_two_systems_is_read_only_where_it_lacks_a_score(
    task: Task, processed: Recording, tmp_path: Path, executor: Executor
) -> None:
    part = task.subset(task.pairs[:3])
    one, two, three = part.pairs
    whole, half = (Signals(dict.fromkeys(part.pairs, processed)) for _ in range(2))
    systems = [system_of(tmp_path / "whole", whole), system_of(tmp_path / "half", half)]
    score_task(part, systems[:1], executor=executor)
    score_task(part.subset([one]), systems[1:], executor=executor)
    assert (whole.read_pairs, half.read_pairs) == ([one, two, three], [one])
    assert score_task(part, systems, executor=executor) == ()
    assert (whole.read_pairs, half.read_pairs) == ([one, two, three], [one, two, three])


def test_what_lacks_a_score_in_any_system_is_listed_scene_by_scene(
    task: Task, processed: Recording, tmp_path: Path, executor: Executor
) -> None:
    one, two, three = (task.subset(task.pairs[:3])).pairs
    systems = [system_of(tmp_path / name, Signals(dict.fromkeys(task.pairs, processed))) for name in ("whole", "half")]
    part = task.subset([one, two, three])
    assert unscored_by_scene(part, kept_pairs(part, systems)) == [[one, two], [three]]
    score_task(task.subset([one, two, three]), systems[:1], executor=executor)
    score_task(task.subset([one]), systems[1:], executor=executor)
    assert unscored_by_scene(part, kept_pairs(part, systems)) == [[two], [three]]
    assert unscored_by_scene(part, kept_pairs(part, systems[::-1])) == [[two], [three]]
    assert unscored_by_scene(part, kept_pairs(part, systems[:1])) == []


def test_what_is_scored_needs_no_audio_any_more(
    own_task_root: Path, processed: Recording, tmp_path: Path, executor: Executor
) -> None:
    task = load_task(own_task_root, "valid")
    part = task.subset(task.pairs[:1])
    systems = [system_of(tmp_path, Signals(dict.fromkeys(part.pairs, processed)))]
    score_task(part, systems, executor=executor)
    before = (tmp_path / "scores.csv").read_bytes()
    shutil.rmtree(own_task_root / "audio")
    assert score_task(part, systems, executor=executor) == ()
    assert (tmp_path / "scores.csv").read_bytes() == before


def test_a_kept_signal_is_held_against_its_score_once(
    task: Task, pair: Pair, processed: Recording, tmp_path: Path, executor: Executor
) -> None:
    signals = Signals({pair: processed})
    part = task.subset([pair])
    score_task(part, [system_of(tmp_path, signals)], executor=executor)
    signals.checked_pairs.clear()
    assert score_task(part, [system_of(tmp_path, signals)], executor=executor) == ()
    assert signals.checked_pairs == [pair]
    assert len(pd.read_csv(tmp_path / "scores.csv")) == 1


def test_a_kept_score_of_another_signal_has_no_line_when_the_new_one_fails(
    task: Task, processed: Recording, tmp_path: Path, executor: Executor
) -> None:
    part = task.subset(task.pairs[:2])
    gone, left = part.pairs
    signals = Signals(dict.fromkeys(part.pairs, processed))
    score_task(part, [system_of(tmp_path, signals)], executor=executor)
    del signals.by_pair[gone]
    record = json.loads(record_of(tmp_path, gone).read_text())
    record_of(tmp_path, gone).write_text(json.dumps(record | {"fingerprint": "of an older signal"}))
    (failure,) = score_task(part, [system_of(tmp_path, signals)], executor=executor)
    assert "no such signal" in failure.reason
    assert pd.read_csv(tmp_path / "scores.csv").listener.tolist() == [left.listener]


def test_scoring_with_no_process_is_refused(task: Task, processed: Recording, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="jobs: expected at least 1, got 0"):
        score_task(task, [system_of(tmp_path, Signals(dict.fromkeys(task.pairs, processed)))], jobs=0)


# --- the files of scores


def test_scores_of_a_system_are_one_table_and_one_summary_under_their_name(
    task: Task, processed: Recording, tmp_path: Path, executor: Executor
) -> None:
    part = task.subset(task.pairs[:3])
    signals = Signals(dict.fromkeys(part.pairs[::2], processed))
    (failure,) = score_task(part, [system_of(tmp_path, signals, "valid_scores")], executor=executor)
    pair = part.pairs[1]
    assert failure.item == f"scene {pair.scene}, listener {pair.listener}, {tmp_path}"
    assert failure.reason == "no such signal"
    table = pd.read_csv(tmp_path / "valid_scores.csv")
    assert list(zip(table.scene, table.listener, strict=True)) == [(p.scene, p.listener) for p in part.pairs[::2]]
    rows = [json.loads(record_of(tmp_path, pair).read_text())["row"] for pair in part.pairs[::2]]
    pd.testing.assert_frame_equal(table, pd.DataFrame(rows))
    summary = json.loads((tmp_path / "valid_scores.json").read_text())
    assert summary["mean_haaqi"] == pytest.approx(np.mean([row["avg_haaqi"] for row in rows]))
    assert (summary["n_pairs"], summary["n_scored"]) == (3, 2)
    assert (summary["split"], summary["haaqi"], summary["separator"]) == ("valid", "exact", "mine")
    assert Path(summary["data"]) == task.music_dir.parent.resolve()
    assert {"version", "semantics"} <= set(summary)


def test_nothing_scored_writes_no_table(task: Task, pair: Pair, tmp_path: Path, executor: Executor) -> None:
    failures = score_task(task.subset([pair]), [system_of(tmp_path, Signals({}))], executor=executor)
    assert len(failures) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_silent_signal_fails_alone_among_the_systems_of_a_pair(
    task: Task, pair: Pair, processed: Recording, tmp_path: Path, executor: Executor
) -> None:
    silent = dataclasses.replace(processed, samples=np.zeros_like(processed.samples))
    mono = dataclasses.replace(processed, samples=processed.samples[:1])
    by_name = {"silent": silent, "mono": mono, "good": processed}
    systems = [system_of(tmp_path / name, Signals({pair: signal})) for name, signal in by_name.items()]
    failures = score_task(task.subset([pair]), systems, executor=executor)
    reasons = {failure.item: failure.reason for failure in failures}
    assert set(reasons) == {
        f"scene {pair.scene}, listener {pair.listener}, {tmp_path / name}" for name in ("silent", "mono")
    }
    assert "silent" in reasons[f"scene {pair.scene}, listener {pair.listener}, {tmp_path / 'silent'}"]
    assert [path.name for path in sorted(tmp_path.glob("*/scores.csv"), key=str)] == ["scores.csv"]
    assert record_of(tmp_path / "good", pair).exists()


def test_every_pair_without_a_signal_is_a_failure_of_its_own(task: Task, tmp_path: Path, executor: Executor) -> None:
    part = task.subset(task.pairs[:3])
    failures = score_task(part, [system_of(tmp_path, Signals({}))], executor=executor)
    expected = {(f"scene {pair.scene}, listener {pair.listener}, {tmp_path}", "no such signal") for pair in part.pairs}
    assert {(failure.item, failure.reason) for failure in failures} == expected


def test_a_scene_that_cannot_be_remixed_fails_with_its_name_and_stops_no_other(
    own_task_root: Path, processed: Recording, tmp_path: Path, executor: Executor
) -> None:
    task = load_task(own_task_root, "valid")
    track = task.audio_path(task.scenes["S50003"].segment.sources[0])
    track.write_bytes(b"")
    signals = Signals(dict.fromkeys(task.pairs, processed))
    failures = score_task(task, [system_of(tmp_path, signals)], executor=executor)
    assert sorted(failure.item for failure in failures) == ["scene S50003", "scene S50004"]
    assert set(pd.read_csv(tmp_path / "scores.csv").scene) == {"S50001", "S50002"}


def test_a_reference_silent_for_one_ear_fails_pair_by_pair(
    own_task_root: Path, processed: Recording, tmp_path: Path, executor: Executor
) -> None:
    task = load_task(own_task_root, "valid")
    part = task.subset(task.pairs[:2])
    for source in part.scenes["S50001"].segment.sources:
        track = part.audio_path(source)
        write_flac(track, read_audio(track).samples * [[1.0], [0.0]], 44_100)
    failures = score_task(part, [system_of(tmp_path, Signals(dict.fromkeys(part.pairs, processed)))], executor=executor)
    assert [failure.item for failure in failures] == [f"scene S50001, listener {name}" for name in ("L0001", "L0002")]
    assert all("right channel of the true remix is silent" in failure.reason for failure in failures)


def test_the_aid_of_all_references_can_be_another(
    task: Task, pair: Pair, processed: Recording, tmp_path: Path, executor: Executor
) -> None:
    part = task.subset([pair])
    aids = {"challenge": CHALLENGE_AID, "other": dataclasses.replace(CHALLENGE_AID, thresholds_db=(-80.0,) * 6)}
    for name, aid in aids.items():
        score_task(part, [system_of(tmp_path / name, Signals({pair: processed}))], aid=aid, executor=executor)
    expected = amplify(
        true_remix(task, task.scenes[pair.scene]).remix, task.fittings[pair.listener], settings=aids["other"]
    )
    louder = pyloudnorm.Meter(44_100).integrated_loudness(expected.T)
    assert pd.read_csv(tmp_path / "other" / "scores.csv").reference_lufs[0] == pytest.approx(louder, abs=1e-9)
    assert pd.read_csv(tmp_path / "challenge" / "scores.csv").reference_lufs[0] != pytest.approx(louder, abs=0.1)


def test_scores_kept_under_another_noise_are_made_again(
    task: Task, pair: Pair, processed: Recording, tmp_path: Path, executor: Executor
) -> None:
    part, system = task.subset([pair]), system_of(tmp_path, Signals({pair: processed}))
    score_task(part, [system], executor=executor)
    record = json.loads(record_of(tmp_path, pair).read_text())
    other = {**record, "mode": "fast", "row": {**record["row"], "avg_haaqi": 0.5}}
    record_of(tmp_path, pair).write_text(json.dumps(other))
    score_task(part, [system], executor=executor)
    assert json.loads(record_of(tmp_path, pair).read_text()) == record
    assert json.loads((tmp_path / "scores.json").read_text())["haaqi"] == "exact"


# --- where signals come from


def test_the_folder_of_a_run_is_a_system_with_its_record(floor: Path, pair: Pair, processed: Recording) -> None:
    system = system_of_run(floor, "valid", scores_name="others")
    assert (system.scores, system.scores_name) == (floor, "others")
    assert system_of_run(floor, "valid").scores_name == "scores"
    np.testing.assert_array_equal(system.signals.read(pair).samples, processed.samples)
    assert system.description["separator"] == "mixture"
    assert system.description["configuration"]["split"] == "valid"
    written = json.loads(json.dumps(system.description["configuration"]))
    assert written == json.loads((floor / "run.json").read_text())
    with pytest.raises(ConfigError, match="expected signals of split 'test', it holds 'valid'"):
        system_of_run(floor, "test")


def test_the_fingerprint_of_a_file_changes_with_its_content_and_is_empty_without_one(
    floor: Path, pair: Pair, processed: Recording, tmp_path: Path
) -> None:
    signals = FolderSignals(run=tmp_path, split="valid")
    assert signals.fingerprint(pair) == ""
    with pytest.raises(AudioError, match="no such audio file"):
        signals.read(pair)
    write_flac(enhanced_path(tmp_path, "valid", pair), processed.samples, 32_000)
    before = signals.fingerprint(pair)
    np.testing.assert_array_equal(signals.read(pair).samples, processed.samples)
    write_flac(enhanced_path(tmp_path, "valid", pair), processed.samples[::-1], 32_000)
    assert before != signals.fingerprint(pair) != ""


# --- the form of a signal


@pytest.mark.parametrize(
    ("shape", "sample_rate", "message"),
    [
        ((2, 32_000), 44_100, "expected 32000 Hz, got 44100 Hz"),
        ((1, 32_000), 32_000, "expected 2 channels, got 1"),
        ((3, 32_000), 32_000, "expected 2 channels, got 3"),
        ((2, 31_998), 32_000, "expected 32000 samples at 32000 Hz, got 31998"),
        ((2, 32_002), 32_000, "expected 32000 samples at 32000 Hz, got 32002"),
    ],
)
def test_a_signal_of_another_form_is_refused(
    task: Task, pair: Pair, shape: tuple[int, int], sample_rate: int, message: str
) -> None:
    signal = Recording(samples=np.full(shape, 0.1, dtype=np.float32), sample_rate=sample_rate)
    with pytest.raises(AudioError, match=message):
        score_pair(task, pair, signal)


def test_a_loudness_needs_sound_of_two_fifths_of_a_second(own_task_root: Path) -> None:
    for duration_s, known in ((0.4, True), (0.39, False)):
        for split_file in (own_task_root / "metadata").glob("music.valid.json"):
            music = json.loads(split_file.read_text())
            for entry in music["garden_002"].values():
                entry["duration"] = duration_s
            split_file.write_text(json.dumps(music))
        task = load_task(own_task_root, "valid")
        assert (true_remix(task, task.scenes["S50003"]).input_lufs is not None) == known
