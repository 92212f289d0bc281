"""How far to trust what tells two voices of one instrument apart: fitted on held-out music."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rebalance._base.errors import RebalanceError
from rebalance._base.files import StrPath, expanded
from rebalance._base.running import run_items
from rebalance.pipeline import estimate_sources
from rebalance.separation import TellsVoicesApart, load_separator
from rebalance.task import Segment, Task, read_source


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceFit:
    """What was found.

    Parameters
    ----------
    trust
        What brings the estimated voices closest to the true ones, in [0, 1]:
        0 pools them, 1 leaves them as estimated.
    explained
        How much of the energy of what tells the true voices apart the estimates then hold: 0 for voices that are
        pooled, 1 for perfect ones.
    """

    trust: float
    explained: float


def fit_voice_trust(task: Task, checkpoint: StrPath, *, jobs: int | None = None) -> VoiceFit:
    """Return how far to trust what a network says of two voices of one instrument.

    The least squares over all pairs of voices, each relative to the energy of its mixture: half the difference of two
    estimates, times the trust, is to be half the difference of the true voices.

    Parameters
    ----------
    task
        Held-out music with its sources.
    checkpoint
        Of a mask network or a player tracker; the trust stored in it is not used.
    jobs
        Number of processes; all available cores when None.

    Raises
    ------
    RebalanceError
        If no segment could be separated, or none has two voices of one instrument.

    Examples
    --------
    >>> from rebalance import load_task
    >>> from rebalance.separation import shipped_weights
    >>> from rebalance.training.calibration import fit_voice_trust
    >>> task = load_task("metadata/demo", "valid")
    >>> winds = task.subset([pair for pair in task.pairs if pair.scene == "S50003"])
    >>> fit_voice_trust(winds, shipped_weights()["u-net"])
    Traceback (most recent call last):
        ...
    rebalance._base.errors.RebalanceError: trust in voices: the task has no two voices of one instrument
    """
    checkpoint = expanded(checkpoint)
    segments = {scene.segment.name: scene.segment for scene in task.scenes.values()}
    doubled = [segment for segment in segments.values() if _pairs(segment.instruments)]
    found: list[VoiceProducts] = []
    failures = run_items(
        doubled,
        functools.partial(voice_products, task, checkpoint),
        title="fitting the trust in voices",
        jobs=jobs,
        describe=lambda segment: f"segment {segment.name}",
        on_result=lambda _, products: found.append(products),
    )
    if not found:
        reason = failures[0].reason if failures else "the task has no two voices of one instrument"
        raise RebalanceError(f"{reason}", where="trust in voices")
    likeness, estimated, true = np.sum(found, axis=0)
    if not (estimated > 0 and true > 0):
        return VoiceFit(trust=0.0, explained=0.0)
    trust = float(np.clip(likeness / estimated, 0.0, 1.0))
    return VoiceFit(trust=trust, explained=float(trust * (2 * likeness - trust * estimated) / true))


class VoiceProducts(NamedTuple):
    """Inner products of differences of voices, relative to the energy of the mixture: both, estimated, true."""

    likeness: float
    estimated: float
    true: float


def voice_products(task: Task, checkpoint: Path, segment: Segment) -> VoiceProducts:
    """Return the inner products of the voices of one segment."""
    separator = load_separator(checkpoint, device="cpu")
    if isinstance(separator, TellsVoicesApart):
        separator = separator.trusting_voices(1.0)
    mixture = read_source(task, segment.mixture)
    by_name = estimate_sources(separator, task, segment, mixture=mixture)
    estimates = [by_name[source.name] for source in segment.sources]
    truth = [read_source(task, source) for source in segment.sources]
    energy = float(np.sum(np.square(mixture, dtype=np.float64)))
    if not energy:
        return VoiceProducts(0.0, 0.0, 0.0)
    total = np.zeros(3)
    for first, second in _pairs(segment.instruments):
        estimated, true = ((voices[first] - voices[second]).astype(np.float64) for voices in (estimates, truth))
        total += [np.vdot(estimated, true), np.vdot(estimated, estimated), np.vdot(true, true)]
    return VoiceProducts(*(total / energy).tolist())


def _pairs(instruments: Sequence[str]) -> list[tuple[int, int]]:
    """Return the places of every two voices of one instrument."""
    places = combinations(range(len(instruments)), 2)
    return [(first, second) for first, second in places if instruments[first] == instruments[second]]
