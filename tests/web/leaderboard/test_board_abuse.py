"""What unknown clients and other teams may try, and what comes of it."""

from __future__ import annotations

import hashlib
import http.client
import json
import logging
import socket
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from small_boards import PHASE, Tokens, free_port, wait_for_port
from sqlalchemy import text
from starlette.testclient import TestClient

from rebalance.web.leaderboard import (
    COOKIE,
    Actor,
    Board,
    BoardOptions,
    NotAllowedError,
    Submitting,
    create_board_app,
)
from rebalance.web.leaderboard._board_metrics import BoardMetrics
from rebalance.web.leaderboard._board_server import board_api
from rebalance.web.leaderboard._board_worker import Worker
from rebalance.web.leaderboard._form_tokens import form_tokens

NAME = "submission_T001_noncausal.zip"
LIMITS = BoardOptions(max_chunk_bytes=100_000, max_upload_bytes=1_000_000, guesses_per_minute=5, max_chunk_s=0.5)


@pytest.fixture
def client(board: Board, tokens: Tokens) -> TestClient:
    return TestClient(create_board_app(board, LIMITS, hosts=None))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def announced(**changes: object) -> dict[str, object]:
    return {"phase": PHASE, "file_name": NAME, "sha256": "0" * 64, "n_bytes": 10, **changes}


def uploaded(client: TestClient, token: str, content: bytes, name: str = NAME) -> str:
    message = announced(file_name=name, sha256=hashlib.sha256(content).hexdigest(), n_bytes=len(content))
    identity = client.post("/api/uploads", json=message, headers=bearer(token)).json()["id"]
    headers = {**bearer(token), "X-Chunk-SHA256": hashlib.sha256(content).hexdigest()}
    client.patch(f"/api/uploads/{identity}?offset=0", content=content, headers=headers)
    assert client.post(f"/api/uploads/{identity}/finish", headers=bearer(token)).status_code == 201
    return str(identity)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/me"),
        ("GET", "/api/submissions"),
        ("POST", "/api/uploads"),
        ("GET", "/api/tokens"),
        ("POST", "/api/tokens"),
        ("GET", "/api/events"),
        ("GET", "/metrics"),
    ],
)
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp4"}])
def test_nothing_but_public_boards_is_told_without_a_token(client, method, path, headers) -> None:
    answer = client.request(method, path, headers=headers, json=announced() if path == "/api/uploads" else {})
    assert answer.status_code == 401
    assert set(answer.json()) == {"error"}


@pytest.mark.parametrize("path", ["tasks", "teams", "tokens", "jobs", "events"])
def test_a_team_sees_nothing_of_the_organisers(client: TestClient, tokens: Tokens, path: str) -> None:
    assert client.get(f"/api/{path}", headers=bearer(tokens.teams["T001"])).status_code == 403


def test_a_team_makes_itself_no_tokens_nor_publishes(client: TestClient, tokens: Tokens) -> None:
    own = bearer(tokens.teams["T001"])
    assert client.post("/api/tokens", json={"team": "T002"}, headers=own).status_code == 403
    assert client.post(f"/api/phases/{PHASE}/publish", headers=own).status_code == 403


def test_guessing_tokens_is_slowed_down_even_with_a_right_one(client: TestClient, tokens: Tokens) -> None:
    for number in range(5):
        assert client.get("/api/me", headers=bearer(f"guess-{number}")).status_code == 401
    answer = client.get("/api/me", headers=bearer(tokens.teams["T001"]))
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "60"


def test_who_asks_too_often_waits(board: Board, tokens: Tokens) -> None:
    client = TestClient(create_board_app(board, BoardOptions(requests_per_minute=3), hosts=None))
    assert [client.get("/api/phases").status_code for _ in range(4)] == [200, 200, 200, 429]


def test_another_teams_submission_and_upload_are_not_there(client: TestClient, tokens: Tokens) -> None:
    first, second = tokens.teams["T001"], bearer(tokens.teams["T002"])
    identity = uploaded(client, first, b"a secret system")
    begun = client.post("/api/uploads", json=announced(), headers=bearer(first)).json()["id"]
    for path in ("", "/verdict", "/scores.csv", "/scores.json"):
        assert client.get(f"/api/submissions/{identity}{path}", headers=second).status_code == 404
    assert client.post(f"/api/submissions/{identity}/withdraw", headers=second).status_code == 404
    assert client.get(f"/api/uploads/{begun}", headers=second).status_code == 404
    assert client.delete(f"/api/uploads/{begun}", headers=second).status_code == 404
    assert client.get("/api/submissions?team=T001", headers=second).status_code == 403
    assert client.get("/api/submissions", headers=second).json()["total"] == 0


@pytest.mark.parametrize(
    "identity", ["../../etc/passwd", "%2e%2e%2fform-key", "0" * 31, "G" * 32, "0" * 32 + "%00", "' OR 1=1 --"]
)
def test_forged_identifiers_lead_nowhere(client: TestClient, tokens: Tokens, identity: str) -> None:
    own = bearer(tokens.teams["T001"])
    for path in (f"/api/submissions/{identity}", f"/api/submissions/{identity}/verdict", f"/api/uploads/{identity}"):
        assert client.get(path, headers=own).status_code in (404, 405, 422)


