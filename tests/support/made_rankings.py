"""Tasks, scored runs and entries of boards, made up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from rebalance.hearing import Audiogram, EarFitting, Fitting, Listener
from rebalance.report import ScoredRun
from rebalance.task import Scene, Segment, Source, Task
from rebalance.web.board import RankedSystem, summarise_scores

LISTENERS = ("L0001", "L0002")


def task_of(n_pieces: int) -> Task:
    """Two scenes of every piece, two listeners."""
    ear = EarFitting(ratios=(1.0,) * 6, gains_db=(0.0,) * 6)
    audiogram = Audiogram(frequencies_hz=(250.0, 1000.0, 8000.0), thresholds_db_hl=(20.0, 30.0, 40.0))
    segments, scenes = {}, {}
    for number in range(n_pieces):
        sources = tuple(
            Source(name=f"source_{n}", instrument=name, duration_s=15.0) for n, name in ((1, "Flute"), (2, "Viola"))
        )
        mixture = Source(name="mixture", instrument="Mixture", duration_s=15.0)
        segment = Segment(name=f"piece{number:02}_000", mixture=mixture, sources=sources)
        segments[segment.name] = segment
        for place, gain_db in enumerate((3.0, -6.0)):
            name = f"S5{number:03}{place}"
            scenes[name] = Scene(
                name=name, segment=segment, gain_name="any", gains_db={"source_1": gain_db, "source_2": 0.0}
            )
    return Task(
        music_dir=Path("nowhere"),
        split="valid",
        segments=segments,
        scenes=scenes,
        listeners={name: Listener(name=name, left=audiogram, right=audiogram) for name in LISTENERS},
        fittings={name: Fitting(left=ear, right=ear) for name in LISTENERS},
        scene_listeners=dict.fromkeys(scenes, LISTENERS),
    )


def run_of(task: Task, name: str, level: float, *, noise: float = 0.02, seed: int = 0) -> ScoredRun:
    keys = [(pair.scene, pair.listener) for pair in task.pairs]
    index = pd.MultiIndex.from_tuples(keys, names=["scene", "listener"])
    draw = np.random.default_rng(seed)
    difficulty = np.random.default_rng(99).normal(0, 0.05, len(index))
    scores = level + difficulty + draw.normal(0, noise, len(index))
    table = pd.DataFrame(
        {"left_haaqi": scores - 0.01, "right_haaqi": scores + 0.01, "avg_haaqi": scores, "song": "any"}, index=index
    )
    facts = dict.fromkeys(("separator", "haaqi", "semantics", "version"), "made up")
    return ScoredRun(name=name, folder=Path(name), data=Path("any"), split="valid", scores=table, **facts)


def entry_of(task: Task, run: ScoredRun, **changes: object) -> RankedSystem:
    summary = summarise_scores(run, task, digest=run.name.ljust(64, "0"))
    facts = {"submission": run.name, "team": run.name, "system": "a system", "causality": "causal"} | changes
    return RankedSystem(summary=summary, **facts)
