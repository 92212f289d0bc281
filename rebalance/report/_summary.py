"""The numbers of a report: means by run and by group, and paired differences between runs."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from rebalance._base.bootstrap import Estimate, PairedDifference, clustered_mean, paired_difference
from rebalance.report._scored_runs import SEVERITY_COLUMNS, ScoredRun, annotated
from rebalance.task import Task

_SEED = 20_240_601
_SCORE = "avg_haaqi"
_SEVERITY_ORDER = ("none", "mild", "moderate", "moderately severe", "severe")
_SEVERITY_NOTES = {
    "code": "Of the better ear, as pyclarity's code defines it: mean of 2 to 8 kHz above 15, 35 and 56 dB HL.",
    "site": "Of the better ear, as the challenge's site defines it: mean of 0.5 to 4 kHz from 20, 35, 50 and 65 dB HL.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """One group of pairs: its name and the mean of every run, None where a run has none of it."""

    label: str
    estimates: tuple[Estimate | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTable:
    """Means by one property of the pairs."""

    title: str
    note: str
    rows: tuple[GroupRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two runs on the pairs both have scored.

    Parameters
    ----------
    first, second
        Names of the runs.
    difference
        Second minus first; None when they have no pair in common.
    only_first, only_second
        How many pairs only one of them scored, left out here.
    """

    first: str
    second: str
    difference: PairedDifference | None
    only_first: int
    only_second: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One component or diagnostic of the scores: its mean for every run, NaN where a run has none."""

    label: str
    values: tuple[float, ...]
    decimals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Every number of a report.

    Parameters
    ----------
    runs
        The runs, in the order given.
    means
        Mean score of every run over all its pairs.
    groups
        Means by severity, instrument, number of sources and gain size.
    comparisons
        Every two runs.
    components
        What the scores are made of, and diagnostics.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import pandas as pd
    >>> from rebalance import load_task
    >>> from rebalance.report import ScoredRun, summarise
    >>> task = load_task("metadata/demo", "valid")
    >>> keys = [(pair.scene, pair.listener) for pair in task.pairs]
    >>> pairs = pd.MultiIndex.from_tuples(keys, names=["scene", "listener"])
    >>> facts = dict.fromkeys(("separator", "haaqi", "semantics", "version"), "made up")
    >>> def scored(name, score):
    ...     scores = pd.DataFrame({"avg_haaqi": score + 0.01 * np.arange(len(pairs))}, index=pairs)
    ...     return ScoredRun(name=name, folder=Path(name), data=Path("demo"), split="valid", scores=scores, **facts)
    >>> (comparison,) = summarise([scored("first", 0.5), scored("second", 0.6)], task).comparisons
    >>> comparison.first, comparison.second, round(comparison.difference.estimate.mean, 3)
    ('first', 'second', 0.1)
    """

    runs: tuple[ScoredRun, ...]
    means: tuple[Estimate, ...]
    groups: tuple[GroupTable, ...]
    comparisons: tuple[Comparison, ...]
    components: tuple[Component, ...]


def summarise(runs: Sequence[ScoredRun], task: Task) -> Summary:
    """Compute every number of a report.

    The same runs give the same numbers: every interval draws from its own stream.

    Parameters
    ----------
    runs
        One or more, with their scores.
    task
        The task they were scored on.

    Raises
    ------
    ConfigError
        If a run scored a pair that is not in the task.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import pandas as pd
    >>> from rebalance import load_task
    >>> from rebalance.report import ScoredRun, summarise
    >>> task = load_task("metadata/demo", "valid")
    >>> keys = [(pair.scene, pair.listener) for pair in task.pairs]
    >>> pairs = pd.MultiIndex.from_tuples(keys, names=["scene", "listener"])
    >>> facts = dict.fromkeys(("separator", "haaqi", "semantics", "version"), "made up")
    >>> def scored(name, score):
    ...     scores = pd.DataFrame({"avg_haaqi": score + 0.01 * np.arange(len(pairs))}, index=pairs)
    ...     return ScoredRun(name=name, folder=Path(name), data=Path("demo"), split="valid", scores=scores, **facts)
    >>> summary = summarise([scored("first", 0.5), scored("second", 0.6)], task)
    >>> [round(estimate.mean, 3) for estimate in summary.means], [group.title for group in summary.groups][-1]
    ([0.555, 0.655], 'Gain size')
    """
    tables = [annotated(run, task) for run in runs]
    means = tuple(_mean(table) for table in tables)
    both = itertools.combinations(zip(runs, tables, strict=True), 2)
    comparisons = tuple(_compare(first, second) for first, second in both)
    return Summary(
        runs=tuple(runs),
        means=means,
        groups=_group_tables(tables),
        comparisons=comparisons,
        components=_components(tables),
    )


