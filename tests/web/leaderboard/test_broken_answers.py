"""What the client of a board makes of answers that break off, and of servers that are no board."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rebalance import RebalanceError
from rebalance.web.leaderboard import BoardClient

PHASES = json.dumps([{"name": "demo"}]).encode()
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(PHASES) + PHASES


@contextmanager
def answering(*answers: bytes) -> Iterator[tuple[BoardClient, list[bytes]]]:
    """Yield a client of a server that gives these answers one after the other, then the last again, and who asked."""
    asked: list[bytes] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked.append(self.rfile.readline())
            while self.rfile.readline().strip():
                pass
            self.wfile.write(answers[min(len(asked), len(answers)) - 1])

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield (
            BoardClient(address=f"http://127.0.0.1:{server.server_address[1]}", token="secret", patience_s=20.0),
            asked,
        )
        server.shutdown()


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        WHOLE[: -len(PHASES)],
        WHOLE[:-3],
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 40\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[{",
    ],
    ids=["nothing", "half a header", "no body", "half a body", "half an error", "half a chunk"],
)
def test_who_breaks_off_is_asked_again(broken: bytes) -> None:
    with answering(broken, WHOLE) as (client, asked):
        assert client.open_phases() == ("demo",)
        assert len(asked) == 2


@pytest.mark.parametrize("page", [b"<html>hello</html>", b"", b"[{"])
def test_a_server_that_is_no_board_is_told_at_once(page: bytes) -> None:
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(page), page)
    with answering(whole) as (client, asked):
        with pytest.raises(RebalanceError, match="expected the answer of a board, got no JSON"):
            client.open_phases()
        assert len(asked) == 1
