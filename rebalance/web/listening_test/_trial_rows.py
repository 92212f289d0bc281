"""Trials as lines of tables, and back."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from rebalance.task import Pair
from rebalance.web.listening_test._answer_tables import (
    STIMULI,
    TRIALS,
)
from rebalance.web.listening_test._settled_tests import SettledTest
from rebalance.web.listening_test._trial_orders import BlindTrial, Trial


def described(test: SettledTest) -> dict[str, object]:
    """Return what makes a test that one and no other: a text may be changed, what is judged may not."""
    plan = test.plan
    return {
        "kind": plan.kind,
        "seed": plan.seed,
        "split": test.task.split,
        "trials": [[trial.pair.scene, trial.pair.listener, *trial.systems] for trial in test.trials],
        "loudness_lufs": plan.loudness_lufs,
        "stretch_s": [plan.start_s, plan.duration_s],
        "own_reference": plan.reference != "ideal",
    }


def trial_rows(identity: int, trials: Sequence[BlindTrial]) -> list[dict[str, object]]:
    """Return a line for every trial of a participant."""
    return [
        {
            "participant": identity,
            "place": place,
            "scene": blind.trial.pair.scene,
            "listener": blind.trial.pair.listener,
            "reference_id": blind.reference_id,
        }
        for place, blind in enumerate(trials)
    ]


def stimulus_rows(identity: int, trials: Sequence[BlindTrial]) -> list[dict[str, object]]:
    """Return a line for every sound that a participant judges."""
    return [
        {"blind_id": blind_id, "participant": identity, "place": place, "position": position, "system": system}
        for place, blind in enumerate(trials)
        for position, (blind_id, system) in enumerate(zip(blind.blind_ids, blind.trial.systems, strict=True))
    ]


def trials_of(connection: Connection, identity: int) -> tuple[BlindTrial, ...]:
    """Return the trials of a participant as they were written."""
    of_place: dict[int, list[tuple[str, str]]] = {}
    for row in connection.execute(
        select(STIMULI).where(STIMULI.c.participant == identity).order_by(STIMULI.c.place, STIMULI.c.position)
    ):
        of_place.setdefault(row.place, []).append((row.blind_id, row.system))
    rows = connection.execute(select(TRIALS).where(TRIALS.c.participant == identity).order_by(TRIALS.c.place))
    return tuple(
        BlindTrial(
            trial=Trial(
                pair=Pair(scene=row.scene, listener=row.listener),
                systems=tuple(system for _, system in of_place[row.place]),
            ),
            blind_ids=tuple(blind_id for blind_id, _ in of_place[row.place]),
            reference_id=row.reference_id,
        )
        for row in rows
    )
