"""The sound of a task: sources and mixtures of its segments."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2
from rebalance.audio import read_audio
from rebalance.task._values import Source, Task


def read_source(task: Task, source: Source) -> NDArray[np.float32]:
    """Return a source or mixture of a segment at 44.1 kHz, shape ``(2, n_samples)``.

    Raises
    ------
    MetadataError, AudioError
        If the release withholds the track, or the file is not what the task needs.
    """
    recording = read_audio(
        task.audio_path(source),
        start_s=source.start_s,
        duration_s=source.duration_s,
        expected_sample_rate=CAD2_TASK2.mixture_sample_rate,
        expected_channels=CAD2_TASK2.n_channels,
    )
    return recording.samples
