"""Attacks on the checker: each ends in one line or one problem, in little memory, with nothing written."""

from __future__ import annotations

import json
import shlex
import struct
import subprocess
import sys
import tempfile
import textwrap
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings, strategies as st

from rebalance._base.errors import RebalanceError, SubmissionError
from rebalance.submission import parse_manifest
from rebalance.submission._flac import as_recording, decode, most_bytes, read_header

VICTIM = "enhanced_signals/S50003_L0002_remix.flac"


def flac_bytes(folder, samples, subtype="PCM_16"):
    path = folder / "made.flac"
    soundfile.write(path, samples, 32_000, subtype=subtype)
    return path.read_bytes()


def declared(content: bytes, n_samples: int) -> bytes:
    """Change the number of samples a FLAC file declares."""
    packed = int.from_bytes(content[18:26], "big")
    return content[:18] + (packed >> 36 << 36 | n_samples).to_bytes(8, "big") + content[26:]


@pytest.fixture
def archive(good_zip, tmp_path):
    """Rewrite the good archive with one member changed or more added."""

    def rewrite(changed=None, added=(), compression=zipfile.ZIP_STORED):
        path = tmp_path / good_zip.name
        with (
            warnings.catch_warnings(),
            zipfile.ZipFile(good_zip) as source,
            zipfile.ZipFile(path, "w", compression) as archive,
        ):
            warnings.simplefilter("ignore", UserWarning)
            for name in source.namelist():
                if name != "manifest.json":
                    content = source.read(name)
                    archive.writestr(name, changed(content) if changed and name == VICTIM else content)
            for name, content in added:
                archive.writestr(name, content)
        return path

    return rewrite


def one_problem(verdict):
    (problem,) = verdict.problems
    assert problem.file == VICTIM
    assert "\n" not in problem.line
    return problem


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("../outside.flac", "leads out"),
        ("/tmp/outside.flac", "absolute"),
        ("enhanced_signals\\..\\outside.flac", "backslash|absolute"),
        (VICTIM, "listed twice"),
        (VICTIM.upper(), "collides"),
    ],
)
def test_an_archive_with_a_harmful_name_is_refused_whole(helpers, archive, task, name, match):
    with pytest.raises(RebalanceError, match=match):
        helpers.check(archive(added=[(name, b"")]), task)


def test_more_members_than_the_task_could_need_are_refused(helpers, archive, task):
    with pytest.raises(RebalanceError, match="at most 1036 entries"):
        helpers.check(archive(added=[(f"{number}", b"") for number in range(1100)]), task)


def test_a_member_that_is_a_bomb_is_refused(helpers, archive, task):
    with pytest.raises(RebalanceError, match="expands more than 200 times"):
        helpers.check(archive(changed=lambda _: bytes(1 << 24), compression=zipfile.ZIP_DEFLATED), task)


def test_a_member_that_lies_about_its_content_is_one_damaged_file(helpers, archive, task):
    path = archive()
    data = bytearray(path.read_bytes())
    data[data.index(VICTIM.encode()) + 500] ^= 0xFF
    path.write_bytes(data)
    problem = one_problem(helpers.check(path, task))
    assert problem.kind == "damaged"
    assert "expected checksum" in problem.got


def test_a_file_far_larger_than_its_audio_is_not_read(helpers, archive, task):
    problem = one_problem(helpers.check(archive(changed=lambda content: content + bytes(1 << 21)), task))
    assert problem.kind == "damaged"
    assert f"expected at most {most_bytes(128_000)} bytes" in problem.got


@pytest.mark.parametrize("n_samples", [0, 1 << 35, (1 << 36) - 1])
def test_a_flac_that_expands_without_end_is_not_decoded(helpers, archive, task, tmp_path, n_samples):
    silence = flac_bytes(tmp_path, np.zeros((20_000_000, 2), np.int16))
    assert len(silence) < most_bytes(128_000)
    path = archive(changed=lambda _: declared(silence, n_samples))
    tracemalloc.start()
    problem = one_problem(helpers.check(path, task))
    assert tracemalloc.get_traced_memory()[1] < 100 << 20
    tracemalloc.stop()
    assert problem.kind == "duration"


def test_a_flac_that_hides_more_than_it_declares_is_damaged(helpers, archive, task, tmp_path):
    samples = (1000 * np.random.default_rng(0).standard_normal((200_000, 2))).astype(np.int16)
    problem = one_problem(
        helpers.check(archive(changed=lambda _: declared(flac_bytes(tmp_path, samples), 128_000)), task)
    )
    assert problem.kind == "damaged"


def test_a_flac_that_holds_less_than_it_declares_is_damaged(helpers, archive, task, tmp_path):
    samples = (1000 * np.random.default_rng(0).standard_normal((100_000, 2))).astype(np.int16)
    problem = one_problem(
        helpers.check(archive(changed=lambda _: declared(flac_bytes(tmp_path, samples), 128_000)), task)
    )
    assert problem.kind == "damaged"


