"""All pages of a board as one router."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles

from rebalance.web.leaderboard import Askers, Board
from rebalance.web.leaderboard_pages._board_pages import board_routes
from rebalance.web.leaderboard_pages._cached_answers import CachedAnswers
from rebalance.web.leaderboard_pages._error_pages import answer_errors_in_pages
from rebalance.web.leaderboard_pages._organiser_pages import organiser_routes
from rebalance.web.leaderboard_pages._phase_rankings import PhaseRankings
from rebalance.web.leaderboard_pages._signed_in import Door
from rebalance.web.leaderboard_pages._team_pages import entrance_routes, team_routes

ASSETS = Path(__file__).parent / "assets"


def add_pages(
    app: FastAPI, board: Board, askers: Askers, *, now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
) -> None:
    """Add the pages of a board to an application that serves its API.

    Parameters
    ----------
    app
        Gets the routes, the folder ``/assets``, and pages for errors in place of the handlers it has.
    board
        The board the pages show.
    askers
        Tells who is signed in.
    now
        The clock.

    Examples
    --------
    >>> import tempfile
    >>> from fastapi import FastAPI
    >>> from starlette.testclient import TestClient
    >>> from rebalance.web.leaderboard import Askers, FormTokens, RateLimit, opened_board, upgrade_board
    >>> from rebalance.web.leaderboard_pages import add_pages
    >>> app = FastAPI()
    >>> with tempfile.TemporaryDirectory() as folder, opened_board(folder, check_revision=False) as board:
    ...     _ = upgrade_board(board)
    ...     forms, guesses = FormTokens(key=bytes(32)), RateLimit(per_minute=5)
    ...     add_pages(app, board, Askers(board=board, forms=forms, guesses=guesses))
    ...     page = TestClient(app).get("/").text
    >>> "There is no board yet" in page
    True
    """
    app.include_router(page_routes(board, askers, now))
    answer_errors_in_pages(app)
    app.mount("/assets", StaticFiles(directory=ASSETS), name="assets")


def page_routes(board: Board, askers: Askers, now: Callable[[], dt.datetime]) -> APIRouter:
    """Return the routes of all pages."""
    rankings, door = PhaseRankings(board), Door(askers=askers)
    routes = APIRouter()
    routes.include_router(entrance_routes(door))
    routes.include_router(team_routes(door, rankings, now))
    routes.include_router(organiser_routes(door, board, now))
    routes.include_router(board_routes(rankings, CachedAnswers()))
    return routes
