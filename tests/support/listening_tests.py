"""Listening tests for tests."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from rebalance.web.listening_test import (
    Answer,
    AnswerStore,
    SettledTest,
    create_test_app,
    make_stimuli,
    read_plan,
    settle_test,
)


@dataclass(frozen=True)
class OpenTest:
    address: str
    store: AnswerStore
    test: SettledTest


@contextlib.contextmanager
def open_test(plan: Path, data: Path) -> Iterator[OpenTest]:
    """Keep a listening test open in a thread."""
    test = settle_test(read_plan(plan))
    stimuli = make_stimuli(test, data / "sounds")
    with AnswerStore(f"sqlite:///{data / 'answers.sqlite'}", test) as store:
        bound = socket.create_server(("127.0.0.1", 0))
        app = create_test_app(test, stimuli, store)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        try:
            yield OpenTest(address=f"http://127.0.0.1:{bound.getsockname()[1]}/", store=store, test=test)
        finally:
            server.should_exit = True
            thread.join()
            bound.close()


def ratings(blind_ids: tuple[str, ...], *values: float) -> dict[str, Answer]:
    """Return an answer for every sound."""
    return {
        blind_id: Answer(rating=value, plays=2, seconds=12.5) for blind_id, value in zip(blind_ids, values, strict=True)
    }
