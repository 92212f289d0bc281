"""Untrusted zip archives: what is read, and every attack that is refused."""

from __future__ import annotations

import contextlib
import io
import random
import re
import shutil
import stat
import struct
import subprocess
import tracemalloc
import warnings
import zipfile
import zlib

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from rebalance._base.archive_values import ArchiveLimits
from rebalance._base.archives import Archive, open_archive, open_member, read_member
from rebalance._base.errors import RebalanceError

ONE_MIB = 1 << 20
CENTRAL, LOCAL, END = b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"


def write_zip(path, members, *, method=zipfile.ZIP_STORED, comment=b""):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        with zipfile.ZipFile(path, "w", method) as archive:
            for name, content in members:
                archive.writestr(name, content)
            archive.comment = comment
    return path


def contents(archive: Archive) -> dict[str, bytes]:
    return {member.name: read_member(archive, member, limit_bytes=1 << 26) for member in archive.members}


def patch(path, marker, offset, value):
    """Overwrite bytes of the first record with a marker."""
    data = bytearray(path.read_bytes())
    at = data.index(marker) + offset
    data[at : at + len(value)] = value
    path.write_bytes(data)
    return path


def refused(path, match, limits=None):
    """Open and read everything; it must end in one line that matches."""
    with pytest.raises(RebalanceError, match=match) as caught:
        contents(open_archive(path, limits))
    assert "\n" not in str(caught.value)
    assert str(path.parent) in str(caught.value)


# --- what is read


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_of_any_size_are_read_back_as_they_were_written(tmp_path, method):
    noise = random.Random(0).randbytes(300_000)
    members = [("a/empty.bin", b""), ("a/one.bin", b"x"), ("noise.bin", noise), ("zeros.bin", bytes(1000))]
    archive = open_archive(write_zip(tmp_path / "x.zip", members, method=method))
    assert contents(archive) == dict(members)