@pytest.mark.parametrize(
    "changes",
    [
        {"file_name": "../submission_T001_noncausal.zip"},
        {"file_name": "submission_T001_noncausal.zip\r\nX-Evil: 1"},
        {"file_name": "submission_T002_noncausal.zip"},
        {"file_name": "submission_T001_noncausal.zip.001"},
        {"phase": "../dev"},
        {"sha256": "../" + "0" * 61},
        {"n_bytes": 0},
        {"n_bytes": 1_000_001},
        {"n_bytes": -1},
        {"team": "T002"},
    ],
)
def test_an_announcement_that_cannot_be_is_refused_in_one_line(client: TestClient, tokens: Tokens, changes) -> None:
    answer = client.post("/api/uploads", json=announced(**changes), headers=bearer(tokens.teams["T001"]))
    assert answer.status_code == 422
    assert set(answer.json()) == {"error"}
    assert "\n" not in answer.json()["error"]
    assert "x-evil" not in answer.headers


def test_a_chunk_or_message_that_is_too_large_is_refused(client: TestClient, board: Board, tokens: Tokens) -> None:
    own = bearer(tokens.teams["T001"])
    identity = client.post("/api/uploads", json=announced(n_bytes=900_000), headers=own).json()["id"]
    chunk = bytes(100_001)
    headers = {**own, "X-Chunk-SHA256": hashlib.sha256(chunk).hexdigest()}
    assert client.patch(f"/api/uploads/{identity}?offset=0", content=chunk, headers=headers).status_code == 413
    in_blocks = client.patch(f"/api/uploads/{identity}?offset=0", content=iter([chunk[:1000]] * 101), headers=headers)
    assert in_blocks.status_code == 413
    assert client.post("/api/uploads", content=b"{" * 70_000, headers=own).status_code == 413
    assert client.get(f"/api/uploads/{identity}", headers=own).json()["offset"] == 0
    past = bytes(11)
    small = client.post("/api/uploads", json=announced(), headers=own).json()["id"]
    headers = {**own, "X-Chunk-SHA256": hashlib.sha256(past).hexdigest()}
    assert client.patch(f"/api/uploads/{small}?offset=0", content=past, headers=headers).status_code == 422


def test_a_team_begins_only_a_few_uploads(client: TestClient, tokens: Tokens) -> None:
    own = bearer(tokens.teams["T001"])
    statuses = [
        client.post("/api/uploads", json=announced(sha256=f"{number}" * 64), headers=own).status_code
        for number in range(6)
    ]
    assert statuses == [201] * 5 + [403]


@pytest.fixture
def served(board: Board, tokens: Tokens) -> Iterator[int]:
    """The port of a real server."""
    port = free_port()
    config = uvicorn.Config(create_board_app(board, LIMITS), port=port, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_for_port(port)
    yield port
    server.should_exit = True
    thread.join()


def test_a_slow_upload_is_ended_and_others_go_on(served: int, tokens: Tokens) -> None:
    own = bearer(tokens.teams["T001"])
    connection = http.client.HTTPConnection("127.0.0.1", served, timeout=20)
    connection.request("GET", "/api/phases")
    assert connection.getresponse().read()
    message = f'{{"phase":"{PHASE}","file_name":"{NAME}","sha256":"{"0" * 64}","n_bytes":10}}'
    connection.request("POST", "/api/uploads", message, {**own, "Content-Type": "application/json"})
    identity = json.loads(connection.getresponse().read())["id"]
    with socket.create_connection(("127.0.0.1", served), timeout=20) as slow:
        slow.sendall(
            f"PATCH /api/uploads/{identity}?offset=0 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n"
            f"X-Chunk-SHA256: {'0' * 64}\r\nAuthorization: {own['Authorization']}\r\n\r\nab".encode()
        )
        connection.request("GET", "/api/phases")
        assert connection.getresponse().read()
        assert slow.recv(100).startswith(b"HTTP/1.1 408")
    connection.close()


def test_a_page_of_another_site_is_refused(served: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served, timeout=20)
    connection.request("GET", "/api/phases", headers={"Host": "evil.example"})
    assert connection.getresponse().status == 421
    connection.close()


def test_a_cookie_changes_nothing_without_the_hidden_field(client: TestClient, board: Board, tokens: Tokens) -> None:
    client.cookies.set(COOKIE, tokens.teams["T001"])
    assert client.get("/api/me").json()["team"] == "T001"
    assert client.post("/api/uploads", json=announced()).status_code == 403
    field = form_tokens(board.data).token_for(tokens.teams["T001"])
    other = form_tokens(board.data).token_for(tokens.teams["T002"])
    assert client.post("/api/uploads", json=announced(), headers={"X-Form-Token": other}).status_code == 403
    assert client.post("/api/uploads", json=announced(), headers={"X-Form-Token": field}).status_code == 201
    assert client.post("/api/uploads", json=announced(), headers={"Origin": "https://evil.example"}).status_code == 403


def test_every_answer_carries_the_strict_policy(client: TestClient) -> None:
    for path in ("/api/phases", "/api/me", "/nowhere", "/health"):
        policy = client.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


def test_hostile_archives_are_refused_with_a_verdict(
    client: TestClient, board: Board, tokens: Tokens, tmp_path: Path
) -> None:
    token = tokens.teams["T001"]
    path = tmp_path / "hostile.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../../../tmp/escaped.flac", b"x")
        archive.writestr("enhanced_signals/S50001_L0001_remix.flac", bytes(10_000_000))
    identity = uploaded(client, token, path.read_bytes())
    Worker(board=board).run(threading.Event(), until_idle=True)
    found = client.get(f"/api/submissions/{identity}", headers=bearer(token)).json()
    assert found["state"] == "refused"
    assert not Path("/tmp/escaped.flac").exists()


