"""The pages of organisers: phases, teams, tokens, queue, submissions, and the record of who did what."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from rebalance._base.errors import ConfigError
from rebalance.web.leaderboard import Board, BoardQueries, Organising, Page, Phase
from rebalance.web.leaderboard_pages._page_templates import render
from rebalance.web.leaderboard_pages._signed_in import NOT_STORED, Door, PageRoute, fields_of
from rebalance.web.leaderboard_pages._team_pages import Clock, Stretch

_N_QUEUE = 50
_N_EVENTS = 50


def organiser_routes(door: Door, board: Board, now: Clock) -> APIRouter:
    """Return the routes of organisers' pages; all acts are those of `Organising`."""
    routes = APIRouter(prefix="/organise", route_class=PageRoute, include_in_schema=False)
    checked = [Depends(door.form)]

    def act(request: Request, do: Callable[[Organising], object], to: str) -> Response:
        actor = door.organiser(request).actor
        with board.transaction() as session:
            do(Organising(session=session, now=now(), actor=actor))
        return RedirectResponse(to, status_code=303)

    @routes.get("")
    def overview(request: Request) -> Response:
        """Show tasks and phases."""
        visitor = door.organiser(request)
        return _page("organise.html", visitor=visitor, **_overview(board, now()))

    @routes.post("/phases", dependencies=checked)
    def add_phase(request: Request) -> Response:
        """Add a phase."""
        return act(request, lambda acts: acts.add_phase(_phase(fields_of(request))), "/organise")

    @routes.post("/phases/{name}", dependencies=checked)
    def change_phase(request: Request, name: str) -> Response:
        """Change times and limits of a phase."""
        door.organiser(request)
        with board.reading() as session:
            kept = BoardQueries(session=session).phase(name)
        changed = dataclasses.replace(
            _phase({**fields_of(request), "name": name, "task": kept.task}), frozen_at=kept.frozen_at
        )
        return act(request, lambda acts: acts.change_phase(changed), "/organise")

    @routes.post("/phases/{name}/freeze", dependencies=checked)
    def freeze(request: Request, name: str) -> Response:
        """Freeze a board."""
        return act(request, lambda acts: acts.freeze(name), "/organise")

    @routes.post("/phases/{name}/unfreeze", dependencies=checked)
    def unfreeze(request: Request, name: str) -> Response:
        """Let a board move again."""
        return act(request, lambda acts: acts.unfreeze(name), "/organise")

    @routes.post("/phases/{name}/publish", dependencies=checked)
    def publish(request: Request, name: str) -> Response:
        """Publish a board."""
        return act(request, lambda acts: acts.publish(name, board.files), f"/board/{name}")

    @routes.get("/teams")
    def teams(request: Request) -> Response:
        """Show teams and tokens."""
        visitor = door.organiser(request)
        return _page("teams.html", visitor=visitor, made=None, **_teams(board))

    @routes.post("/teams", dependencies=checked)
    def add_team(request: Request) -> Response:
        """Add a team."""
        fields = fields_of(request)
        name, title = fields.get("name", ""), fields.get("title", "")
        return act(request, lambda acts: acts.add_team(name, title=title), "/organise/teams")

    @routes.post("/tokens", dependencies=checked)
    def make_token(request: Request) -> Response:
        """Make a token and show it, this once."""
        visitor, fields = door.organiser(request), fields_of(request)
        with board.transaction() as session:
            acts = Organising(session=session, now=now(), actor=visitor.actor)
            made = acts.make_token(fields.get("team") or None, label=fields.get("label", ""))
        return _page("teams.html", visitor=visitor, made=made, **_teams(board))

    @routes.post("/tokens/{identity:int}/revoke", dependencies=checked)
    def revoke(request: Request, identity: int) -> Response:
        """Make a token worthless."""
        return act(request, lambda acts: acts.revoke_token(identity), "/organise/teams")

    @routes.get("/submissions")
    def submissions(request: Request, page: int = 1, phase: str = "", team: str = "") -> Response:
        """Show all submissions."""
        visitor = door.organiser(request)
        return _page("submissions.html", visitor=visitor, **_submissions(board, page, phase, team))

    @routes.post("/submissions/{identity}/again", dependencies=checked)
    def again(request: Request, identity: str) -> Response:
        """Put a failed submission back into the queue."""
        return act(request, lambda acts: acts.score_again(identity), f"/submissions/{identity}")

    @routes.get("/queue")
    def queue(request: Request) -> Response:
        """Show what waits and runs, and what was done lately."""
        visitor = door.organiser(request)
        with board.reading() as session:
            queries = BoardQueries(session=session)
            jobs = queries.unfinished_jobs(Page(n_shown=_N_QUEUE))
            events = queries.events(Page(n_shown=_N_EVENTS))
        return _page("queue.html", visitor=visitor, jobs=jobs, events=events)

    return routes


def _page(template: str, **values: object) -> Response:
    return HTMLResponse(render(template, **values), headers=NOT_STORED)


def _overview(board: Board, now: dt.datetime) -> dict[str, Any]:
    """Return what the first page of organisers shows."""
    with board.reading() as session:
        queries = BoardQueries(session=session)
        phases = queries.phases()
        return {
            "tasks": queries.tasks(),
            "phases": phases,
            "counts": {phase.name: queries.count_submissions(phase=phase.name) for phase in phases},
            "published": {phase.name: queries.publications(phase.name)[:1] for phase in phases},
            "now": now,
        }


def _teams(board: Board) -> dict[str, Any]:
    """Return what the page of teams shows."""
    with board.reading() as session:
        queries = BoardQueries(session=session)
        return {"teams": queries.teams(), "tokens": queries.tokens()}


def _submissions(board: Board, asked: int, phase: str, team: str) -> dict[str, Any]:
    """Return what the page of submissions shows."""
    with board.reading() as session:
        queries = BoardQueries(session=session)
        stretch = Stretch.of(asked, queries.count_submissions(phase=phase or None, team=team or None))
        return {
            "submissions": queries.submissions(phase=phase or None, team=team or None, page=stretch.page),
            "stretch": stretch,
            "phases": queries.phases(),
            "teams": queries.teams(),
            "phase": phase,
            "team": team,
        }


def _phase(fields: Mapping[str, str]) -> Phase:
    """Return the phase that a form describes."""
    return Phase(
        name=fields.get("name", ""),
        title=fields.get("title", ""),
        task=fields.get("task", ""),
        task_title="",
        opens_at=_moment(fields, "opens_at"),
        closes_at=_moment(fields, "closes_at"),
        max_per_day=_count(fields, "max_per_day"),
        max_total=_count(fields, "max_total"),
        is_live=fields.get("is_live") == "yes",
    )


def _moment(fields: Mapping[str, str], name: str) -> dt.datetime | None:
    """Return a moment that was typed as UTC; None for an empty field."""
    if not (text := fields.get(name, "").strip()):
        return None
    try:
        return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)
    except ValueError as error:
        raise ConfigError(where=name, expected="a day and a time, as 2026-11-26T18:00", got=repr(text[:40])) from error


def _count(fields: Mapping[str, str], name: str) -> int | None:
    """Return a number that was typed; None for an empty field."""
    if not (text := fields.get(name, "").strip()):
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 6:
        raise ConfigError(where=name, expected="a whole number up to 999,999", got=repr(text[:40]))
    return int(text)
