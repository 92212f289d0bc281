"""The sound of a task: sources and mixtures of its segments."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2
from rebalance.audio import read_audio, sample_span
from rebalance.task._values import Segment, Source, Task


def length_fault(segment: Segment) -> str | None:
    """Say why the sources of a segment cannot be summed: their stretches hold different numbers of samples.

    A start or duration with a fraction can fall between samples, and cutting at whole ones then makes one source
    a sample longer than another. `check_task` and the scoring both ask this function.

    Returns
    -------
    str or None
        None where all sources have one length.

    Examples
    --------
    >>> from rebalance import load_task
    >>> from rebalance.task import length_fault
    >>> length_fault(load_task("metadata/demo", "valid").scenes["S50001"].segment) is None
    True
    """
    rate = CAD2_TASK2.mixture_sample_rate
    spans = {source.name: sample_span(source.start_s, source.duration_s, rate) for source in segment.sources}
    lengths = {name: last - first for name, (first, last) in spans.items()}
    if len(set(lengths.values())) <= 1:
        return None
    found = ", ".join(f"{name} {length}" for name, length in lengths.items())
    return f"segment {segment.name!r}: start and duration give sources of different lengths: {found} samples"


def read_source(task: Task, source: Source) -> NDArray[np.float32]:
    """Return a source or mixture of a segment at 44.1 kHz, shape ``(2, n_samples)``.

    Parameters
    ----------
    task
        Where the audio lies.
    source
        A source or the mixture of one of the task's segments.

    Raises
    ------
    MetadataError, AudioError
        If the release withholds the track, or the file is not what the task needs.

    Examples
    --------
    >>> from rebalance import load_task
    >>> from rebalance.assets import demo_folder
    >>> from rebalance.task import read_source
    >>> task = load_task(demo_folder(), "valid")
    >>> read_source(task, task.scenes["S50001"].segment.mixture).shape
    (2, 661500)
    """
    recording = read_audio(
        task.audio_path(source),
        start_s=source.start_s,
        duration_s=source.duration_s,
        expected_sample_rate=CAD2_TASK2.mixture_sample_rate,
        expected_channels=CAD2_TASK2.n_channels,
    )
    return recording.samples
