"""What a board says of one listener: every system's scores, the best and worst scenes, and where systems disagree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rebalance._base.errors import ConfigError
from rebalance.hearing import Listener
from rebalance.task import Task

N_SCENES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneView:
    """A scene as all systems did it for a listener.

    Parameters
    ----------
    scene, song, gains
        What it is, and what was asked for, in words.
    mean
        Mean score of all systems.
    spread
        Standard deviation between the systems.
    best, worst
        Names of the systems with the best and the worst score.
    """

    scene: str
    song: str
    gains: str
    mean: float
    spread: float
    best: str
    worst: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemView:
    """A system's scores for a listener: mean and extremes, and the scenes of these.

    Parameters
    ----------
    name
        Of the system.
    mean, best, worst
        Scores.
    best_scene, worst_scene
        Names of the scenes.
    """

    name: str
    mean: float
    best: float
    best_scene: str
    worst: float
    worst_scene: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerView:
    """What a board says of one listener.

    Parameters
    ----------
    listener
        With both audiograms.
    n_scenes
        How many scenes every system has a score for.
    systems
        From the best mean to the worst.
    best, worst
        The scenes with the best and the worst mean over systems.
    disagreed
        The scenes with the largest spread between systems; empty for a single one.
    """

    listener: Listener
    n_scenes: int
    systems: tuple[SystemView, ...]
    best: tuple[SceneView, ...]
    worst: tuple[SceneView, ...]
    disagreed: tuple[SceneView, ...]


def view_listener(
    name: str,
    scores: Mapping[str, pd.Series[float]],
    task: Task,
    *,
    higher_is_better: bool = True,
    n_scenes: int = N_SCENES,
) -> ListenerView:
    """Look at the scores of one listener.

    Parameters
    ----------
    name
        Of the listener.
    scores
        Of every system by its name, for this listener alone, indexed by scene.
    task
        The task the systems were scored on.
    higher_is_better
        Whether the larger of two scores is the better one.
    n_scenes
        How many of the best, worst and most disputed scenes.

    Raises
    ------
    ConfigError
        If the task has no such listener, or no scene was scored for them by every system.

    Examples
    --------
    >>> import pandas as pd
    >>> from rebalance import load_task
    >>> from rebalance.web.board import view_listener
    >>> task = load_task("metadata/demo", "valid")
    >>> scenes = [pair.scene for pair in task.pairs if pair.listener == "L0001"]
    >>> scores = pd.Series([0.01 * place for place in range(len(scenes))], index=scenes)
    >>> view = view_listener("L0001", {"fast": scores, "slow": scores - 0.1}, task)
    >>> view.n_scenes, view.systems[0].name, view.best[0].scene
    (4, 'fast', 'S50004')
    """
    if name not in task.listeners:
        raise ConfigError(where="listener", expected="one of the task", got=repr(name))
    table = pd.DataFrame({system: column for system, column in scores.items() if len(column)}).dropna()
    if table.empty:
        raise ConfigError(where=f"listener {name}", expected="a scene that every system has a score for", got="none")
    worth = table if higher_is_better else -table
    spread = table.std(axis=1, ddof=0)
    by_worth = worth.mean(axis=1).sort_values(kind="stable").index
    by_spread = spread.sort_values(ascending=False, kind="stable").index
    shown = min(n_scenes, len(table))
    return ListenerView(
        listener=task.listeners[name],
        n_scenes=len(table),
        systems=_systems(table, worth),
        best=tuple(_scene(scene, table, worth, task) for scene in by_worth[::-1][:shown]),
        worst=tuple(_scene(scene, table, worth, task) for scene in by_worth[:shown]),
        disagreed=tuple(_scene(scene, table, worth, task) for scene in by_spread[:shown] if spread[scene] > 0),
    )


def _systems(table: pd.DataFrame, worth: pd.DataFrame) -> tuple[SystemView, ...]:
    """Return every system's mean and extremes, the best mean first."""
    order = worth.mean().sort_values(ascending=False, kind="stable").index
    return tuple(_system(str(name), table[name], worth[name]) for name in order)


def _system(name: str, scores: pd.Series[float], worth: pd.Series[float]) -> SystemView:
    best, worst = str(worth.idxmax()), str(worth.idxmin())
    return SystemView(
        name=name,
        mean=float(scores.to_numpy().mean()),
        best=float(scores[best]),
        best_scene=best,
        worst=float(scores[worst]),
        worst_scene=worst,
    )


def _scene(name: str, table: pd.DataFrame, worth: pd.DataFrame, task: Task) -> SceneView:
    """Return one scene as all systems did it."""
    scores, scene = table.loc[name].to_numpy(), task.scenes[name]
    return SceneView(
        scene=str(name),
        song=scene.segment.name,
        gains=scene.described_gains,
        mean=float(scores.mean()),
        spread=float(np.std(scores)),
        best=str(worth.loc[name].idxmax()),
        worst=str(worth.loc[name].idxmin()),
    )
