"""The official downloads, rearranged into the folder of a task: ``metadata`` and ``audio/<split>``."""

from __future__ import annotations

import functools
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from rebalance._base.archive_values import Member
from rebalance._base.archives import Archive, open_archive, open_member
from rebalance._base.errors import AudioError, ConfigError, MetadataError, RebalanceError
from rebalance._base.files import StrPath, expanded, replacing
from rebalance._base.running import Failure, one_line, run_items
from rebalance.audio import read_audio, write_flac
from rebalance.task import Findings, SchemaName, read_document

OFFICIAL_ARCHIVES = ("CadenzaWoodwind.zip", "EnsembleSet_Mix_1.zip", "metadata.zip")

# Folder in an archive to the name the metadata use for it.
_FOLDERS = {
    "CadenzaWoodwind": "CadenzaWoodwind",
    "EnsembleSet": "EnsembleSet",
    "EnsembleSet_Mix_1": "EnsembleSet",
    "metadata": "metadata",
}
_METADATA = "metadata"
_MICROPHONE = "Mix_1"
_TEMPORARY_PREFIX = ".preparing-"
_MAX_METADATA_BYTES = 1 << 28
_COPY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What was done.

    Parameters
    ----------
    n_written
        Files written.
    n_kept
        Files that were there already.
    changed_metadata
        Names of metadata files that were there with another content, and were kept.
    failures
        What could not be done, and why.
    """

    n_written: int
    n_kept: int
    changed_metadata: tuple[str, ...]
    failures: tuple[Failure, ...]


def prepare_downloads(
    archives: Sequence[StrPath], root: StrPath, *, jobs: int | None = None, executor: Executor | None = None
) -> Preparation:
    """Rearrange the official downloads into a task.

    Metadata are copied; so are the tracks of the training set, to ``audio/train``; the segments of the
    validation set are cut from their tracks and mixed, in ``audio/valid``. Nothing is unpacked under a
    name taken from an archive. Files appear whole or not at all, and those that are there are kept: the
    same call goes on after an interruption.

    Parameters
    ----------
    archives
        ``CadenzaWoodwind.zip``, ``EnsembleSet_Mix_1.zip`` and ``metadata.zip``, or a folder that holds them.
    root
        Folder the task is written to.
    jobs, executor
        Number of processes, all available cores when None; or an executor in their place.

    Raises
    ------
    RebalanceError
        If an archive is missing, damaged or could do harm.
    MetadataError
        If the metadata are missing, or not as described.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance import RebalanceError
    >>> from rebalance.datasets import prepare_downloads
    >>> with tempfile.TemporaryDirectory() as downloads:
    ...     try:
    ...         prepare_downloads([Path(downloads)], Path(downloads, "task"))
    ...     except RebalanceError as error:
    ...         print(str(error).replace(downloads, "downloads"))
    downloads: expected a folder with CadenzaWoodwind.zip, EnsembleSet_Mix_1.zip, metadata.zip, found none of them

    Source: ``process_zenodo_download.py`` of the official recipe.
    """
    root = expanded(root)
    downloads = open_downloads([expanded(archive) for archive in archives])
    _remove_leftovers(root)
    metadata = _copy_metadata(downloads, root / _METADATA)
    plan = _planned(downloads, root)
    run_all = functools.partial(_run, jobs=jobs, executor=executor)
    done = [
        run_all(plan.copies, _copy, title="copying"),
        run_all(plan.cuts, functools.partial(_cut, root=root), title="cutting"),
    ]
    return Preparation(
        n_written=metadata.n_written + sum(result.n_written for result in done),
        n_kept=metadata.n_kept + plan.n_kept,
        changed_metadata=metadata.changed_metadata,
        failures=(*plan.failures, *(failure for result in done for failure in result.failures)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A file in an archive."""

    archive: Archive
    member: Member


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloads:
    """The files of all archives, by data set and path within it; metadata are the data set ``metadata``."""

    files: Mapping[tuple[str, str], Origin]

    def holds(self, dataset: str) -> bool:
        """Tell whether there is any file of a data set."""
        return any(name == dataset for name, _ in self.files)


