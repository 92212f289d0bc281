"""Scores that are kept, so that an interrupted run goes on, and the tables made of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rebalance._base.files import replacing, write_json
from rebalance._base.semantics import SEMANTICS, VERSION
from rebalance.pipeline._pair_scores import PairScore
from rebalance.pipeline._scored_systems import System
from rebalance.task import Pair, Task

_NOISE = "exact"  # in records: pyclarity's, number for number; scores kept under another noise are made again


def keep_score(system: System, pair: Pair, score: PairScore) -> None:
    """Write a score down so that an interrupted run need not repeat it."""
    record = {"fingerprint": system.signals.fingerprint(pair), "mode": _NOISE, "version": VERSION, "row": score.row()}
    write_json(_record_path(system, pair), record)


def kept_pairs(task: Task, systems: Sequence[System]) -> list[set[Pair]]:
    """Return, system by system, the pairs whose score holds; their signals are read for it."""
    return [{pair for pair in task.pairs if is_scored(system, pair)} for system in systems]


def unscored_by_scene(task: Task, kept: Sequence[Collection[Pair]]) -> list[list[Pair]]:
    """Return, scene by scene, the pairs that lack a score in any system; `kept` are those that each has."""
    by_scene: dict[str, list[Pair]] = {}
    for pair in task.pairs:
        if not all(pair in scored for scored in kept):
            by_scene.setdefault(pair.scene, []).append(pair)
    return list(by_scene.values())


def is_scored(system: System, pair: Pair) -> bool:
    """Tell whether the kept score of a pair still holds: same signal, same noise, same version."""
    record = _read_record(system, pair)
    if record is None or (record.get("mode"), record.get("version")) != (_NOISE, VERSION):
        return False
    return bool(record.get("fingerprint") == system.signals.fingerprint(pair))  # last: it reads the whole file


def _read_record(system: System, pair: Pair) -> dict[str, Any] | None:
    """Return the kept record of a pair, None when there is none that can be read."""
    try:
        record = json.loads(_record_path(system, pair).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def _record_path(system: System, pair: Pair) -> Path:
    """Return where the score of a pair is kept."""
    return system.scores / "scores" / f"{pair.scene}_{pair.listener}.json"


def write_scores(task: Task, system: System, kept: Collection[Pair]) -> None:
    """Join the scores into ``scores.csv``, in the order of the metadata, and say how they were made.

    The signals of `kept` pairs have been held against their scores already and are not read again.
    """
    records = [_read_record(system, pair) for pair in task.pairs if pair in kept or is_scored(system, pair)]
    rows = [record["row"] for record in records if record is not None]
    if not rows:
        return
    with replacing(system.scores / f"{system.scores_name}.csv") as temporary:
        pd.DataFrame(rows).to_csv(temporary, index=False)
    summary = {
        "version": VERSION,
        "semantics": SEMANTICS,
        "haaqi": _NOISE,
        "data": str(task.music_dir.parent.resolve()),
        "split": task.split,
        "n_pairs": len(task.pairs),
        "n_scored": len(rows),
        "mean_haaqi": float(np.mean([row["avg_haaqi"] for row in rows])),
    }
    write_json(system.scores / f"{system.scores_name}.json", {**summary, **system.description})
