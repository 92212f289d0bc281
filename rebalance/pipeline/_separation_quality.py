"""Separators measured on a task: one row per source, ready for tables."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rebalance._base.running import Failure, run_items
from rebalance.audio import Audio, rms
from rebalance.pipeline._enhancing import estimate_sources
from rebalance.separation import (
    WEIGHTS_FOLDER,
    AverageSpectrumSeparator,
    Separator,
    bss_eval,
    frame_median_db,
    is_silent,
    load_separator,
    read_spectra,
    sdr_db,
    si_sdr_db,
)
from rebalance.task import Segment, Task, read_source

AVERAGE_SPECTRA = "average-spectra"
METRICS: tuple[str, ...] = ("sdr", "si_sdr", "frame_sdr")
BSS_METRICS: tuple[str, ...] = ("bss_sdr", "bss_sir", "bss_sar")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationOptions:
    """What to measure.

    Parameters
    ----------
    separators
        Names or paths for `rebalance.separation.load_separator`, or ``"average-spectra"``.
    device
        Where networks run.
    with_bss
        Whether to compute BSS Eval too, which takes longer than most separators.

    Examples
    --------
    >>> from rebalance.pipeline import EvaluationOptions
    >>> EvaluationOptions(separators=("fast", "average-spectra"), with_bss=False).device
    'auto'
    """

    separators: tuple[str, ...]
    device: str = "auto"
    with_bss: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What was measured.

    Parameters
    ----------
    rows
        One per separator, segment and sounding source: ``separator``, ``piece``, ``segment``, ``instrument``,
        ``ensemble``, ``n_sources`` and the metrics in dB.
    failures
        Segments that could not be measured.
    """

    rows: pd.DataFrame
    failures: tuple[Failure, ...]


def evaluate_separation(
    task: Task, options: EvaluationOptions, *, jobs: int | None = None, executor: Executor | None = None
) -> Evaluation:
    """Measure separators on every segment of a task whose sources are known.

    Parameters
    ----------
    task
        With its sources.
    options
        Separators, device and metrics.
    jobs, executor
        Number of processes, all available cores when None; or an executor in their place.

    Raises
    ------
    ConfigError
        If a separator cannot be had.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from dataclasses import replace
    >>> from rebalance import Pair, load_task
    >>> from rebalance.pipeline import EvaluationOptions, evaluate_separation
    >>> def first_second(source):
    ...     return replace(source, start_s=2.0, duration_s=1.0)
    >>> task = load_task("metadata/demo", "valid")
    >>> scene = task.scenes["S50001"]
    >>> music = replace(
    ...     scene.segment,
    ...     mixture=first_second(scene.segment.mixture),
    ...     sources=tuple(map(first_second, scene.segment.sources)),
    ... )
    >>> scene, pair = replace(scene, segment=music), Pair(scene="S50001", listener="L0003")
    >>> short = replace(task.subset([pair]), scenes={scene.name: scene}, segments={music.name: music})
    >>> with ThreadPoolExecutor(1) as executor:
    ...     options = EvaluationOptions(separators=("mixture", "oracle"), with_bss=False)
    ...     evaluation = evaluate_separation(short, options, executor=executor)
    >>> evaluation.rows.groupby("separator")["sdr"].mean().round(1).to_dict(), evaluation.failures
    ({'mixture': -5.3, 'oracle': 100.0}, ())
    """
    for name in options.separators:
        _separator(name, options.device)
    rows: list[dict[str, object]] = []
    failures = run_items(
        tuple(task.segments.values()),
        functools.partial(_measure_segment, task, options),
        title="measuring separation",
        jobs=jobs,
        executor=executor,
        describe=lambda segment: f"segment {segment.name}",
        on_result=lambda _, measured: rows.extend(measured),
    )
    table = pd.DataFrame(rows)
    if not table.empty:
        table = table.sort_values(["separator", "segment", "source"], ignore_index=True)
    return Evaluation(rows=table, failures=failures)


def _measure_segment(task: Task, options: EvaluationOptions, segment: Segment) -> list[dict[str, object]]:
    """Return the rows of one segment."""
    truth = {source.name: read_source(task, source) for source in segment.sources}
    mixture = read_source(task, segment.mixture)
    rows: list[dict[str, object]] = []
    for name in options.separators:
        separator = _separator(name, options.device)
        if name == "mixture":  # the lower bound of the papers: the mixture as every estimate
            estimates: dict[str, Audio] = dict.fromkeys(truth, mixture)
        else:
            estimates = estimate_sources(separator, task, segment, mixture=mixture)
        rows += _measure(name, segment, truth, estimates, options)
    return rows


def _measure(
    name: str,
    segment: Segment,
    truth: dict[str, NDArray[np.float32]],
    estimates: dict[str, Audio],
    options: EvaluationOptions,
) -> list[dict[str, object]]:
    """Return the rows of one separator on one segment."""
    sounding = [source for source in segment.sources if not is_silent(truth[source.name])]
    ensemble = ", ".join(sorted(segment.instruments))
    rows: list[dict[str, object]] = []
    for source in sounding:
        reference, estimate = truth[source.name], estimates[source.name]
        row: dict[str, object] = {
            "separator": name,
            "piece": segment.piece,
            "segment": segment.name,
            "source": source.name,
            "instrument": source.instrument,
            "ensemble": ensemble,
            "n_sources": len(segment.sources),
        }
        metrics: dict[str, Callable[[Audio, Audio], float]] = {
            "sdr": sdr_db,
            "si_sdr": si_sdr_db,
            "frame_sdr": functools.partial(_frame_sdr_db, sample_rate=44_100),
        }
        rows.append({**row, **{metric: measure(reference, estimate) for metric, measure in metrics.items()}})
    if options.with_bss and sounding:
        stacks = (np.stack([signals[source.name] for source in sounding]) for signals in (truth, estimates))
        for row, scores in zip(rows, bss_eval(*stacks), strict=True):
            row |= {"bss_sdr": scores.sdr_db, "bss_sir": scores.sir_db, "bss_sar": scores.sar_db}
    return rows


def _frame_sdr_db(reference: Audio, estimate: Audio, *, sample_rate: int) -> float:
    """Return the median over frames of 1 s of the SDR, both scaled alike so that no soft frame passes for silence."""
    scale = 1.0 / rms(reference)
    return frame_median_db(sdr_db, reference * scale, estimate * scale, sample_rate)


@functools.lru_cache(maxsize=8)
def _separator(name: str, device: str) -> Separator:
    """Load a separator once per process."""
    if name == AVERAGE_SPECTRA:
        return AverageSpectrumSeparator(spectra=read_spectra(WEIGHTS_FOLDER / f"{AVERAGE_SPECTRA}.json"))
    return load_separator(name, device=device)


def metric_columns(rows: pd.DataFrame) -> Sequence[str]:
    """Return the metrics a table of rows holds.

    Examples
    --------
    >>> import pandas as pd
    >>> from rebalance.pipeline import metric_columns
    >>> metric_columns(pd.DataFrame({"separator": ["fast"], "source": ["Cello"], "sdr": [7.1]}))
    ['sdr']
    """
    return [metric for metric in (*METRICS, *BSS_METRICS) if metric in rows.columns]
