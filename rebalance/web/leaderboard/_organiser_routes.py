"""The API of organisers; each act is in the audit trail."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from rebalance.web.leaderboard._board_askers import Askers
from rebalance.web.leaderboard._board_database import Board
from rebalance.web.leaderboard._board_messages import (
    EventState,
    MadeToken,
    NewPhase,
    NewTask,
    NewTeam,
    PhaseSettings,
    PhaseState,
    PublicationState,
    QueuedJob,
    TaskState,
    TeamState,
    TokenState,
    WantedToken,
)
from rebalance.web.leaderboard._board_queries import BoardQueries
from rebalance.web.leaderboard._board_values import Page, Phase
from rebalance.web.leaderboard._organising import Organising
from rebalance.web.leaderboard._submission_routes import PhasePath, Shown, Start, SubmissionPath

TokenPath = Annotated[int, Path(ge=1, le=2**31 - 1)]


def organiser_routes(board: Board, askers: Askers) -> APIRouter:
    """Return what organisers may do and see."""
    routes = APIRouter(prefix="/api", tags=["organisers"])
    _add_making(routes, board, askers)
    _add_ruling(routes, board, askers)
    _add_looking(routes, board, askers)
    return routes


def _add_making(routes: APIRouter, board: Board, askers: Askers) -> None:
    """Add what makes tasks, phases, teams and tokens."""

    @routes.post("/tasks", status_code=201)
    def add_task(request: Request, new: NewTask) -> TaskState:
        """Add a task from a folder below `tasks` in the server's data folder."""
        with _acting(board, askers, request) as acts:
            folder = board.data / "tasks" / new.folder
            return TaskState.of(acts.add_task(new.name, folder, title=new.title, split=new.split, metric=new.metric))

    @routes.post("/phases", status_code=201)
    def add_phase(request: Request, new: NewPhase) -> PhaseState:
        """Add a phase to a task."""
        with _acting(board, askers, request) as acts:
            return PhaseState.of(acts.add_phase(new.value()))

    @routes.put("/phases/{phase}")
    def change_phase(request: Request, phase: PhasePath, settings: PhaseSettings) -> PhaseState:
        """Give a phase other times, limits or another title."""
        with _acting(board, askers, request) as acts:
            before = BoardQueries(session=acts.session).phase(phase)
            return PhaseState.of(acts.change_phase(_changed(before, settings)))

    @routes.post("/teams", status_code=201)
    def add_team(request: Request, new: NewTeam) -> TeamState:
        """Add a team."""
        with _acting(board, askers, request) as acts:
            return TeamState.of(acts.add_team(new.name, title=new.title))

    @routes.post("/tokens", status_code=201)
    def make_token(request: Request, wanted: WantedToken) -> MadeToken:
        """Make a token; this answer alone holds it."""
        with _acting(board, askers, request) as acts:
            return MadeToken.of_new(acts.make_token(wanted.team, label=wanted.label))

    @routes.delete("/tokens/{identity}", status_code=204)
    def revoke_token(request: Request, identity: TokenPath) -> Response:
        """Revoke a token."""
        with _acting(board, askers, request) as acts:
            acts.revoke_token(identity)
        return Response(status_code=204)


def _add_ruling(routes: APIRouter, board: Board, askers: Askers) -> None:
    """Add what organisers do to boards and submissions."""

    @routes.post("/phases/{phase}/freeze")
    def freeze(request: Request, phase: PhasePath) -> PhaseState:
        """Let later submissions move the board no more."""
        with _acting(board, askers, request) as acts:
            acts.freeze(phase)
            return PhaseState.of(BoardQueries(session=acts.session).phase(phase))

    @routes.post("/phases/{phase}/unfreeze")
    def unfreeze(request: Request, phase: PhasePath) -> PhaseState:
        """Let all submissions move the board again."""
        with _acting(board, askers, request) as acts:
            acts.unfreeze(phase)
            return PhaseState.of(BoardQueries(session=acts.session).phase(phase))

    @routes.post("/phases/{phase}/publish", status_code=201)
    def publish(request: Request, phase: PhasePath) -> PublicationState:
        """Show the public the board as it is now."""
        with _acting(board, askers, request) as acts:
            return PublicationState.of(acts.publish(phase, board.files))

    @routes.post("/submissions/{identity}/score-again", status_code=204)
    def score_again(request: Request, identity: SubmissionPath) -> Response:
        """Put a failed submission back into the queue."""
        with _acting(board, askers, request) as acts:
            acts.score_again(identity)
        return Response(status_code=204)


def _add_looking(routes: APIRouter, board: Board, askers: Askers) -> None:
    """Add what only organisers see."""

    @routes.get("/tasks")
    def tasks(request: Request) -> list[TaskState]:
        """List the tasks."""
        with _looking(board, askers, request) as queries:
            return list(map(TaskState.of, queries.tasks()))

    @routes.get("/teams")
    def teams(request: Request) -> list[TeamState]:
        """List the teams."""
        with _looking(board, askers, request) as queries:
            return list(map(TeamState.of, queries.teams()))

    @routes.get("/tokens")
    def tokens(request: Request) -> list[TokenState]:
        """List the tokens, without the tokens themselves."""
        with _looking(board, askers, request) as queries:
            return list(map(TokenState.of, queries.tokens()))

    @routes.get("/jobs")
    def jobs(request: Request, start: Start = 0, n: Shown = 50) -> list[QueuedJob]:
        """List what waits or runs."""
        with _looking(board, askers, request) as queries:
            return list(map(QueuedJob.of, queries.unfinished_jobs(Page(start=start, n_shown=n))))

    @routes.get("/events")
    def events(request: Request, start: Start = 0, n: Shown = 50) -> list[EventState]:
        """Show the audit trail, newest first."""
        with _looking(board, askers, request) as queries:
            return list(map(EventState.of, queries.events(Page(start=start, n_shown=n))))


@contextlib.contextmanager
def _acting(board: Board, askers: Askers, request: Request) -> Iterator[Organising]:
    """Give what an organiser does, all of it or nothing."""
    actor = askers.organiser(request)
    with board.transaction() as session:
        yield Organising(session=session, actor=actor, now=dt.datetime.now(dt.UTC))


@contextlib.contextmanager
def _looking(board: Board, askers: Askers, request: Request) -> Iterator[BoardQueries]:
    """Give what an organiser sees."""
    askers.organiser(request)
    with board.reading() as session:
        yield BoardQueries(session=session)


def _changed(before: Phase, settings: PhaseSettings) -> Phase:
    return Phase(
        name=before.name,
        task=before.task,
        task_title=before.task_title,
        frozen_at=before.frozen_at,
        **settings.model_dump(),
    )
