"""Summaries and scores kept on disk and in memory under digests: what is there is never out of date."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import pandas as pd

from rebalance._base.configuration import structured
from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded, write_json
from rebalance.report import ScoredRun
from rebalance.task import Task
from rebalance.web.board._kept_scores import read_listener_scores, write_pair_scores
from rebalance.web.board._score_summaries import (
    HAAQI_COLUMN,
    ScoreSummary,
    scores_of,
    summarise_scores,
    summary_digest,
    task_digest,
)

Value = TypeVar("Value")

_MAX_SUMMARIES = 2048


class Kept(Generic[Value]):
    """The values used last, by digest, in memory; safe with threads.

    Parameters
    ----------
    most
        How many values are kept.

    Examples
    --------
    >>> from rebalance.web.board import Kept
    >>> kept = Kept(most=1)
    >>> kept.get("a", lambda: 1), kept.get("a", lambda: 2), kept.get("b", lambda: 3), kept.get("a", lambda: 4)
    (1, 1, 3, 4)
    """

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._values: OrderedDict[str, Value] = OrderedDict()
        self._lock = threading.Lock()
        self._making: dict[str, threading.Lock] = {}

    def get(self, digest: str, make: Callable[[], Value]) -> Value:
        """Return the value of a digest; of several who ask for one at a time, the first makes it.

        Parameters
        ----------
        digest
            Of all the value depends on.
        make
            Called where the value is not there.
        """
        with self._lock:
            if digest in self._values:
                self._values.move_to_end(digest)
                return self._values[digest]
            making = self._making.setdefault(digest, threading.Lock())
        with making:
            with self._lock:
                if digest in self._values:
                    return self._values[digest]
            try:
                value = make()
            except BaseException:
                with self._lock:
                    self._making.pop(digest, None)
                raise
            self._keep(digest, value)
            return value

    def _keep(self, digest: str, value: Value) -> None:
        with self._lock:
            self._values[digest] = value
            self._making.pop(digest, None)
            while len(self._values) > self._most:
                self._values.popitem(last=False)


class SummaryCache:
    """Summaries of the submissions to a task, each computed once.

    Parameters
    ----------
    folder
        Where summaries are kept, for each digest a JSON file and one of all scores; may be deleted at any time.
    task
        What the submissions are to.

    Examples
    --------
    >>> import tempfile
    >>> from rebalance import load_task
    >>> from rebalance.report import read_scored_runs
    >>> from rebalance.web.board import SummaryCache
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cache = SummaryCache(folder, load_task("metadata/demo", "valid"))
    ...     cache.summary("0" * 64, lambda: read_scored_runs(["not-scored"])[0])
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: not-scored: expected scores.csv and scores.json, found no such files; ...
    """

    def __init__(self, folder: StrPath, task: Task) -> None:
        self.task = task
        self._folder = expanded(folder)
        self._task_digest = task_digest(task)
        self._summaries: Kept[ScoreSummary] = Kept(most=_MAX_SUMMARIES)

    def summary(self, scores_digest: str, read: Callable[[], ScoredRun], *, column: str = HAAQI_COLUMN) -> ScoreSummary:
        """Return the summary of a submission.

        Parameters
        ----------
        scores_digest
            SHA-256 of its ``scores.csv``.
        read
            Reads its scores; called only where no summary is kept.
        column
            Column of ``scores.csv``.

        Raises
        ------
        ConfigError
            If the scores cannot be read, or are not of the task.
        """
        digest = summary_digest(scores_digest, self._task_digest, column=column)
        return self._summaries.get(digest, lambda: self._read_or_make(digest, read, column))

    def listener_scores(
        self, scores_digest: str, read: Callable[[], ScoredRun], listener: str, *, column: str = HAAQI_COLUMN
    ) -> pd.Series[float]:
        """Return the scores of a submission for one listener, indexed by scene; empty where it has none.

        Parameters
        ----------
        scores_digest, read, column
            See `summary`.
        listener
            Name.

        Raises
        ------
        ConfigError
            As `summary`.
        """
        path = self._scores_path(summary_digest(scores_digest, self._task_digest, column=column))
        if (kept := read_listener_scores(path, listener)) is None:
            write_pair_scores(path, scores_of(read(), column))
            kept = read_listener_scores(path, listener)
        assert kept is not None
        return kept

    def _read_or_make(self, digest: str, read: Callable[[], ScoredRun], column: str) -> ScoreSummary:
        path = self._folder / f"{digest}.json"
        if (kept := _read(path)) is not None and kept.digest == digest:
            return kept
        run = read()
        summary = summarise_scores(run, self.task, digest=digest, column=column)
        write_pair_scores(self._scores_path(digest), scores_of(run, column))
        write_json(path, dataclasses.asdict(summary))
        return summary

    def _scores_path(self, digest: str) -> Path:
        return self._folder / f"{digest}.npz"


def _read(path: Path) -> ScoreSummary | None:
    """Return a kept summary; None where there is none that can be read, which is then made anew."""
    try:
        return structured(json.loads(path.read_text(encoding="utf-8")), ScoreSummary, path.name)
    except (OSError, ValueError, ConfigError):
        return None
