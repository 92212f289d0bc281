"""Errors of pages are pages, those of the API are JSON, and HEAD is GET without a body: for every route there is."""

from __future__ import annotations

import http.client
from collections.abc import Iterator

import pytest
from scored_boards import served
from starlette.testclient import TestClient

from rebalance.web.leaderboard import BoardOptions, create_board_app
from rebalance.web.leaderboard_pages import _page_routes, add_pages

IDENTITY = "0" * 32
BAD_PAGES = (
    "/team?page=two",
    "/team?page=1.5",
    "/organise/submissions?page=x",
    "/organise/submissions?page=9999999999999999999999",
    "/organise/submissions?team=nobody",
    "/organise/submissions?phase=none",
    "/organise/tokens/x/revoke",
    "/board/none",
    "/board/validation/listeners/none",
    f"/board/validation/systems/{IDENTITY}/sounds/0/mixture.ogg",
    "/board/validation/systems/x/sounds/y/mixture.ogg",
    f"/submissions/{IDENTITY}",
    "/no/such/page",
    "/assets/none.css",
    "/leave",
)


def client_of(board, token: str = "") -> TestClient:
    app = create_board_app(board, BoardOptions(requests_per_minute=100_000), add_pages=add_pages)
    client = TestClient(app, base_url="http://localhost", follow_redirects=False, raise_server_exceptions=False)
    if token:
        assert client.post("/enter", data={"token": token}).status_code == 303
    return client


def is_page(answer) -> bool:
    return answer.headers["content-type"].startswith("text/html") and "<h1>" in answer.text


@pytest.fixture(params=["T002", ""], ids=["team", "organiser"])
def client(request: pytest.FixtureRequest, shown_board) -> TestClient:
    return client_of(shown_board.board, shown_board.tokens[request.param])


@pytest.mark.parametrize("address", BAD_PAGES)
def test_a_wrong_question_is_answered_by_a_page(client: TestClient, address: str) -> None:
    answer = client.get(address)
    if answer.status_code == 200:  # a number that is too large shows the last page
        assert "9999" in address
        return
    assert answer.status_code in (403, 404, 405, 422)
    assert is_page(answer)
    assert answer.headers["cache-control"] == "no-store"
    assert 'role="alert"' in answer.text


def test_what_is_wrong_with_a_page_number_is_said(shown_board) -> None:
    answer = client_of(shown_board.board, shown_board.tokens["T002"]).get("/team?page=two")
    assert answer.status_code == 422
    assert "page: Input should be a valid integer" in answer.text


@pytest.mark.parametrize(
    ("address", "status"), [("/api/none", 404), ("/api/submissions?page=x", 401), ("/api/phases/none/board", 404)]
)
def test_errors_of_the_api_stay_json(shown_board, address: str, status: int) -> None:
    answer = client_of(shown_board.board).get(address)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]


def test_a_page_that_allows_no_other_method_says_which_it_allows(shown_board) -> None:
    answer = client_of(shown_board.board).put("/board/validation")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert is_page(answer)


def test_a_fault_of_the_server_is_a_page_that_tells_nothing_of_it(shown_board, monkeypatch) -> None:
    def broken(board, askers, now):
        routes = _page_routes.APIRouter()

        @routes.get("/broken")
        def fail() -> None:
            raise ZeroDivisionError("a secret")

        return routes

    monkeypatch.setattr(_page_routes, "page_routes", broken)
    answer = client_of(shown_board.board).get("/broken")
    assert answer.status_code == 500
    assert is_page(answer)
    assert "secret" not in answer.text


def routes_of(router) -> Iterator[object]:
    """Return all routes, those of routers within included."""
    for route in router.routes:
        if (within := getattr(route, "original_router", None)) is not None:
            yield from routes_of(within)
        else:
            yield route


def page_addresses(board) -> list[str]:
    """Return an address for every route that answers GET."""
    app = create_board_app(board, add_pages=add_pages)
    while not hasattr(app, "routes"):
        app = getattr(app, "_app", None) or app.app
    known = {"phase": "validation", "name": "L0002", "causality": "causal", "identity": IDENTITY}
    found = []
    for route in routes_of(app):
        if "GET" in (getattr(route, "methods", None) or ()):
            path = route.path
            for name in route.param_convertors:
                path = path.replace(f"{{{name}}}", known.get(name, "mixture")).replace(f"{{{name}:int}}", "0")
            found.append(path)
    return found


def test_head_is_get_without_a_body_for_every_route(shown_board) -> None:
    client = client_of(shown_board.board, shown_board.tokens[""])
    addresses = page_addresses(shown_board.board)
    assert {"/board/validation", "/health", "/board/validation/causal.csv", "/organise/queue"} <= set(addresses)
    for address in [*addresses, "/assets/leaderboard.css", "/no/such/page"]:
        got, head = client.get(address), client.head(address)
        assert head.status_code == got.status_code, address
        assert head.status_code != 405, address
        assert head.content == b"", address
        if address != "/metrics":  # it counts the requests
            assert head.headers.get("content-length") == got.headers.get("content-length"), address


def test_a_real_server_answers_head_and_goes_on_with_the_connection(shown_board) -> None:
    with served(shown_board.board) as address:
        connection = http.client.HTTPConnection(address.removeprefix("http://"))
        for _ in range(2):
            connection.request("HEAD", "/board/validation")
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, b"")
            assert int(answer.headers["content-length"]) > 1000
        connection.request("GET", "/health")
        assert connection.getresponse().read()
        connection.close()