def test_folders_are_no_members(tmp_path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.mkdir("a")
        archive.writestr("a/b.txt", "b")
    assert list(open_archive(path).by_name) == ["a/b.txt"]


def test_an_empty_archive_has_no_members(tmp_path):
    assert open_archive(write_zip(tmp_path / "x.zip", [])).members == ()


def test_a_comment_and_a_name_beyond_ascii_do_no_harm(tmp_path):
    archive = open_archive(write_zip(tmp_path / "x.zip", [("été.txt", b"1")], comment=b"made by hand"))
    assert contents(archive) == {"été.txt": b"1"}


def test_64_bit_records_are_understood(tmp_path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(66_000):
            archive.writestr(f"{number}", b"")
        with archive.open("wide", "w", force_zip64=True) as member:
            member.write(b"content")
    archive = open_archive(path)
    assert len(archive.members) == 66_001
    assert read_member(archive, archive.by_name["wide"], limit_bytes=7) == b"content"


def test_an_archive_written_to_a_pipe_is_read(tmp_path):
    class Pipe(io.FileIO):
        def seekable(self):
            return False

    with Pipe(tmp_path / "x.zip", "w") as pipe, zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"streamed")
    assert contents(open_archive(tmp_path / "x.zip")) == {"a": b"streamed"}


def test_a_stream_gives_what_is_asked_for(tmp_path):
    archive = open_archive(write_zip(tmp_path / "x.zip", [("a", b"0123456789")], method=zipfile.ZIP_DEFLATED))
    with open_member(archive, archive.members[0]) as stream:
        assert stream.read(4) == b"0123"
        assert stream.read() == b"456789"
        assert stream.read() == b""


@pytest.fixture
def split_in_bytes(tmp_path):
    members = [(f"{number}.bin", random.Random(number).randbytes(1000)) for number in range(10)]
    data = write_zip(tmp_path / "whole.zip", members).read_bytes()
    for number, start in enumerate(range(0, len(data), 2500), 1):
        (tmp_path / f"x.zip.{number:03d}").write_bytes(data[start : start + 2500])
    return tmp_path, dict(members)


@pytest.mark.parametrize("named", ["x.zip", "x.zip.001", "x.zip.003"])
def test_numbered_parts_are_one_archive_whichever_is_named(split_in_bytes, named):
    folder, members = split_in_bytes
    archive = open_archive(folder / named)
    assert len(archive.parts) == 5
    assert contents(archive) == members


@pytest.mark.parametrize("lost", [1, 3])
def test_a_missing_numbered_part_is_named(split_in_bytes, lost):
    folder, _ = split_in_bytes
    (folder / f"x.zip.00{lost}").unlink()
    refused(folder / "x.zip.002", f"part x.zip.00{lost} is missing")


def test_a_missing_last_part_is_no_whole_archive(split_in_bytes):
    folder, _ = split_in_bytes
    (folder / "x.zip.005").unlink()
    refused(folder / "x.zip", "not a whole zip archive")


def write_spanned(folder, members):
    """Write one part per member, with part numbers in the table of contents as the zip command does."""
    data = write_zip(folder / "whole.zip", members.items()).read_bytes()
    starts = [match.start() for match in re.finditer(re.escape(LOCAL), data)] + [data.index(CENTRAL)]
    table = bytearray(data[starts[-1] : data.rindex(END)])
    for part, line in enumerate(re.finditer(re.escape(CENTRAL), bytes(table))):
        table[line.start() + 34 : line.start() + 36] = struct.pack("<H", part)
        table[line.start() + 42 : line.start() + 46] = struct.pack("<I", 4 if part == 0 else 0)
        (folder / f"x.z{part + 1:02d}").write_bytes(
            (b"PK\x07\x08" if part == 0 else b"") + data[slice(*starts[part : part + 2])]
        )
    n = len(members)
    (folder / "x.zip").write_bytes(bytes(table) + END + struct.pack("<4H2IH", n, n, n, n, len(table), 0, 0))


@pytest.fixture(params=["by hand", "zip command"])
def spanned(request, tmp_path):
    members = {f"{number}.bin": random.Random(number).randbytes(60_000) for number in range(3)}
    if request.param == "by hand":
        write_spanned(tmp_path, members)
        return tmp_path, members
    if shutil.which("zip") is None:
        pytest.skip("the zip command is not installed")
    for name, content in members.items():
        (tmp_path / name).write_bytes(content)
    subprocess.run(["zip", "-q", "-0", "-s", "64k", "x.zip", *members], cwd=tmp_path, check=True)
    return tmp_path, members


@pytest.mark.parametrize("named", ["x.zip", "x.z01"])
def test_parts_written_by_the_zip_command_are_one_archive(spanned, named):
    folder, members = spanned
    archive = open_archive(folder / named)
    assert len(archive.parts) >= 3
    assert contents(archive) == members


def test_a_missing_part_of_the_zip_command_is_named(spanned):
    folder, _ = spanned
    (folder / "x.z02").unlink()
    refused(folder / "x.zip", "part x.z02 is missing")


# --- what is not an archive


@pytest.mark.parametrize("content", [b"", b"PK", b"plain text, no archive" * 100, END + bytes(17), bytes(70_000)])
def test_anything_else_is_no_archive(tmp_path, content):
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    refused(path, "not a whole zip archive")


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path):
    refused(tmp_path / "x.zip", "no such file")
    (tmp_path / "y.zip").mkdir()
    refused(tmp_path / "y.zip", "found a folder")


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_archive_is_refused(tmp_path, kept):
    path = write_zip(tmp_path / "x.zip", [(f"{number}", bytes(100)) for number in range(50)])
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    refused(path, "not a whole zip archive")


# --- names


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("../evil.flac", "leads out"),
        ("enhanced_signals/../../evil.flac", "leads out"),
        ("a/..", "leads out"),
        ("/etc/passwd", "absolute"),
        ("//server/share", "absolute"),
        ("C:/evil.flac", "absolute"),
        ("a.flac:stream", "colon"),
        ("a//b.flac", "empty"),
        ("./b.flac", "empty"),
        ("a/.../b.flac", "empty"),
        ("bell\x07.flac", "control characters"),
        ("line\nbreak.flac", "control characters"),
        ("\u202ecalf.flac", "control characters"),
        ("x" * 2000, "2000 characters"),
    ],
)
def test_a_name_that_is_no_plain_relative_path_is_refused(tmp_path, name, match):
    refused(write_zip(tmp_path / "x.zip", [("good.flac", b"1"), (name, b"2")]), match)


