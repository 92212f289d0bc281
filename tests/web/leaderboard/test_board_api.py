"""The API: a whole journey of a team and an organiser, and a fuzzer that finds no fault of the server."""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path

import pytest
from small_boards import PHASE, Tokens
from starlette.testclient import TestClient

from rebalance.web.leaderboard import Board, BoardOptions, create_board_app
from rebalance.web.leaderboard._board_worker import Worker
from rebalance.web.leaderboard_pages._phase_rankings import PhaseRankings

NAME = "submission_T001_noncausal.zip"


@pytest.fixture
def client(board: Board, tokens: Tokens) -> TestClient:
    return TestClient(create_board_app(board, BoardOptions(max_chunk_bytes=100_000), hosts=None))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def announced(content: bytes, name: str = NAME) -> dict[str, object]:
    digest = hashlib.sha256(content).hexdigest()
    return {"phase": PHASE, "file_name": name, "sha256": digest, "n_bytes": len(content)}


def append(client: TestClient, token: str, identity: str, offset: int, chunk: bytes, digest: str | None = None):
    headers = {**bearer(token), "X-Chunk-SHA256": digest or hashlib.sha256(chunk).hexdigest()}
    return client.patch(f"/api/uploads/{identity}?offset={offset}", content=chunk, headers=headers)


def sent(client: TestClient, token: str, content: bytes, name: str = NAME) -> str:
    """Send a file chunk by chunk and return the identity of the submission."""
    started = client.post("/api/uploads", json=announced(content, name), headers=bearer(token)).json()
    offset, size = started["offset"], started["max_chunk_bytes"]
    while offset < len(content):
        offset = append(client, token, started["id"], offset, content[offset : offset + size]).json()["offset"]
    answer = client.post(f"/api/uploads/{started['id']}/finish", headers=bearer(token))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def work(board: Board) -> None:
    Worker(board=board).run(threading.Event(), until_idle=True)


def test_a_submission_is_received_checked_scored_and_ranked(
    client: TestClient, board: Board, tokens: Tokens, archive: Path
) -> None:
    token = tokens.teams["T001"]
    identity = sent(client, token, archive.read_bytes())
    assert client.get(f"/api/submissions/{identity}", headers=bearer(token)).json()["state"] == "checking"
    work(board)
    found = client.get(f"/api/submissions/{identity}", headers=bearer(token)).json()
    assert (found["state"], found["rank"], found["n_pairs"]) == ("scored", 1, 6)
    assert [(job["kind"], job["n_done"], job["n_all"]) for job in found["jobs"]] == [("check", 0, 4), ("score", 4, 4)]
    verdict = client.get(f"/api/submissions/{identity}/verdict", headers=bearer(token)).json()
    assert (verdict["verdict"], verdict["submission"], verdict["found"]) == ("accepted", NAME, 6)
    table = client.get(f"/api/submissions/{identity}/scores.csv", headers=bearer(token)).text.splitlines()
    assert table[0].startswith("scene,song,listener,left_haaqi,right_haaqi,avg_haaqi")
    assert len(table) == 7
    (entry,) = client.get(f"/api/phases/{PHASE}/board").json()
    assert (entry["team"], entry["mean_haaqi"]) == ("T001", found["mean_haaqi"])
    assert not list(board.work.iterdir())


def test_the_worker_that_scored_leaves_the_summary_that_the_board_shows(
    client: TestClient, board: Board, tokens: Tokens, archive: Path
) -> None:
    sent(client, tokens.teams["T001"], archive.read_bytes())
    work(board)
    made_ns = {path.name: path.stat().st_mtime_ns for path in board.summaries.iterdir()}
    rankings = PhaseRankings(board)
    standing = rankings.standing(PHASE)
    (system,) = rankings.view(standing).systems
    assert len(rankings.listener_scores(standing.submissions[0], standing.task, "L0001"))
    assert set(made_ns) == {f"{system.summary.digest}.json", f"{system.summary.digest}.npz"}
    assert {path.name: path.stat().st_mtime_ns for path in board.summaries.iterdir()} == made_ns


def test_a_file_that_is_no_archive_is_refused_with_a_verdict(client: TestClient, board: Board, tokens: Tokens) -> None:
    token = tokens.teams["T001"]
    identity = sent(client, token, b"PK\x03\x04 no archive")
    work(board)
    assert client.get(f"/api/submissions/{identity}", headers=bearer(token)).json()["state"] == "refused"
    verdict = client.get(f"/api/submissions/{identity}/verdict", headers=bearer(token)).json()
    assert (verdict["verdict"], verdict["problems"][0]["kind"]) == ("refused", "archive")
    assert str(board.data) not in json.dumps(verdict)


