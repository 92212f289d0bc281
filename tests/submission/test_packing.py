"""Archives as they are sent in: names, bytes, parts, manifest."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import zipfile

import pytest

from rebalance._base.archives import open_archive
from rebalance._base.errors import ConfigError, RebalanceError, SubmissionError
from rebalance.pipeline import read_run
from rebalance.submission import (
    SubmissionName,
    check_submission,
    final_name,
    parse_archive_name,
    unknowns,
    write_submission,
)
from rebalance.submission._packing import parts_of

NAME = SubmissionName(team="T001", causality="noncausal")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (NAME, "submission_T001_noncausal.zip"),
        (SubmissionName(team="x-1", causality="causal", augmented=True), "submission_x-1_causal_aug.zip"),
        (SubmissionName(team="T2", causality="causal", supplementary=True), "submission_T2_causal_sup.zip"),
        (
            SubmissionName(team="T2", causality="noncausal", augmented=True, supplementary=True),
            "submission_T2_noncausal_aug_sup.zip",
        ),
    ],
)
def test_a_name_is_written_and_read_back(name, expected):
    assert name.archive == expected
    assert parse_archive_name(expected) == name
    assert parse_archive_name(f"{expected}.001") == name
    assert parse_archive_name(expected.replace(".zip", ".z01")) == name


@pytest.mark.parametrize(
    "name",
    [
        "T001_causal.zip",
        "submission_T001.zip",
        "submission_T001_causal_sup_aug.zip",
        "submission_T001_Causal.zip",
        "submission__causal.zip",
        "submission_T001_causal.tar",
        "submission_T001_causal.zip.txt",
    ],
)
def test_another_name_is_refused(name):
    with pytest.raises(SubmissionError, match="expected a name like submission_<team>"):
        parse_archive_name(name)


@pytest.mark.parametrize("team", ["", "my team", "../T001", "a_b", "-"])
def test_a_team_that_cannot_stand_in_a_name_is_refused(team):
    with pytest.raises(ConfigError, match="team: expected"):
        SubmissionName(team=team, causality="causal")


def test_an_archive_holds_every_signal_in_one_folder_and_a_manifest_of_them(good_zip, good_run):
    with zipfile.ZipFile(good_zip) as archive:
        assert archive.testzip() is None
        manifest = json.loads(archive.read("manifest.json"))
        names = [name for name in archive.namelist() if name != "manifest.json"]
        for name in names:
            content = archive.read(name)
            source = good_run / "enhanced_signals" / "valid" / name.removeprefix("enhanced_signals/")
            assert content == source.read_bytes()
            assert manifest["files"][name] == hashlib.sha256(content).hexdigest()
    assert len(names) == len(manifest["files"]) == 18
    assert manifest["team"] == "T001"
    assert manifest["semantics"] == "pyclarity V0.6.3"
    assert manifest["configuration"] == {"remix": "edit", "rounding": "nearest"}


def test_a_manifest_tells_nothing_of_the_machine(good_zip, data_root):
    with zipfile.ZipFile(good_zip) as archive:
        content = archive.read("manifest.json").decode()
    assert str(data_root) not in content
    assert "/home/somebody" not in content


def test_the_same_run_packs_to_the_same_bytes(helpers, run, good_zip, task, tmp_path):
    for number, file in enumerate(sorted(run.rglob("*.flac"), reverse=True)):
        file.chmod(0o600)
        os.utime(file, (1e9 + number, 1e9 + number))
    assert helpers.pack(run, task, tmp_path / "again").read_bytes() == good_zip.read_bytes()


def test_packing_twice_leaves_one_archive_and_no_scraps(helpers, run, task, tmp_path):
    helpers.pack(run, task, tmp_path / "out")
    helpers.pack(run, task, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == [NAME.archive]


def test_what_a_check_refuses_is_not_packed(helpers, run, task, tmp_path):
    helpers.signal_path(run, "S50001", "L0001").unlink()
    with pytest.raises(SubmissionError, match=r"S50001_L0001_remix\.flac: expected a file, got none"):
        helpers.pack(run, task, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_run_that_changed_after_its_check_is_not_packed(helpers, run, task, tmp_path):
    verdict = helpers.check(run, task)
    shutil.copy(helpers.signal_path(run, "S50001", "L0001"), helpers.signal_path(run, "S50001", "L0002"))
    with pytest.raises(SubmissionError, match=r"has changed since it was checked|at most"):
        write_submission(run, NAME, read_run(run), verdict, folder=tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_training_data_outside_the_list_force_the_name(good_run):
    record = dataclasses.replace(read_run(good_run), external_training_data=True)
    assert final_name(NAME, record).archive == "submission_T001_noncausal_sup.zip"
    assert final_name(NAME, dataclasses.replace(record, external_training_data=False)) == NAME
    assert any("without _aug or _sup" in sentence for sentence in unknowns(final_name(NAME, record), record))


@pytest.mark.parametrize(("lookahead_ms", "is_causal"), [(0.0, True), (5.0, True), (5.1, False)])
def test_a_system_that_looks_too_far_ahead_is_not_packed_as_causal(good_run, lookahead_ms, is_causal):
    record = dataclasses.replace(read_run(good_run), lookahead_ms=lookahead_ms)
    name = SubmissionName(team="T001", causality="causal")
    if is_causal:
        assert final_name(name, record) == name
    else:
        with pytest.raises(SubmissionError, match=r"at most 5 ms of look-ahead of a causal system, got 5\.1 ms"):
            final_name(name, record)
    assert final_name(NAME, record) == NAME


def test_what_nobody_recorded_is_said(good_run):
    said = unknowns(SubmissionName(team="T001", causality="causal"), read_run(good_run))
    assert len(said) == 2
    assert "declared by the separator, not measured" in said[1]


MEASURED = {"lookahead_ms": 4.966, "to_the_end": False, "output_sample": 1, "version": "0"}


@pytest.mark.parametrize(
    ("declared_ms", "measured", "words"),
    [
        (None, None, r"nobody knows how far ahead .* looks; 'rebalance causality --run RUN'"),
        (0.0, {**MEASURED, "lookahead_ms": 23.2}, r"at most 5 ms .* got 23\.2 ms"),
        (0.0, {**MEASURED, "to_the_end": True}, "at most 5 ms .* got all of the signal"),
        (None, {**MEASURED, "lookahead_ms": 5.1}, r"got 5\.1 ms"),
    ],
)
def test_a_causal_claim_is_held_against_what_was_measured(good_run, declared_ms, measured, words):
    record = dataclasses.replace(read_run(good_run), lookahead_ms=declared_ms, causality=measured)
    with pytest.raises(SubmissionError, match=words):
        final_name(SubmissionName(team="T001", causality="causal"), record)
    assert final_name(NAME, record) == NAME


def test_the_manifest_tells_the_speed_of_a_run_that_was_timed(helpers, run, task, tmp_path):
    record = dataclasses.replace(read_run(run), timing={"separation_s": 12.3456, "music_s": 60.0})
    (packed,) = write_submission(run, NAME, record, helpers.check(run, task), folder=tmp_path)
    configuration = json.loads(zipfile.ZipFile(packed.path).read("manifest.json"))["configuration"]
    assert configuration["speed"] == 0.206
    assert "timing" not in configuration
    (packed,) = write_submission(run, NAME, read_run(run), helpers.check(run, task), folder=tmp_path)
    assert "speed" not in json.loads(zipfile.ZipFile(packed.path).read("manifest.json"))["configuration"]


def test_a_measured_claim_stands_in_the_archive_and_is_told(helpers, run, task, tmp_path):
    record = dataclasses.replace(read_run(run), lookahead_ms=None, causality=MEASURED)
    name = SubmissionName(team="T001", causality="causal", supplementary=True)
    assert not [sentence for sentence in unknowns(name, record) if "measure" in sentence]
    (packed,) = write_submission(run, name, record, helpers.check(run, task), folder=tmp_path)
    verdict = check_submission(packed.path, task, jobs=1)
    assert verdict.accepted, verdict.problems
    assert "causal as its makers measured it: 4.966 ms of look-ahead" in verdict.notes
    unmeasured = dataclasses.replace(record, lookahead_ms=3.0, causality=None)
    (packed,) = write_submission(run, name, unmeasured, helpers.check(run, task), folder=tmp_path)
    notes = check_submission(packed.path, task, jobs=1).notes
    assert any("causal by its own word" in note for note in notes)


def test_parts_below_the_challenge_s_minimum_are_refused(helpers, run, task, tmp_path):
    with pytest.raises(ConfigError, match="at least 2000000000 bytes, got 1000"):
        write_submission(run, NAME, read_run(run), helpers.check(run, task), folder=tmp_path, part_bytes=1000)


@pytest.fixture
def in_parts(good_zip, tmp_path):
    """The good archive written again through parts of 300,000 bytes."""
    with (
        parts_of(tmp_path / "out", good_zip.name, 300_000) as writer,
        zipfile.ZipFile(good_zip) as source,
        zipfile.ZipFile(writer, "w") as archive,
    ):
        for member in source.infolist():
            archive.writestr(member, source.read(member))
    return tmp_path / "out"


def test_parts_are_the_archive_cut_in_pieces(in_parts, good_zip):
    parts = sorted(in_parts.iterdir())
    assert len(parts) > 2
    assert {part.stat().st_size for part in parts[:-1]} == {300_000}
    assert b"".join(part.read_bytes() for part in parts) == good_zip.read_bytes()


@pytest.mark.parametrize("named", ["submission_T001_noncausal.zip", "submission_T001_noncausal.zip.002"])
def test_parts_are_checked_like_an_archive(helpers, in_parts, task, named):
    verdict = helpers.check(in_parts / named, task)
    assert verdict.accepted
    assert {problem.kind for problem in verdict.problems} == {"archive"}
    assert "parts of at least 2000000000 bytes" in verdict.problems[0].line


def test_a_whole_archive_replaces_the_parts_of_an_earlier_one(helpers, run, task, in_parts):
    packed = helpers.pack(run, task, in_parts)
    assert list(in_parts.iterdir()) == [packed]
    assert len(open_archive(packed).members) == 19


def test_a_failure_leaves_the_earlier_archive(helpers, run, task, tmp_path):
    before = helpers.pack(run, task, tmp_path / "out").read_bytes()

    def fill():
        with parts_of(tmp_path / "out", NAME.archive, None) as writer:
            writer.write(b"half")
            raise RebalanceError("stopped")

    with pytest.raises(RebalanceError, match="stopped"):
        fill()
    assert [path.read_bytes() for path in (tmp_path / "out").iterdir()] == [before]