def open_downloads(archives: Sequence[Path]) -> Downloads:
    """Vet the archives and list what is in them.

    Raises
    ------
    ConfigError
        If there is no archive.
    RebalanceError
        If an archive cannot be trusted, or two hold the same file.
    """
    files: dict[tuple[str, str], Origin] = {}
    for path in _archive_paths(archives):
        archive = open_archive(path)
        slim = Archive(path=archive.path, parts=archive.parts, members=())
        for member in archive.members:
            if (key := _key(member.name)) is None:
                continue
            if key in files:
                raise RebalanceError(f"{member.name} stands in {files[key].archive.path} already", where=path)
            files[key] = Origin(archive=slim, member=member)
    return Downloads(files=files)


def _archive_paths(paths: Sequence[Path]) -> list[Path]:
    """Return the archives, those of a folder by their official names."""
    found: list[Path] = []
    for path in paths:
        inside = [path / name for name in OFFICIAL_ARCHIVES if (path / name).is_file()] if path.is_dir() else [path]
        if not inside:
            raise ConfigError(
                where=path, expected=f"a folder with {', '.join(OFFICIAL_ARCHIVES)}", found="none of them"
            )
        found += inside
    if not found:
        raise ConfigError(where="archives", expected=f"{', '.join(OFFICIAL_ARCHIVES)}", got="none")
    return found


def _key(name: str) -> tuple[str, str] | None:
    """Return data set and path of a member, also below one folder around all; None for anything else."""
    parts = PurePosixPath(name).parts
    if parts[0] == "__MACOSX" or parts[-1].startswith("._"):
        return None
    for depth in (0, 1):
        if len(parts) > depth + 1 and parts[depth] in _FOLDERS:
            return _FOLDERS[parts[depth]], "/".join(parts[depth + 1 :])
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copied:
    """What became of the metadata."""

    n_written: int
    n_kept: int
    changed_metadata: tuple[str, ...]


def _copy_metadata(downloads: Downloads, folder: Path) -> _Copied:
    """Copy the metadata files that are not there yet."""
    wanted = {
        folder / name: origin
        for (dataset, name), origin in downloads.files.items()
        if dataset == _METADATA and name.endswith(".json") and "/" not in name
    }
    for target, origin in wanted.items():
        if origin.member.size > _MAX_METADATA_BYTES:
            raise MetadataError(
                where=target.name, expected=f"at most {_MAX_METADATA_BYTES} bytes", got=str(origin.member.size)
            )
    absent = [target for target in wanted if not target.exists()]
    for target in absent:
        _extract(wanted[target], target)
    kept = [target for target in wanted if target not in absent]
    changed = [target.name for target in kept if zlib.crc32(target.read_bytes()) != wanted[target].member.crc32]
    return _Copied(n_written=len(absent), n_kept=len(kept), changed_metadata=tuple(changed))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copy:
    """A file to be copied out of an archive."""

    origin: Origin
    target: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A stretch of a track to be cut."""

    track: tuple[str, str]
    start_s: float
    duration_s: float
    target: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Segment:
    """A segment to be cut and mixed."""

    name: str
    sources: tuple[_Source, ...]
    mixture: Path

    @property
    def targets(self) -> tuple[Path, ...]:
        """Every file it becomes."""
        return (*(source.target for source in self.sources), self.mixture)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    """Segments that are cut from the same tracks, which are taken out of their archives once."""

    origins: Mapping[tuple[str, str], Origin]
    segments: tuple[_Segment, ...]

    @property
    def name(self) -> str:
        """What to call it in a report."""
        return f"{self.segments[0].name} .. {self.segments[-1].name}" if self.segments[1:] else self.segments[0].name


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What is to be done, what need not be, and what cannot."""

    copies: tuple[_Copy, ...]
    cuts: tuple[_Cut, ...]
    n_kept: int
    failures: tuple[Failure, ...]