def test_a_flac_of_eight_channels_and_an_odd_rate_is_two_problems(helpers, archive, task, tmp_path):
    samples = np.ones((128_000, 8), np.int16)
    verdict = helpers.check(archive(changed=lambda _: flac_bytes(tmp_path, samples)), task)
    assert {problem.kind for problem in verdict.problems} == {"format"}


def test_tags_that_never_end_are_one_damaged_file(helpers, archive, task):
    block = struct.pack(">I", 0x04_FF_FF_FF)
    problem = one_problem(
        helpers.check(archive(changed=lambda content: content[:4] + b"\x00" + content[5:42] + block), task)
    )
    assert problem.kind == "damaged"


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"[" * 100_000,
        b"{}",
        b'{"files": 3}',
        b"\xff\xfe",
        b"9" * 10_000,
        b'{"a": NaN}',
        b'"text"',
        b"x" * 100_000,
    ],
    ids=lambda content: f"{content[:8]!r}x{len(content)}",
)
def test_a_manifest_that_is_none_is_a_problem_and_no_more(helpers, archive, task, manifest):
    verdict = helpers.check(archive(added=[("manifest.json", manifest)]), task)
    assert {problem.kind for problem in verdict.problems} == {"manifest"}
    assert not any("\n" in problem.line or len(problem.line) > 500 for problem in verdict.problems)


def test_a_manifest_that_lies_is_found_out(helpers, archive, good_zip, task):
    with zipfile.ZipFile(good_zip) as source:
        manifest = json.loads(source.read("manifest.json"))
    manifest["files"][VICTIM] = "0" * 64
    manifest["files"]["enhanced_signals/phantom.flac"] = "0" * 64
    manifest["causality"] = "causal"
    manifest["external_training_data"] = True
    verdict = helpers.check(archive(added=[("manifest.json", json.dumps(manifest))]), task)
    lines = [problem.line for problem in verdict.errors if problem.kind == "manifest"]
    assert len(lines) == 4
    for part in (VICTIM, "phantom", "causality", "_sup"):
        assert any(part in line for line in lines)


def test_checking_writes_nothing(helpers, archive, task, tmp_path, monkeypatch):
    path = archive(changed=lambda _: b"fLaC damaged")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    before = sorted(tmp_path.rglob("*"))
    helpers.check(path, task)
    assert sorted(tmp_path.rglob("*")) == before


FUZZ = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(data=st.data())
def test_no_damage_to_a_flac_gets_past_the_decoder(tmp_path, data):
    rng = np.random.default_rng(0)
    content = bytearray(flac_bytes(tmp_path, (3000 * rng.standard_normal((2000, 2))).astype(np.int16)))
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(content) - 1))
        if data.draw(st.booleans()):
            content[at] = data.draw(st.integers(0, 255))
        else:
            del content[at : at + data.draw(st.integers(1, 50))]
        if not content:
            break
    try:
        header = read_header(bytes(content))
        samples = decode(bytes(content), limit_samples=4000)
    except SubmissionError:
        return
    assert samples.shape == (header.n_channels, header.n_samples)
    assert samples.shape[1] <= 4000


@FUZZ
@given(content=st.binary(max_size=200), marked=st.booleans())
def test_no_bytes_are_taken_for_audio(content, marked):
    head = b"fLaC\x00\x00\x00\x22" if marked else b""
    with pytest.raises(SubmissionError):
        as_recording(head + content, limit_samples=1000)


@FUZZ
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=10,
    )
)
def test_no_json_is_taken_for_a_manifest(value):
    with pytest.raises(SubmissionError):
        parse_manifest(json.dumps(value).encode())


@pytest.mark.slow
def test_a_hostile_archive_is_checked_in_300_mb(archive, data_root, tmp_path):
    silence = flac_bytes(tmp_path, np.zeros((20_000_000, 2), np.int16))
    path = archive(changed=lambda _: declared(silence, 1 << 35))
    script = f"""
        import resource
        from pathlib import Path
        from rebalance.task import load_task
        from rebalance.submission import check_submission
        if __name__ == "__main__":
            task = load_task({str(data_root)!r}, "valid")
            assert not check_submission(Path({str(path)!r}), task, jobs=1).accepted
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
                print(resource.getrusage(who).ru_maxrss // 1024)
    """
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(script))
    # Through a shell, as a process inherits the peak of the one that it was forked from.
    command = f"{shlex.quote(sys.executable)} {shlex.quote(str(program))}; exit $?"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert [int(mib) for mib in done.stdout.split() if int(mib) >= 300] == []
    assert len(done.stdout.split()) == 2