def test_a_backslash_and_a_nul_in_a_name_are_refused(tmp_path):
    for number, (raw, match) in enumerate([(b"..\\evil.flac", "backslash"), (b"good.flac\x00.exe", "control")]):
        name = "_" * len(raw)
        path = write_zip(tmp_path / f"{number}.zip", [(name, b"1")])
        path.write_bytes(path.read_bytes().replace(name.encode(), raw))
        refused(path, match)


@pytest.mark.parametrize(
    ("first", "second", "match"),
    [
        ("a.flac", "a.flac", "listed twice"),
        ("a.flac", "A.FLAC", "collides"),
        ("\u00e9.flac", "e\u0301.flac", "collides"),
        ("stra\u00dfe", "STRASSE", "collides"),
        ("a.flac", "a.flac.", "collides"),
        ("a", "a/b.flac", "its folder is a file"),
        ("a/b.flac", "A", "its folder is a file"),
    ],
)
def test_two_names_for_one_file_are_refused(tmp_path, first, second, match):
    refused(write_zip(tmp_path / "x.zip", [(first, b"1"), ("b.flac", b"2"), (second, b"3")]), match)


def test_a_second_name_in_an_extra_field_is_refused(tmp_path):
    info = zipfile.ZipInfo("good.flac")
    second = struct.pack("<BI", 1, zlib.crc32(b"good.flac")) + b"../evil.flac"
    info.extra = struct.pack("<2H", 0x7075, len(second)) + second
    refused(write_zip(tmp_path / "x.zip", [(info, b"1")]), "second name")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_are_refused(tmp_path, kind):
    info = zipfile.ZipInfo("a.flac")
    info.external_attr = (kind | 0o777) << 16
    refused(write_zip(tmp_path / "x.zip", [(info, b"/etc/passwd")]), "link or device")


# --- sizes


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = write_zip(tmp_path / "x.zip", [("zeros", bytes(20 * ONE_MIB))], method=zipfile.ZIP_DEFLATED)
    refused(path, "expands more than 200 times")


def test_a_member_and_a_whole_beyond_the_limits_are_refused(tmp_path):
    path = write_zip(tmp_path / "x.zip", [("a", bytes(600)), ("b", bytes(600))])
    refused(path, "at most 500 bytes", ArchiveLimits(member_bytes=500))
    refused(path, "at most 1000 bytes unpacked", ArchiveLimits(total_bytes=1000))
    assert len(open_archive(path, ArchiveLimits(member_bytes=600, total_bytes=1200)).members) == 2


def test_a_reader_may_set_a_lower_limit_for_one_member(tmp_path):
    archive = open_archive(write_zip(tmp_path / "x.zip", [("a", bytes(600))]))
    with pytest.raises(RebalanceError, match="at most 599 bytes, got 600"):
        read_member(archive, archive.members[0], limit_bytes=599)


def test_a_bomb_that_lies_about_its_size_stops_at_what_it_declared(tmp_path):
    path = write_zip(tmp_path / "x.zip", [("zeros", bytes(50 * ONE_MIB))], method=zipfile.ZIP_DEFLATED)
    patch(path, CENTRAL, 24, struct.pack("<I", 1000))
    patch(path, LOCAL, 22, struct.pack("<I", 1000))
    archive = open_archive(path)
    tracemalloc.start()
    with pytest.raises(RebalanceError, match="declared 1000 bytes, unpacks to more"):
        read_member(archive, archive.members[0], limit_bytes=ONE_MIB)
    assert tracemalloc.get_traced_memory()[1] < ONE_MIB
    tracemalloc.stop()


def test_entries_that_share_their_data_are_refused(tmp_path):
    path = write_zip(tmp_path / "x.zip", [("a", bytes(1000)), ("b", bytes(1000))])
    data = path.read_bytes()
    second = data.rindex(CENTRAL)
    offset = struct.pack("<I", data.index(LOCAL))
    path.write_bytes(data[: second + 42] + offset + data[second + 46 :])
    refused(path, "overlap")


def test_an_entry_that_reaches_into_the_table_of_contents_is_refused(tmp_path):
    path = write_zip(tmp_path / "x.zip", [("a", bytes(1000))])
    for offset in (20, 24):
        patch(path, CENTRAL, offset, struct.pack("<I", 1010))
    refused(path, "overlap")