def test_no_answer_to_a_team_names_a_reference_or_a_folder_of_the_server(
    client: TestClient, board: Board, tokens: Tokens, archive: Path, tiny_task_root: Path
) -> None:
    token = tokens.teams["T001"]
    app, _ = board_api(board, LIMITS, BoardMetrics.of(board))
    identity = uploaded_in_chunks(board, archive)
    Worker(board=board).run(threading.Event(), until_idle=True)
    paths = [path for path, methods in app.openapi()["paths"].items() if "get" in methods]
    answers = [client.get(path.format(identity=identity, phase=PHASE), headers=bearer(token)).content for path in paths]
    assert len(answers) > 10
    flac = next((tiny_task_root / "audio").rglob("Viola.flac")).read_bytes()
    for content in answers:
        assert str(tiny_task_root).encode() not in content
        assert str(board.data).encode() not in content
        assert flac[:200] not in content
    for path in (
        "/audio",
        "/files",
        "/archives",
        "/board.sqlite",
        "/form-key",
        "/..%2fform-key",
        "/metadata/gains.json",
    ):
        assert client.get(path, headers=bearer(token)).status_code == 404


def uploaded_in_chunks(board: Board, archive: Path) -> str:
    import datetime as dt

    from rebalance.web.leaderboard._stored_files import describe_file

    submitting = Submitting(board=board, actor=Actor(role="team", team="T001"))
    now = dt.datetime.now(dt.UTC)
    started = submitting.start(phase=PHASE, file_name=archive.name, file=describe_file(archive), now=now)
    submitting.append(started, 0, [archive.read_bytes()])
    return submitting.finish(started.identity, now).identity


def test_a_fault_of_the_server_tells_nothing(board: Board, tokens: Tokens, caplog: pytest.LogCaptureFixture) -> None:
    client = TestClient(create_board_app(board, hosts=None), raise_server_exceptions=False)
    with board.engine.begin() as connection:
        connection.execute(text("DROP TABLE events"))
    answer = client.get("/api/events", headers=bearer(tokens.organiser))
    assert answer.status_code == 503
    assert answer.json() == {"error": "the board cannot answer at the moment; try again"}
    assert tokens.organiser not in caplog.text


def test_logs_hold_no_secrets(client, board: Board, tokens: Tokens, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client.get("/api/me", headers=bearer("a-wrong-token-of-somebody"))
    uploaded(client, tokens.teams["T001"], b"no archive")
    made = client.post("/api/tokens", json={"team": "T002"}, headers=bearer(tokens.organiser)).json()["token"]
    Worker(board=board).run(threading.Event(), until_idle=True)
    assert "a wrong token from" in caplog.text
    for secret in ("a-wrong-token-of-somebody", made, tokens.organiser, *tokens.teams.values()):
        assert secret not in caplog.text
        assert hashlib.sha256(secret.encode()).hexdigest() not in caplog.text


def test_tokens_are_nowhere_in_the_data_of_the_board(board: Board, tokens: Tokens) -> None:
    board.close()
    content = b"".join(path.read_bytes() for path in board.data.rglob("*") if path.is_file())
    assert hashlib.sha256(tokens.organiser.encode()).hexdigest().encode() in content
    for token in (tokens.organiser, *tokens.teams.values()):
        assert token.encode() not in content


def test_an_organiser_sends_no_submission(board: Board) -> None:
    with pytest.raises(NotAllowedError):
        Submitting(board=board, actor=Actor(role="organiser"))


def test_only_its_owner_reads_the_form_key(board: Board) -> None:
    form_tokens(board.data)
    assert (board.data / "form-key").stat().st_mode & 0o077 == 0


def test_the_answer_to_an_odd_method_is_counted_under_one_name(client: TestClient, tokens: Tokens) -> None:
    for method in ("BREW", "PROPFIND"):
        assert client.request(method, "/api/phases").status_code == 405
    numbers = client.get("/metrics", headers=bearer(tokens.organiser)).text
    assert 'rebalance_requests_total{method="other",status="405"} 2.0' in numbers