def test_an_upload_goes_on_where_it_broke_off(client: TestClient, tokens: Tokens) -> None:
    token = tokens.teams["T001"]
    content = bytes(range(256)) * 10
    first = client.post("/api/uploads", json=announced(content), headers=bearer(token)).json()
    append(client, token, first["id"], 0, content[:1000])
    again = client.post("/api/uploads", json=announced(content), headers=bearer(token)).json()
    assert (again["id"], again["offset"]) == (first["id"], 1000)
    assert append(client, token, first["id"], 0, content[:1000]).status_code == 422
    damaged = append(client, token, first["id"], 1000, content[1000:], digest="0" * 64)
    assert damaged.status_code == 422
    assert append(client, token, first["id"], 1000, content[1000:]).json()["offset"] == len(content)


def test_an_organiser_keeps_the_board_over_the_api(
    client: TestClient, board: Board, tokens: Tokens, archive: Path
) -> None:
    organiser = bearer(tokens.organiser)
    (board.data / "tasks").mkdir()
    with board.reading() as session:
        from rebalance.web.leaderboard import BoardQueries

        folder = BoardQueries(session=session).task("tiny").folder
    (board.data / "tasks" / "second").symlink_to(folder)
    task = {"name": "second", "folder": "second", "split": "valid"}
    assert client.post("/api/tasks", json=task, headers=organiser).status_code == 201
    phase = {"name": "final", "task": "second", "max_per_day": 1, "closes_at": "2099-01-01T00:00:00Z"}
    assert client.post("/api/phases", json=phase, headers=organiser).json()["max_per_day"] == 1
    changed = client.put("/api/phases/final", json={"title": "Final", "is_live": True}, headers=organiser).json()
    assert (changed["title"], changed["max_per_day"]) == ("Final", None)
    assert client.post("/api/teams", json={"name": "T003"}, headers=organiser).status_code == 201
    made = client.post("/api/tokens", json={"team": "T003"}, headers=organiser).json()
    assert client.get("/api/me", headers=bearer(made["token"])).json() == {"role": "team", "team": "T003"}
    assert client.delete(f"/api/tokens/{made['id']}", headers=organiser).status_code == 204
    assert client.get("/api/me", headers=bearer(made["token"])).status_code == 401
    assert client.post("/api/phases/final/freeze", headers=organiser).json()["frozen_at"]
    assert client.post("/api/phases/final/unfreeze", headers=organiser).json()["frozen_at"] is None
    assert client.post("/api/phases/final/publish", headers=organiser).status_code == 201
    identity = sent(client, tokens.teams["T001"], archive.read_bytes())
    assert client.get("/api/jobs", headers=organiser).json()[0]["submission"] == identity
    assert client.post(f"/api/submissions/{identity}/withdraw", headers=organiser).json()["state"] == "withdrawn"
    for path in ("tasks", "teams", "tokens", "events"):
        assert client.get(f"/api/{path}", headers=organiser).json()
    shown = client.get("/api/tokens", headers=organiser).text + client.get("/api/tasks", headers=organiser).text
    assert made["token"] not in shown
    assert folder not in shown


def test_health_and_numbers_are_told(client: TestClient, tokens: Tokens) -> None:
    assert client.get("/health").json()["status"] == "well"
    assert client.get("/metrics").status_code == 401
    numbers = client.get("/metrics", headers=bearer(tokens.organiser)).text
    assert 'rebalance_requests_total{method="GET",status="200"}' in numbers
    assert "rebalance_free_bytes" in numbers


def test_a_fuzzer_finds_no_fault_of_the_server(board: Board, tokens: Tokens) -> None:
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
    from hypothesis import HealthCheck, Phase, given, settings

    app = create_board_app(board, BoardOptions(requests_per_minute=1e9, guesses_per_minute=1e9), hosts=None)
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", app)
    operations = [operation.ok() for operation in schema.get_all_operations()]
    assert len(operations) > 25
    for operation in operations:

        @given(case=operation.as_strategy())
        @settings(
            max_examples=8, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        def ask(case: object) -> None:
            answer = case.call(headers=bearer(tokens.organiser))  # type: ignore[attr-defined]
            assert answer.status_code < 500, answer.text
            assert "Traceback" not in answer.text

        ask()
