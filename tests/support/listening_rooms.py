"""Listening rooms for tests."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import uvicorn

from rebalance.web.listening_room import Library, create_app

QUARTET = ("Violin", "Violin", "Viola", "Cello")


@dataclass(frozen=True)
class OpenRoom:
    address: str
    shelf: Library


@contextlib.contextmanager
def open_room(port: int = 0) -> Iterator[OpenRoom]:
    """Keep a room open in a thread."""
    with Library(device="cpu") as library:
        bound = socket.create_server(("127.0.0.1", port))
        server = uvicorn.Server(
            uvicorn.Config(create_app(library), log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        try:
            yield OpenRoom(address=f"http://127.0.0.1:{bound.getsockname()[1]}/", shelf=library)
        finally:
            server.should_exit = True
            thread.join()
            bound.close()
