"""An upload goes on where it broke off, even after kill -9, and is kept only if its digest is right."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from rebalance import RebalanceError
from rebalance.web.leaderboard import FileStore, StoredFile, Upload

CONTENT = bytes(range(256)) * 4096
WHOLE = StoredFile(digest=hashlib.sha256(CONTENT).hexdigest(), n_bytes=len(CONTENT))
RECEIVER = """
import sys
from pathlib import Path
from rebalance.web.leaderboard import StoredFile, Upload
upload = Upload(folder=Path(sys.argv[1]), identifier="0" * 32, expected=StoredFile(digest=sys.argv[2], n_bytes=1 << 20))
for _ in range(256):
    print(upload.append(upload.offset, [bytes(range(256)) * 16]), flush=True)
"""


def upload_into(folder: Path, expected: StoredFile = WHOLE) -> Upload:
    return Upload(folder=folder / "incoming", identifier="0" * 32, expected=expected)


def test_chunks_become_the_file(tmp_path: Path) -> None:
    store, upload = FileStore(root=tmp_path / "files"), upload_into(tmp_path)
    for start in range(0, len(CONTENT), 100_000):
        upload.append(start, [CONTENT[start : start + 70_000], CONTENT[start + 70_000 : start + 100_000]])
    upload.finish(store)
    assert store.path_of(WHOLE).read_bytes() == CONTENT
    assert upload.offset == 0


def test_an_upload_goes_on_after_its_receiver_was_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RECEIVER, str(tmp_path / "incoming"), WHOLE.digest]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as receiver:
        assert receiver.stdout is not None
        acknowledged = int([receiver.stdout.readline() for _ in range(20)][-1])
        receiver.kill()
    upload = upload_into(tmp_path)
    offset = upload.offset
    assert acknowledged <= offset
    upload.append(offset, [CONTENT[offset:]])
    upload.finish(FileStore(root=tmp_path / "files"))


@pytest.mark.parametrize("offset", [0, 4, 6, -1])
def test_a_chunk_at_another_offset_is_refused(tmp_path: Path, offset: int) -> None:
    upload = upload_into(tmp_path)
    upload.append(0, [CONTENT[:5]])
    with pytest.raises(RebalanceError, match=f"offset: expected 5, got {offset}"):
        upload.append(offset, [b"more"])
    assert upload.offset == 5


def test_no_more_is_written_than_was_stated(tmp_path: Path) -> None:
    upload = upload_into(tmp_path, StoredFile(digest=hashlib.sha256(b"1234").hexdigest(), n_bytes=4))
    with pytest.raises(RebalanceError, match="expected 4 bytes, got more"):
        upload.append(0, [b"123", b"456", b"789"])
    assert upload.offset == 4


def test_a_part_is_not_accepted_and_not_lost(tmp_path: Path) -> None:
    upload = upload_into(tmp_path)
    upload.append(0, [CONTENT[:5]])
    with pytest.raises(RebalanceError, match="upload: expected 1048576 bytes, got 5"):
        upload.finish(FileStore(root=tmp_path / "files"))
    assert upload.offset == 5


def test_a_file_of_another_digest_is_refused_and_can_be_sent_anew(tmp_path: Path) -> None:
    store, upload = FileStore(root=tmp_path / "files"), upload_into(tmp_path)
    upload.append(0, [CONTENT[::-1]])
    with pytest.raises(RebalanceError, match="SHA-256"):
        upload.finish(store)
    assert not store.holds(WHOLE)
    assert upload.append(0, [CONTENT]) == len(CONTENT)


def test_to_finish_again_changes_nothing(tmp_path: Path) -> None:
    store, upload = FileStore(root=tmp_path / "files"), upload_into(tmp_path)
    upload.append(0, [CONTENT])
    upload.finish(store)
    upload.finish(store)
    assert store.holds(WHOLE)


def test_an_empty_file_can_be_sent(tmp_path: Path) -> None:
    empty = StoredFile(digest=hashlib.sha256(b"").hexdigest(), n_bytes=0)
    store, upload = FileStore(root=tmp_path / "files"), upload_into(tmp_path, empty)
    upload.append(0, [])
    upload.finish(store)
    assert store.holds(empty)


@pytest.mark.parametrize("identifier", ["../../etc/passwd", "0" * 31, "0" * 32 + "\n", "G" * 32, ""])
def test_a_forged_identifier_never_becomes_a_path(tmp_path: Path, identifier: str) -> None:
    with pytest.raises(RebalanceError, match="32 hexadecimal digits"):
        Upload(folder=tmp_path, identifier=identifier, expected=WHOLE)


def test_an_upload_survives_a_store_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("a file where the folder should be")
    upload = upload_into(tmp_path)
    upload.append(0, [CONTENT])
    with pytest.raises(RebalanceError, match="upload: cannot keep"):
        upload.finish(FileStore(root=tmp_path / "files"))
    assert upload.offset == len(CONTENT)
