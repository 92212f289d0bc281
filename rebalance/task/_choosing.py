"""A part of a task, for a first look or a few scenes of interest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rebalance._base.errors import ConfigError
from rebalance._base.names import suggestion
from rebalance.task._values import Pair, Segment, Task


def chosen_pairs(task: Task, *, scenes: Sequence[str] | None = None, limit: int | None = None) -> tuple[Pair, ...]:
    """Return the pairs of some scenes of a task, in the order of the task.

    Parameters
    ----------
    task
        The task with all pairs.
    scenes
        Ids of scenes; all when None.
    limit
        How many scenes at most, the first of them; all when None.

    Raises
    ------
    ConfigError
        If a scene is unknown, with the closest one, or the limit is below 1.

    Examples
    --------
    >>> from rebalance import load_task
    >>> from rebalance.task import chosen_pairs
    >>> task = load_task("metadata/demo", "valid")
    >>> {pair.scene for pair in chosen_pairs(task, limit=1)}
    {'S50001'}
    """
    if limit is not None and limit < 1:
        raise ConfigError(where="limit", expected="at least 1 scene", got=str(limit))
    for scene in scenes or ():
        if scene not in task.scenes:
            raise ConfigError(
                f"not in this task of {len(task.scenes)}", where=f"scene {scene!r}", more=suggestion(scene, task.scenes)
            )
    wanted = set(task.scenes if scenes is None else scenes)
    order = dict.fromkeys(pair.scene for pair in task.pairs if pair.scene in wanted)
    kept = set(list(order)[:limit])
    return tuple(pair for pair in task.pairs if pair.scene in kept)


def spread_segments(segments: Iterable[Segment], n_segments: int | None = None) -> tuple[Segment, ...]:
    """Return some segments, spread evenly over all of them, the first and the last among them.

    Parameters
    ----------
    segments
        Of a task, or those of interest.
    n_segments
        How many; all when None, or when there are fewer.

    Raises
    ------
    ConfigError
        If the number is below 1.

    Examples
    --------
    >>> from rebalance import load_task
    >>> from rebalance.task import spread_segments
    >>> task = load_task("metadata/demo", "valid")
    >>> [segment.name for segment in spread_segments(task.segments.values(), 1)]
    ['haydn-quartet_000']
    """
    if n_segments is not None and n_segments < 1:
        raise ConfigError(where="number of segments", expected="at least 1", got=str(n_segments))
    known = tuple(segments)
    n_chosen = len(known) if n_segments is None else min(n_segments, len(known))
    return tuple(known[place * (len(known) - 1) // max(n_chosen - 1, 1)] for place in range(n_chosen))
