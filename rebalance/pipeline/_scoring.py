"""From enhanced signals to scores: the true remix once per scene, its ear response once per listener and ear."""

from __future__ import annotations

import functools
import logging
from collections.abc import Collection, Sequence
from concurrent.futures import Executor

from rebalance._base.errors import AudioError, RebalanceError
from rebalance._base.running import Failure, one_line, run_items
from rebalance.audio import Recording
from rebalance.haaqi import SceneNoise
from rebalance.hearing import CHALLENGE_AID, AidSettings, amplify
from rebalance.pipeline._pair_scores import Reference, pair_score, require_submission_form, score_signals, true_remix
from rebalance.pipeline._score_records import is_scored, keep_score, kept_pairs, unscored_by_scene, write_scores
from rebalance.pipeline._scored_systems import System
from rebalance.task import Pair, Task

_LOG = logging.getLogger(__name__)


def score_task(
    task: Task,
    systems: Sequence[System],
    *,
    aid: AidSettings = CHALLENGE_AID,
    only: Collection[Pair] | None = None,
    jobs: int | None = None,
    executor: Executor | None = None,
) -> tuple[Failure, ...]:
    """Score every pair of every system and write ``scores.csv`` and ``scores.json`` for each.

    The reference of a pair is computed once for all systems. Pairs already scored are kept as long as
    their signal is unchanged, so that an interrupted run goes on where it was.

    Parameters
    ----------
    task
        What to score, with its true sources.
    systems
        What to score of it.
    aid
        What the hearing aids of all references have in common.
    only
        Which pairs to score now; all when None. The score files hold every pair that has been scored.
    jobs, executor
        Number of processes, all available cores when None; or an executor in their place.

    Returns
    -------
    tuple of Failure
        The pairs that could not be scored, and why. They have no line in the score file.

    Examples
    --------
    >>> import tempfile
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from dataclasses import replace
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> from rebalance import Pair, load_task
    >>> from rebalance.pipeline import EnhanceOptions, enhance_task, score_task, system_of_run
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
    >>> with tempfile.TemporaryDirectory() as run, ThreadPoolExecutor(1) as executor:
    ...     _ = enhance_task(short, Path(run), EnhanceOptions(separator="mixture"), executor=executor)
    ...     failures = score_task(short, [system_of_run(Path(run), "valid")], executor=executor)
    ...     scores = pd.read_csv(Path(run, "scores.csv"))
    >>> len(failures), list(scores.columns[:6])
    (0, ['scene', 'song', 'listener', 'left_haaqi', 'right_haaqi', 'avg_haaqi'])
    """
    part = task if only is None else task.subset(only)
    kept = kept_pairs(part, systems)
    for system, known in zip(systems, kept, strict=True):
        _LOG.info("%s: %d of %d pairs are scored", system.scores, len(known), len(part.pairs))
    failures: list[Failure] = []
    failures += run_items(
        [task.subset(pairs) for pairs in unscored_by_scene(part, kept)],
        functools.partial(score_scene, systems=tuple(systems), aid=aid),
        title=f"score {task.split} by HAAQI",
        jobs=jobs,
        executor=executor,
        describe=lambda part: f"scene {next(iter(part.scenes))}",
        on_result=lambda _, failed: failures.extend(failed),
    )
    for system, known in zip(systems, kept, strict=True):
        write_scores(task, system, known)
    return tuple(failures)


def score_scene(part: Task, *, systems: Sequence[System], aid: AidSettings = CHALLENGE_AID) -> tuple[Failure, ...]:
    """Score the pairs of one scene for every system; a pair that fails leaves the others alone.

    Parameters
    ----------
    part
        A task of a single scene.
    systems
        Whose signals are scored; pairs that have a score already are passed over.
    aid
        What all listeners' aids have in common.

    Examples
    --------
    >>> import tempfile
    >>> from dataclasses import replace
    >>> from pathlib import Path
    >>> from rebalance import Pair, load_task
    >>> from rebalance.pipeline import EnhanceOptions, enhance_task, score_scene, system_of_run
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
    >>> with tempfile.TemporaryDirectory() as run:
    ...     _ = enhance_task(short.subset([]), Path(run), EnhanceOptions(separator="mixture"))
    ...     (failure,) = score_scene(short, systems=[system_of_run(Path(run), "valid")])
    >>> failure.item.rpartition(", ")[0]
    'scene S50001, listener L0003'
    """
    (scene,) = part.scenes.values()
    reference = true_remix(part, scene)
    noise = SceneNoise(scene=scene.name)
    failures: list[Failure] = []
    for listener in part.scene_listeners[scene.name]:
        pair = Pair(scene=scene.name, listener=listener)
        waiting = [system for system in systems if not is_scored(system, pair)]
        try:
            failures += _score_systems(waiting, part, pair, reference, noise, aid)
        except RebalanceError as error:
            failures.append(Failure(item=f"scene {pair.scene}, listener {listener}", reason=one_line(error)))
    return tuple(failures)


def _score_systems(
    systems: Sequence[System], part: Task, pair: Pair, reference: Reference, noise: SceneNoise, aid: AidSettings
) -> list[Failure]:
    """Score every system's signal of one pair and keep the results."""
    amplified = amplify(reference.remix, part.fittings[pair.listener], settings=aid)
    readable: list[tuple[System, Recording]] = []
    failures: list[Failure] = []
    for system in systems:
        try:
            processed = system.signals.read(pair)
            require_submission_form(processed, amplified.shape[1])
            readable.append((system, processed))
        except RebalanceError as error:
            failures.append(_failure(pair, system, error))
    signals = [processed.samples for _, processed in readable]
    scores = score_signals(part.listeners[pair.listener], reference, amplified, signals, noise=noise)
    for (system, processed), ears in zip(readable, scores, strict=True):
        if isinstance(ears, AudioError):
            failures.append(_failure(pair, system, ears))
        else:
            keep_score(system, pair, pair_score(part, pair, ears, processed, amplified, reference))
    return failures


def _failure(pair: Pair, system: System, error: RebalanceError) -> Failure:
    """Name a system's pair that has no score."""
    return Failure(item=f"scene {pair.scene}, listener {pair.listener}, {system.scores}", reason=one_line(error))
