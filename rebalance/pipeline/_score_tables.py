"""Scores as tables: every pair of every run, and means with their intervals."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from rebalance._base.bootstrap import Estimate, clustered_mean
from rebalance._base.challenge import Split
from rebalance._base.errors import ConfigError
from rebalance._base.extras import optional_packages
from rebalance._base.files import StrPath
from rebalance._base.running import Failure
from rebalance.pipeline._scored_systems import System, system_of_run
from rebalance.pipeline._scoring import score_task
from rebalance.task import Task, available_splits, load_task

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SEED = 20_240_601
_SCORE = "avg_haaqi"
_COLOUR = "#2f7fd6"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """The scores of runs.

    Parameters
    ----------
    table
        A line for every pair scored, indexed by run, scene and listener, with the columns of ``scores.csv`` and the
        name of the ``piece``.
    failures
        The pairs that could not be scored, and why.
    """

    table: pd.DataFrame
    failures: tuple[Failure, ...] = ()

    def estimates(self) -> dict[str, Estimate]:
        """Return the mean score of every run with its 95 % interval, whole pieces resampled."""
        return {
            str(run): clustered_mean(lines[_SCORE].to_numpy(), list(lines["piece"]), rng=np.random.default_rng(_SEED))
            for run, lines in self.table.groupby(level="run", sort=False)
        }

    def means(self) -> pd.DataFrame:
        """Return a line for every run: mean score, limits of its 95 % interval, how many pairs and pieces."""
        lines = []
        for run, estimate in self.estimates().items():
            low, high = (
                (np.nan, np.nan) if estimate.interval is None else (estimate.interval.low, estimate.interval.high)
            )
            counts = {"pairs": estimate.n_values, "pieces": estimate.n_clusters}
            lines.append({"run": run, "mean": estimate.mean, "low": low, "high": high, **counts})
        return pd.DataFrame(lines, columns=["run", "mean", "low", "high", "pairs", "pieces"]).set_index("run")

    def plot(self, axes: Axes | None = None) -> Axes:
        """Plot how the scores of every run are spread, on axes of one's own or on new ones.

        Raises
        ------
        ConfigError
            If matplotlib is not installed.
        """
        if axes is None:
            with optional_packages():
                from matplotlib import pyplot
            _, axes = pyplot.subplots(
                figsize=(7.0, 0.9 + 0.45 * self.table.index.get_level_values("run").nunique()), layout="constrained"
            )
        names = []
        for place, (run, lines) in enumerate(self.table.groupby(level="run", sort=False)):
            values = lines[_SCORE].to_numpy()
            axes.plot(values, np.full(len(values), place), "o", color=_COLOUR, alpha=0.35, markeredgewidth=0)
            axes.plot([values.mean()], [place], "|", color=_COLOUR, markersize=16, markeredgewidth=2)
            names.append(str(run))
        axes.set_yticks(range(len(names)), names, parse_math=False)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xlabel("HAAQI, mean of both ears; the bar is the mean of all pairs")
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(visible=True, axis="x", alpha=0.2)
        return axes

    def __repr__(self) -> str:
        means = ", ".join(f"{run}: mean HAAQI {estimate.mean:.3f}" for run, estimate in self.estimates().items())
        failed = f", {len(self.failures)} failed" if self.failures else ""
        return f"{type(self).__name__}({len(self.table)} pairs scored{failed}; {means})"

    def _repr_html_(self) -> str:
        failed = f"<p>{len(self.failures)} failed</p>" if self.failures else ""
        return f"{self.means().to_html(float_format='{:.3f}'.format, border=0)}{failed}"


def score_runs(
    data: StrPath,
    runs: StrPath | Sequence[StrPath],
    *,
    split: Split | None = None,
    jobs: int | None = None,
    executor: Executor | None = None,
) -> Scores:
    """Score runs by HAAQI, as ``rebalance score`` does, and return the table.

    Parameters
    ----------
    data
        Root folder of the task, with its true sources.
    runs
        Folders written by ``rebalance enhance``; ``scores.csv`` and ``scores.json`` are written into each.
    split
        Which split; may be left out where there is only one.
    jobs, executor
        See `score_task`.

    Raises
    ------
    MetadataError
        If the task cannot be read.
    ConfigError
        If a folder holds no run of the split, or the split must be named.

    Examples
    --------
    >>> from rebalance.pipeline import score_runs
    >>> score_runs("metadata/demo", ["not-enhanced"])
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: not-enhanced: expected a folder written by 'rebalance enhance', found ...
    """
    root = Path(data)
    present = available_splits(root)
    if split is None and len(present) != 1:
        raise ConfigError(
            where=root, expected=f"metadata of one split, or split to name one; found {', '.join(present)}"
        )
    task = load_task(root, split or present[0], require_sources=True)
    listed = [runs] if isinstance(runs, str | os.PathLike) else runs
    systems = {os.fspath(run): system_of_run(Path(run), task.split) for run in listed}
    failures = score_task(task, list(systems.values()), jobs=jobs, executor=executor)
    return collect_scores(task, systems, failures)


def collect_scores(task: Task, systems: Mapping[str, System], failures: Sequence[Failure] = ()) -> Scores:
    """Read the scores that `score_task` wrote for systems, each under a name; one without any has no line.

    Parameters
    ----------
    task
        The task that was scored.
    systems
        By the names that the table shall call them.
    failures
        What could not be scored, to be kept beside the table.

    Raises
    ------
    ConfigError
        If no system has any.

    Examples
    --------
    >>> from rebalance import load_task
    >>> from rebalance.pipeline import collect_scores
    >>> collect_scores(load_task("metadata/demo", "valid"), {})
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: expected scores, no pair could be scored
    """
    tables = {
        name: pd.read_csv(
            path, dtype=dict.fromkeys(("scene", "song", "listener"), str), keep_default_na=False, na_values=""
        )
        for name, system in systems.items()
        if (path := system.scores / f"{system.scores_name}.csv").is_file()
    }
    if not tables:
        raise ConfigError(where=", ".join(systems), expected="scores, no pair could be scored")
    table = pd.concat(tables, names=["run"]).reset_index("run").reset_index(drop=True)
    table["piece"] = [task.scenes[scene].segment.piece for scene in table["scene"]]
    return Scores(table=table.set_index(["run", "scene", "listener"]), failures=tuple(failures))
