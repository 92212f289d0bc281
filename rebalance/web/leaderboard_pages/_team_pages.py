"""The pages of a team: sign in, upload, every submission with its verdict and progress, history, withdrawal."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from rebalance.submission import KINDS
from rebalance.web.board import ScoreSummary
from rebalance.web.leaderboard import (
    Board,
    BoardQueries,
    Page,
    Phase,
    Submission,
    withdraw,
)
from rebalance.web.leaderboard_pages._page_templates import render
from rebalance.web.leaderboard_pages._phase_rankings import PhaseRankings
from rebalance.web.leaderboard_pages._signed_in import NOT_STORED, Door, PageRoute, Visitor, sign_in, sign_out

N_SHOWN = 25

_MAX_FORM_BYTES = 4_000
_MAX_PROBLEMS = 200
_UNFINISHED = ("checking", "scoring")

Clock = Callable[[], dt.datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Which stretch of a long list a page shows, and where the others are."""

    number: int
    n_items: int

    @property
    def last(self) -> int:
        """Number of the last stretch, from 1."""
        return max(1, -(-self.n_items // N_SHOWN))

    @property
    def page(self) -> Page:
        """What to ask for."""
        return Page(start=(self.number - 1) * N_SHOWN, n_shown=N_SHOWN)

    @classmethod
    def of(cls, asked: int, n_items: int) -> Stretch:
        """Return the stretch asked for, or the nearest there is."""
        last = max(1, -(-n_items // N_SHOWN))
        return cls(number=min(max(1, asked), last), n_items=n_items)


def entrance_routes(door: Door) -> APIRouter:
    """Return the routes for signing in and out."""
    routes = APIRouter(route_class=PageRoute, include_in_schema=False)
    checked = [Depends(door.form)]

    @routes.get("/enter")
    def entrance() -> Response:
        """Ask for the token."""
        return _page("enter.html", message="")

    @routes.post("/enter")
    async def enter(request: Request) -> Response:
        """Take a token; without a cookie yet there is no hidden field to check, and nothing to forge."""
        token = (await _short_form(request)).get("token", "").strip()
        try:
            actor = door.actor(token, request)
        except HTTPException as error:
            return _page("enter.html", status_code=error.status_code, message=str(error.detail))
        to = "/team" if actor.role == "team" else "/organise"
        return sign_in(token, is_secure=request.url.scheme == "https", to=to)

    @routes.post("/leave", dependencies=checked)
    def leave() -> Response:
        """Sign out."""
        return sign_out()

    return routes


def team_routes(door: Door, rankings: PhaseRankings, now: Clock) -> APIRouter:
    """Return the routes of a team's pages."""
    routes = APIRouter(route_class=PageRoute, include_in_schema=False)
    board = rankings.board
    checked = [Depends(door.form)]

    @routes.get("/team")
    def history(request: Request, page: int = 1) -> Response:
        """Show the team's submissions and where it can submit."""
        return _page("team.html", **_history(board, door.team(request), page, now()))

    @routes.get("/team/upload")
    def upload(request: Request, phase: str = "") -> Response:
        """Show the form for a submission."""
        visitor = door.team(request)
        with board.reading() as session:
            phases = [one for one in BoardQueries(session=session).phases() if _is_open(one, now())]
        return _page("upload.html", visitor=visitor, phases=phases, chosen=phase)

    @routes.get("/submissions/{identity}")
    def submission(request: Request, identity: str) -> Response:
        """Show a submission with everything that is known of it."""
        return _page("submission.html", **_submission(rankings, door.visitor(request), identity))

    @routes.post("/submissions/{identity}/withdraw", dependencies=checked)
    def take_back(request: Request, identity: str) -> Response:
        """Withdraw a submission."""
        visitor = door.visitor(request)
        with board.transaction() as session:
            withdraw(session, identity, visitor.actor, now())
        return RedirectResponse(f"/submissions/{identity}", status_code=303)

    return routes


def _page(template: str, *, status_code: int = 200, **values: object) -> Response:
    """Return a page that is not kept by browsers."""
    return HTMLResponse(render(template, **values), status_code=status_code, headers=NOT_STORED)


async def _short_form(request: Request) -> Mapping[str, str]:
    """Return the fields of a small form."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MAX_FORM_BYTES:
            raise HTTPException(413, "the form is too long")
    return dict(parse_qsl(body.decode("ascii", errors="replace"), max_num_fields=5))


def _is_open(phase: Phase, now: dt.datetime) -> bool:
    """Tell whether a phase takes submissions."""
    return (phase.opens_at is None or now >= phase.opens_at) and (phase.closes_at is None or now < phase.closes_at)


def _history(board: Board, visitor: Visitor, asked: int, now: dt.datetime) -> dict[str, Any]:
    """Return what the page of a team shows."""
    name = visitor.actor.team
    with board.reading() as session:
        queries = BoardQueries(session=session)
        stretch = Stretch.of(asked, queries.count_submissions(team=name))
        phases = queries.phases()
        counts = {phase.name: queries.counts(phase=phase.name, team=name, now=now) for phase in phases}
        return {
            "visitor": visitor,
            "team": queries.team(name),
            "phases": phases,
            "open_phases": {phase.name for phase in phases if _is_open(phase, now)},
            "counts": counts,
            "submissions": queries.submissions(team=name, page=stretch.page),
            "stretch": stretch,
        }


def _submission(rankings: PhaseRankings, visitor: Visitor, identity: str) -> dict[str, Any]:
    """Return what the page of a submission shows."""
    board = rankings.board
    with board.reading() as session:
        queries = BoardQueries(session=session)
        found = queries.submission(identity, visitor.actor)
        jobs = queries.jobs_of(identity)
    problems, verdict = _verdict(board, found)
    return {
        "visitor": visitor,
        "submission": found,
        "jobs": jobs,
        "job": next((job for job in reversed(jobs) if job.state in ("waiting", "running")), None),
        "is_followed": found.state in _UNFINISHED,
        "verdict": verdict,
        "problems": problems[:_MAX_PROBLEMS],
        "n_problems": len(problems),
        "kinds": KINDS,
        "summary": _summary(rankings, found),
        "rank": _rank(rankings, found),
    }


def _verdict(board: Board, submission: Submission) -> tuple[list[dict[str, str]], dict[str, Any] | None]:
    """Return the problems that the check found, and the whole verdict; None where there is none yet."""
    if submission.verdict is None:
        return [], None
    content = json.loads(board.files.path_of(submission.verdict).read_bytes())
    return list(content["problems"]), content


def _summary(rankings: PhaseRankings, submission: Submission) -> ScoreSummary | None:
    """Return the summary of a scored submission."""
    if submission.result is None:
        return None
    with rankings.board.reading() as session:
        task = BoardQueries(session=session).task(submission.task)
    return rankings.system(submission, task, title=submission.team).summary


def _rank(rankings: PhaseRankings, submission: Submission) -> str:
    """Return the rank of a submission on the public board; empty where it is not on it."""
    if submission.result is None or submission.state != "scored":
        return ""
    view = rankings.view(rankings.standing(submission.phase))
    lines = view.rankings[submission.causality].lines
    return next((line.shown_rank for line in lines if line.entry.submission == submission.identity), "")
