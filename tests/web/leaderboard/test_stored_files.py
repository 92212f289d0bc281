"""Files are kept under their digests, whole or not at all, and never outside the root."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from rebalance import RebalanceError
from rebalance.web.leaderboard import FileStore, StoredFile


def files_below(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_a_file_lies_under_its_digest(tmp_path: Path) -> None:
    store = FileStore(root=tmp_path / "new")
    kept = store.add([b"two ", b"blocks"], max_bytes=10)
    assert kept == StoredFile(digest=hashlib.sha256(b"two blocks").hexdigest(), n_bytes=10)
    assert store.holds(kept)
    assert store.path_of(kept).read_bytes() == b"two blocks"


def test_equal_files_are_kept_once(tmp_path: Path) -> None:
    store = FileStore(root=tmp_path)
    assert store.add([b"same"], max_bytes=9) == store.add([b"sa", b"me"], max_bytes=9)
    assert len(files_below(tmp_path)) == 1


def test_a_file_that_is_too_large_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RebalanceError, match="expected at most 3 bytes, got more"):
        FileStore(root=tmp_path).add([b"12", b"34"], max_bytes=3)
    assert files_below(tmp_path) == []


def test_a_sender_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"begun"
        raise ConnectionResetError("gone")

    with pytest.raises(RebalanceError, match="cannot write"):
        FileStore(root=tmp_path).add(broken(), max_bytes=100)
    assert files_below(tmp_path) == []


@pytest.mark.parametrize("digest", ["../" * 10 + "etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n", "", "a/" * 32])
def test_a_forged_digest_never_becomes_a_path(digest: str) -> None:
    with pytest.raises(RebalanceError, match="64 hexadecimal digits"):
        StoredFile(digest=digest, n_bytes=1)


def test_a_negative_size_is_refused() -> None:
    with pytest.raises(RebalanceError, match="size: expected 0 bytes or more, got -1"):
        StoredFile(digest="a" * 64, n_bytes=-1)
