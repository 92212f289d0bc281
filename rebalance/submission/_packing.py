"""From the folder of a run to the archive that is sent in: the same run gives the same bytes."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import re
import stat
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from rebalance._base.challenge import SIGNALS_FOLDER
from rebalance._base.errors import ConfigError, RebalanceError, SubmissionError
from rebalance._base.files import StrPath, expanded, permissions_for
from rebalance.pipeline import RunRecord
from rebalance.submission._checking import MIN_PART_BYTES
from rebalance.submission._manifest import Manifest, rule_problems
from rebalance.submission._naming import MANIFEST, SubmissionName
from rebalance.submission._submitted_files import FolderFiles
from rebalance.submission._verdict import Verdict

_MIN_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_PERMISSIONS = stat.S_IFREG | 0o644
_IN_NAME_OR_OWN_FIELD = frozenset(
    {
        "version",
        "semantics",
        "split",
        "separator",
        "lookahead_ms",
        "n_parameters",
        "external_training_data",
        "data",
        "timing",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedFile:
    """An archive or one part of it, and the SHA-256 of its bytes.

    Parameters
    ----------
    path
        Path of the archive or of its part.
    sha256
        Of its bytes, as 64 hexadecimal digits.
    """

    path: Path
    sha256: str


def final_name(wanted: SubmissionName, record: RunRecord) -> SubmissionName:
    """Return the name a run's archive must have: training data outside the challenge's list force ``_sup``.

    Parameters
    ----------
    wanted
        The name the entrant asks for.
    record
        What the run says of its system.

    Raises
    ------
    SubmissionError
        If the system looks further ahead than a causal one may, or a causal one was neither measured nor declares how
        far it looks.

    Examples
    --------
    >>> from rebalance.pipeline import RunRecord
    >>> from rebalance.submission import SubmissionName, final_name
    >>> about = dict.fromkeys(("version", "separator", "remix", "rounding", "data", "semantics"), "mine")
    >>> record = RunRecord(split="test", lookahead_ms=12.0, external_training_data=True, **about)
    >>> final_name(SubmissionName(team="T002", causality="noncausal"), record).archive
    'submission_T002_noncausal_sup.zip'
    >>> final_name(SubmissionName(team="T002", causality="causal"), record)
    Traceback (most recent call last):
        ...
    rebalance._base.errors.SubmissionError: submission_T002_causal_sup.zip: manifest.json: expected at most ...
    """
    name = dataclasses.replace(wanted, supplementary=wanted.supplementary or bool(record.external_training_data))
    for problem in rule_problems(_manifest(name, record, {}), name):
        raise SubmissionError(f"{problem.line}", where=name.archive)
    if name.causality == "causal" and record.known_lookahead_ms is None:
        raise SubmissionError(
            f"nobody knows how far ahead {record.separator!r} looks; 'rebalance causality --run RUN' measures"
            " it and records the result",
            where=name.archive,
        )
    return name


def unknowns(name: SubmissionName, record: RunRecord) -> tuple[str, ...]:
    """Return what nobody has told about a system, in sentences for the entrant.

    Parameters
    ----------
    name
        What the name of the archive claims.
    record
        What the run says of its system.

    Examples
    --------
    >>> from rebalance.pipeline import RunRecord
    >>> from rebalance.submission import SubmissionName, unknowns
    >>> about = dict.fromkeys(("version", "separator", "remix", "rounding", "data", "semantics"), "mine")
    >>> record = RunRecord(split="test", external_training_data=False, **about)
    >>> print(*unknowns(SubmissionName(team="T002", causality="causal"), record))
    the look-ahead is declared by the separator, not measured: 'rebalance causality --run RUN' measures it
    """
    sentences = []
    if record.external_training_data is None:
        sentences.append("whether training went beyond the challenge's data is not recorded: add --supplementary if so")
    if name.causality == "causal" and record.causality is None:
        sentences.append(
            "the look-ahead is declared by the separator, not measured: 'rebalance causality --run RUN' measures it"
        )
    if name.augmented or name.supplementary:
        sentences.append("the challenge asks for a submission without _aug or _sup beside this one")
    return tuple(sentences)


def write_submission(
    run: StrPath,
    name: SubmissionName,
    record: RunRecord,
    verdict: Verdict,
    *,
    folder: StrPath,
    part_bytes: int | None = None,
    on_file: Callable[[], None] = lambda: None,
) -> tuple[PackedFile, ...]:
    """Write the archive of a checked run, whole or not at all; an earlier one of the same name is replaced.

    Parameters
    ----------
    run
        Folder of the run.
    name
        What the archive is called; see `final_name`.
    record
        What made the run.
    verdict
        Of a check of just this run, with the checksum of every file.
    folder
        Where the archive goes.
    part_bytes
        Split it into ``.zip.001``, ``.zip.002`` ... of this size if it is larger, at least 2 GB.
    on_file
        Called after every file.

    Raises
    ------
    SubmissionError
        If the run breaks a rule, or has changed since it was checked.
    ConfigError
        If the parts are too small for the challenge.
    RebalanceError
        If the operating system refuses to write.

    Examples
    --------
    >>> import tempfile
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from pathlib import Path
    >>> from rebalance import load_task
    >>> from rebalance.pipeline import EnhanceOptions, enhance_task, read_run
    >>> from rebalance.submission import SubmissionName, check_submission, write_submission
    >>> task = load_task("metadata/demo", "valid")
    >>> one_pair, name = task.subset(task.pairs[:1]), SubmissionName(team="T002", causality="noncausal")
    >>> with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as executor:
    ...     run = Path(folder, "run")
    ...     _ = enhance_task(one_pair, run, EnhanceOptions(separator="mixture"), executor=executor)
    ...     verdict = check_submission(run, one_pair, executor=executor)
    ...     (packed,) = write_submission(run, name, read_run(run), verdict, folder=Path(folder))
    >>> packed.path.name, len(packed.sha256)
    ('submission_T002_noncausal.zip', 64)
    """
    run = expanded(run)
    folder = expanded(folder)
    if not verdict.accepted:
        raise SubmissionError(f"{len(verdict.errors)} problems, the first: {verdict.errors[0].line}", where=run)
    if part_bytes is not None and part_bytes < MIN_PART_BYTES:
        raise ConfigError(where="part size", expected=f"at least {MIN_PART_BYTES} bytes", got=str(part_bytes))
    contents = {f"{SIGNALS_FOLDER}/{source.rpartition('/')[2]}": source for source in verdict.sha256}
    sha256 = {packed: verdict.sha256[source] for packed, source in contents.items()}
    manifest = _manifest(name, record, sha256)
    with parts_of(folder, name.archive, part_bytes) as writer:
        _fill(cast("BinaryIO", writer), contents, FolderFiles(path=run), manifest, on_file)
    return tuple(PackedFile(path=path, sha256=_sha256(path)) for path in writer.final_paths)


@contextlib.contextmanager
def parts_of(folder: Path, archive: str, part_bytes: int | None) -> Iterator[PartsWriter]:
    """Give a file to write an archive to; in place under its name, or in parts, when the block succeeds.

    Parameters
    ----------
    folder, archive
        Where to, and under which name; an earlier archive of the name is replaced with all its parts.
    part_bytes
        Size of every part but the last; one part when None.

    Raises
    ------
    RebalanceError
        If the operating system refuses to write.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=f".{archive}.") as temporary:
            with PartsWriter(Path(temporary), part_bytes) as writer:
                yield writer
            writer.final_paths = _put_in_place(writer.paths, folder, archive)
    except OSError as error:
        raise RebalanceError(f"cannot write: {error.strerror or error}", where=folder / archive) from error


