"""What the public may hear of a submission: the pairs that the organisers name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from rebalance._base.errors import MetadataError
from rebalance.task import Pair, Task

MAX_EXAMPLES = 6

_FILE = "public_examples.{split}.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A pair that the public may hear: where it is in the list, and what was asked for, in words."""

    place: int
    pair: Pair
    title: str


def public_examples(folder: Path, task: Task) -> tuple[Example, ...]:
    """Return the pairs that the organisers of a task let the public hear; none unless they name some.

    Parameters
    ----------
    folder
        Of the task; its ``metadata/public_examples.<split>.json`` lists pairs as ``"S50001_L0001"``.
    task
        The task whose pairs may be named.

    Raises
    ------
    MetadataError
        If the file names what is no pair of the task.
    """
    path = folder / "metadata" / _FILE.format(split=task.split)
    if not path.is_file():
        return ()
    known = {f"{pair.scene}_{pair.listener}": pair for pair in task.pairs}
    try:
        names = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MetadataError("cannot be read as JSON", where=path.name) from error
    if not isinstance(names, list) or not all(isinstance(name, str) and name in known for name in names):
        raise MetadataError(where=path.name, expected='a list of pairs of the task, as "S50001_L0001"')
    return tuple(
        Example(place=place, pair=known[name], title=_title(task, known[name]))
        for place, name in enumerate(names[:MAX_EXAMPLES])
    )


def _title(task: Task, pair: Pair) -> str:
    scene = task.scenes[pair.scene]
    return f"{scene.segment.name}: {scene.described_gains}"
