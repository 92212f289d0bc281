"""What a check finds in folders and archives, each fault on its own."""

from __future__ import annotations

import dataclasses
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rebalance._base.errors import RebalanceError, SubmissionError
from rebalance.audio import read_audio, write_flac
from rebalance.submission import check_files, open_submission
from rebalance.task import Pair

N_PAIRS = 18


def kinds(verdict, severity="error"):
    return {problem.kind for problem in verdict.problems if problem.severity == severity}


def files_of(verdict, kind):
    return [Path(problem.file).name for problem in verdict.problems if problem.kind == kind]


def change(path, function):
    """Replace the samples of a file."""
    recording = read_audio(path)
    write_flac(path, function(recording.samples), recording.sample_rate)


def exchange(first, second):
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)


@pytest.fixture
def check(helpers):
    return helpers.check


@pytest.fixture
def signal(helpers, run):
    return lambda scene, listener: helpers.signal_path(run, scene, listener)


def test_the_run_of_a_perfect_system_is_accepted_without_a_word(check, good_run, task):
    verdict = check(good_run, task)
    assert verdict.accepted
    assert verdict.problems == ()
    assert verdict.notes == ()
    assert verdict.n_found == verdict.n_expected == len(verdict.sha256) == N_PAIRS


def test_the_folder_of_the_signals_itself_is_accepted(check, good_run, task):
    assert check(good_run / "enhanced_signals", task).accepted


def test_an_archive_is_accepted_like_its_folder(check, good_zip, task):
    verdict = check(good_zip, task)
    assert verdict.accepted
    assert verdict.problems == ()


def test_an_archive_packed_by_hand_with_a_folder_per_split_is_accepted(check, good_run, task, tmp_path):
    path = tmp_path / "submission_T001_causal.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted((good_run / "enhanced_signals").rglob("*")):
            archive.write(file, file.relative_to(good_run))
    verdict = check(path, task)
    assert verdict.accepted
    assert verdict.notes == ("no manifest: nothing is known of the system",)


def test_all_problems_are_told_at_once(check, run, signal, task):
    signal("S50001", "L0001").unlink()
    signal("S50002", "L0001").write_bytes(b"not audio")
    change(signal("S50003", "L0001"), lambda samples: 0 * samples)
    assert kinds(check(run, task)) == {"missing", "damaged", "silent"}


def test_a_missing_file_is_named(check, run, signal, task):
    signal("S50003", "L0002").unlink()
    verdict = check(run, task)
    assert files_of(verdict, "missing") == ["S50003_L0002_remix.flac"]
    assert verdict.n_found == N_PAIRS - 1


def test_a_misspelt_name_gets_the_right_one_suggested(check, run, signal, task):
    signal("S50003", "L0002").rename(signal("S50003", "L002"))
    (problem,) = [problem for problem in check(run, task).problems if problem.kind == "unexpected"]
    assert "did you mean 'S50003_L0002_remix.flac'?" in problem.line


def test_a_file_in_the_wrong_place_is_told_where_it_belongs(check, run, signal, task):
    misplaced = run / "enhanced_signals" / "final" / "S50003_L0002_remix.flac"
    misplaced.parent.mkdir()
    signal("S50003", "L0002").rename(misplaced)
    (problem,) = [problem for problem in check(run, task).problems if problem.kind == "unexpected"]
    assert problem.expected == "it at enhanced_signals/S50003_L0002_remix.flac"


@pytest.mark.parametrize("name", ["enhanced_signals/notes.txt", "enhanced_signals/valid/S60001_L0001_remix.flac"])
def test_anything_else_in_the_folder_is_unexpected(check, run, task, name):
    (run / name).write_bytes(b"")
    assert files_of(check(run, task), "unexpected") == [Path(name).name]


def test_two_files_for_one_pair_are_refused(check, run, signal, task):
    shutil.copy(signal("S50003", "L0002"), run / "enhanced_signals")
    assert kinds(check(run, task)) == {"unexpected"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"rate": 44_100}, {"format", "duration"}),
        ({"channels": 1}, {"format"}),
        ({"subtype": "PCM_24"}, {"format"}),
        ({"format": "WAV"}, {"damaged"}),
        ({"format": "OGG", "subtype": "VORBIS"}, {"damaged"}),
    ],
)
def test_another_format_is_refused(check, run, signal, task, options, expected):
    samples = read_audio(signal("S50003", "L0002")).samples[: options.get("channels", 2)]
    if (rate := options.get("rate", 32_000)) != 32_000:
        samples = np.repeat(samples, 2, axis=1)[:, : 4 * rate - 1]
    soundfile.write(
        signal("S50003", "L0002"),
        samples.T,
        rate,
        format=options.get("format", "FLAC"),
        subtype=options.get("subtype", "PCM_16"),
    )
    verdict = check(run, task)
    assert kinds(verdict) == expected
    assert {problem.file for problem in verdict.problems} == {"enhanced_signals/valid/S50003_L0002_remix.flac"}