def _planned(downloads: Downloads, root: Path) -> _Plan:
    """Find out what the metadata ask for and what of it is missing."""
    audio = root / "audio"
    wanted = dict(_training_tracks(_document(root, "music_tracks.train.json", "music_tracks"), audio / "train"))
    copies = {target: downloads.files.get(key) for target, key in wanted.items()}
    there = {target for target, origin in copies.items() if _is_there(target, origin)}
    segments, faulty = _validation_segments(_document(root, "music.valid.to_generate.json", "music_to_generate"), audio)
    open_segments = [segment for segment in segments if not all(target.exists() for target in segment.targets)]
    needed = {key: target for target, key in wanted.items() if target not in there} | {
        source.track: segment.mixture for segment in open_segments for source in segment.sources
    }
    return _Plan(
        copies=tuple(
            _Copy(origin=origin, target=target)
            for target, origin in copies.items()
            if origin is not None and target not in there
        ),
        cuts=_grouped(open_segments, downloads),
        n_kept=len(there) + sum(len(s.targets) for s in segments if s not in open_segments),
        failures=(*faulty, *_missing(needed, downloads)),
    )


def _document(root: Path, name: str, schema: SchemaName) -> Mapping[str, Any]:
    """Read one of the metadata files that say what to do."""
    findings = Findings(root=root)
    document = read_document(root / _METADATA / name, schema, findings)
    findings.raise_errors()
    return document.entries


def _training_tracks(entries: Mapping[str, Any], folder: Path) -> Iterable[tuple[Path, tuple[str, str]]]:
    """Yield target, and data set and path, of every track of the training set."""
    for name, entry in entries.items():
        for track in (*entry["stems_path"], entry["mixture_path"]):
            yield folder / _safe(track, f"music_tracks.train.json: {name}"), (entry["dataset"], track)


def _is_there(target: Path, origin: Origin | None) -> bool:
    """Tell whether a copy has been made; where the archive is at hand, of the same size."""
    return target.is_file() and (origin is None or target.stat().st_size == origin.member.size)


def _validation_segments(entries: Mapping[str, Any], audio: Path) -> tuple[list[_Segment], list[Failure]]:
    """Return the segments of the validation set; those that would write one file twice are failures."""
    segments = [_segment(name, entry, audio) for name, entry in entries.items()]
    sound = [segment for segment in segments if len(set(segment.targets)) == len(segment.targets)]
    failures = [
        Failure(item=segment.name, reason="two of its sources would be written to the same file")
        for segment in segments
        if segment not in sound
    ]
    return sound, failures


def _segment(name: str, entry: Mapping[str, Any], audio: Path) -> _Segment:
    """Return one segment: its stems go to ``valid/<segment>``, without piece and microphone."""
    where = f"music.valid.to_generate.json: {name}"
    folder = audio / "valid" / _safe(name, where)
    sources = tuple(
        _Source(
            track=(source["source_dataset"], source["track"]),
            start_s=float(source["start"]),
            duration_s=float(source["duration"]),
            target=folder / _without_piece_and_microphone(_safe(source["track"], where)),
        )
        for key, source in entry.items()
        if key.startswith("source_")
    )
    return _Segment(name=name, sources=sources, mixture=audio / _safe(entry["mixture_target"]["track"], where))


def _without_piece_and_microphone(track: PurePosixPath) -> PurePosixPath:
    """Return what the official preparation calls a stem of a segment."""
    return PurePosixPath(*[part for part in track.parts if part != _MICROPHONE][1:])


def _safe(text: str, where: str) -> PurePosixPath:
    """Return a path that stays where it is put."""
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\\" in text or ":" in text:
        raise MetadataError(where=where, expected="a relative path that stays inside", got=repr(text))
    return path


def _grouped(segments: Sequence[_Segment], downloads: Downloads) -> tuple[_Cut, ...]:
    """Return the segments grouped by their tracks; those with a missing track are left out."""
    groups: dict[frozenset[tuple[str, str]], list[_Segment]] = {}
    for segment in segments:
        tracks = frozenset(source.track for source in segment.sources)
        if tracks <= downloads.files.keys():
            groups.setdefault(tracks, []).append(segment)
    return tuple(
        _Cut(origins={track: downloads.files[track] for track in sorted(tracks)}, segments=tuple(group))
        for tracks, group in groups.items()
    )