def _manifest(name: SubmissionName, record: RunRecord, sha256: Mapping[str, str]) -> Manifest:
    """Return the manifest of a run; paths of this machine are left out."""
    known_ms = record.known_lookahead_ms
    facts = {**dataclasses.asdict(record), "speed": record.speed}
    known = {key: value for key, value in facts.items() if value is not None}
    return Manifest(
        **dataclasses.asdict(name),
        version=record.version,
        semantics=record.semantics,
        split=record.split,
        separator=Path(record.separator).name,
        configuration={key: value for key, value in known.items() if key not in _IN_NAME_OR_OWN_FIELD},
        lookahead_ms=None if known_ms is None or np.isinf(known_ms) else known_ms,
        n_parameters=record.n_parameters,
        external_training_data=record.external_training_data,
        files=sha256,
    )


def _fill(
    writer: BinaryIO, contents: Mapping[str, str], files: FolderFiles, manifest: Manifest, on_file: Callable[[], None]
) -> None:
    """Write the manifest and then the files in the order of their names, all stored: FLAC packs no further."""
    sizes = files.sizes()
    with zipfile.ZipFile(writer, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        archive.writestr(_member(MANIFEST), manifest.as_bytes())
        for name, source in sorted(contents.items()):
            content = files.read(source, limit_bytes=sizes.get(source, 0))
            if hashlib.sha256(content).hexdigest() != manifest.files[name]:
                raise SubmissionError("it has changed since it was checked", where=files.path / source)
            archive.writestr(_member(name), content)
            on_file()


def _member(name: str) -> zipfile.ZipInfo:
    """Return the entry of a file, the same whoever packs it, when and where."""
    member = zipfile.ZipInfo(name, date_time=_MIN_ZIP_DATE)
    member.create_system = _UNIX
    member.external_attr = _PERMISSIONS << 16
    return member


def _put_in_place(parts: list[Path], folder: Path, archive: str) -> tuple[Path, ...]:
    """Give finished parts their names and remove those of an earlier archive of the same name."""
    names = [archive] if len(parts) == 1 else [f"{archive}.{number:03d}" for number in range(1, len(parts) + 1)]
    pattern = re.compile(re.escape(archive) + r"(\.\d{3})?")
    for stale in [path for path in folder.iterdir() if pattern.fullmatch(path.name) and path.name not in names]:
        stale.unlink()
    for part, name in zip(parts, names, strict=True):
        part.chmod(permissions_for(folder / name))
        part.replace(folder / name)
    return tuple(folder / name for name in names)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class PartsWriter(io.RawIOBase):
    """One file to write to and to seek in, kept in parts of a fixed size."""

    def __init__(self, folder: Path, part_bytes: int | None) -> None:
        super().__init__()
        self._folder = folder
        self._part_bytes = part_bytes
        self._files: list[BinaryIO] = []
        self._position = 0
        self._size = 0
        self.paths: list[Path] = []
        self.final_paths: tuple[Path, ...] = ()

    def seekable(self) -> bool:
        """Return True: any position can be reached."""
        return True

    def writable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position counted over all parts."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position counted over all parts."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = base + offset
        return self._position

    def write(self, content: bytes) -> int:  # type: ignore[override]
        """Write all of it, over as many parts as it takes."""
        left = memoryview(content)
        while left:
            index, start = divmod(self._position, self._part_bytes) if self._part_bytes else (0, self._position)
            room = self._part_bytes - start if self._part_bytes else len(left)
            file = self._part(index)
            file.seek(start)
            file.write(left[:room])
            self._position += len(left[:room])
            left = left[room:]
        self._size = max(self._size, self._position)
        return len(content)

    def close(self) -> None:
        """Close all parts."""
        for file in self._files:
            file.close()
        super().close()

    def _part(self, index: int) -> BinaryIO:
        while len(self._files) <= index:
            path = self._folder / f"{len(self._files):03d}"
            self.paths.append(path)
            self._files.append(path.open("wb"))
        return self._files[index]
