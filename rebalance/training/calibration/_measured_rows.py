"""Measuring many items into one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import TypeVar

import pandas as pd

from rebalance._base.errors import RebalanceError
from rebalance._base.running import Failure, run_items

ItemT = TypeVar("ItemT")


def measured_rows(
    items: Sequence[ItemT],
    measure: Callable[[ItemT], Sequence[dict[str, object]]],
    *,
    title: str,
    describe: Callable[[ItemT], str],
    nothing: str,
    jobs: int | None,
    executor: Executor | None = None,
) -> tuple[pd.DataFrame, tuple[Failure, ...]]:
    """Return the rows of all items that could be measured, and the failures of the others.

    Raises
    ------
    RebalanceError
        If there is no row; ``nothing`` says so, with the reason of the first failure.
    """
    rows: list[dict[str, object]] = []
    failures = run_items(
        items,
        measure,
        title=title,
        jobs=jobs,
        executor=executor,
        describe=describe,
        on_result=lambda _, found: rows.extend(found),
    )
    if not rows:
        raise RebalanceError(failures[0].reason if failures else "the task has none", where=nothing)
    return pd.DataFrame(rows), failures
