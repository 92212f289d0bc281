"""The API of uploads: announce, send chunk by chunk, finish."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import hashlib
import hmac
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from rebalance.web.leaderboard._board_askers import Askers
from rebalance.web.leaderboard._board_database import Board
from rebalance.web.leaderboard._board_messages import AnnouncedUpload, SubmissionState, UploadState
from rebalance.web.leaderboard._board_options import BoardOptions
from rebalance.web.leaderboard._chunk_locks import ChunkLocks
from rebalance.web.leaderboard._submitting import Submitting

UploadPath = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="From the announcement.")]
_MAX_CHUNKS_AT_ONCE = 16


def upload_routes(board: Board, options: BoardOptions, askers: Askers) -> APIRouter:
    """Return the routes of uploads."""
    routes = APIRouter(prefix="/api/uploads", tags=["uploads"])
    locks, room = ChunkLocks(), asyncio.Semaphore(_MAX_CHUNKS_AT_ONCE)

    def submitting(request: Request) -> Submitting:
        return Submitting(board=board, actor=askers.actor(request), max_bytes=options.max_upload_bytes)

    @routes.post("", status_code=201)
    def announce(request: Request, announced: AnnouncedUpload) -> UploadState:
        """Announce a file; the same announcement again goes on where the upload broke off."""
        started = submitting(request).start(
            phase=announced.phase, file_name=announced.file_name, file=announced.file, now=_now()
        )
        return UploadState.of(started, options.max_chunk_bytes)

    @routes.get("/{identity}")
    def state(request: Request, identity: UploadPath) -> UploadState:
        """Tell how much of a file has arrived."""
        return UploadState.of(submitting(request).upload(identity), options.max_chunk_bytes)

    @routes.patch("/{identity}", openapi_extra=_CHUNK)
    async def append(
        request: Request,
        identity: UploadPath,
        offset: Annotated[int, Query(ge=0, le=1 << 50, description="Where the chunk begins.")],
        x_chunk_sha256: Annotated[str, Header(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the chunk.")],
    ) -> UploadState:
        """Append the chunk that is the body of the request."""
        sender = await run_in_threadpool(submitting, request)
        started = await run_in_threadpool(sender.upload, identity)
        with locks.holding(identity):
            async with _entered(room):
                chunk = await _body(request, options)
                if not hmac.compare_digest(hashlib.sha256(chunk).hexdigest(), x_chunk_sha256):
                    raise HTTPException(422, "chunk: its SHA-256 is another; send it again")
                await run_in_threadpool(sender.append, started, offset, [chunk])
        return UploadState.of(await run_in_threadpool(sender.upload, identity), options.max_chunk_bytes)

    @routes.post("/{identity}/finish", status_code=201)
    def finish(request: Request, identity: UploadPath) -> SubmissionState:
        """Make a whole upload a submission; its check begins at once."""
        sender = submitting(request)
        with locks.holding(identity):
            return SubmissionState.of(sender.finish(identity, _now()))

    @routes.delete("/{identity}", status_code=204)
    def discard(request: Request, identity: UploadPath) -> Response:
        """Give an upload up."""
        sender = submitting(request)
        with locks.holding(identity):
            sender.discard(identity)
        return Response(status_code=204)

    return routes


_CHUNK = {"requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string"}}}}}


@contextlib.asynccontextmanager
async def _entered(room: asyncio.Semaphore) -> AsyncIterator[None]:
    """Hold a place among the chunks that are taken at once: they are in memory until they are whole."""
    if room.locked():
        raise HTTPException(503, "many uploads at once; try again", headers={"Retry-After": "2"})
    async with room:
        yield


async def _body(request: Request, options: BoardOptions) -> bytes:
    """Return a chunk that arrives whole, within its size and its time."""
    blocks = bytearray()
    try:
        async with asyncio.timeout(options.max_chunk_s):
            async for block in request.stream():
                blocks += block
                if len(blocks) > options.max_chunk_bytes:
                    raise HTTPException(413, f"chunk: expected at most {options.max_chunk_bytes} bytes")
    except TimeoutError:
        raise HTTPException(408, f"chunk: expected within {options.max_chunk_s:g} s; send smaller ones") from None
    except ClientDisconnect:
        raise HTTPException(400, "chunk: broken off") from None
    return bytes(blocks)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
