"""A plan settled with the task it is about: which trials there are."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rebalance._base.errors import ConfigError
from rebalance._base.seeding import stream
from rebalance.task import Pair, Task, available_splits, checked_split, chosen_pairs, load_task
from rebalance.web.listening_test._listening_plans import IDEAL, ListeningPlan
from rebalance.web.listening_test._trial_orders import Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledTest:
    """A plan with its task: which trials there are.

    Parameters
    ----------
    plan
        The plan as `read_plan` returns it.
    task
        One split.
    trials
        In the order of the plan; every participant has their own.
    """

    plan: ListeningPlan
    task: Task
    trials: tuple[Trial, ...]

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Scenes and listeners of the trials, each once."""
        return tuple(dict.fromkeys(trial.pair for trial in self.trials))


def settle_test(plan: ListeningPlan) -> SettledTest:
    """Load the task of a plan and choose the trials.

    Parameters
    ----------
    plan
        The plan as `read_plan` returns it.

    Raises
    ------
    ConfigError
        If a scene or the listener is unknown, or there are fewer scenes than asked for.
    MetadataError
        If the task is not sound, or the reference is to be made of true sources it does not hold.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.web.listening_test import ListeningPlan, settle_test
    >>> runs = {"fast": Path("exp/fast"), "mixture": Path("exp/mixture")}
    >>> plan = ListeningPlan(title="Demo", kind="ab", task=Path("metadata/demo"), runs=runs, scenes=2, seed=1)
    >>> [(trial.pair.scene, trial.systems) for trial in settle_test(plan).trials]
    [('S50001', ('fast', 'mixture')), ('S50002', ('fast', 'mixture'))]
    """
    split = checked_split(plan.split) if plan.split is not None else _only_split(plan.task)
    task = load_task(plan.task, split, require_sources=plan.has_reference and plan.reference == IDEAL)
    pairs = _pairs(plan, task)
    groups = [plan.systems] if plan.kind == "mushra" else list(itertools.combinations(plan.systems, 2))
    trials = tuple(Trial(pair=pair, systems=systems) for pair in pairs for systems in groups)
    return SettledTest(plan=replace(plan, split=task.split), task=task, trials=trials)


def _only_split(root: Path) -> str:
    present = available_splits(root)
    if len(present) != 1:
        found = ", ".join(present) or "none"
        raise ConfigError(where=root, expected="metadata of one split, or 'split' to name one", found=found)
    return present[0]


def _pairs(plan: ListeningPlan, task: Task) -> tuple[Pair, ...]:
    """Return one pair for every scene of a test, in the order of the task."""
    if plan.listener is not None and plan.listener not in task.listeners:
        raise ConfigError(where="listener", expected="one of the task", got=repr(plan.listener))
    names = plan.scenes if isinstance(plan.scenes, tuple) else None
    heard: dict[str, Pair] = {}
    for pair in chosen_pairs(task, scenes=names):
        if plan.listener in (None, pair.listener):
            heard.setdefault(pair.scene, pair)
    if missing := sorted(set(names or ()) - set(heard)):
        raise ConfigError(
            where=f"scene {missing[0]}", expected=f"listener {plan.listener}, the task has other listeners"
        )
    return tuple(heard.values()) if not isinstance(plan.scenes, int) else _drawn(plan.scenes, plan.seed, heard)


def _drawn(n_scenes: int, seed: int, heard: Mapping[str, Pair]) -> tuple[Pair, ...]:
    """Return some of the pairs, in their order."""
    if n_scenes > len(heard):
        raise ConfigError(where="scenes", expected=f"at most {len(heard)}, as many as there are", got=str(n_scenes))
    places = stream(seed, "listening test", "scenes").choice(len(heard), size=n_scenes, replace=False)
    pairs = list(heard.values())
    return tuple(pairs[place] for place in sorted(places))