def _missing(needed: Mapping[tuple[str, str], Path], downloads: Downloads) -> list[Failure]:
    """Return what no archive holds: whole data sets in one line each, else files."""
    absent = [key for key in sorted(needed) if key not in downloads.files]
    datasets = sorted({dataset for dataset, _ in absent if not downloads.holds(dataset)})
    counts = {dataset: sum(name == dataset for name, _ in absent) for dataset in datasets}
    return [
        *(Failure(item=name, reason=f"no archive holds this data set, {counts[name]} tracks") for name in datasets),
        *(Failure(item=f"{name}/{track}", reason="in no archive") for name, track in absent if name not in datasets),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What came of one item."""

    n_written: int
    failures: tuple[Failure, ...] = ()


_Item = TypeVar("_Item", _Copy, _Cut)


def _run(
    items: Sequence[_Item],
    work: Callable[[_Item], _Outcome],
    *,
    title: str,
    jobs: int | None,
    executor: Executor | None,
) -> _Outcome:
    """Do every item; return how many files were written and everything that failed."""
    if not items:
        return _Outcome(n_written=0)
    outcomes: list[_Outcome] = []
    failures: tuple[Failure, ...] = run_items(
        items,
        work,
        title=title,
        jobs=jobs,
        executor=executor,
        describe=_described,
        on_result=lambda _, outcome: outcomes.append(outcome),
    )
    inner: list[Failure] = [failure for outcome in outcomes for failure in outcome.failures]
    return _Outcome(n_written=sum(outcome.n_written for outcome in outcomes), failures=(*failures, *inner))


def _described(item: _Copy | _Cut) -> str:
    return item.origin.member.name if isinstance(item, _Copy) else item.name


def _copy(item: _Copy) -> _Outcome:
    """Copy one file out of its archive."""
    _extract(item.origin, item.target)
    return _Outcome(n_written=1)


def _extract(origin: Origin, target: Path) -> None:
    """Write a member of an archive to a file, whole or not at all."""
    with (
        open_member(origin.archive, origin.member) as stream,
        replacing(target) as temporary,
        temporary.open("wb") as file,
    ):
        shutil.copyfileobj(stream, file, _COPY_BYTES)


def _cut(item: _Cut, *, root: Path) -> _Outcome:
    """Take the tracks out of their archives, cut and mix all their segments."""
    n_written = 0
    failures: list[Failure] = []
    with tempfile.TemporaryDirectory(dir=root, prefix=_TEMPORARY_PREFIX) as folder:
        tracks = {track: Path(folder, *track) for track in item.origins}
        for track, path in tracks.items():
            _extract(item.origins[track], path)
        for segment in item.segments:
            try:
                n_written += _write_segment(segment, tracks)
            except RebalanceError as error:
                failures.append(Failure(item=segment.name, reason=_without(folder, one_line(error))))
    return _Outcome(n_written=n_written, failures=tuple(failures))


def _write_segment(segment: _Segment, tracks: Mapping[tuple[str, str], Path]) -> int:
    """Write the files of a segment that are not there yet, the mixture last; return how many."""
    stems: dict[Path, NDArray[np.float32]] = {}
    sample_rate: int | None = None
    for source in segment.sources:
        path = tracks[source.track]
        recording = read_audio(
            path, start_s=source.start_s, duration_s=source.duration_s, expected_sample_rate=sample_rate
        )
        sample_rate = recording.sample_rate
        stems[source.target] = recording.samples
    if sample_rate is None or len({stem.shape for stem in stems.values()}) != 1:
        shapes = [stem.shape for stem in stems.values()]
        raise AudioError(expected="sources of one shape", got=str(shapes))
    signals = {**stems, segment.mixture: sum(stems.values(), np.zeros_like(next(iter(stems.values()))))}
    missing = {target: samples for target, samples in signals.items() if not target.exists()}
    for target, samples in missing.items():
        write_flac(target, samples, sample_rate)
    return len(missing)


def _without(folder: str, reason: str) -> str:
    """Return a reason without the name of a temporary folder, which is gone."""
    return reason.replace(f"{folder}{os.sep}", "")


def _remove_leftovers(root: Path) -> None:
    """Remove the temporary folders and half-written files of a run that was killed."""
    for folder in root.glob(f"{_TEMPORARY_PREFIX}*"):
        shutil.rmtree(folder, ignore_errors=True)
    for file in (*(root / _METADATA).glob(".*.part"), *(root / "audio").rglob(".*.part")):
        file.unlink(missing_ok=True)
