"""Public answers that many read: made once for each digest, looked up at most once a second, and not sent twice."""

from __future__ import annotations

import asyncio
import hashlib
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

_MAX_ANSWERS = 512
_MAX_AGE_S = 1.0
_MAX_STALE_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What is to be answered: a digest of all it depends on, and how its content is made."""

    digest: str
    make: Callable[[], str]
    media_type: str = "text/html"
    file_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """An answer that was made, and when it was last found to hold."""

    digest: str
    content: bytes
    headers: dict[str, str]
    found_at: float


class CachedAnswers:
    """Answers by address.

    Parameters
    ----------
    max_age_s
        For how long an answer is given without asking the database.
    max_stale_s
        For how long an older one is still given while it is looked up anew: nobody waits where many read.
    """

    def __init__(self, *, max_age_s: float = _MAX_AGE_S, max_stale_s: float = _MAX_STALE_S) -> None:
        self._max_age_s, self._max_stale_s = max_age_s, max_stale_s
        self._answers: OrderedDict[str, _Answer] = OrderedDict()
        self._asked: dict[str, asyncio.Task[_Answer]] = {}

    async def answer(self, request: Request, key: str, find: Callable[[], Made]) -> Response:
        """Answer a request; `find` and what it returns run in a thread, once for all who ask at a time."""
        kept = self._answers.get(key)
        age_s = math.inf if kept is None else time.monotonic() - kept.found_at
        looking = self._looked_up(key, find) if age_s > self._max_age_s else None
        if kept is None or (looking is not None and age_s > self._max_stale_s):
            assert looking is not None
            kept = await asyncio.shield(looking)
        if request.headers.get("if-none-match") == kept.headers["ETag"]:
            return Response(status_code=304, headers=kept.headers)
        return Response(kept.content, headers=kept.headers)

    def _looked_up(self, key: str, find: Callable[[], Made]) -> asyncio.Task[_Answer]:
        """Return the look-up of an answer that is under way, or a new one."""
        if key not in self._asked:
            self._asked[key] = asyncio.create_task(self._look(key, find))
            self._asked[key].add_done_callback(lambda task: self._ended(key, task))
        return self._asked[key]

    def _ended(self, key: str, task: asyncio.Task[_Answer]) -> None:
        """Forget a look-up; an answer that cannot be found any more is not given again."""
        self._asked.pop(key, None)
        if not task.cancelled() and task.exception() is not None:
            self._answers.pop(key, None)

    async def _look(self, key: str, find: Callable[[], Made]) -> _Answer:
        made = await run_in_threadpool(find)
        kept = self._answers.get(key)
        if kept is not None and kept.digest == made.digest:
            content, headers = kept.content, kept.headers
        else:
            content = (await run_in_threadpool(made.make)).encode()
            headers = _headers(made, content)
        answer = _Answer(digest=made.digest, content=content, headers=headers, found_at=time.monotonic())
        self._answers[key] = answer
        self._answers.move_to_end(key)
        while len(self._answers) > _MAX_ANSWERS:
            self._answers.popitem(last=False)
        return answer


def _headers(made: Made, content: bytes) -> dict[str, str]:
    """Return what goes with an answer: browsers keep it and ask whether it still holds."""
    headers = {
        "ETag": f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        "Cache-Control": "public, no-cache",
        "Content-Type": f"{made.media_type}; charset=utf-8",
    }
    if made.file_name:
        headers["Content-Disposition"] = f'attachment; filename="{made.file_name}"'
    return headers
