"""What the pages of a leaderboard answer: to everybody, to teams, to organisers, and to who is none of them."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from scored_boards import START, add_scored
from starlette.testclient import TestClient

from rebalance.task import load_task
from rebalance.web.leaderboard import BoardQueries, Organising, Phase, create_board_app
from rebalance.web.leaderboard_pages import add_pages
from rebalance.web.leaderboard_pages._cached_answers import CachedAnswers
from rebalance.web.leaderboard_pages._phase_rankings import declared_number

PUBLIC = (
    "/",
    "/how-it-works",
    "/board/validation",
    "/board/validation?by=instrument",
    "/board/validation/listeners",
    "/board/validation/listeners/L0002",
    "/enter",
)
FIELD = re.compile(r'name="form_token" value="([0-9a-f]{64})"')


def client_of(board, token: str | None = None) -> TestClient:
    client = TestClient(
        create_board_app(board, add_pages=add_pages), base_url="http://localhost", follow_redirects=False
    )
    if token is not None:
        assert client.post("/enter", data={"token": token}).status_code == 303
    return client


def post(client: TestClient, address: str, *, page: str = "", **fields: str):
    """Send a form with the hidden field that a page shows."""
    found = FIELD.search(client.get(page or address).text)
    assert found is not None
    return client.post(address, data={"form_token": found[1], **fields})


@pytest.fixture
def client(shown_board) -> TestClient:
    return client_of(shown_board.board)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the board anew for every request."""
    monkeypatch.setattr(CachedAnswers.__init__, "__kwdefaults__", {"max_age_s": -1.0, "max_stale_s": -1.0})


def test_the_board_shows_ranks_ties_intervals_and_flags(client) -> None:
    page = client.get("/board/validation").text
    rows = re.findall(r'<td class="rank">([^<]+)</td><th scope="row"><a [^>]*>([^<]+)</a>', page)
    assert [name for _, name in rows[:2]] == ["Team T002", "Team E01"]
    assert rows[0][0] == "1="
    assert {name for _, name in rows} == {f"Team {name}" for name in ("T002", "T040", "T019", "T013", "E01")}
    assert page.count(">supplementary<") == 1
    assert "tie, p" in page
    assert "60 pairs of scene and listener from 10 pieces" in page


def test_every_public_page_is_strict_html_without_a_style_or_a_script_within(client, shown_board) -> None:
    system = re.search(r"/board/validation/systems/[0-9a-f]{32}", client.get("/board/validation").text)[0]
    for address in (*PUBLIC, system):
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer.text.startswith("<!doctype html>")
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?! type=\"module\" src)", answer.text)
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert str(shown_board.board.data) not in answer.text
        assert str(shown_board.task) not in answer.text


