"""What a board needs of one scored submission, computed once and kept under the digest of all it depends on."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from rebalance._base.bootstrap import Estimate, clustered_mean
from rebalance._base.errors import ConfigError
from rebalance.report import ScoredRun, annotated, summarise
from rebalance.task import Task

HAAQI_COLUMN = "avg_haaqi"
"""The column of ``scores.csv`` that the challenge ranks by: the mean of both ears."""

FORMAT = 1  # a summary of another format is computed anew
SEED = 20_240_601  # of all resamples; that of reports
_EARS = ("left_haaqi", "right_haaqi")


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMean:
    """Mean score of the pairs of one group.

    Parameters
    ----------
    label
        Of the group.
    estimate
        Mean with interval.
    """

    label: str
    estimate: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMeans:
    """Means by one property of the pairs: its name, what it is, and a mean for each group.

    Parameters
    ----------
    title
        Name of the property.
    note
        One line that explains the property.
    means
        One for each group.
    """

    title: str
    note: str
    means: tuple[GroupMean, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """Mean of a component or a diagnostic over all pairs, and how many decimals it is shown with.

    Parameters
    ----------
    label
        Name of the component or diagnostic.
    value
        The mean.
    decimals
        Number of decimals shown.
    """

    label: str
    value: float
    decimals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerMean:
    """Mean score of the scenes that one listener heard.

    Parameters
    ----------
    listener
        Name.
    mean
        Of the scores.
    n_scenes
        Heard by the listener.
    """

    listener: str
    mean: float
    n_scenes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreSummary:
    """What a board needs of one submission.

    Parameters
    ----------
    digest
        Of all it was computed from; see `summary_digest`.
    column
        The column of the scores it sums up.
    pairs_digest
        Of the pairs scored. Only submissions with the same pairs are ranked against each other.
    pieces
        Names of the pieces of music, in order.
    piece_sums, piece_counts
        Sum of the scores of every piece, and how many it has.
    mean
        Of all pairs, with an interval over pieces.
    ears
        Mean of the left and of the right ear; empty where the scores have no ears.
    groups
        Means by severity, instrument, number of sources and gain size.
    diagnostics
        Components of HAAQI and properties of the signals.
    listeners
        Means by listener, by name.

    Raises
    ------
    ConfigError
        If there is no piece, or not a sum and a count for each.
    """

    digest: str
    column: str
    pairs_digest: str
    pieces: tuple[str, ...]
    piece_sums: tuple[float, ...]
    piece_counts: tuple[float, ...]
    mean: Estimate
    ears: tuple[Estimate, ...]
    groups: tuple[GroupMeans, ...]
    diagnostics: tuple[Diagnostic, ...]
    listeners: tuple[ListenerMean, ...]

    def __post_init__(self) -> None:
        if not len(self.pieces) == len(self.piece_sums) == len(self.piece_counts) > 0:
            raise ConfigError(where="summary", expected="a sum and a count for every piece", got="others")


def task_digest(task: Task) -> str:
    """Return a digest of what a task says of its scenes and listeners.

    Examples
    --------
    >>> from rebalance import load_task
    >>> from rebalance.web.board import task_digest
    >>> task = load_task("metadata/demo", "valid")
    >>> len(task_digest(task)), task_digest(task) == task_digest(task.subset(task.pairs[:2]))
    (64, False)
    """
    scenes = {
        name: [scene.segment.name, scene.segment.instruments, dict(scene.gains_db)]
        for name, scene in task.scenes.items()
    }
    listeners = {
        name: [listener.left.thresholds_db_hl, listener.right.thresholds_db_hl]
        for name, listener in task.listeners.items()
    }
    return _digest_of({"scenes": scenes, "listeners": listeners})


def summary_digest(scores_digest: str, of_task: str, *, column: str = HAAQI_COLUMN) -> str:
    """Return the key of a summary: a digest of the scores, of what the task says of them, and of the column.

    Parameters
    ----------
    scores_digest
        SHA-256 of ``scores.csv``.
    of_task
        See `task_digest`.
    column
        Column of ``scores.csv``.

    Examples
    --------
    >>> from rebalance.web.board import summary_digest
    >>> summary_digest("scores", "task") == summary_digest("other scores", "task")
    False
    """
    return _digest_of({"format": FORMAT, "seed": SEED, "column": column, "scores": scores_digest, "task": of_task})


def _digest_of(facts: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=list).encode()).hexdigest()


def summarise_scores(run: ScoredRun, task: Task, *, digest: str, column: str = HAAQI_COLUMN) -> ScoreSummary:
    """Sum up the scores of one submission.

    Parameters
    ----------
    run
        Its scores.
    task
        The task the run was scored on.
    digest
        The key it is kept under; see `summary_digest`.
    column
        Which score: the mean of both ears by HAAQI, or the column of another metric.

    Raises
    ------
    ConfigError
        If there is no such column, or a score in it is not finite.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import pandas as pd
    >>> from rebalance import load_task
    >>> from rebalance.report import ScoredRun
    >>> from rebalance.web.board import summarise_scores
    >>> task = load_task("metadata/demo", "valid")
    >>> keys = [(pair.scene, pair.listener) for pair in task.pairs]
    >>> pairs = pd.MultiIndex.from_tuples(keys, names=["scene", "listener"])
    >>> scores = pd.DataFrame({"avg_haaqi": 0.5 + 0.01 * np.arange(len(pairs))}, index=pairs)
    >>> facts = dict.fromkeys(("separator", "haaqi", "semantics", "version"), "made up")
    >>> run = ScoredRun(name="one", folder=Path("one"), data=Path("demo"), split="valid", scores=scores, **facts)
    >>> summary = summarise_scores(run, task, digest="0" * 64)
    >>> round(summary.mean.mean, 3), summary.pieces, summary.listeners[0].listener
    (0.555, ('haydn-quartet', 'mozart-winds'), 'L0001')
    """
    run = dataclasses.replace(run, scores=run.scores.assign(**{HAAQI_COLUMN: scores_of(run, column)}))
    table = annotated(run, task)
    found = summarise([run], task)
    by_piece = {str(piece): lines[HAAQI_COLUMN].tolist() for piece, lines in table.groupby("piece")}
    has_ears = column == HAAQI_COLUMN and set(_EARS) <= set(table)
    return ScoreSummary(
        digest=digest,
        column=column,
        pairs_digest=digest_of_pairs(table.index),
        pieces=tuple(by_piece),
        piece_sums=tuple(math.fsum(values) for values in by_piece.values()),
        piece_counts=tuple(float(len(values)) for values in by_piece.values()),
        mean=found.means[0],
        ears=tuple(_mean(table, ear) for ear in _EARS) if has_ears else (),
        groups=tuple(
            GroupMeans(title=group.title, note=group.note, means=_first_of(group.rows)) for group in found.groups
        ),
        diagnostics=tuple(
            Diagnostic(label=component.label, value=_only(component.values), decimals=component.decimals)
            for component in found.components
        ),
        listeners=_listener_means(table),
    )


def scores_of(run: ScoredRun, column: str) -> pd.Series[float]:
    """Return one score of every pair.

    Raises
    ------
    ConfigError
        If there is no such column, or a score in it is not finite.
    """
    if column not in run.scores or not np.isfinite(run.scores[column].to_numpy(np.float64)).all():
        raise ConfigError(where=run.folder, expected=f"a finite score {column!r} of every pair", got="none")
    return run.scores[column]


def digest_of_pairs(pairs: pd.Index) -> str:
    """Return a digest of which pairs were scored, in whatever order."""
    return hashlib.sha256("\n".join(sorted(f"{scene}\t{listener}" for scene, listener in pairs)).encode()).hexdigest()


def _only(values: tuple[float, ...]) -> float:
    """Return the value of the only run."""
    (value,) = values
    return value


def _first_of(rows: tuple[Any, ...]) -> tuple[GroupMean, ...]:
    """Return the means of the only run of a table of groups."""
    return tuple(GroupMean(label=row.label, estimate=row.estimates[0]) for row in rows)


def _mean(table: pd.DataFrame, column: str) -> Estimate:
    """Return the mean of a column with its interval over pieces."""
    return clustered_mean(table[column].to_numpy(), list(table["piece"]), rng=np.random.default_rng(SEED))


def _listener_means(table: pd.DataFrame) -> tuple[ListenerMean, ...]:
    """Return the mean of every listener."""
    by_listener = table[HAAQI_COLUMN].groupby(level="listener")
    return tuple(
        ListenerMean(listener=str(name), mean=math.fsum(values) / len(values), n_scenes=len(values))
        for name, values in by_listener
    )