@pytest.mark.parametrize("n_samples", [127_999, 128_001, 64_000, 1])
def test_a_duration_wrong_by_one_sample_is_refused(check, run, signal, task, n_samples):
    change(signal("S50003", "L0002"), lambda samples: np.pad(samples, ((0, 0), (0, 1)))[:, :n_samples])
    (problem,) = check(run, task).problems
    assert (problem.kind, problem.expected, problem.got) == ("duration", "128000 samples", f"{n_samples}")


def test_silence_is_refused_in_both_channels_and_in_one(check, run, signal, task):
    change(signal("S50001", "L0001"), lambda samples: 0 * samples)
    change(signal("S50001", "L0002"), lambda samples: samples * [[1], [0]])
    change(signal("S50003", "L0001"), lambda samples: samples * (np.arange(samples.shape[1]) < 64_000))
    lines = [problem.line for problem in check(run, task).problems if problem.kind == "silent"]
    assert [line.partition("got ")[2] for line in lines] == [
        "silence in both channels",
        "silence in the right channel",
        "2.0 s without",
    ]


def test_clipped_samples_are_counted_and_refused_where_there_are_many(check, run, signal, task):
    change(signal("S50001", "L0002"), lambda samples: samples / np.abs(samples).max() * 1.001)
    few = check(run, task)
    assert few.accepted
    assert few.n_clipped_samples > 0
    assert kinds(few, "warning") == {"clipped", "level"}
    change(signal("S50001", "L0002"), lambda samples: samples * 5)
    many = check(run, task)
    assert many.n_clipped_samples > few.n_clipped_samples
    assert "clipped" in kinds(many)


@pytest.mark.parametrize(
    ("original", "copy"),
    [
        (("S50001", "L0002"), ("S50003", "L0002")),
        (("S50001", "L0002"), ("S50002", "L0002")),
        (("S50001", "L0002"), ("S50001", "L0003")),
    ],
    ids=["segment", "gains", "listener"],
)
def test_the_same_audio_twice_is_refused(check, run, signal, task, original, copy):
    shutil.copy(signal(*original), signal(*copy))
    verdict = check(run, task)
    assert files_of(verdict, "duplicate") == [signal(*copy).name]
    assert "duplicate" in kinds(verdict)


def test_listeners_with_the_same_hearing_aid_may_share_their_audio(check, run, signal, task):
    fittings = {**task.fittings, "L0002": task.fittings["L0003"]}
    for scene in task.scenes:
        shutil.copy(signal(scene, "L0003"), signal(scene, "L0002"))
    assert check(run, dataclasses.replace(task, fittings=fittings)).problems == ()


@pytest.mark.parametrize(("system", "what"), [("untouched", "gain"), ("indifferent", "listener")])
def test_a_system_that_treats_all_alike_gets_one_warning_for_it(
    helpers, check, task, data_root, tmp_path, system, what
):
    verdict = check(helpers.write_run(tmp_path / "run", task, data_root, getattr(helpers, system)), task)
    assert verdict.accepted
    lines = [problem.line for problem in verdict.problems if problem.kind == "duplicate"]
    assert any(f"depends on the {what}" in line for line in lines)
    assert not [problem for problem in verdict.problems if problem.kind in ("swapped", "channels")]


def test_files_of_two_segments_exchanged_are_found(check, run, signal, task):
    exchange(signal("S50001", "L0002"), signal("S50003", "L0002"))
    verdict = check(run, task)
    assert kinds(verdict) == {"swapped"}
    assert files_of(verdict, "swapped") == ["S50001_L0002_remix.flac", "S50003_L0002_remix.flac"]
    assert "gigue_001" in verdict.errors[0].line


@pytest.mark.parametrize("scene", ["S50001", "S50004", "S50006"])
@pytest.mark.parametrize(("one", "other"), [("L0001", "L0002"), ("L0002", "L0003"), ("L0001", "L0003")])
def test_files_of_two_listeners_exchanged_are_found(check, run, signal, task, scene, one, other):
    exchange(signal(scene, one), signal(scene, other))
    verdict = check(run, task)
    assert kinds(verdict) == {"swapped"}
    assert files_of(verdict, "swapped") == [f"{scene}_{one}_remix.flac", f"{scene}_{other}_remix.flac"]


