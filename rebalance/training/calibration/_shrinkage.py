"""How far a remix should trust a separator: the shrinkage that scores best on held-out music, and harms no group."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import AudioError, ConfigError
from rebalance._base.files import StrPath, expanded
from rebalance._base.running import Failure
from rebalance.audio import remix_as_edit
from rebalance.haaqi import SceneNoise
from rebalance.hearing import amplify
from rebalance.pipeline import amplify_for_submission, estimate_sources, score_signals, true_remix
from rebalance.separation import Separator, load_separator
from rebalance.task import Task, read_source
from rebalance.training.calibration._measured_rows import measured_rows

SHRINKAGES: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0)
HARM_LIMIT = 0.01
MIN_SCENES = 10
GROUPS: tuple[str, ...] = ("n_sources", "gain_size_db", "instruments")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """What was found.

    Parameters
    ----------
    shrinkage
        The best, by number of sources.
    rows
        HAAQI of every scene, listener and shrinkage, with piece, number of sources, gain size and instruments.
    failures
        Scenes that could not be scored.
    """

    shrinkage: tuple[float, ...]
    rows: pd.DataFrame
    failures: tuple[Failure, ...]


def fit_shrinkage(
    task: Task,
    checkpoint: StrPath,
    *,
    shrinkages: Sequence[float] = SHRINKAGES,
    jobs: int | None = None,
) -> Fit:
    """Score remixes of a task at several shrinkages and choose the best.

    Parameters
    ----------
    task
        Held-out music with its sources.
    checkpoint
        Of a separator; the shrinkage stored in it is not used.
    shrinkages
        To try; 0, the mixture itself, must be among them.
    jobs
        See `rebalance.pipeline.score_task`.

    Raises
    ------
    ConfigError
        If 0 is not among the shrinkages.
    RebalanceError
        If no scene could be scored.

    Examples
    --------
    >>> from rebalance import load_task
    >>> from rebalance.separation import shipped_weights
    >>> from rebalance.training.calibration import fit_shrinkage
    >>> task = load_task("metadata/demo", "valid")
    >>> fit_shrinkage(task, shipped_weights()["u-net"], shrinkages=(0.5, 1.0))
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: shrinkages: expected 0, the mixture, among them, got [0.5, 1.0]
    """
    checkpoint = expanded(checkpoint)
    if 0.0 not in shrinkages:
        raise ConfigError(where="shrinkages", expected="0, the mixture, among them", got=f"{list(shrinkages)}")
    table, failures = measured_rows(
        tuple(task.scenes),
        functools.partial(_score_scene, task, checkpoint, tuple(shrinkages)),
        title="fitting the shrinkage",
        describe=lambda scene: f"scene {scene}",
        nothing="no scene could be scored",
        jobs=jobs,
    )
    return Fit(shrinkage=best_shrinkage(table), rows=table, failures=failures)


def best_shrinkage(rows: pd.DataFrame) -> tuple[float, ...]:
    """Return the shrinkages by number of sources of the highest mean HAAQI that harm no group beyond `HARM_LIMIT`.

    Parameters
    ----------
    rows
        Columns ``scene``, ``listener``, ``shrinkage``, ``haaqi`` and those of `GROUPS`; shrinkage 0 is the mixture.

    Returns
    -------
    tuple of float
        For two sources, for three, and so on; a number with fewer than `MIN_SCENES` scenes gets the value that is
        best for all.
    """
    table = rows.pivot_table(index=["scene", "listener", *GROUPS], columns="shrinkage", values="haaqi").reset_index()
    tried = sorted(rows["shrinkage"].unique().tolist())
    scenes = table.groupby("n_sources")["scene"].nunique()
    counts = [n_sources for n_sources in CAD2_TASK2.n_sources if scenes.get(n_sources, 0) >= MIN_SCENES]
    gains = {value: table[value] - table[0.0] for value in tried}
    alike = [dict.fromkeys(CAD2_TASK2.n_sources, value) for value in tried]
    for_all = _best(table, gains, alike)
    by_number = (
        {**for_all, **dict(zip(counts, own, strict=True))} for own in itertools.product(tried, repeat=len(counts))
    )
    best = _best(table, gains, by_number)
    return tuple(best[n_sources] for n_sources in CAD2_TASK2.n_sources)


def _best(
    table: pd.DataFrame, gains: Mapping[float, pd.Series[float]], choices: Iterable[dict[int, float]]
) -> dict[int, float]:
    """Return the choice of shrinkages by number of sources that gains most among those that harm no group."""
    best: tuple[float, dict[int, float]] = (-np.inf, dict.fromkeys(CAD2_TASK2.n_sources, 0.0))
    for chosen in choices:
        gain = _chosen(gains, table["n_sources"], chosen)
        if greatest_harm(table, gain) <= HARM_LIMIT:
            best = max(best, (float(gain.mean()), chosen), key=lambda found: found[0])
    return best[1]


def greatest_harm(table: pd.DataFrame, gain: pd.Series[float]) -> float:
    """Return by how much HAAQI falls below the mixture's in the group that is served worst; negative if in none.

    Parameters
    ----------
    table
        A row per scene and listener, the columns of `GROUPS`; a row belongs to the group of each of its instruments.
    gain
        HAAQI less that of the mixture, row by row.
    """
    groups = [gain.groupby(table[column]).mean() for column in GROUPS if column != "instruments"]
    by_instrument = table["instruments"].str.split(" ").explode()
    groups.append(gain.reindex(by_instrument.index).groupby(by_instrument.to_numpy()).mean())
    return -float(min(means.min() for means in groups))


def _chosen(
    gains: Mapping[float, pd.Series[float]], n_sources: pd.Series[int], chosen: Mapping[int, float]
) -> pd.Series[float]:
    """Return the gain of every row at the shrinkage chosen for its number of sources."""
    picked = n_sources.map(chosen)
    return sum((gain.where(picked == value, 0.0) for value, gain in gains.items()), start=0.0 * gains[0.0])


def _score_scene(task: Task, checkpoint: Path, shrinkages: tuple[float, ...], name: str) -> list[dict[str, object]]:
    """Return the rows of one scene."""
    scene = task.scenes[name]
    changed_ns = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
    mixture = read_source(task, scene.segment.mixture)
    estimates = estimate_sources(_separator(checkpoint, changed_ns), task, scene.segment, mixture=mixture)
    reference = true_remix(task, scene)
    remixes = {value: remix_as_edit(mixture, estimates, scene.gains_db, shrinkage=value) for value in shrinkages}
    noise = SceneNoise(scene=name)
    rows: list[dict[str, object]] = []
    for listener in task.scene_listeners[name]:
        fitting = task.fittings[listener]
        amplified = amplify(reference.remix, fitting)
        signals = [amplify_for_submission(remix, fitting) for remix in remixes.values()]
        scores = score_signals(task.listeners[listener], reference, amplified, signals, noise=noise)
        for shrinkage, ears in zip(remixes, scores, strict=True):
            if isinstance(ears, AudioError):
                raise ears
            rows.append(
                {
                    "scene": name,
                    "listener": listener,
                    "piece": scene.segment.piece,
                    "n_sources": len(scene.segment.sources),
                    "gain_size_db": max(abs(gain) for gain in scene.gains_db.values()),
                    "instruments": " ".join(sorted(set(scene.segment.instruments))),
                    "shrinkage": shrinkage,
                    "haaqi": float(np.mean([ear.value for ear in ears])),
                }
            )
    return rows


@functools.lru_cache(maxsize=1)
def _separator(checkpoint: Path, changed_ns: int) -> Separator:  # noqa: ARG001 - part of the key
    """Load the separator once per process and state of its file."""
    return load_separator(checkpoint, device="cpu")
