"""Where submitted files come from: a folder, or an archive that is never unpacked."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rebalance._base.archive_values import ArchiveLimits, Member
from rebalance._base.archives import Archive, open_archive, read_member
from rebalance._base.challenge import SIGNALS_FOLDER
from rebalance._base.errors import SubmissionError
from rebalance._base.files import StrPath, expanded, is_hidden
from rebalance.submission._naming import MANIFEST
from rebalance.task import Task

_SPARE_MEMBERS = 1000
_SPARE_MANIFEST_BYTES, _MANIFEST_BYTES_PER_FILE = 1 << 16, 256
_MAX_MEMBER_BYTES = 1 << 30


class SubmittedFiles(Protocol):
    """The files of a submission by the names they have in an archive. Must pickle."""

    @property
    def path(self) -> Path:
        """Where they come from."""

    def sizes(self) -> Mapping[str, int]:
        """Return the size of every file in bytes, by name."""

    def read(self, name: str, *, limit_bytes: int) -> bytes:
        """Return the content of a file.

        Parameters
        ----------
        name
            One of those that `sizes` names.
        limit_bytes
            The most it may hold when unpacked.

        Raises
        ------
        RebalanceError
            If it is larger than the limit or cannot be read.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedFiles:
    """Files inside a zip archive or its parts.

    Parameters
    ----------
    path
        The archive, or one of its parts.
    limits
        Beyond which it is refused.
    """

    path: Path
    limits: ArchiveLimits

    def sizes(self) -> Mapping[str, int]:
        """Return the size of every file in bytes, by name."""
        return {name: member.size for name, member in self._vetted().members.items()}

    def read(self, name: str, *, limit_bytes: int) -> bytes:
        """Return the content of a file; see `SubmittedFiles`.

        Parameters
        ----------
        name
            One of those that `sizes` names.
        limit_bytes
            The most it may hold when unpacked.
        """
        vetted = self._vetted()
        if (member := vetted.members.get(name)) is None:
            raise SubmissionError(f"no member {name!r}", where=self.path)
        return read_member(vetted.archive, member, limit_bytes=limit_bytes)

    def checksum(self, name: str) -> str:
        """Return the checksum an archive declares for a file and reading holds it to; empty if there is none."""
        member = self._vetted().members.get(name)
        return "" if member is None else f"{member.size}-{member.crc32:08x}"

    @property
    def parts(self) -> tuple[Path, ...]:
        """The files the archive consists of, in order."""
        return self._vetted().archive.parts

    def _vetted(self) -> _Vetted:
        changed_ns = self.path.stat().st_mtime_ns if self.path.exists() else 0
        return _vetted_archive(self.path, self.limits, changed_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Vetted:
    """An archive and its members by name."""

    archive: Archive
    members: Mapping[str, Member]


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFiles:
    """Files in a folder that holds ``enhanced_signals``, such as that of a run.

    Parameters
    ----------
    path
        The folder.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.submission import FolderFiles
    >>> with tempfile.TemporaryDirectory() as run:
    ...     Path(run, "enhanced_signals").mkdir()
    ...     _ = Path(run, "enhanced_signals", "S50001_L0001_remix.flac").write_bytes(b"fLaC")
    ...     files = FolderFiles(path=Path(run))
    ...     dict(files.sizes()), files.read("enhanced_signals/S50001_L0001_remix.flac", limit_bytes=10)
    ({'enhanced_signals/S50001_L0001_remix.flac': 4}, b'fLaC')
    """

    path: Path

    def sizes(self) -> Mapping[str, int]:
        """Return the size of every file in bytes, by name; links are listed, never followed, hidden files left out."""
        found: dict[str, int] = {}
        for folder, folders, names in os.walk(self.path / SIGNALS_FOLDER):
            links = [name for name in folders if (Path(folder) / name).is_symlink()]
            for name in (*names, *links):
                path = Path(folder) / name
                if is_hidden(path, self.path):
                    continue
                found[path.relative_to(self.path).as_posix()] = path.lstat().st_size
        return dict(sorted(found.items()))

    def read(self, name: str, *, limit_bytes: int) -> bytes:
        """Return the content of a file; see `SubmittedFiles`.

        Parameters
        ----------
        name
            One of those that `sizes` names.
        limit_bytes
            The most it may hold.
        """
        path = self.path / name
        if path.is_symlink() or not path.is_file():
            raise SubmissionError(where=path, expected="a plain file")
        try:
            with path.open("rb") as file:
                content = file.read(limit_bytes + 1)
        except OSError as error:
            raise SubmissionError(f"cannot read: {error.strerror or error}", where=path) from error
        if len(content) > limit_bytes:
            raise SubmissionError(where=path, expected=f"at most {limit_bytes} bytes", got=f"{path.stat().st_size}")
        return content


def open_submission(path: StrPath, task: Task) -> SubmittedFiles:
    """Open a folder, an archive or a part of one as the submission to a task.

    Parameters
    ----------
    path
        The folder or the archive.
    task
        What was asked for; says how large an archive may be.

    Raises
    ------
    RebalanceError
        If there is nothing, the folder holds no signals, or the archive is refused.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance import load_task
    >>> from rebalance.submission import open_submission
    >>> with tempfile.TemporaryDirectory() as run:
    ...     Path(run, "enhanced_signals").mkdir()
    ...     files = open_submission(Path(run), load_task("metadata/demo", "valid"))
    >>> type(files).__name__, dict(files.sizes())
    ('FolderFiles', {})
    """
    path = expanded(path)
    if path.is_dir():
        root = path.parent if path.name == SIGNALS_FOLDER else path
        if not (root / SIGNALS_FOLDER).is_dir():
            raise SubmissionError(where=path, expected=f"a folder that holds {SIGNALS_FOLDER}/")
        return FolderFiles(path=root)
    files = ArchivedFiles(path=path, limits=limits_for(task))
    files.sizes()
    return files


def limits_for(task: Task) -> ArchiveLimits:
    """Return how large the archive of a submission to a task may be before nobody looks into it."""
    n_members = 2 * len(task.pairs) + _SPARE_MEMBERS
    return ArchiveLimits(n_members=n_members, member_bytes=_MAX_MEMBER_BYTES, total_bytes=n_members * _MAX_MEMBER_BYTES)


def read_manifest(files: SubmittedFiles, task: Task) -> bytes | None:
    """Return the manifest as it stands in a submission, None where there is none."""
    if MANIFEST not in files.sizes():
        return None
    limit_bytes = _SPARE_MANIFEST_BYTES + _MANIFEST_BYTES_PER_FILE * len(task.pairs)
    return files.read(MANIFEST, limit_bytes=limit_bytes)


@functools.lru_cache(maxsize=32)
def _vetted_archive(path: Path, limits: ArchiveLimits, changed_ns: int) -> _Vetted:  # noqa: ARG001 - part of the key
    """Open an archive once per process, and again when it has changed."""
    archive = open_archive(path, limits)
    return _Vetted(archive=archive, members=archive.by_name)