@pytest.mark.parametrize("listener", ["L0001", "L0002", "L0003"])
def test_files_of_two_scenes_of_one_segment_exchanged_are_found_if_the_sources_are_known(
    check, run, signal, task, listener
):
    exchange(signal("S50005", listener), signal("S50006", listener))
    assert files_of(check(run, task), "swapped") == [f"S5000{n}_{listener}_remix.flac" for n in (5, 6)]


def test_files_exchanged_across_gains_and_listeners_are_found_if_the_sources_are_known(check, run, signal, task):
    exchange(signal("S50003", "L0001"), signal("S50004", "L0002"))
    verdict = check(run, task)
    assert kinds(verdict) == {"swapped"}
    assert files_of(verdict, "swapped") == ["S50003_L0001_remix.flac", "S50004_L0002_remix.flac"]


def test_channels_exchanged_are_found_whoever_listens(check, run, signal, task):
    for number, listener in ((1, "L0001"), (4, "L0002"), (5, "L0003")):
        change(signal(f"S5000{number}", listener), lambda samples: samples[::-1])
    assert files_of(check(run, task), "channels") == [
        "S50001_L0001_remix.flac",
        "S50004_L0002_remix.flac",
        "S50005_L0003_remix.flac",
    ]


@pytest.mark.parametrize(("gain", "severity"), [(10 ** (15 / 20), "warning"), (10 ** (-30 / 20), "error")])
def test_a_level_far_from_the_hearing_aids_is_found(check, run, signal, task, gain, severity):
    for scene in task.scenes:
        for listener in task.listeners:
            change(signal(scene, listener), lambda samples: samples * gain)
    verdict = check(run, task)
    assert len(files_of(verdict, "level")) == N_PAIRS
    assert kinds(verdict, severity) - {"clipped"} == {"level"}


def test_noise_in_place_of_music_is_found(check, run, signal, task):
    noise = 0.01 * np.random.default_rng(0).standard_normal((2, 128_000))
    write_flac(signal("S50001", "L0002"), noise, 32_000)
    (problem,) = [problem for problem in check(run, task).problems if problem.kind == "swapped"]
    assert "another sound" in problem.line


def test_without_mixtures_what_needs_none_is_still_checked(check, run, signal, task, tmp_path):
    signal("S50001", "L0002").unlink()
    verdict = check(run, dataclasses.replace(task, music_dir=tmp_path))
    assert kinds(verdict) == {"missing"}
    assert any("3 segments without a readable mixture" in note for note in verdict.notes)


def test_links_in_a_folder_are_not_followed(check, run, signal, task, tmp_path):
    outside = tmp_path / "outside.flac"
    signal("S50001", "L0002").rename(outside)
    signal("S50001", "L0002").symlink_to(outside)
    (problem,) = check(run, task).problems
    assert problem.kind == "damaged"
    assert "plain file" in problem.got


def test_what_is_no_submission_is_an_error(task, tmp_path):
    with pytest.raises(SubmissionError, match="expected a folder that holds enhanced_signals"):
        open_submission(tmp_path, task)
    with pytest.raises(RebalanceError, match="no such file"):
        open_submission(tmp_path / "submission_T001_causal.zip", task)


def test_the_verdict_is_the_same_in_other_processes(check, run, signal, task):
    signal("S50001", "L0002").unlink()
    change(signal("S50004", "L0001"), lambda samples: samples[::-1])
    assert check_files(open_submission(run, task), task, jobs=2) == check(run, task)


def test_a_verdict_is_told_in_json(check, run, signal, task):
    signal("S50001", "L0002").unlink()
    value = json.loads(json.dumps(check(run, task).as_json()))
    assert value["verdict"] == "refused"
    assert (value["expected"], value["found"], value["counts"]) == (N_PAIRS, N_PAIRS - 1, {"missing": 1})
    assert value["problems"] == [
        {
            "kind": "missing",
            "severity": "error",
            "file": "enhanced_signals/S50001_L0002_remix.flac",
            "expected": "a file",
            "got": "none",
        }
    ]


def test_every_pair_once_is_what_a_task_expects(task):
    assert len(set(task.pairs)) == N_PAIRS
    assert Pair(scene="S50001", listener="L0001") in task.pairs
