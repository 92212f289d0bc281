"""Answers that all servers give alike: errors in one line, files out, files in."""

from __future__ import annotations

import contextlib
import os
import tempfile
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException as StarletteHTTPException

from rebalance._base.errors import RebalanceError
from rebalance._base.files import StrPath

_MAX_NAME_LENGTH = 120


def answer_errors_in_one_line(app: FastAPI) -> None:
    """Make an application answer every error as ``{"error": "..."}``: what is wrong, in one line.

    Parameters
    ----------
    app
        Gets the handlers; what the library refuses and a message of the wrong form are answered with status 422.

    Examples
    --------
    >>> from fastapi import FastAPI
    >>> from starlette.testclient import TestClient
    >>> from rebalance.web import answer_errors_in_one_line
    >>> app = FastAPI()
    >>> answer_errors_in_one_line(app)
    >>> TestClient(app).get("/nowhere").json()
    {'error': 'Not Found'}
    """
    app.add_exception_handler(RebalanceError, _refused)
    app.add_exception_handler(RequestValidationError, _misunderstood)
    app.add_exception_handler(StarletteHTTPException, _failed)


async def _refused(request: Request, error: Exception) -> Response:  # noqa: ARG001 - the shape of a handler
    """Answer with what is wrong, in one line."""
    return JSONResponse({"error": " ".join(str(error).split())}, status_code=422)


async def _misunderstood(request: Request, error: Exception) -> Response:  # noqa: ARG001
    """Answer a message that is not as it should be with its first fault."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:]) or "the message"
    return JSONResponse({"error": f"{where}: {first['msg']}"}, status_code=422)


async def _failed(request: Request, error: Exception) -> Response:  # noqa: ARG001
    """Answer with the reason of an HTTP error in the form of all other errors."""
    assert isinstance(error, StarletteHTTPException)
    return JSONResponse({"error": str(error.detail)}, status_code=error.status_code, headers=error.headers)


@contextlib.asynccontextmanager
async def uploaded(request: Request, folder: StrPath, name: str, *, max_bytes: int) -> AsyncIterator[Path]:
    """Write the body of a request to a temporary file that lasts as long as the block.

    Parameters
    ----------
    request
        Its body is the file.
    folder
        Where the temporary file is.
    name
        As the browser gave it; only a plain suffix of it is used.
    max_bytes
        A longer body is answered with status 413.

    Examples
    --------
    >>> import asyncio, tempfile
    >>> from fastapi import Request
    >>> from rebalance.web import uploaded
    >>> async def body():
    ...     return {"type": "http.request", "body": b"fLaC", "more_body": False}
    >>> async def taken(folder):
    ...     async with uploaded(Request({"type": "http"}, body), folder, "../Trio.FLAC", max_bytes=10) as path:
    ...         return path.suffix, path.read_bytes()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     asyncio.run(taken(folder))
    ('.flac', b'fLaC')
    """
    handle, path = tempfile.mkstemp(dir=folder, suffix=_safe_suffix(name))
    n_bytes = 0
    try:
        with os.fdopen(handle, "wb") as file:
            async for part in request.stream():
                n_bytes += len(part)
                if n_bytes > max_bytes:
                    raise HTTPException(413, f"{shown_name(name)}: expected at most {max_bytes / 2**20:.0f} MB")
                await run_in_threadpool(file.write, part)
        yield Path(path)
    finally:
        Path(path).unlink(missing_ok=True)


def temporary_attachment(path: StrPath, name: str) -> Response:
    """Send a temporary file and remove it.

    Parameters
    ----------
    path
        Removed once it is sent.
    name
        What the browser calls it.

    Examples
    --------
    >>> from rebalance.web import temporary_attachment
    >>> temporary_attachment("made.flac", "remix.flac").headers["content-disposition"]
    'attachment; filename="remix.flac"'
    """
    return FileResponse(path, filename=name, background=BackgroundTask(Path(path).unlink, missing_ok=True))


def attachment(text: str, name: str, *, media_type: str = "application/json") -> Response:
    """Send a text as a file.

    Parameters
    ----------
    text
        Content of the file.
    name
        What the browser calls it.
    media_type
        Media type of the text, such as ``"text/csv"``.

    Examples
    --------
    >>> from rebalance.web import attachment
    >>> attachment("{}", "gains.json").headers["content-disposition"]
    "attachment; filename*=utf-8''gains.json"
    """
    headers = {"Content-Disposition": f"attachment; filename*=utf-8''{quote(name)}"}
    return Response(text, media_type=media_type, headers=headers)


def shown_name(name: str) -> str:
    r"""Return the name of a file as it is shown: no folders, no control characters, not too long.

    Parameters
    ----------
    name
        As the browser gave it.

    Examples
    --------
    >>> from rebalance.web import shown_name
    >>> shown_name("C:\\music\\quartet\n.flac")
    'quartet.flac'
    """
    base = name.replace("\\", "/").rpartition("/")[2]
    printable = "".join(letter for letter in base if unicodedata.category(letter)[0] != "C").strip()
    return printable[-_MAX_NAME_LENGTH:] or "music"


def _safe_suffix(name: str) -> str:
    """Return the suffix of a name where it is a plain one."""
    suffix = Path(name.replace("\\", "/")).suffix.lower()
    return suffix if suffix[1:].isascii() and suffix[1:].isalnum() else ""
