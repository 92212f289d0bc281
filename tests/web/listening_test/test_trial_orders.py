"""Orders are random, fair, and the same again for the same seed."""

from __future__ import annotations

from collections import Counter

import pytest

from rebalance import Pair
from rebalance.web.listening_test import Trial, blinded, ordered_trials

SYSTEMS = ("reference", "anchor 3.5 kHz", "fast")
TRIALS = tuple(Trial(pair=Pair(scene=f"S5000{n}", listener="L0001"), systems=SYSTEMS) for n in range(1, 5))


def test_the_same_participant_of_the_same_seed_gets_the_same_order() -> None:
    assert ordered_trials(TRIALS, seed=3, participant=2) == ordered_trials(TRIALS, seed=3, participant=2)
    others = [ordered_trials(TRIALS, seed=3, participant=1), ordered_trials(TRIALS, seed=4, participant=2)]
    assert ordered_trials(TRIALS, seed=3, participant=2) not in others


def test_everybody_hears_everything_once() -> None:
    for participant in range(1, 30):
        ordered = ordered_trials(TRIALS, seed=0, participant=participant)
        assert {trial.pair for trial in ordered} == {trial.pair for trial in TRIALS}
        assert all(sorted(trial.systems) == sorted(SYSTEMS) for trial in ordered)


def test_every_place_is_as_likely() -> None:
    first = Counter(ordered_trials(TRIALS, seed=0, participant=n)[0].pair.scene for n in range(1, 801))
    top = Counter(ordered_trials(TRIALS, seed=0, participant=n)[0].systems[0] for n in range(1, 801))
    assert all(count == pytest.approx(200, abs=60) for count in first.values())  # five standard deviations
    assert all(count == pytest.approx(800 / 3, abs=67) for count in top.values())
    assert (len(first), len(top)) == (4, 3)


def test_every_signal_has_a_name_of_its_own() -> None:
    names = iter(range(100))
    blind = blinded(TRIALS, with_reference=True, new_id=lambda: f"n{next(names)}")
    given = [name for trial in blind for name in (*trial.blind_ids, trial.reference_id)]
    assert len(set(given)) == len(given) == 4 * 4
    assert [trial.trial for trial in blind] == list(TRIALS)
    assert {trial.reference_id for trial in blinded(TRIALS, with_reference=False, new_id=lambda: "x")} == {""}
