"""Who hears what in which order, and under which names that tell nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rebalance._base.seeding import stream
from rebalance.task import Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One page: signals of one scene for one listener that are judged together.

    Parameters
    ----------
    pair
        Scene and listener.
    systems
        What is judged, in the order of the page.
    """

    pair: Pair
    systems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlindTrial:
    """A trial as one participant gets it.

    Parameters
    ----------
    trial
        What is judged, in the order of the page.
    blind_ids
        What each signal is called on the page and in its address; one for each system.
    reference_id
        What the open reference is called; empty where there is none.
    """

    trial: Trial
    blind_ids: tuple[str, ...]
    reference_id: str = ""


def ordered_trials(trials: Sequence[Trial], *, seed: int, participant: int) -> tuple[Trial, ...]:
    """Return the trials of a participant: pages in random order, and the signals of each.

    Parameters
    ----------
    trials
        Of the test.
    seed
        Seed of the order.
    participant
        Number of the participant, from 1; the same number gives the same orders, whoever came before.

    Examples
    --------
    >>> from rebalance import Pair
    >>> from rebalance.web.listening_test import Trial, ordered_trials
    >>> pairs = [Pair(scene=f"S5000{number}", listener="L0001") for number in (1, 2, 3)]
    >>> trials = [Trial(pair=pair, systems=("a", "b")) for pair in pairs]
    >>> [(trial.pair.scene, trial.systems) for trial in ordered_trials(trials, seed=1, participant=1)]
    [('S50002', ('a', 'b')), ('S50003', ('a', 'b')), ('S50001', ('b', 'a'))]
    """
    order = stream(seed, "listening test", "participant", str(participant))
    chosen = [trials[place] for place in order.permutation(len(trials))]
    return tuple(
        Trial(pair=trial.pair, systems=tuple(trial.systems[place] for place in order.permutation(len(trial.systems))))
        for trial in chosen
    )


def blinded(trials: Sequence[Trial], *, with_reference: bool, new_id: Callable[[], str]) -> tuple[BlindTrial, ...]:
    """Give every signal of every trial a name of its own.

    Parameters
    ----------
    trials
        Of one participant, in order.
    with_reference
        Whether the pages have an open reference; it has another name than the hidden one.
    new_id
        Gives a random text, another one every time.

    Examples
    --------
    >>> from itertools import count
    >>> from rebalance import Pair
    >>> from rebalance.web.listening_test import Trial, blinded
    >>> trial = Trial(pair=Pair(scene="S50001", listener="L0001"), systems=("reference", "fast"))
    >>> numbers = count()
    >>> (blind,) = blinded([trial], with_reference=True, new_id=lambda: f"id{next(numbers)}")
    >>> blind.blind_ids, blind.reference_id
    (('id0', 'id1'), 'id2')
    """
    return tuple(
        BlindTrial(
            trial=trial,
            blind_ids=tuple(new_id() for _ in trial.systems),
            reference_id=new_id() if with_reference else "",
        )
        for trial in trials
    )
