"""Errors as pages: what the API says in one line, people read on a page with a way on."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from rebalance.web.leaderboard_pages._page_templates import render
from rebalance.web.leaderboard_pages._signed_in import NOT_STORED

_FOR_PROGRAMS = ("/api", "/health", "/metrics")
_TITLES = {403: "Not allowed", 404: "Not found", 405: "Not allowed", 429: "Too many requests", 503: "Not available"}


def answer_errors_in_pages(app: FastAPI) -> None:
    """Have every error outside the API answered by a page; its text is that of the handler there is."""
    for kind, handler in tuple(app.exception_handlers.items()):
        app.add_exception_handler(kind, _as_page(handler))


def _as_page(handler: Callable[..., Any]) -> Callable[[Request, Exception], Any]:
    """Return a handler that turns the JSON of another into a page for those who asked for one."""

    async def answer(request: Request, error: Exception) -> Response:
        found = handler(request, error)
        said: Response = await found if inspect.isawaitable(found) else found
        if request.url.path.startswith(_FOR_PROGRAMS) or said.media_type != "application/json":
            return said
        title = _TITLES.get(said.status_code, "That did not work")
        page = render("problem.html", title=title, message=json.loads(bytes(said.body))["error"])
        kept = {name: value for name, value in said.headers.items() if not name.startswith("content-")}
        return HTMLResponse(page, status_code=said.status_code, headers={**kept, **NOT_STORED})

    return answer
