"""Loading a task, and checking one: the same rules, told at the first error or all at once."""

from __future__ import annotations

from rebalance._base.challenge import Split
from rebalance._base.files import StrPath, expanded
from rebalance.task._audio_checks import check_audio
from rebalance.task._companions import check_companions
from rebalance.task._problems import CheckReport, Findings
from rebalance.task._references import resolve_task
from rebalance.task._task_files import TaskFiles, checked_split, metadata_dir
from rebalance.task._values import Task


def load_task(root: StrPath, split: str, *, require_sources: bool = False) -> Task:
    """Load one split of a task, every cross reference checked.

    Audio files are not opened: `check_task` does that.

    Parameters
    ----------
    root
        Folder that holds ``metadata`` and ``audio``.
    split
        ``"train"``, ``"valid"`` or ``"test"``.
    require_sources
        Refuse a release of mixtures only, which can be enhanced but not scored.

    Raises
    ------
    MetadataError
        If anything is wrong with the metadata: the first problem and how many more there are.
    ConfigError
        If there is no such split.

    Examples
    --------
    >>> from rebalance import load_task
    >>> from rebalance.assets import demo_folder
    >>> load_task(demo_folder(), "valid")
    Task(valid: 4 scenes of 2 segments, 3 listeners, 12 pairs)
    """
    root = expanded(root)
    name = checked_split(split)
    metadata_dir(root)
    return load_task_files(TaskFiles.of(root, name), name, require_sources=require_sources)


def load_task_files(files: TaskFiles, split: Split, *, require_sources: bool = False) -> Task:
    """Load one split of a task from files that may lie anywhere; otherwise as `load_task`.

    Parameters
    ----------
    files
        Where each file lies.
    split
        Which split they describe.
    require_sources
        Whether a task without true sources is refused.

    Examples
    --------
    >>> from rebalance.assets import demo_folder
    >>> from rebalance.task import TaskFiles, load_task_files
    >>> len(load_task_files(TaskFiles.of(demo_folder(), "valid"), "valid").pairs)
    12
    """
    findings = Findings()
    task = resolve_task(files, split, findings)
    if require_sources:
        _check_sources(task, files, findings)
    findings.raise_errors("" if files.root is None else f"; 'rebalance check {files.root}' shows all")
    return task


def check_task(root: StrPath, split: str, *, audio: bool = True, jobs: int | None = None) -> CheckReport:
    """Find everything that is wrong with one split of a task.

    Parameters
    ----------
    root
        Folder that holds ``metadata`` and ``audio``.
    split
        ``"train"``, ``"valid"`` or ``"test"``.
    audio
        Decode the audio too.
    jobs
        How many files to decode at once; one per core, eight at most, when None.

    Raises
    ------
    MetadataError
        If there is no metadata folder.
    ConfigError
        If there is no such split.

    Examples
    --------
    >>> from rebalance.assets import demo_folder
    >>> from rebalance.task import check_task
    >>> check_task(demo_folder(), "valid", audio=False).problems
    ()
    """
    root = expanded(root)
    name = checked_split(split)
    metadata_dir(root)
    files = TaskFiles.of(root, name)
    findings = Findings(root=files.root)
    task = resolve_task(files, name, findings)
    check_companions(files, name, findings)
    residuals_db = check_audio(task, findings, jobs=jobs) if audio else {}
    return CheckReport(split=name, problems=findings.problems, residuals_db=residuals_db)


def _check_sources(task: Task, files: TaskFiles, findings: Findings) -> None:
    """Find fault with segments whose sources are withheld, or with all source files being absent."""
    for segment in task.segments.values():
        if not segment.sources or any(source.track is None for source in segment.sources):
            message = f"segment {segment.name!r}: this release withholds its sources; it can be enhanced, not scored"
            findings.error(files.music, segment.name, expected="sources with tracks", got="a mixture", message=message)
    sources = [source for segment in task.segments.values() for source in segment.sources if source.track is not None]
    if sources and not any(task.audio_path(source).is_file() for source in sources):
        message = f"none of the {len(sources)} source files is there; mixtures alone can be enhanced, not scored"
        findings.error(files.music_dir, "", expected="source files", got="none", message=message)
