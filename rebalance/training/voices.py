"""How far to trust what tells two voices of one instrument apart: fitted on held-out music."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np

from rebalance.enhancing import estimate_sources, read_source
from rebalance.errors import RebalanceError
from rebalance.running import run_items
from rebalance.scenes import Segment, Task
from rebalance.separation.masking import load_mask_separator


def fit_voice_trust(task: Task, checkpoint: Path, *, jobs: int | None = None) -> float:
    """Return the trust that brings the estimated voices closest to the true ones, in [0, 1].

    The least squares over all pairs of voices, each relative to the energy of its mixture: half the difference of two
    estimates, times the trust, is to be half the difference of the true voices. See
    `rebalance.separation.masking.pool_voices`.

    Parameters
    ----------
    task
        Held-out music with its sources.
    checkpoint
        Of a mask network; the trust stored in it is not used.
    jobs
        See `rebalance.running.run_items`.

    Raises
    ------
    RebalanceError
        If no segment could be separated, or none has two voices of one instrument.
    """
    segments = {scene.segment.name: scene.segment for scene in task.scenes.values()}
    doubled = [segment for segment in segments.values() if _pairs(segment.instruments)]
    sums: list[tuple[float, float]] = []
    failures = run_items(
        doubled,
        functools.partial(voice_products, task, checkpoint),
        title="fitting the trust in voices",
        jobs=jobs,
        describe=lambda segment: f"segment {segment.name}",
        on_result=lambda _, found: sums.append(found),
    )
    if not sums:
        reason = failures[0].reason if failures else "the task has no two voices of one instrument"
        raise RebalanceError(f"trust in voices: {reason}")
    likeness, size = np.sum(sums, axis=0)
    return float(np.clip(likeness / size, 0.0, 1.0)) if size > 0 else 0.0


def voice_products(task: Task, checkpoint: Path, segment: Segment) -> tuple[float, float]:
    """Return the products of estimated with true differences and with themselves, relative to the mixture's energy."""
    stored = load_mask_separator(str(checkpoint), checkpoint, device="cpu")
    separator = replace(stored, card=replace(stored.card, voice_trust=1.0))
    estimates = list(estimate_sources(separator, task, segment).values())
    truth = [read_source(task, source) for source in segment.sources]
    energy = float(np.sum(np.square(read_source(task, segment.mixture), dtype=np.float64)))
    if not energy:
        return 0.0, 0.0
    likeness, size = 0.0, 0.0
    for first, second in _pairs(segment.instruments):
        estimated = (estimates[first] - estimates[second]).astype(np.float64)
        likeness += float(np.sum(estimated * (truth[first] - truth[second])))
        size += float(np.sum(np.square(estimated)))
    return likeness / energy, size / energy


def _pairs(instruments: Sequence[str]) -> list[tuple[int, int]]:
    """Return the places of every two voices of one instrument."""
    places = combinations(range(len(instruments)), 2)
    return [(first, second) for first, second in places if instruments[first] == instruments[second]]
