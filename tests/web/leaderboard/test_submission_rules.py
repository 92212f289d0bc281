"""Who may submit, when, and how often."""

from __future__ import annotations

import datetime as dt

import pytest

from rebalance import RebalanceError
from rebalance.web.leaderboard import Actor, NotAllowedError, Page, Phase
from rebalance.web.leaderboard._submission_rules import SubmissionCounts, named_submission, require_open, require_room

NOON = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)


def phase(**changes: object) -> Phase:
    return Phase(**{"name": "final", "title": "Final", "task": "demo", "task_title": "Demo", **changes})  # type: ignore[arg-type]


def test_a_phase_is_open_from_its_opening_until_just_before_its_deadline() -> None:
    limited = phase(opens_at=NOON, closes_at=NOON + 2 * SECOND)
    require_open(limited, NOON)
    require_open(limited, NOON + SECOND)
    for moment in (NOON - SECOND, NOON + 2 * SECOND):
        with pytest.raises(NotAllowedError):
            require_open(limited, moment)


def test_a_phase_without_times_is_always_open() -> None:
    require_open(phase(), NOON)


@pytest.mark.parametrize(("in_day", "in_all", "fits"), [(2, 4, True), (3, 4, False), (2, 5, False)])
def test_limits_count_what_is_new(in_day: int, in_all: int, fits: bool) -> None:
    limited = phase(max_per_day=3, max_total=5)
    counts = SubmissionCounts(in_day=in_day, in_all=in_all)
    if fits:
        require_room(limited, counts)
    else:
        with pytest.raises(NotAllowedError, match="at most"):
            require_room(limited, counts)


def test_the_name_of_an_archive_names_its_team() -> None:
    assert named_submission("submission_T001_causal_aug.zip", "T001").augmented
    with pytest.raises(RebalanceError, match="expected team T001, got team T002"):
        named_submission("submission_T002_causal.zip", "T001")


@pytest.mark.parametrize(
    "name",
    ["../submission_T001_causal.zip", "submission_T001_causal.zip\n", "submission_T001_causal.zip.001", "", "x" * 200],
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(RebalanceError):
        named_submission(name, "T001")


def test_values_that_cannot_be_are_refused() -> None:
    for make in (
        lambda: phase(max_per_day=0),
        lambda: phase(opens_at=NOON, closes_at=NOON),
        lambda: Actor(role="team"),
        lambda: Actor(role="organiser", team="T001"),
        lambda: Page(n_shown=501),
    ):
        with pytest.raises(RebalanceError):
            make()
