"""Whether a submission is what the challenge asks for: every problem found, none of them fatal to the check."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor

from rebalance._base.challenge import CAD2_TASK2, Split
from rebalance._base.errors import RebalanceError, SubmissionError
from rebalance._base.files import StrPath, expanded
from rebalance._base.names import suggestion
from rebalance._base.running import Failure, one_line, run_items
from rebalance.submission._cross_checks import cross_check
from rebalance.submission._inspecting import InspectedSegment, SegmentFiles, inspect_segment
from rebalance.submission._manifest import manifest_problems, measured_causality, parse_manifest
from rebalance.submission._naming import EXPECTED_NAME, MANIFEST, SubmissionName, member_names, parse_archive_name
from rebalance.submission._submitted_files import (
    ArchivedFiles,
    FolderFiles,
    SubmittedFiles,
    open_submission,
    read_manifest,
)
from rebalance.submission._verdict import Problem, Verdict, by_kind
from rebalance.task import Pair, Task

MIN_PART_BYTES = 2_000_000_000
_MAX_SUGGESTIONS = 50


def check_submission(
    path: StrPath, task: Task, *, jobs: int | None = None, executor: Executor | None = None
) -> Verdict:
    """Check a submission to a task: its names, every file, and the files against each other and their mixtures.

    Parameters
    ----------
    path
        An archive, a part of one, or a folder that holds ``enhanced_signals``.
    task
        What it answers to.
    jobs, executor
        Number of processes, all available cores when None; or an executor in their place.

    Raises
    ------
    RebalanceError
        If there is nothing to check, or the archive is no archive or not safe to read.

    Examples
    --------
    >>> import tempfile
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from pathlib import Path
    >>> from rebalance import load_task
    >>> from rebalance.pipeline import EnhanceOptions, enhance_task
    >>> from rebalance.submission import check_submission
    >>> task = load_task("metadata/demo", "valid")
    >>> one_pair = task.subset(task.pairs[:1])
    >>> with tempfile.TemporaryDirectory() as run, ThreadPoolExecutor(1) as executor:
    ...     _ = enhance_task(one_pair, Path(run), EnhanceOptions(separator="mixture"), executor=executor)
    ...     verdict = check_submission(Path(run), one_pair, executor=executor)
    >>> verdict.accepted, verdict.n_found
    (True, 1)
    """
    path = expanded(path)
    return check_files(open_submission(path, task), task, jobs=jobs, executor=executor)


def check_files(
    files: SubmittedFiles, task: Task, *, jobs: int | None = None, executor: Executor | None = None
) -> Verdict:
    """Check submitted files; see `check_submission`.

    Parameters
    ----------
    files
        Of a folder or an archive; see `open_submission`.
    task
        What was asked for.
    jobs
        Processes; one per core when None.
    executor
        Does the work in place of processes of its own, such as a client of Dask.

    Examples
    --------
    >>> import tempfile
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from pathlib import Path
    >>> from rebalance import load_task
    >>> from rebalance.submission import FolderFiles, check_files
    >>> task = load_task("metadata/demo", "valid")
    >>> one_pair = task.subset(task.pairs[:1])
    >>> with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as executor:
    ...     verdict = check_files(FolderFiles(path=Path(folder)), one_pair, executor=executor)
    >>> verdict.accepted, verdict.n_expected, verdict.n_found, verdict.problems[0].kind
    (False, 1, 0, 'missing')
    """
    names, problems = match_names(files.sizes(), task)
    inspected, failures = _inspect_all(files, names, task, jobs, executor)
    found = [file for segment in inspected for file in segment.files]
    sha256 = {file.name: file.sha256 for file in found if file.sha256}
    problems += [problem for file in found for problem in file.problems]
    problems += [
        Problem(kind="damaged", file=lost.item, expected="to be checked", got=lost.reason) for lost in failures
    ]
    problems += cross_check(inspected, task)
    if isinstance(files, ArchivedFiles):
        problems += _archive_problems(files, task, sha256)
    return Verdict(
        submission=str(files.path),
        n_expected=len(set(task.pairs)),
        n_found=len(names),
        n_clipped_samples=sum(file.n_clipped for file in found),
        n_clipped_files=sum(file.n_clipped > 0 for file in found),
        problems=tuple(problem for group in by_kind(problems).values() for problem in group),
        sha256=sha256,
        notes=(*_note_on_wrapping(files, names), *_notes(files, inspected), *_notes_on_causality(files, task)),
    )


def match_names(found: Iterable[str], task: Task) -> tuple[dict[Pair, str], list[Problem]]:
    """Give every pair its file.

    Returns
    -------
    tuple
        Names by pair, and what is missing, superfluous, misspelt or there twice.
    """
    expected = {name: pair for pair in task.pairs for name in member_names(pair, task.split)}
    names: dict[Pair, str] = {}
    problems: list[Problem] = []
    unexpected: list[str] = []
    for name in sorted(found):
        pair = expected.get(name)
        if pair is None:
            unexpected += [] if name == MANIFEST else [name]
        elif pair in names:
            problems.append(
                Problem(kind="unexpected", file=name, expected="one file for a pair", got=f"{names[pair]} too")
            )
        else:
            names[pair] = name
    missing = [pair for pair in dict.fromkeys(task.pairs) if pair not in names]
    problems += [
        Problem(kind="missing", file=member_names(pair, task.split)[0], expected="a file", got="none")
        for pair in missing
    ]
    return names, problems + _unexpected(unexpected, missing, task.split)


def _unexpected(unexpected: list[str], missing: list[Pair], split: Split) -> list[Problem]:
    """Report files that belong to no pair, with the name that was probably meant."""
    wanted = {CAD2_TASK2.remix_file_name(pair.scene, pair.listener): member_names(pair, split)[0] for pair in missing}
    problems = []
    for number, name in enumerate(unexpected):
        base = name.rpartition("/")[2]
        if base in wanted:
            expected = f"it at {wanted[base]}"
        elif number < _MAX_SUGGESTIONS:
            expected = f"files of the {split} split alone{suggestion(base, wanted)}"
        else:
            expected = f"files of the {split} split alone"
        problems.append(Problem(kind="unexpected", file=name, expected=expected, got="this one"))
    return problems


def _inspect_all(
    files: SubmittedFiles, names: Mapping[Pair, str], task: Task, jobs: int | None, executor: Executor | None
) -> tuple[list[InspectedSegment], tuple[Failure, ...]]:
    """Inspect all files, segment by segment, in the order of the task."""
    pairs: defaultdict[str, list[Pair]] = defaultdict(list)
    for pair in dict.fromkeys(task.pairs):
        pairs[task.scenes[pair.scene].segment.name].append(pair)
    results: dict[str, InspectedSegment] = {}
    failures = run_items(
        [
            SegmentFiles(part=task.subset(part), names={pair: names[pair] for pair in part if pair in names})
            for part in pairs.values()
        ],
        functools.partial(inspect_segment, files=files),
        title=f"check {files.path.name}",
        jobs=jobs,
        executor=executor,
        describe=lambda wanted: f"segment {next(iter(wanted.part.segments))}",
        on_result=lambda _, result: results.update({result.segment: result}),
    )
    return [results[segment] for segment in pairs if segment in results], failures


def _archive_problems(files: ArchivedFiles, task: Task, sha256: Mapping[str, str]) -> list[Problem]:
    """Check what only an archive has: a name, parts, a manifest."""
    problems: list[Problem] = []
    name: SubmissionName | None = None
    try:
        name = parse_archive_name(files.path.name)
    except SubmissionError:
        expected = f"a name like {EXPECTED_NAME}"
        problems.append(Problem(kind="archive", file="", expected=expected, got=repr(files.path.name)))
    for part in files.parts[:-1]:
        if (n_bytes := part.stat().st_size) < MIN_PART_BYTES:
            expected = f"parts of at least {MIN_PART_BYTES} bytes"
            problems.append(
                Problem(kind="archive", severity="warning", file=part.name, expected=expected, got=str(n_bytes))
            )
    try:
        manifest = read_manifest(files, task)
    except RebalanceError as error:
        return [*problems, Problem(kind="manifest", file=MANIFEST, expected="a manifest", got=one_line(error))]
    return problems if manifest is None else [*problems, *manifest_problems(manifest, name, sha256)]


def _note_on_wrapping(files: SubmittedFiles, names: Mapping[Pair, str]) -> tuple[str, ...]:
    """Say that everything lies in one folder too many, where no file has its name."""
    tops = {name.partition("/")[0] for name in files.sizes()}
    if names or len(tops) != 1 or not all("/" in name for name in files.sizes()):
        return ()
    return (f"everything lies in the folder {min(tops)!r}: pack what is in it, not the folder itself",)


def _notes(files: SubmittedFiles, inspected: list[InspectedSegment]) -> tuple[str, ...]:
    """Say what could not be checked."""
    notes = []
    if not isinstance(files, FolderFiles) and MANIFEST not in files.sizes():
        notes.append("no manifest: nothing is known of the system")
    if blind := [segment.segment for segment in inspected if segment.mixture is None]:
        notes.append(f"{len(blind)} segments without a readable mixture: their files were compared with nothing")
    if withheld := [segment.segment for segment in inspected if not segment.remixes]:
        notes.append(f"{len(withheld)} segments without sources: scenes of one segment could not be told apart")
    return tuple(notes)


def _notes_on_causality(files: SubmittedFiles, task: Task) -> tuple[str, ...]:
    """Say what a causal claim rests on."""
    if isinstance(files, FolderFiles):
        return ()
    try:
        content = read_manifest(files, task)
        manifest = None if content is None else parse_manifest(content)
    except RebalanceError:
        return ()
    if manifest is None or manifest.causality != "causal":
        return ()
    measured = measured_causality(manifest)
    if measured is None:
        return ("causal by its own word: the manifest holds no measurement of the look-ahead",)
    return (f"causal as its makers measured it: {measured.get('lookahead_ms')} ms of look-ahead",)
