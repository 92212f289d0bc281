"""The API of boards and submissions: what the public sees, and what a team sees of its own."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from fastapi.responses import FileResponse

from rebalance.web.leaderboard._board_askers import Askers
from rebalance.web.leaderboard._board_database import Board
from rebalance.web.leaderboard._board_messages import (
    BoardEntry,
    Me,
    PhaseState,
    SubmissionList,
    SubmissionState,
    TeamName,
)
from rebalance.web.leaderboard._board_queries import BoardQueries
from rebalance.web.leaderboard._board_values import Actor, Page, Submission
from rebalance.web.leaderboard._organising import withdraw
from rebalance.web.leaderboard._public_boards import public_standing, rank_of
from rebalance.web.leaderboard._stored_files import StoredFile

PhasePath = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
SubmissionPath = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Start = Annotated[int, Query(ge=0, le=10_000_000)]
Shown = Annotated[int, Query(ge=1, le=500)]
PhaseQuery = Annotated[str | None, Query(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


def public_routes(board: Board) -> APIRouter:
    """Return what needs no token."""
    routes = APIRouter(prefix="/api", tags=["boards"])

    @routes.get("/phases")
    def phases() -> list[PhaseState]:
        """List the phases."""
        with board.reading() as session:
            return [PhaseState.of(phase) for phase in BoardQueries(session=session).phases()]

    @routes.get("/phases/{phase}/board")
    def ranking(phase: PhasePath) -> list[BoardEntry]:
        """Show the board of a phase: the best submission of every system, best first."""
        with board.reading() as session:
            standing = public_standing(board, BoardQueries(session=session), phase)
        return [BoardEntry.of(place, found) for place, found in enumerate(standing, 1)]

    return routes


def submission_routes(board: Board, askers: Askers) -> APIRouter:
    """Return what a team sees of its submissions, and an organiser of all."""
    routes = APIRouter(prefix="/api", tags=["submissions"])

    def own(request: Request, identity: str) -> Submission:
        actor = askers.actor(request)
        with board.reading() as session:
            return BoardQueries(session=session).submission(identity, actor)

    @routes.get("/me")
    def me(request: Request) -> Me:
        """Tell whose token was sent."""
        return Me.of(askers.actor(request))

    @routes.get("/submissions")
    def submissions(
        request: Request, phase: PhaseQuery = None, team: TeamName | None = None, start: Start = 0, n: Shown = 50
    ) -> SubmissionList:
        """List submissions, newest first: a team's own, or those an organiser asks for."""
        actor = askers.actor(request)
        wanted = _seen_team(actor, team)
        with board.reading() as session:
            queries = BoardQueries(session=session)
            found = queries.submissions(phase=phase, team=wanted, page=Page(start=start, n_shown=n))
            total = queries.count_submissions(phase=phase, team=wanted)
        return SubmissionList(total=total, submissions=tuple(map(SubmissionState.of, found)))

    @routes.get("/submissions/{identity}")
    def submission(request: Request, identity: SubmissionPath) -> SubmissionState:
        """Show a submission, how far its jobs are, and its rank on a live board."""
        actor = askers.actor(request)
        with board.reading() as session:
            queries = BoardQueries(session=session)
            found = queries.submission(identity, actor)
            return SubmissionState.of(found, queries.jobs_of(identity), rank_of(queries, found))

    @routes.get("/submissions/{identity}/verdict", response_class=FileResponse)
    def verdict(request: Request, identity: SubmissionPath) -> Response:
        """Send the whole verdict of the check, every problem in it."""
        return _sent(board, own(request, identity).verdict, "application/json")

    @routes.get("/submissions/{identity}/scores.csv", response_class=FileResponse)
    def table(request: Request, identity: SubmissionPath) -> Response:
        """Send the score of every pair with its components and diagnostics."""
        result = own(request, identity).result
        return _sent(board, None if result is None else result.table, "text/csv")

    @routes.get("/submissions/{identity}/scores.json", response_class=FileResponse)
    def summary(request: Request, identity: SubmissionPath) -> Response:
        """Send what made the scores."""
        result = own(request, identity).result
        return _sent(board, None if result is None else result.summary, "application/json")

    @routes.post("/submissions/{identity}/withdraw")
    def take_back(request: Request, identity: SubmissionPath) -> SubmissionState:
        """Take a submission off the board."""
        actor = askers.actor(request)
        with board.transaction() as session:
            return SubmissionState.of(withdraw(session, identity, actor, dt.datetime.now(dt.UTC)))

    return routes


def _seen_team(actor: Actor, asked: str | None) -> str | None:
    """Return whose submissions are listed: a team sees its own, whatever it asks for."""
    if actor.role == "organiser":
        return asked
    if asked not in (None, actor.team):
        raise HTTPException(403, "a team sees its own submissions")
    return actor.team


def _sent(board: Board, file: StoredFile | None, media_type: str) -> Response:
    """Send a kept file, which never changes."""
    if file is None:
        raise HTTPException(404, "there is none yet")
    headers = {"Cache-Control": "private, no-cache", "ETag": f'"{file.digest}"'}
    return FileResponse(board.files.path_of(file), media_type=media_type, headers=headers)