def test_a_million_entries_are_refused_unread(tmp_path):
    path = tmp_path / "x.zip"
    record = CENTRAL + bytes(24) + struct.pack("<H", 6) + bytes(16) + b"000000"
    n_bytes = 1_000_000 * len(record)
    with path.open("wb") as file:
        file.seek(n_bytes)
        file.write(struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1_000_000, 1_000_000, n_bytes, 0))
        file.write(struct.pack("<4sIQI", b"PK\x06\x07", 0, n_bytes, 1))
        file.write(END + struct.pack("<4H2IH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFF_FFFF, 0xFFFF_FFFF, 0))
    tracemalloc.start()
    refused(path, "at most 100000 entries, it declares 1000000")
    assert tracemalloc.get_traced_memory()[1] < ONE_MIB
    tracemalloc.stop()


def test_more_entries_than_declared_are_refused(tmp_path):
    path = write_zip(tmp_path / "x.zip", [(f"{number}", b"") for number in range(100)])
    patch(path, END, 10, struct.pack("<H", 1))
    refused(path, "declares 1 entries")
    patch(path, END, 10, struct.pack("<H", 101))
    refused(path, "declares 101 entries")


def test_a_table_of_contents_beyond_the_limit_is_refused(tmp_path):
    info = zipfile.ZipInfo("a")
    info.comment = bytes(65_535)
    path = write_zip(tmp_path / "x.zip", [(info, b"")] * 1 + [("b", b"")])
    refused(path, "table of contents of at most 65536 bytes", ArchiveLimits(n_members=10))


# --- contradictions


def test_encrypted_members_are_refused(tmp_path):
    path = write_zip(tmp_path / "x.zip", [("a", b"secret")])
    patch(path, CENTRAL, 8, struct.pack("<H", 1))
    refused(path, "encrypted")


def test_an_encryption_flag_in_the_local_header_alone_is_refused(tmp_path):
    refused(patch(write_zip(tmp_path / "x.zip", [("a", b"secret")]), LOCAL, 6, b"\x01\x00"), "contradicts")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compression_is_refused(tmp_path, method):
    refused(write_zip(tmp_path / "x.zip", [("a", b"content")], method=method), "stored or deflated")


@pytest.mark.parametrize(
    ("offset", "value"), [(30, b"z"), (8, b"\x08\x00"), (14, b"\x01\x02\x03\x04"), (18, b"\x05"), (22, b"\x05")]
)
def test_a_local_header_that_says_something_else_is_refused(tmp_path, offset, value):
    refused(patch(write_zip(tmp_path / "x.zip", [("a", b"content")]), LOCAL, offset, value), "contradicts")


def test_a_stored_member_of_two_sizes_is_refused(tmp_path):
    path = patch(write_zip(tmp_path / "x.zip", [("a", b"content")]), CENTRAL, 24, b"\xff")
    refused(path, "stored, but declares 255 bytes for 7")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_damaged_content_is_refused(tmp_path, method):
    noise = random.Random(0).randbytes(200_000)
    path = write_zip(tmp_path / "x.zip", [("a", noise)], method=method)
    data = bytearray(path.read_bytes())
    data[100_000] ^= 0xFF
    path.write_bytes(data)
    refused(path, "checksum|damaged|more|early|holds|before")


def test_a_wrong_checksum_is_refused_though_all_headers_agree(tmp_path):
    path = write_zip(tmp_path / "x.zip", [("a", b"content")])
    patch(path, CENTRAL, 16, b"\x01\x02\x03\x04")
    patch(path, LOCAL, 14, b"\x01\x02\x03\x04")
    refused(path, "expected checksum 04030201")


@pytest.mark.parametrize(("declared", "match"), [(2999, "unpacks to more"), (3001, "holds 3000")])
def test_a_deflated_member_of_another_size_is_refused(tmp_path, declared, match):
    path = write_zip(tmp_path / "x.zip", [("a", b"abc" * 1000)], method=zipfile.ZIP_DEFLATED)
    patch(path, CENTRAL, 24, struct.pack("<I", declared))
    patch(path, LOCAL, 22, struct.pack("<I", declared))
    refused(path, match)


def test_data_before_the_archive_are_refused(tmp_path):
    path = write_zip(tmp_path / "x.zip", [("a", b"content")])
    path.write_bytes(b"#!/bin/sh\n" + path.read_bytes())
    refused(path, "data stand before the archive")


def test_an_archive_hidden_in_the_comment_is_refused(tmp_path):
    inner = write_zip(tmp_path / "inner.zip", [("b", b"2")]).read_bytes()
    refused(write_zip(tmp_path / "x.zip", [("a", b"1")], comment=inner), "ambiguous")


def test_two_end_records_that_contradict_each_other_are_refused(tmp_path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(65_536):
            archive.writestr(f"{number}", b"")
    data = path.read_bytes()
    at = data.rindex(END)
    path.write_bytes(data[: at + 10] + b"\x05\x00" + data[at + 12 :])
    refused(path, "contradict each other")


def test_a_part_that_does_not_exist_is_refused(tmp_path):
    path = patch(write_zip(tmp_path / "x.zip", [("a", b"content")]), CENTRAL, 34, b"\x05\x00")
    refused(path, "names part 6")


# --- anything at all


def small_archive(folder):
    members = [
        ("enhanced_signals/a.flac", b"fLaC" * 20),
        ("enhanced_signals/b.flac", bytes(50)),
        ("manifest.json", b"{}"),
    ]
    return write_zip(folder / "seed.zip", members, method=zipfile.ZIP_DEFLATED).read_bytes()


def read_or_refuse(path):
    """Read everything or raise RebalanceError, never anything else and never more than declared."""
    with contextlib.suppress(RebalanceError):
        archive = open_archive(path, ArchiveLimits(n_members=100, member_bytes=ONE_MIB, total_bytes=ONE_MIB))
        for member in archive.members:
            assert len(read_member(archive, member, limit_bytes=ONE_MIB)) == member.size
            assert not member.name.startswith("/")
            assert ".." not in member.name.split("/")


FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(data=st.data())
def test_no_damage_to_an_archive_gets_past_the_reader(tmp_path, data):
    content = bytearray(small_archive(tmp_path))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        match data.draw(st.sampled_from(["set", "cut", "repeat", "wide"])):
            case "set":
                content[at] = data.draw(st.integers(0, 255))
            case "cut":
                del content[at : at + data.draw(st.integers(1, 30))]
            case "repeat":
                content[at:at] = content[at : at + data.draw(st.integers(1, 60))]
            case _:
                content[at : at + 4] = data.draw(st.sampled_from([b"\xff" * 4, bytes(4), CENTRAL, LOCAL, END]))
        if not content:
            break
    path = tmp_path / "fuzzed.zip"
    path.write_bytes(content)
    read_or_refuse(path)


@FUZZ
@given(
    content=st.binary(max_size=400),
    tail=st.sampled_from([b"", END + bytes(18), b"PK\x06\x07" + bytes(16) + END + bytes(18)]),
)
def test_no_bytes_get_past_the_reader(tmp_path, content, tail):
    path = tmp_path / "fuzzed.zip"
    path.write_bytes(content + tail)
    read_or_refuse(path)


@FUZZ
@given(field=st.integers(0, 41), value=st.binary(min_size=1, max_size=8), record=st.sampled_from([CENTRAL, LOCAL, END]))
def test_no_header_field_gets_past_the_reader(tmp_path, field, value, record):
    path = tmp_path / "fuzzed.zip"
    path.write_bytes(small_archive(tmp_path))
    patch(path, record, 4 + field, value)
    read_or_refuse(path)


def test_a_member_may_expand_just_as_many_times_as_allowed(tmp_path):
    path = write_zip(tmp_path / "x.zip", [("a", bytes(ONE_MIB + 1))])  # stored: expands exactly once
    assert len(open_archive(path, ArchiveLimits(ratio=1.0)).members) == 1
    refused(path, "expands more than 0.999 times", ArchiveLimits(ratio=0.999))


def test_how_often_a_member_expands_matters_beyond_one_mebibyte_only(tmp_path):
    limits = ArchiveLimits(ratio=1.0)
    path = write_zip(tmp_path / "x.zip", [("a", bytes(ONE_MIB))], method=zipfile.ZIP_DEFLATED)
    assert len(open_archive(path, limits).members) == 1
    path = write_zip(tmp_path / "x.zip", [("a", bytes(ONE_MIB + 1))], method=zipfile.ZIP_DEFLATED)
    refused(path, "expands more than 1 times", limits)
