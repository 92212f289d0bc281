"""The sounds: equally loud, as long as each other, never clipped, anchors as the recommendation wants them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import freqz

from rebalance import AudioError, ConfigError
from rebalance.audio import loudness_lufs, probe_audio, read_audio, resample
from rebalance.hearing import amplify
from rebalance.pipeline import true_remix
from rebalance.web.listening_test import lowpass, make_stimuli, matched, read_plan, settle_test

RATE = 32_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "sounds"


@pytest.mark.parametrize("cutoff_hz", [3500.0, 7000.0])
def test_an_anchor_is_as_the_recommendation_wants_it(cutoff_hz: float) -> None:
    impulse = np.zeros((1, 4001))
    impulse[0, 2000] = 1.0
    frequencies_hz, response = freqz(lowpass(impulse, RATE, cutoff_hz=cutoff_hz)[0], worN=8192, fs=RATE)
    gain_db = 20 * np.log10(np.abs(response) + 1e-12)
    assert np.max(np.abs(gain_db[frequencies_hz <= cutoff_hz])) < 0.1
    assert np.max(gain_db[frequencies_hz >= cutoff_hz * 4 / 3.5]) < -25
    assert np.max(gain_db[frequencies_hz >= cutoff_hz * 4.5 / 3.5]) < -50


def test_an_anchor_is_not_delayed() -> None:
    tone = np.sin(2 * np.pi * 500 * np.arange(RATE) / RATE)[None]
    np.testing.assert_allclose(lowpass(tone, RATE, cutoff_hz=3500.0)[:, 500:-500], tone[:, 500:-500], atol=0.01)


def test_nothing_clips_and_all_of_a_page_are_turned_down_alike() -> None:
    noise = np.random.default_rng(0).normal(0, 0.02, (2, RATE))
    spiky = noise.copy()
    spiky[:, 100] = 5.0
    made = matched({"even": noise, "spiky": spiky}, RATE, level_lufs=-20.0)
    levels = [loudness_lufs(signal, RATE) for signal in made.values()]
    assert levels[0] == pytest.approx(levels[1], abs=0.01)
    assert levels[0] < -21
    assert max(np.max(np.abs(signal)) for signal in made.values()) == pytest.approx(10 ** (-1 / 20))


def test_matching_leaves_its_input_alone_and_refuses_silence_and_other_lengths() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (2, RATE))
    before = noise.copy()
    matched({"one": noise}, RATE, level_lufs=-30.0)
    np.testing.assert_array_equal(noise, before)
    with pytest.raises(AudioError, match="two: expected a sound, found silence"):
        matched({"one": noise, "two": np.zeros((2, RATE))}, RATE, level_lufs=-23.0)
    with pytest.raises(AudioError, match="expected signals of one length, got 31999, 32000"):
        matched({"one": noise, "two": noise[:, 1:]}, RATE, level_lufs=-23.0)


def test_the_sounds_of_a_test_are_those_of_the_runs_equally_loud(plan_file: Callable[..., Path], folder: Path) -> None:
    test = settle_test(read_plan(plan_file(scenes=["S50001"], anchors_hz=[3500, 7000], loudness_lufs=-30)))
    stimuli = make_stimuli(test, folder)
    (pair,) = test.pairs
    paths = {system: stimuli.path(pair, system) for system in test.plan.systems}
    assert len(set(paths.values())) == 5
    assert len({path.stat().st_size for path in paths.values()}) == 1
    assert {probe_audio(path).subtype for path in paths.values()} == {"PCM_16"}
    for path in paths.values():
        assert loudness_lufs(read_audio(path).samples, RATE) == pytest.approx(-30, abs=0.05)
        assert not any(name in path.name for name in ("S50001", "louder", "reference", "anchor"))


def test_the_reference_is_what_the_scorer_compares_with(plan_file: Callable[..., Path], folder: Path) -> None:
    test = settle_test(read_plan(plan_file(scenes=["S50002"])))
    (pair,) = test.pairs
    heard = read_audio(make_stimuli(test, folder).path(pair, "reference")).samples
    scored = amplify(true_remix(test.task, test.task.scenes[pair.scene]).remix, test.task.fittings[pair.listener])
    expected = resample(scored, 44_100, RATE)
    inner = slice(RATE // 10, -RATE // 10)
    scale = np.vdot(heard[:, inner], expected[:, inner]) / np.vdot(expected[:, inner], expected[:, inner])
    np.testing.assert_allclose(heard[:, inner], scale * expected[:, inner], atol=2e-4)


def test_what_is_there_already_is_not_made_again(plan_file: Callable[..., Path], folder: Path) -> None:
    test = settle_test(read_plan(plan_file(scenes=1)))
    first = make_stimuli(test, folder)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert make_stimuli(test, folder) == first
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    louder = make_stimuli(settle_test(read_plan(plan_file(scenes=1, loudness_lufs=-20))), folder)
    assert not set(louder.names.values()) & set(first.names.values())


def test_a_stretch_is_played(plan_file: Callable[..., Path], folder: Path) -> None:
    test = settle_test(read_plan(plan_file(kind="preference", scenes=1, start_s=0.0, duration_s=1.0)))
    make_stimuli(test, folder)
    assert len(list(folder.iterdir())) == 2  # no reference, no anchor
    late = settle_test(read_plan(plan_file(kind="preference", scenes=1, start_s=0.5, duration_s=1.0)))
    with pytest.raises(AudioError, match=r"expected a sound from 0\.5 s to 1\.5 s, got 1 s"):
        make_stimuli(late, folder)


def test_a_run_that_is_missing_or_lacks_a_scene_is_told(
    plan_file: Callable[..., Path], scored_runs: Mapping[str, Path], folder: Path, tmp_path: Path
) -> None:
    own = Path(shutil.copytree(scored_runs["louder-violins"], tmp_path / "own"))
    for path in own.rglob("S50001*"):
        path.unlink()
    test = settle_test(read_plan(plan_file(scenes=["S50001"], runs={"own": str(own)})))
    wanted = "expected the signal of scene S50001 for listener L0001, found none"
    with pytest.raises(ConfigError, match=wanted):
        make_stimuli(test, folder)
    test = settle_test(read_plan(plan_file(scenes=["S50001"], runs={"own": str(tmp_path / "nowhere")})))
    with pytest.raises(ConfigError, match="found no such run"):
        make_stimuli(test, folder)


def test_the_reference_may_be_another_run(
    plan_file: Callable[..., Path], scored_runs: Mapping[str, Path], folder: Path
) -> None:
    best, plain = scored_runs.values()
    test = settle_test(read_plan(plan_file(scenes=1, runs={"plain": str(plain)}, reference=str(best))))
    (pair,) = test.pairs
    stimuli = make_stimuli(test, folder)
    own = settle_test(
        read_plan(plan_file(scenes=1, runs={"plain": str(plain), "best": str(best)}, reference=str(best)))
    )
    also = make_stimuli(own, folder)
    assert stimuli.path(pair, "reference").read_bytes() == also.path(pair, "best").read_bytes()
