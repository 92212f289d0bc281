"""Whether the audio files of a task hold what its metadata says."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import AudioError
from rebalance._base.running import available_cores, run_items
from rebalance.audio import AudioHeader, db_from_amplitude, probe_audio, read_audio, rms, sample_span
from rebalance.task._problems import Findings, Problem, likely_file
from rebalance.task._sources import length_fault
from rebalance.task._values import Segment, Source, Task

# Above this level of what is left when the sources are taken from the mixture, they are not its sources.
RESIDUAL_LIMIT_DB = -40.0
_MAX_THREADS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _SegmentAudio:
    """What is wrong with the audio of a segment, and how far its sources are from adding up, in dB."""

    problems: tuple[Problem, ...]
    residual_db: float | None


def check_audio(task: Task, findings: Findings, *, jobs: int | None = None) -> dict[str, float]:
    """Decode every stretch of audio a task uses; everything wrong with it becomes a finding.

    Parameters
    ----------
    task
        The task whose segments are decoded.
    findings
        What is found is added here, in the order of the segments.
    jobs
        How many segments to decode at once; one per core, eight at most, when None.

    Returns
    -------
    dict
        By segment, the level in dB of its mixture minus the sum of its sources, re the mixture: minus
        infinity where they are equal. Segments without all their audio are left out.
    """
    if not task.music_dir.is_dir():
        message = f"no folder {task.music_dir.name!r} with the audio"
        findings.error(task.music_dir, "", expected="the audio folder", got="none", message=message)
        return {}
    if not task.segments:
        return {}
    with_sources = _has_sources(task, findings)
    work = functools.partial(_check_segment, task=task, root=findings.root, with_sources=with_sources)
    results = _run(task, work, jobs or min(available_cores(), _MAX_THREADS), findings)
    residuals_db: dict[str, float] = {}
    for name in task.segments:
        if result := results.get(name):
            findings.extend(result.problems)
            if result.residual_db is not None:
                residuals_db[name] = result.residual_db
    return residuals_db


def _run(
    task: Task, work: Callable[[Segment], _SegmentAudio], jobs: int, findings: Findings
) -> dict[str, _SegmentAudio]:
    """Check segments on threads (decoding leaves the interpreter free); return what was found by segment."""
    results: dict[str, _SegmentAudio] = {}

    def keep(segment: Segment, result: _SegmentAudio) -> None:
        results[segment.name] = result

    with ThreadPoolExecutor(jobs) as executor:
        failures = run_items(
            list(task.segments.values()),
            work,
            title=f"audio of {task.split}",
            jobs=jobs,
            executor=executor,
            describe=operator.attrgetter("name"),
            on_result=keep,
        )
    for failure in failures:
        findings.error(task.music_dir, failure.item, expected="audio that can be checked", got=failure.reason)
    return results


def _has_sources(task: Task, findings: Findings) -> bool:
    """Tell whether any source file is there; warn if not: this is a release of mixtures only."""
    sources = (source for segment in task.segments.values() for source in segment.sources)
    if any(source.track is not None and task.audio_path(source).is_file() for source in sources):
        return True
    if task.segments:
        message = "no source file is there: a release of mixtures, which can be enhanced but not scored"
        findings.warning(task.music_dir, "", expected="source files", got="mixtures only", message=message)
    return False


def _check_segment(segment: Segment, *, task: Task, root: Path | None, with_sources: bool) -> _SegmentAudio:
    """Check the mixture of a segment and, where there are any, its sources."""
    findings = Findings(root=root)
    mixture = _checked_samples(segment, segment.mixture, task, findings)
    sources = [source for source in segment.sources if source.track is not None] if with_sources else []
    if mixture is not None and not mixture.any():
        path = task.audio_path(segment.mixture)
        message = f"segment {segment.name!r}: the mixture is silent and cannot be scored"
        findings.error(path, segment.name, expected="music", got="silence", message=message)
    if sources and (fault := length_fault(segment)):
        path = task.audio_path(segment.mixture)
        findings.error(path, segment.name, expected="sources of one length", got="different ones", message=fault)
    level, residual, complete = _level(mixture), mixture, bool(sources) and len(sources) == len(segment.sources)
    for source in sources:
        samples = _checked_samples(segment, source, task, findings)
        complete = complete and samples is not None
        residual = _difference(residual, samples)
    if not complete or residual is None or not level:
        return _SegmentAudio(problems=findings.problems, residual_db=None)
    residual_db = db_from_amplitude(_level(residual) / level)
    _judge_residual(segment, residual_db, task, findings)
    return _SegmentAudio(problems=findings.problems, residual_db=residual_db)


def _judge_residual(segment: Segment, residual_db: float, task: Task, findings: Findings) -> None:
    """Warn if the sources do not add up to the mixture."""
    if residual_db <= RESIDUAL_LIMIT_DB:
        return
    findings.warning(
        task.audio_path(segment.mixture),
        segment.name,
        expected=f"the sum of the sources, to {RESIDUAL_LIMIT_DB:g} dB",
        got=f"{residual_db:.1f} dB",
        message=f"segment {segment.name!r}: mixture and sum of the sources differ by {residual_db:.1f} dB",
    )


def _level(samples: NDArray[np.float32] | None) -> float:
    return 0.0 if samples is None else rms(samples)


def _difference(first: NDArray[np.float32] | None, second: NDArray[np.float32] | None) -> NDArray[np.float32] | None:
    """Subtract, over the samples both have (cutting at whole samples can leave one more in either)."""
    if first is None or second is None:
        return None
    length = min(first.shape[-1], second.shape[-1])
    return first[:, :length] - second[:, :length]


def _checked_samples(segment: Segment, source: Source, task: Task, findings: Findings) -> NDArray[np.float32] | None:
    """Return the stretch of a source, shape ``(2, n_samples)``; None if anything is wrong with it."""
    path = task.audio_path(source)
    if not path.is_file():
        got, likely = "no such file", likely_file(path)
        findings.error(path, "", expected="an audio file", got=got, message=got, suggestion=likely)
        return None
    try:
        if not _header_fits(segment, source, path, probe_audio(path), findings):
            return None
        return read_audio(path, start_s=source.start_s, duration_s=source.duration_s).samples
    except AudioError as error:
        reason = str(error).removeprefix(f"{path}: ")
        findings.error(path, "", expected="audio that can be decoded", got=reason, message=reason)
        return None


def _header_fits(segment: Segment, source: Source, path: Path, header: AudioHeader, findings: Findings) -> bool:
    """Compare what a file says of itself with what the challenge and the metadata say."""
    expected_rate, expected_channels = CAD2_TASK2.mixture_sample_rate, CAD2_TASK2.n_channels
    if header.n_channels != expected_channels:
        got = "1 channel (mono)" if header.n_channels == 1 else f"{header.n_channels} channels"
        findings.error(path, "channels", expected=f"{expected_channels} channels (stereo)", got=got)
    if header.sample_rate != expected_rate:
        findings.error(path, "sample rate", expected=f"{expected_rate} Hz", got=f"{header.sample_rate} Hz")
        return False
    end_s = source.start_s + source.duration_s
    _, end = sample_span(source.start_s, source.duration_s, expected_rate)
    if end > header.n_samples:
        where, has = f"segment {segment.name!r}, {source.name}", f"{header.n_samples} samples"
        message = f"{where}: ends at {end_s:g} s (sample {end}), the file holds {has}"
        findings.error(path, where, expected=f"at least {end} samples", got=has, message=message)
        return False
    return header.n_channels == expected_channels
