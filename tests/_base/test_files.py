"""Files are written whole, under the permissions a user expects, where links point."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rebalance._base.errors import RebalanceError
from rebalance._base.files import replacing, write_text

pytestmark = pytest.mark.skipif(os.name == "nt", reason="rights and links are others there")


@pytest.fixture(params=[0o077, 0o022, 0o002], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def fill_the_disk(path: Path) -> None:
    path.write_text("half")
    raise OSError(28, "No space left on device")


def test_a_new_file_has_the_rights_the_umask_gives(tmp_path: Path, umask: int) -> None:
    write_text(tmp_path / "a", "new")
    assert mode(tmp_path / "a") == 0o666 & ~umask
    assert os.umask(umask) == umask


def test_a_replaced_file_keeps_its_rights(tmp_path: Path, umask: int) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    path.chmod(0o640)
    write_text(path, "new")
    assert (path.read_text(), mode(path)) == ("new", 0o640)


@pytest.mark.parametrize("is_there", [True, False])
def test_a_link_is_followed(tmp_path: Path, is_there: bool) -> None:
    (tmp_path / "other").mkdir()
    real, link = tmp_path / "other" / "real", tmp_path / "link"
    if is_there:
        real.write_text("old")
    link.symlink_to("other/real")
    write_text(link, "new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["link", "other", "real"]


@pytest.mark.parametrize("letter", ["a", "é", "音", os.fsdecode(b"\xe9")])
def test_the_longest_name_can_be_written(tmp_path: Path, letter: str) -> None:
    path = tmp_path / (letter * (255 // len(os.fsencode(letter))))
    write_text(path, "new")
    assert path.read_text() == "new"


def test_what_stood_there_stays_when_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(RebalanceError, match="cannot write: No space"), replacing(path) as temporary:
        fill_the_disk(temporary)
    assert [file.name for file in tmp_path.iterdir()] == ["a"]
    assert path.read_text() == "old"
