"""Metrics beside HAAQI over a whole task: a further column in ``scores.csv`` for each."""

from __future__ import annotations

import functools
import json
from collections.abc import Collection, Sequence
from concurrent.futures import Executor
from pathlib import Path

import numpy as np
import pandas as pd

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import ConfigError, RebalanceError
from rebalance._base.files import replacing, write_json
from rebalance._base.running import Failure, one_line, run_items
from rebalance._base.semantics import VERSION
from rebalance.audio import Audio, resample
from rebalance.hearing import CHALLENGE_AID, AidSettings, amplify
from rebalance.pipeline._heard_metrics import HeardSignals, load_metric
from rebalance.pipeline._pair_scores import true_remix
from rebalance.pipeline._scored_systems import System
from rebalance.task import Pair, Task

_KEYS = ("scene", "listener")


def score_metrics(
    task: Task,
    system: System,
    metrics: Sequence[str],
    *,
    aid: AidSettings = CHALLENGE_AID,
    only: Collection[Pair] | None = None,
    jobs: int | None = None,
    executor: Executor | None = None,
) -> tuple[Failure, ...]:
    """Add a column for every metric to the scores that `score_task` wrote for a system.

    Values already computed are kept as long as the signal is unchanged, so that an interrupted run goes on where it
    was.

    Parameters
    ----------
    task
        What to score, with its true sources.
    system
        What to score of it.
    metrics
        Their names; see `load_metric`.
    aid
        What the hearing aids of all references have in common.
    only
        Which pairs to score now; all when None.
    jobs, executor
        Number of processes, all available cores when None; or an executor in their place.

    Returns
    -------
    tuple of Failure
        What could not be scored, and why; such a pair has an empty cell.

    Raises
    ------
    ConfigError
        If a metric is unknown, or the system has no scores yet.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance import load_task
    >>> from rebalance.pipeline import EnhanceOptions, enhance_task, score_metrics, system_of_run
    >>> nothing = load_task("metadata/demo", "valid").subset([])
    >>> with tempfile.TemporaryDirectory() as run:
    ...     _ = enhance_task(nothing, Path(run), EnhanceOptions(separator="mixture"))
    ...     try:
    ...         score_metrics(nothing, system_of_run(Path(run), "valid"), ["si_sdr"])
    ...     except ValueError as error:
    ...         print(str(error).removeprefix(run + "/"))
    scores.csv: expected the scores of HAAQI first, found no such file
    """
    for name in metrics:
        load_metric(name)
    table_path = system.scores / f"{system.scores_name}.csv"
    if not table_path.is_file():
        raise ConfigError(where=table_path, expected="the scores of HAAQI first", found="no such file")
    part = task if only is None else task.subset(only)
    failures: list[Failure] = []
    failures += run_items(
        [
            part.subset(Pair(scene=scene, listener=name) for name in names)
            for scene, names in part.scene_listeners.items()
        ],
        functools.partial(_score_scene, system=system, metrics=tuple(metrics), aid=aid),
        title=f"score {task.split} by {', '.join(metrics)}",
        jobs=jobs,
        executor=executor,
        describe=lambda part: f"scene {next(iter(part.scenes))}",
        on_result=lambda _, failed: failures.extend(failed),
    )
    _add_columns(table_path, system, metrics)
    return tuple(failures)


def _score_scene(part: Task, *, system: System, metrics: Sequence[str], aid: AidSettings) -> tuple[Failure, ...]:
    """Score the pairs of one scene; a pair or a metric that fails leaves the others alone."""
    waiting = {pair: missing for pair in part.pairs if (missing := _missing(system, pair, metrics))}
    if not waiting:
        return ()
    (scene,) = part.scenes.values()
    remix = true_remix(part, scene).remix
    failures = []
    for pair, names in waiting.items():
        reference = amplify(remix, part.fittings[pair.listener], settings=aid)
        failures += _score_pair(part, pair, system, names, reference)
    return tuple(failures)


def _score_pair(task: Task, pair: Pair, system: System, metrics: Sequence[str], reference: Audio) -> list[Failure]:
    """Compute and keep metrics of one pair."""
    failures = []
    for name in metrics:
        metric = load_metric(name)
        try:
            value = metric.value(_heard(task, pair, system, reference))
        except Exception as error:  # noqa: BLE001 - somebody else's function may raise anything
            item = f"scene {pair.scene}, listener {pair.listener}, {system.scores}, metric {metric.name}"
            failures.append(Failure(item=item, reason=one_line(error)))
            continue
        record = {"fingerprint": system.signals.fingerprint(pair), "version": VERSION, "value": value}
        write_json(_record_path(system, pair, metric.name), record)
    return failures


def _heard(task: Task, pair: Pair, system: System, reference: Audio) -> HeardSignals:
    """Return what a metric compares, at the rate of submissions, both as long as the shorter."""
    processed = system.signals.read(pair)
    at_rate = resample(reference, CAD2_TASK2.mixture_sample_rate, processed.sample_rate)
    n_samples = min(at_rate.shape[1], processed.samples.shape[1])
    if abs(at_rate.shape[1] - processed.samples.shape[1]) > 1:
        raise RebalanceError(
            where=f"{pair.scene}_{pair.listener}",
            expected=f"{at_rate.shape[1]} samples",
            got=f"{processed.samples.shape[1]}",
        )
    return HeardSignals(
        reference=at_rate[:, :n_samples],
        processed=processed.samples[:, :n_samples],
        sample_rate=processed.sample_rate,
        listener=task.listeners[pair.listener],
        scene=pair.scene,
    )


def _missing(system: System, pair: Pair, metrics: Sequence[str]) -> tuple[str, ...]:
    """Return the metrics that a pair has no value for that still holds."""
    fingerprint = system.signals.fingerprint(pair)
    return tuple(
        name
        for name in metrics
        if (record := _read(system, pair, load_metric(name).name)) is None
        or (record.get("fingerprint"), record.get("version")) != (fingerprint, VERSION)
    )


def _add_columns(path: Path, system: System, metrics: Sequence[str]) -> None:
    """Write the values into the table of scores."""
    table = pd.read_csv(path, dtype=dict.fromkeys((*_KEYS, "song"), str), keep_default_na=False, na_values=[""])
    for column in (load_metric(name).name for name in metrics):
        pairs = (Pair(scene=scene, listener=listener) for scene, listener in table[list(_KEYS)].to_numpy())
        records = (_read(system, pair, column) for pair in pairs)
        table[column] = pd.Series([np.nan if record is None else record["value"] for record in records], dtype=float)
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False)


def _read(system: System, pair: Pair, column: str) -> dict[str, object] | None:
    """Return the kept value of a pair; None where there is none that can be read."""
    try:
        record = json.loads(_record_path(system, pair, column).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) and "value" in record else None


def _record_path(system: System, pair: Pair, column: str) -> Path:
    return system.scores / "scores" / column / f"{pair.scene}_{pair.listener}.json"
