"""May this team submit now? Rules over values, without database or clock."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from rebalance._base.errors import RebalanceError
from rebalance.submission import SubmissionName, parse_archive_name
from rebalance.web.leaderboard._board_values import NotAllowedError, Phase, SubmissionState

DAY = dt.timedelta(hours=24)
WITHDRAWABLE: frozenset[SubmissionState] = frozenset({"checking", "refused", "scoring", "scored", "failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionCounts:
    """How many submissions of a team count against its limits: in the last 24 hours, and in all.

    A refused or failed one does not count: a team should not lose a try to a slip that the check found.
    """

    in_day: int
    in_all: int


def require_open(phase: Phase, now: dt.datetime) -> None:
    """Raise unless a phase takes submissions at a moment; its deadline itself is too late.

    Raises
    ------
    NotAllowedError
        If it has not opened yet, or has closed.
    """
    where = f"phase {phase.name}"
    if phase.opens_at is not None and now < phase.opens_at:
        raise NotAllowedError(f"opens at {phase.opens_at.isoformat(timespec='minutes')}", where=where)
    if phase.closes_at is not None and now >= phase.closes_at:
        raise NotAllowedError(f"closed at {phase.closes_at.isoformat(timespec='minutes')}", where=where)


def require_room(phase: Phase, counts: SubmissionCounts) -> None:
    """Raise unless a team has submissions left.

    Raises
    ------
    NotAllowedError
        If a limit is reached.
    """
    limits = ((phase.max_per_day, counts.in_day, "in 24 hours"), (phase.max_total, counts.in_all, "in this phase"))
    for limit, used, when in limits:
        if limit is not None and used >= limit:
            raise NotAllowedError(
                where=f"phase {phase.name}", expected=f"at most {limit} submissions of a team {when}", got=f"{used + 1}"
            )


def named_submission(file_name: str, team: str) -> SubmissionName:
    """Read the name of an archive that a team sends.

    Raises
    ------
    RebalanceError
        If it is not a whole archive's name, or names another team.
    """
    name = parse_archive_name(file_name)
    if file_name != name.archive:
        raise RebalanceError(
            where="file name",
            expected=f"one whole archive, {name.archive}",
            got=repr(file_name),
            more="; parts are sent joined in their order, as that one file",
        )
    if name.team != team:
        raise RebalanceError(where="file name", expected=f"team {team}", got=f"team {name.team}")
    return name
