"""The server of the board: the API, with the guards in front of it."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any, TypeAlias

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rebalance._base.errors import RebalanceError
from rebalance._base.semantics import VERSION
from rebalance.web import LOOPBACK_NAMES, Guard, answer_errors_in_one_line
from rebalance.web.leaderboard._board_askers import Askers
from rebalance.web.leaderboard._board_database import Board
from rebalance.web.leaderboard._board_messages import Failed
from rebalance.web.leaderboard._board_metrics import BoardMetrics, operation_routes
from rebalance.web.leaderboard._board_options import BoardOptions
from rebalance.web.leaderboard._board_values import NotAllowedError, NotFoundError, UnavailableError
from rebalance.web.leaderboard._chunk_locks import BusyError
from rebalance.web.leaderboard._form_tokens import form_tokens
from rebalance.web.leaderboard._head_requests import HeadAsGet
from rebalance.web.leaderboard._organiser_routes import organiser_routes
from rebalance.web.leaderboard._rate_limits import RateLimit
from rebalance.web.leaderboard._submission_routes import public_routes, submission_routes
from rebalance.web.leaderboard._upload_routes import upload_routes
from rebalance.web.leaderboard._verdict_files import without_folders

LOG = logging.getLogger("rebalance.board")

AddPages: TypeAlias = Callable[[FastAPI, Board, Askers], None]

_MAX_MESSAGE_BYTES = 1 << 16
_STATUS: dict[type[RebalanceError], int] = {
    NotAllowedError: 403, NotFoundError: 404, BusyError: 409, UnavailableError: 503
}  # fmt: skip
_DESCRIBED: dict[int | str, dict[str, Any]] = {
    status: {"model": Failed} for status in (401, 403, 404, 408, 409, 413, 422, 429, 503)
}


def create_board_app(
    board: Board,
    options: BoardOptions | None = None,
    *,
    hosts: frozenset[str] | None = LOOPBACK_NAMES,
    add_pages: AddPages | None = None,
) -> ASGIApp:
    """Return the board as an ASGI application.

    Parameters
    ----------
    board
        The board that is served.
    options
        Limits on uploads and requests.
    hosts
        Names it may be asked under; None for any.
    add_pages
        Adds pages to the API; see `rebalance.web.leaderboard_pages.add_pages`.

    Examples
    --------
    >>> import tempfile
    >>> from starlette.testclient import TestClient
    >>> from rebalance.web.leaderboard import create_board_app, opened_board, upgrade_board
    >>> with tempfile.TemporaryDirectory() as folder, opened_board(folder, check_revision=False) as board:
    ...     _ = upgrade_board(board)
    ...     client = TestClient(create_board_app(board, hosts=None))
    ...     client.get("/api/phases").json(), client.get("/api/me").json()
    ([], {'error': 'a token is needed'})
    """
    options = options or BoardOptions()
    metrics = BoardMetrics.of(board)
    app, askers = board_api(board, options, metrics)
    if add_pages is not None:
        add_pages(app, board, askers)
    requests = RateLimit(per_minute=options.requests_per_minute)
    limited = _Limits(app=HeadAsGet(app), requests=requests, max_chunk_bytes=options.max_chunk_bytes, metrics=metrics)
    return Guard(app=limited, token=None, name="the leaderboard", hosts=hosts)


def board_api(board: Board, options: BoardOptions, metrics: BoardMetrics) -> tuple[FastAPI, Askers]:
    """Return the API, with its description at ``/api/openapi.json``, and what tells who asks."""
    app = FastAPI(
        title="rebalance leaderboard", version=VERSION, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json"
    )
    answer_errors_in_one_line(app)
    app.add_exception_handler(RebalanceError, functools.partial(_refused, str(board.data)))
    app.add_exception_handler(Exception, _broken)
    forms = form_tokens(board.data)
    askers = Askers(board=board, forms=forms, guesses=RateLimit(per_minute=options.guesses_per_minute))
    for routes in (
        public_routes(board),
        submission_routes(board, askers),
        upload_routes(board, options, askers),
        organiser_routes(board, askers),
    ):
        app.include_router(routes, responses=_DESCRIBED)
    app.include_router(operation_routes(board, askers, metrics))
    return app, askers


class _Limits:
    """Counts requests, slows down who asks too often, and takes no message that is too large."""

    def __init__(self, app: ASGIApp, requests: RateLimit, max_chunk_bytes: int, metrics: BoardMetrics) -> None:
        self._app, self._requests, self._max_chunk_bytes, self._metrics = app, requests, max_chunk_bytes, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer an ASGI request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.requests.labels(_method(scope), str(message["status"])).inc()
            await send(message)

        answer = self._refusal(scope)
        limited = receive if answer else _limited(receive, self._max_bytes(scope))
        await (answer or self._app)(scope, limited, send_counted)

    def _refusal(self, scope: Scope) -> Response | None:
        address = (scope.get("client") or ("unknown",))[0]
        if not self._requests.allows(address):
            return _failed("too many requests; wait a minute", 429, {"Retry-After": "60"})
        length = Headers(scope=scope).get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            return _failed("content-length: expected a number", 400)
        if int(length[:20]) > self._max_bytes(scope):
            return _failed(f"expected at most {self._max_bytes(scope)} bytes", 413, {"Connection": "close"})
        return None

    def _max_bytes(self, scope: Scope) -> int:
        return self._max_chunk_bytes if scope["method"] == "PATCH" else _MAX_MESSAGE_BYTES


def _limited(receive: Receive, max_bytes: int) -> Receive:
    """Return what hands a body on as long as it is not too large."""
    n_bytes = 0

    async def counted() -> Message:
        nonlocal n_bytes
        message = await receive()
        n_bytes += len(message.get("body", b""))
        if n_bytes > max_bytes:
            raise HTTPException(413, f"expected at most {max_bytes} bytes")
        return message

    return counted


def _method(scope: Scope) -> str:
    """Return the method of a request; whatever is none of the usual ones counts as one."""
    method = str(scope["method"])
    return method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE") else "other"


async def _refused(folder: str, request: Request, error: Exception) -> Response:  # noqa: ARG001 - shape of a handler
    """Answer with what is wrong, in one line that names no folder of the server."""
    kinds = (status for kind, status in _STATUS.items() if isinstance(error, kind))
    status = next(kinds, 422)
    if status == _STATUS[UnavailableError]:
        LOG.error("%s", error)
        return _failed("the board cannot answer at the moment; try again", status, {"Retry-After": "5"})
    return _failed(without_folders(" ".join(str(error).split()), [folder]), status)


async def _broken(request: Request, error: Exception) -> Response:  # noqa: ARG001 - shape of a handler
    """Answer a fault without telling anything of it; the log has it."""
    return _failed("an error of the server; its log has the reason", 500)


def _failed(error: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": error}, status_code=status, headers=headers)