def _mean(table: pd.DataFrame) -> Estimate:
    """Return the mean score of some pairs."""
    return clustered_mean(table[_SCORE].to_numpy(), list(table["piece"]), rng=np.random.default_rng(_SEED))


def _compare(first: tuple[ScoredRun, pd.DataFrame], second: tuple[ScoredRun, pd.DataFrame]) -> Comparison:
    """Compare two runs on their common pairs."""
    (first_run, first_table), (second_run, second_table) = first, second
    common = first_table.index[first_table.index.isin(second_table.index)]
    difference = None
    if len(common):
        difference = paired_difference(
            first_table.loc[common, _SCORE].to_numpy(),
            second_table.loc[common, _SCORE].to_numpy(),
            list(first_table.loc[common, "piece"]),
            rng=np.random.default_rng(_SEED),
        )
    return Comparison(
        first=first_run.name,
        second=second_run.name,
        difference=difference,
        only_first=len(first_table) - len(common),
        only_second=len(second_table) - len(common),
    )


def _group_tables(tables: Sequence[pd.DataFrame]) -> tuple[GroupTable, ...]:
    """Return the means by every property."""
    by_severity = [
        _group_table(tables, f"Severity of hearing loss ({definition})", _SEVERITY_NOTES[definition], column, _severity)
        for definition, column in SEVERITY_COLUMNS.items()
    ]
    exploded = [table.explode("instruments") for table in tables]
    return (
        *by_severity,
        _group_table(
            exploded,
            "Instrument",
            "Pairs whose segment has the instrument; a pair counts for every instrument it has.",
            "instruments",
        ),
        _group_table(tables, "Number of sources", "Of the segment.", "n_sources"),
        _group_table(
            tables,
            "Gain size",
            "Largest change the scene asks of any source, up or down.",
            "gain_size_db",
            label=lambda size_db: f"{size_db:g} dB",
        ),
    )


def _group_table(
    tables: Sequence[pd.DataFrame],
    title: str,
    note: str,
    column: str,
    order: Callable[[Any], Any] = lambda group: group,
    label: Callable[[Any], str] = str,
) -> GroupTable:
    """Return the means of the groups of one column."""
    groups: set[Any] = set().union(*(table[column] for table in tables))
    rows = []
    for group in sorted(groups, key=order):
        parts = [table[table[column] == group] for table in tables]
        estimates = tuple(_mean(part) if len(part) else None for part in parts)
        rows.append(GroupRow(label=label(group), estimates=estimates))
    return GroupTable(title=title, note=note, rows=tuple(rows))


def _severity(name: str) -> int:
    """Return the rank of a severity."""
    return _SEVERITY_ORDER.index(name)


def _components(tables: Sequence[pd.DataFrame]) -> tuple[Component, ...]:
    """Return the means of everything beside the scores, both ears together."""
    labels = {
        "nonlinear": ("Nonlinear half", 4),
        "linear": ("Linear half", 4),
        "cepstral_correlation": ("Cepstral correlation", 4),
        "membrane_covariance": ("Membrane covariance", 4),
        "loudness": ("Loudness", 4),
        "spectrum": ("Spectrum", 4),
        "clipped_samples": ("Clipped samples per pair", 1),
        "peak": ("Peak", 3),
        "output_lufs": ("Loudness of the output, LUFS", 1),
        "reference_lufs": ("Loudness of the reference, LUFS", 1),
        "input_lufs": ("Loudness of the mixture, LUFS", 1),
    }
    components = (
        Component(label=label, values=tuple(_column_mean(table, name) for table in tables), decimals=decimals)
        for name, (label, decimals) in labels.items()
    )
    return tuple(component for component in components if not all(np.isnan(component.values)))


def _column_mean(table: pd.DataFrame, name: str) -> float:
    """Return the mean of a column, or of those of both ears; NaN when there is none."""
    columns = [column for column in (name, f"left_{name}", f"right_{name}") if column in table]
    values = table[columns].to_numpy(dtype=np.float64)
    values = values[np.isfinite(values)]
    return float(values.mean()) if values.size else float("nan")
