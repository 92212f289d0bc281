"""The parts of one archive as the bytes that they are joined: what is sent where one file is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rebalance._base.errors import RebalanceError, SubmissionError
from rebalance._base.files import StrPath, expanded
from rebalance._base.joined_files import NUMBERED_PART, SPANNED_PART, JoinedFile, numbered_parts


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeArchive:
    """An archive that lies in one file or in parts.

    Parameters
    ----------
    name
        Of the whole, which ends with ``.zip``.
    parts
        In their order.
    """

    name: str
    parts: tuple[Path, ...]

    def opened(self) -> JoinedFile:
        """Open the parts as one file, to be closed by whoever asked.

        Raises
        ------
        RebalanceError
            If the operating system refuses.
        """
        try:
            return JoinedFile(self.parts)
        except OSError as error:
            raise RebalanceError(f"cannot read: {error.strerror or error}", where=self.name) from error


def whole_archive(paths: Sequence[StrPath]) -> WholeArchive:
    """Return the archive that a file, one of its parts, or all of its parts in any order stand for.

    Parameters
    ----------
    paths
        A zip file; a part ``.zip.001``, whose other parts lie beside it; or all parts, wherever they lie.

    Raises
    ------
    SubmissionError
        If a file is not there, a part is missing, files belong to different archives, or the parts are those of the
        ``zip`` command, which are not one file when they are joined.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.submission import whole_archive
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for number in (2, 1):
    ...         _ = Path(folder, f"submission_T002_causal.zip.{number:03}").write_bytes(b"PK"[number - 1 : number])
    ...     whole = whole_archive([Path(folder, "submission_T002_causal.zip.002")])
    ...     with whole.opened() as opened:
    ...         whole.name, opened.read(10), opened.size
    ('submission_T002_causal.zip', b'P', 2)
    """
    found = [expanded(path) for path in paths]
    for path in found:
        _require_joinable(path)
    parts = numbered_parts(found[0]) if len(found) == 1 else found
    return _joined(parts) if parts else WholeArchive(name=found[0].name, parts=(found[0],))


def _require_joinable(path: Path) -> None:
    """Raise unless a file is there, and no part of an archive that the ``zip`` command has split."""
    is_numbered = NUMBERED_PART.fullmatch(path.name) is not None
    if SPANNED_PART.fullmatch(path.suffix) or (not is_numbered and path.with_suffix(".z01").is_file()):
        whole = f"'zip -s 0 {path.with_suffix('.zip').name} --out whole.zip' joins what 'zip' has split"
        raise SubmissionError(where=path, expected="a whole archive or its parts .zip.001 ...", more=f"; {whole}")
    if not path.is_file() and not path.with_name(f"{path.name}.001").is_file():
        raise SubmissionError(where=path, expected="a submission archive", got="no such file")


def _joined(paths: Sequence[Path]) -> WholeArchive:
    """Return the archive of parts that are all there."""
    numbered: dict[int, Path] = {}
    names = set()
    for path in paths:
        match = NUMBERED_PART.fullmatch(path.name)
        if match is None:
            raise SubmissionError(where=path, expected="one archive, or parts of one: .zip.001, .zip.002 ...")
        names.add(match[1])
        if numbered.setdefault(int(match[2]), path) != path:
            raise SubmissionError(where=path, expected="every part once", got=f"{numbered[int(match[2])]} too")
    if len(names) > 1:
        raise SubmissionError(expected="parts of one archive", got=" and ".join(sorted(names)))
    (name,) = names
    for number in range(1, max(numbered) + 1):
        if number not in numbered:
            raise SubmissionError(f"part {name}.{number:03d} is missing", where=name)
    return WholeArchive(name=name, parts=tuple(numbered[number] for number in sorted(numbered) if number))