def test_an_answer_is_not_sent_twice_until_the_board_changes(own_board) -> None:
    client = client_of(own_board.board)
    first = client.get("/board/validation")
    again = client.get("/board/validation", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    task = load_task(own_board.task, "valid")
    add_scored(own_board.board, task, "E01", level=0.6, seed=7)
    changed = client.get("/board/validation", headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert "Team E01</a> " in changed.text.split('<td class="rank">')[1]


def test_plots_and_tables_can_be_taken_away(client) -> None:
    for name in ("causal-intervals", "noncausal-groups"):
        plot = client.get(f"/board/validation/{name}.svg")
        assert plot.headers["content-type"].startswith("image/svg+xml")
        assert plot.text.startswith("<svg")
        assert "<title>" in plot.text
    table = client.get("/board/validation/causal.csv")
    assert table.headers["content-disposition"] == 'attachment; filename="validation-causal.csv"'
    assert table.text.splitlines()[1].startswith("all,,1,T002")
    site = client.get("/board/validation/results.json").json()
    assert site["data"][0]["team"] == "T002"
    assert site["data"][0]["causality"] == "noncausal"
    assert {row["id"] for row in site["data"]} == {"T002", "T040", "T019", "T013_sup", "E01"}


@pytest.mark.parametrize(
    "address",
    [
        "/board/nothing",
        "/board/validation/listeners/L9999",
        f"/board/validation/systems/{'0' * 32}",
        "/board/validation/sideways.csv",
        "/board/validation/sideways-intervals.svg",
        "/board/..%2F..%2Fetc",
        "/board/validation/listeners/%3Cscript%3E",
    ],
)
def test_what_is_not_there_is_a_page_that_says_so(client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    assert "<script>" not in answer.text
    assert "Traceback" not in answer.text


def test_the_public_sees_no_more_than_was_published(own_board) -> None:
    board = own_board.board
    now = START + dt.timedelta(days=30)
    task = load_task(own_board.task, "valid")
    with board.transaction() as session:
        phase = BoardQueries(session=session).phase("validation")
        acts = Organising(session=session, now=now)
        acts.publish("validation", board.files)
        acts.change_phase(Phase(name=phase.name, title=phase.title, task=phase.task, task_title="", is_live=False))
    later = add_scored(board, task, "E01", level=0.9, seed=9)
    client = client_of(board)
    page = client.get("/board/validation").text
    assert "As published on" in page
    assert later not in page
    assert client.get(f"/board/validation/systems/{later}").status_code == 404
    assert later in client_of(board, own_board.tokens["E01"]).get("/team").text


def test_the_history_of_a_team_is_public_only_where_the_board_is_live(own_board) -> None:
    client = client_of(own_board.board)
    add_scored(own_board.board, load_task(own_board.task, "valid"), "E01", level=0.1, seed=7)
    system = re.search(r"/board/validation/systems/[0-9a-f]{32}\">Team E01", client.get("/board/validation").text)[0]
    address = system.partition('"')[0]
    assert client.get(address).text.count("<tr><td><time") == 2
    with own_board.board.transaction() as session:
        phase = BoardQueries(session=session).phase("validation")
        acts = Organising(session=session, now=START + dt.timedelta(days=30))
        acts.publish("validation", own_board.board.files)
        acts.change_phase(Phase(name=phase.name, title=phase.title, task=phase.task, task_title="", is_live=False))
    assert client.get(address).text.count("<tr><td><time") == 1


@pytest.mark.parametrize(("declared", "shown"), [(0.25, 0.25), (3, 3.0), (-1, None), ("fast", None), (True, None)])
def test_a_speed_that_a_team_declares_is_a_number_or_unknown(declared: object, shown: float | None) -> None:
    assert declared_number(declared) == shown


def test_nobody_sees_the_submission_of_another_team(own_board) -> None:
    identity = add_scored(own_board.board, load_task(own_board.task, "valid"), "T002", level=0.5, seed=8)
    assert client_of(own_board.board, own_board.tokens["E01"]).get(f"/submissions/{identity}").status_code == 404
    assert client_of(own_board.board, own_board.tokens["T002"]).get(f"/submissions/{identity}").status_code == 200
    assert client_of(own_board.board, own_board.tokens[""]).get(f"/submissions/{identity}").status_code == 200
    assert client_of(own_board.board).get(f"/submissions/{identity}").headers["location"] == "/enter"


def test_pages_of_organisers_are_closed_to_teams_and_to_clients_without_a_token(own_board) -> None:
    team = client_of(own_board.board, own_board.tokens["T002"])
    for address in ("/organise", "/organise/teams", "/organise/submissions", "/organise/queue"):
        assert team.get(address).status_code == 403
        assert client_of(own_board.board).get(address).headers["location"] == "/enter"
    own = FIELD.search(team.get("/team").text)[1]
    assert team.post("/organise/teams", data={"form_token": own, "name": "X1"}).status_code == 403
    with own_board.board.reading() as session:
        assert "X1" not in {one.name for one in BoardQueries(session=session).teams()}


@pytest.mark.parametrize("field", [{}, {"form_token": "0" * 64}, {"form_token": "é"}])
def test_a_form_that_no_page_of_ours_showed_does_nothing(own_board, field: dict[str, str]) -> None:
    organiser = client_of(own_board.board, own_board.tokens[""])
    for address in ("/organise/phases/validation/freeze", "/organise/teams", "/organise/tokens", "/leave"):
        assert organiser.post(address, data={**field, "name": "X1"}).status_code in (400, 403)
    with own_board.board.reading() as session:
        queries = BoardQueries(session=session)
        assert queries.phase("validation").frozen_at is None
        assert len(queries.tokens()) == 3
    foreign = organiser.post("/organise/teams", headers={"Origin": "https://elsewhere.example"}, data=field)
    assert foreign.status_code == 403


def test_a_wrong_token_is_refused_and_guessing_is_slowed_down(own_board) -> None:
    client = client_of(own_board.board)
    first = client.post("/enter", data={"token": "guess"})
    assert first.status_code == 401
    assert "this token is not valid" in first.text
    assert "set-cookie" not in first.headers
    assert {client.post("/enter", data={"token": f"guess{n}"}).status_code for n in range(12)} == {401, 429}
    assert client.post("/enter", content=b"x" * 70_000).status_code == 413


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(own_board) -> None:
    answer = client_of(own_board.board).post("/enter", data={"token": own_board.tokens["T002"]})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


def test_a_team_withdraws_a_submission_and_it_leaves_the_board(own_board) -> None:
    client = client_of(own_board.board, own_board.tokens["E01"])
    identity = re.search(r"/submissions/([0-9a-f]{32})", client.get("/team").text)[1]
    page = f"/submissions/{identity}"
    assert identity in client.get("/board/validation").text
    assert post(client, f"{page}/withdraw", page=page).headers["location"] == page
    assert "Withdrawn on" in client.get(page).text
    assert identity not in client.get("/board/validation").text


def test_a_submission_shows_its_whole_verdict_scores_and_rank(shown_board) -> None:
    client = client_of(shown_board.board, shown_board.tokens["T002"])
    addresses = re.findall(r"/submissions/[0-9a-f]{32}", client.get("/team").text)
    page = client.get(addresses[-1]).text
    assert "rank 1=" in page
    assert "60 of 60 files found" in page
    assert "Severity of hearing loss (site)" in page
    whole = re.search(r"/api/submissions/[0-9a-f]{32}/verdict", page)[0]
    assert client.get(whole).json()["verdict"] == "accepted"


def test_a_long_history_comes_in_stretches(own_board) -> None:
    task = load_task(own_board.task, "valid")
    for seed in range(1, 28):
        add_scored(own_board.board, task, "T002", level=0.3, seed=seed)
    client = client_of(own_board.board, own_board.tokens["T002"])
    first, second = client.get("/team").text, client.get("/team?page=2").text
    assert (first.count("/submissions/"), second.count("/submissions/")) == (25, 4)
    assert "Page 2 of 2" in second
    assert client.get("/team?page=99").text == second
    assert client.get("/team?page=-1").text == first


def test_an_organiser_runs_a_board_from_the_pages(own_board) -> None:
    organiser = client_of(own_board.board, own_board.tokens[""])
    added = {"name": "final", "task": "cad2", "title": "Final", "opens_at": "2026-12-01T09:00", "max_per_day": "3"}
    assert post(organiser, "/organise/phases", page="/organise", **added).status_code == 303
    assert (
        post(organiser, "/organise/phases/final", page="/organise", title="The end", max_total="9").status_code == 303
    )
    for act in ("freeze", "unfreeze", "publish"):
        assert post(organiser, f"/organise/phases/final/{act}", page="/organise").status_code == 303
    assert (
        post(organiser, "/organise/teams", page="/organise/teams", name="E77", title="<b>Loud</b>").status_code == 303
    )
    made = post(organiser, "/organise/tokens", page="/organise/teams", team="E77")
    token = re.search(r'class="token">([^<]{43})<', made.text)[1]
    teams = organiser.get("/organise/teams").text
    assert token not in teams
    assert "&lt;b&gt;Loud&lt;/b&gt;" in teams
    assert client_of(own_board.board, token).get("/team").status_code == 200
    newest = re.search(r"/organise/tokens/(\d+)/revoke", teams)[0]
    assert post(organiser, newest, page="/organise/teams").status_code == 303
    assert client_of(own_board.board).post("/enter", data={"token": token}).status_code == 401
    with own_board.board.reading() as session:
        queries = BoardQueries(session=session)
        phase = queries.phase("final")
        events = {(event.action, event.subject) for event in queries.events()}
    assert (phase.title, phase.max_total, phase.max_per_day, phase.opens_at) == ("The end", 9, None, None)
    assert {("freeze", "final"), ("publish", "final"), ("add team", "E77")} <= events
    assert "publish" in organiser.get("/organise/queue").text
    assert "Page 1" not in organiser.get("/organise/submissions?phase=validation&team=T002").text


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "../x", "small letters"),
        ("opens_at", "soon", "a day and a time"),
        ("max_total", "many", "a whole number"),
        ("max_per_day", "0", "1 or more"),
    ],
)
def test_what_an_organiser_mistypes_is_said_in_one_line(own_board, field: str, value: str, said: str) -> None:
    organiser = client_of(own_board.board, own_board.tokens[""])
    fields = {"name": "final", "task": "cad2", field: value}
    answer = post(organiser, "/organise/phases", page="/organise", **fields)
    assert answer.status_code == 422
    assert said in answer.text


@pytest.fixture
def hidden_examples(own_board) -> Iterator[Path]:
    path = own_board.task / "metadata" / "public_examples.valid.json"
    yield path
    path.unlink(missing_ok=True)


def test_no_sound_is_public_unless_the_organisers_name_it(own_board, hidden_examples) -> None:
    client = client_of(own_board.board)
    system = re.search(r"/board/validation/systems/[0-9a-f]{32}", client.get("/board/validation").text)[0]
    assert client.get(f"{system}/sounds/0/system.ogg").status_code == 404
    assert "<audio" not in client.get(system).text
    hidden_examples.write_text(json.dumps(["S50000_L0000"]), encoding="utf-8")
    assert client.get(f"{system}/sounds/0/reference.ogg").status_code == 422
    assert client.get(f"{system}/sounds/1/system.ogg").status_code == 404
    hidden_examples.write_text(json.dumps(["../../secret"]), encoding="utf-8")
    refused = client_of(own_board.board).get(system)
    assert refused.status_code == 422
    assert "secret" not in refused.text
