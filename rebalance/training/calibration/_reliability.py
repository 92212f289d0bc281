"""How much of the gains that a separator's estimates promise a remix really makes, on music whose sources are known."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError
from rebalance._base.running import Failure
from rebalance.audio import Audio, changes_of, made_gains, measure_leakage, relative_gains_db, remix_as_edit
from rebalance.pipeline import estimate_sources
from rebalance.separation import Separator, info_of, load_separator
from rebalance.task import Segment, Task, read_source
from rebalance.training.calibration._measured_rows import measured_rows

GAINS_DB: tuple[float, ...] = (6.0, -6.0)
_MAX_SOURCES = 5
_MIN_GAIN = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """What was found.

    Parameters
    ----------
    by_sources
        Gains made over gains estimated, for two sources, for three, and so on: the slope of a line through nothing.
    rows
        ``segment``, ``n_sources``, ``source``, ``asked_db``, ``made_db`` and ``estimated_db`` of every request.
    failures
        Segments that could not be separated.
    """

    by_sources: tuple[float, ...]
    rows: pd.DataFrame
    failures: tuple[Failure, ...]


def measure_reliability(
    task: Task,
    separator: str,
    *,
    n_segments: int | None = None,
    jobs: int | None = None,
    executor: Executor | None = None,
) -> Reliability:
    """Turn one player after the other up and down by 6 dB, and compare what was made with what the estimates tell.

    What was made is the gain of every true source in the remix by least squares: ``y = sum_i gain_i source_i + rest``.

    Parameters
    ----------
    task
        Held-out music with its sources.
    separator
        Name or path; see `rebalance.separation.load_separator`.
    n_segments
        How many segments, spread evenly over the task; all when None.
    jobs, executor
        See `rebalance.pipeline.score_task`.

    Raises
    ------
    ConfigError
        If the number of segments is not positive.
    RebalanceError
        If no segment could be separated.

    Examples
    --------
    >>> from rebalance import load_task
    >>> from rebalance.training.calibration import measure_reliability
    >>> measure_reliability(load_task("metadata/demo", "valid"), "fast", n_segments=0)
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: segments: expected at least 1, got 0
    """
    if n_segments is not None and n_segments < 1:
        raise ConfigError(where="segments", expected="at least 1", got=str(n_segments))
    segments = list(task.segments.values())
    step = 1 if n_segments is None else max(1, len(segments) // n_segments)
    table, failures = measured_rows(
        segments[::step][:n_segments],
        functools.partial(_requests_of_segment, task, separator),
        title=f"reliability of {separator}",
        describe=lambda segment: f"segment {segment.name}",
        nothing="no segment could be separated",
        jobs=jobs,
        executor=executor,
    )
    return Reliability(by_sources=slopes(table), rows=table, failures=failures)


def slopes(rows: pd.DataFrame) -> tuple[float, ...]:
    """Return gains made over gains estimated by number of sources; that of all where a number is not among them."""
    overall = _slope(rows)
    by_number = {int(str(number)): _slope(group) for number, group in rows.groupby("n_sources")}
    return tuple(round(by_number.get(number, overall), 2) for number in range(2, _MAX_SOURCES + 1))


def true_gains(remixed: Audio, sources: Sequence[Audio]) -> NDArray[np.float64]:
    """Return the gain of every source in a remix by least squares, shape ``(n_sources,)``."""
    stacked = np.stack([np.ravel(source) for source in sources]).astype(np.float64)
    found = np.linalg.lstsq(stacked @ stacked.T, stacked @ np.ravel(remixed).astype(np.float64), rcond=None)[0]
    return np.asarray(found, dtype=np.float64)


def _slope(rows: pd.DataFrame) -> float:
    made, estimated = rows["made_db"].to_numpy(dtype=np.float64), rows["estimated_db"].to_numpy(dtype=np.float64)
    power = float(estimated @ estimated)
    return float(made @ estimated) / power if power > 0 else 1.0


@functools.lru_cache(maxsize=1)
def _separator(name: str) -> Separator:
    return load_separator(name, device="cpu")


def _requests_of_segment(task: Task, separator_name: str, segment: Segment) -> list[dict[str, object]]:
    """Ask for every player of a segment to be louder and softer; return what was made and estimated."""
    separator = _separator(separator_name)
    mixture = read_source(task, segment.mixture)
    sources = [read_source(task, source) for source in segment.sources]
    estimates = estimate_sources(separator, task, segment, mixture=mixture)
    leakage = measure_leakage(mixture, estimates)
    rows: list[dict[str, object]] = []
    for name in estimates:
        for gain_db in GAINS_DB:
            gains_db = {other: gain_db if other == name else 0.0 for other in estimates}
            remixed = remix_as_edit(mixture, estimates, gains_db, shrinkage=info_of(separator).shrinkage)
            true = dict(zip(estimates, np.maximum(true_gains(remixed, sources), _MIN_GAIN).tolist(), strict=True))
            made = relative_gains_db(true, gains_db).gains_db[name]
            estimated = made_gains(leakage, changes_of(gains_db, shrinkage=info_of(separator).shrinkage))
            told = relative_gains_db(estimated, gains_db).gains_db[name]
            if made is not None and told is not None:
                rows.append(
                    {
                        "segment": segment.name,
                        "n_sources": len(sources),
                        "source": name,
                        "asked_db": gain_db,
                        "made_db": made,
                        "estimated_db": told,
                    }
                )
    return rows
