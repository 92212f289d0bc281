"""An archive in parts stands for the bytes that they are joined, whichever is named and in whatever order."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from rebalance._base.errors import RebalanceError, SubmissionError
from rebalance.submission import check_submission, whole_archive

NAME = "submission_T001_noncausal.zip"


def split(content: bytes, folder: Path, n_parts: int = 3) -> list[Path]:
    """Write the parts of an archive, as `rebalance pack --part-size` names them."""
    folder.mkdir(exist_ok=True)
    size = -(-len(content) // n_parts)
    parts = [folder / f"{NAME}.{number + 1:03}" for number in range(n_parts)]
    for number, path in enumerate(parts):
        path.write_bytes(content[number * size : (number + 1) * size])
    return parts


@pytest.mark.parametrize("chosen", [[0], [2], [2, 0, 1], [0, 1, 2]])
def test_parts_are_read_as_the_archive_they_were(good_zip: Path, tmp_path: Path, chosen: list[int]) -> None:
    parts = split(good_zip.read_bytes(), tmp_path)
    whole = whole_archive([parts[number] for number in chosen])
    assert (whole.name, whole.parts) == (NAME, tuple(parts))
    with whole.opened() as opened:
        assert hashlib.file_digest(opened, "sha256").hexdigest() == hashlib.sha256(good_zip.read_bytes()).hexdigest()


def test_parts_need_not_lie_beside_each_other(tmp_path: Path) -> None:
    parts = split(b"abcdef", tmp_path)
    moved = parts[1].rename(tmp_path / "elsewhere.tmp")
    (tmp_path / "other").mkdir()
    moved = moved.rename(tmp_path / "other" / parts[1].name)
    with whole_archive([parts[2], moved, parts[0]]).opened() as opened:
        assert opened.exactly(10, 0) == b"abcdef"


def test_the_name_of_the_whole_stands_for_its_parts_and_a_whole_for_itself(good_zip: Path, tmp_path: Path) -> None:
    parts = split(b"abc", tmp_path)
    assert whole_archive([tmp_path / NAME]).parts == tuple(parts)
    assert whole_archive([good_zip]).parts == (good_zip,)


def test_joined_parts_pass_the_check_of_the_whole(good_zip: Path, task, tmp_path: Path) -> None:
    joined = tmp_path / NAME
    with whole_archive(split(good_zip.read_bytes(), tmp_path / "parts")).opened() as opened:
        joined.write_bytes(opened.exactly(opened.size, 0))
    assert check_submission(joined, task, jobs=1).accepted


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([f"{NAME}.001", f"{NAME}.003"], f"part {NAME}.002 is missing"),
        ([f"{NAME}.001", "other.zip.002"], f"expected parts of one archive, got other.zip and {NAME}"),
        ([f"{NAME}.001", f"other/{NAME}.001"], "expected every part once, got "),
        ([f"{NAME}.001", NAME], "expected one archive, or parts of one"),
        (["none.zip"], "expected a submission archive, got no such file"),
        ([f"{NAME}.007"], "expected a submission archive, got no such file"),
        (["spanned.z01"], "'zip -s 0 spanned.zip --out whole.zip' joins"),
        (["spanned.zip"], "'zip -s 0 spanned.zip --out whole.zip' joins"),
    ],
)
def test_what_is_no_whole_archive_is_refused(tmp_path: Path, given: list[str], said: str) -> None:
    split(b"abcdef", tmp_path)
    for name in (NAME, "other.zip.002", f"other/{NAME}.001", "spanned.zip", "spanned.z01"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"PK")
    with pytest.raises(SubmissionError) as raised:
        whole_archive([tmp_path / name for name in given])
    assert said in str(raised.value)


def test_a_part_whose_neighbour_is_lost_names_it(tmp_path: Path) -> None:
    parts = split(b"abcdef", tmp_path)
    parts[1].unlink()
    with pytest.raises(RebalanceError, match=r"part submission_T001_noncausal\.zip\.002 is missing"):
        whole_archive([parts[2]])
