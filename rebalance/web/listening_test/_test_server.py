"""The pages and answers of a listening test."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from fastapi import APIRouter, FastAPI, HTTPException, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, ConfigDict, Field

from rebalance.web import Guard, answer_errors_in_one_line
from rebalance.web.listening_test import _test_pages as pages
from rebalance.web.listening_test._answers_store import AnswerStore
from rebalance.web.listening_test._listening_plans import REFERENCE
from rebalance.web.listening_test._said_answers import Answer, Participant
from rebalance.web.listening_test._settled_tests import SettledTest
from rebalance.web.listening_test._stimuli import Stimuli

ASSETS = Path(__file__).parent / "assets"
SHARED_ASSETS = Path(__file__).parents[1] / "assets"

_MAX_COUNT = 1_000_000
_UNKNOWN = "this code belongs to nobody in this test"
_NOT_STORED = {"Cache-Control": "no-store"}


class _Said(BaseModel):
    """What was said of one signal."""

    model_config = ConfigDict(extra="forbid")

    rating: float | None = None
    chosen: bool | None = None
    plays: int = Field(le=_MAX_COUNT)
    seconds: float = Field(le=_MAX_COUNT)

    def answer(self) -> Answer:
        """Return it checked."""
        return Answer(rating=self.rating, chosen=self.chosen, plays=self.plays, seconds=self.seconds)


class _TrialAnswers(BaseModel):
    """The answers of a trial by blind id."""

    model_config = ConfigDict(extra="forbid")

    answers: dict[str, _Said]


class _Entering(BaseModel):
    """What somebody says who enters."""

    model_config = ConfigDict(extra="forbid", strict=True)

    agrees: bool


class _Stored(BaseModel):
    """Where to go next."""

    next: str


def create_test_app(test: SettledTest, stimuli: Stimuli, store: AnswerStore, *, token: str | None = None) -> Guard:
    """Return a listening test as an ASGI application.

    Parameters
    ----------
    test
        Plan and trials that are answered.
    stimuli
        Its sounds.
    store
        Database of the answers.
    token
        What is asked of whoever enters; None where only this machine can.

    Examples
    --------
    >>> from pathlib import Path
    >>> from starlette.testclient import TestClient
    >>> from rebalance.web.listening_test import AnswerStore, ListeningPlan, Stimuli, create_test_app, settle_test
    >>> runs = {"fast": Path("exp/fast"), "mixture": Path("exp/mixture")}
    >>> plan = ListeningPlan(title="Trios", kind="preference", task=Path("metadata/demo"), runs=runs)
    >>> test, stimuli = settle_test(plan), Stimuli(folder=Path("sounds"), names={})
    >>> with AnswerStore("sqlite://", test) as store:
    ...     client = TestClient(create_test_app(test, stimuli, store), base_url="http://localhost")
    ...     page = client.get("/").text
    >>> "Trios" in page, "mixture" in page
    (True, False)
    """
    app = FastAPI(title="rebalance listening test", docs_url=None, redoc_url=None, openapi_url=None)
    answer_errors_in_one_line(app)
    app.include_router(_entrance(test, store))
    app.include_router(_trial_routes(test, stimuli, store))
    app.mount("/assets", StaticFiles(directory=ASSETS), name="assets")
    app.mount("/shared", StaticFiles(directory=SHARED_ASSETS), name="shared")
    return Guard(app=app, token=token, name="the listening test")


def _entrance(test: SettledTest, store: AnswerStore) -> APIRouter:
    routes = APIRouter(default_response_class=HTMLResponse)
    plan, n_trials = test.plan, len(test.trials)

    @routes.get("/")
    def start() -> str:
        """Show the consent."""
        return pages.start_page(plan, n_trials)

    @routes.post("/participants", response_class=JSONResponse)
    def enrol(said: _Entering) -> _Stored:
        """Take in a participant."""
        if not said.agrees:
            raise HTTPException(422, "please agree to take part first")
        return _Stored(next=f"/t/{store.enrol()}")

    @routes.get("/resume")
    def resume(code: str) -> Response:
        """Lead to the page of a code."""
        if store.participant(code.strip()) is None:
            return HTMLResponse(pages.refusal_page(_UNKNOWN), status_code=404)
        return RedirectResponse(f"/t/{quote(code.strip(), safe='')}", status_code=303)

    @routes.get("/t/{token}")
    def overview(token: str) -> Response:
        """Show the code and how far the test is."""
        participant = store.participant(token)
        if participant is None:
            return HTMLResponse(pages.refusal_page(_UNKNOWN), status_code=404)
        place = _next_place(store, participant)
        return HTMLResponse(pages.overview_page(plan, token, n_trials, place), headers=_NOT_STORED)

    @routes.get("/t/{token}/finish")
    def finish(token: str) -> Response:
        """Say thank you, or lead to what is missing."""
        participant = store.participant(token)
        if participant is None:
            return HTMLResponse(pages.refusal_page(_UNKNOWN), status_code=404)
        place = _next_place(store, participant)
        if place is not None:
            return RedirectResponse(f"/t/{token}/{place + 1}", status_code=303)
        return HTMLResponse(pages.finish_page(plan, token), headers=_NOT_STORED)

    return routes


def _trial_routes(test: SettledTest, stimuli: Stimuli, store: AnswerStore) -> APIRouter:
    routes = APIRouter()
    plan, n_trials = test.plan, len(test.trials)

    @routes.get("/t/{token}/{number:int}")
    def trial(token: str, number: int) -> Response:
        """Show a trial."""
        participant = store.participant(token)
        if participant is None or not 1 <= number <= n_trials:
            message = _UNKNOWN if participant is None else f"the test has {n_trials} pages"
            return HTMLResponse(pages.refusal_page(message), status_code=404)
        blind = participant.trials[number - 1]
        kept = store.answered(participant).get(number - 1, {})
        page = pages.trial_page(plan, token, number - 1, n_trials, blind, kept)
        return HTMLResponse(page, headers=_NOT_STORED)

    @routes.post("/t/{token}/{number:int}")
    def answer(token: str, number: int, said: _TrialAnswers) -> _Stored:
        """Keep the answers of a trial."""
        participant = _known(store, token)
        if not 1 <= number <= n_trials:
            raise HTTPException(404, f"the test has {n_trials} pages")
        store.keep(participant, number - 1, {blind_id: one.answer() for blind_id, one in said.answers.items()})
        return _Stored(next=f"/t/{token}/{number + 1}" if number < n_trials else f"/t/{token}/finish")

    @routes.get("/t/{token}/sounds/{blind_id}")
    def sound(token: str, blind_id: str) -> Response:
        """Send a sound of a participant's own; files of a trial are of one size, and nothing tells how old they are."""
        path = _sound_path(stimuli, _known(store, token), blind_id)
        if path is None:
            raise HTTPException(404, "there is no such sound")
        return Response(path.read_bytes(), media_type="audio/wav", headers=_NOT_STORED)

    return routes


def _known(store: AnswerStore, token: str) -> Participant:
    """Return whose token it is."""
    participant = store.participant(token)
    if participant is None:
        raise HTTPException(404, _UNKNOWN)
    return participant


def _next_place(store: AnswerStore, participant: Participant) -> int | None:
    """Return the place of the first trial without an answer; None where all have one."""
    done = store.answered(participant)
    return next((place for place in range(len(participant.trials)) if place not in done), None)


def _sound_path(stimuli: Stimuli, participant: Participant, blind_id: str) -> Path | None:
    """Return the file of a blind id among a participant's own; None where it is none of theirs."""
    for blind in participant.trials:
        if blind_id and blind_id == blind.reference_id:
            return stimuli.path(blind.trial.pair, REFERENCE)
        if blind_id in blind.blind_ids:
            return stimuli.path(blind.trial.pair, blind.trial.systems[blind.blind_ids.index(blind_id)])
    return None
