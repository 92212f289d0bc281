"""Doing many items at once, where every one of them is needed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import TypeVar

from rebalance._base.errors import RebalanceError
from rebalance._base.running import Failure, run_items

Item = TypeVar("Item")
Result = TypeVar("Result")


def results_in_order(
    items: Sequence[Item],
    work: Callable[[Item], Result],
    *,
    title: str,
    jobs: int | None = None,
    executor: Executor | None = None,
) -> list[Result]:
    """Do every item, in any order, and return the results in the order of the items.

    Parameters
    ----------
    items, work, title, jobs, executor
        As for `run_items`.

    Raises
    ------
    RebalanceError
        If an item failed, with the first reason and how many more there are; the others are done all the same.
    """
    results, failures = finished_in_order(items, work, title=title, jobs=jobs, executor=executor)
    require_none_failed(failures, title=title)
    return results


def finished_in_order(
    items: Sequence[Item],
    work: Callable[[Item], Result],
    *,
    title: str,
    jobs: int | None = None,
    executor: Executor | None = None,
    describe: Callable[[Item], str] = str,
) -> tuple[list[Result], tuple[Failure, ...]]:
    """Do every item, in any order; return the results of those that succeeded and what failed, in the items' order.

    Parameters
    ----------
    items, work, title, jobs, executor, describe
        As for `run_items`.
    """
    if not items:
        return [], ()
    results: dict[int, Result] = {}
    failures = run_items(
        list(enumerate(items)),
        functools.partial(_numbered, work=work),
        title=title,
        jobs=jobs,
        executor=executor,
        describe=lambda item: str(item[0]),
        on_result=lambda item, result: results.update({item[0]: result}),
    )
    in_order = sorted(failures, key=lambda failure: int(failure.item))
    named = (Failure(item=describe(items[int(failure.item)]), reason=failure.reason) for failure in in_order)
    return [results[index] for index in sorted(results)], tuple(named)


def require_none_failed(failures: Sequence[Failure], *, title: str) -> None:
    """Raise with the first reason, and how many more there are, if anything failed.

    Raises
    ------
    RebalanceError
        If so.
    """
    if failures:
        more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        raise RebalanceError(f"{failures[0].reason}{more}", where=title)


def _numbered(item: tuple[int, Item], *, work: Callable[[Item], Result]) -> Result:
    """Do an item, its number left aside."""
    return work(item[1])
