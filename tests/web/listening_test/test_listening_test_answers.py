"""What the server of a listening test takes, refuses and gives away."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from listening_tests import ratings
from starlette.testclient import TestClient

from rebalance.web.listening_test import AnswerStore, create_test_app, make_stimuli, read_plan, settle_test

RATINGS = (100.0, 20.0, 70.0, 40.0)


@dataclass(frozen=True)
class Opened:
    client: TestClient
    store: AnswerStore


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sounds")


@pytest.fixture
def opened(plan_file: Callable[..., Path], sounds: Path, tmp_path: Path) -> Iterator[Opened]:
    test = settle_test(read_plan(plan_file()))
    stimuli = make_stimuli(test, sounds)
    with AnswerStore(f"sqlite:///{tmp_path / 'answers.sqlite'}", test) as store:
        app = create_test_app(test, stimuli, store)
        yield Opened(client=TestClient(app, base_url="http://127.0.0.1", follow_redirects=False), store=store)


def entered(opened: Opened) -> str:
    answer = opened.client.post("/participants", json={"agrees": True})
    assert answer.status_code == 200
    return str(answer.json()["next"]).removeprefix("/t/")


def message(blind_ids: tuple[str, ...], **changes: object) -> dict[str, object]:
    answers = {blind_id: {"rating": 50, "plays": 1, "seconds": 3.0} | changes for blind_id in blind_ids}
    return {"answers": answers}


def test_a_participant_takes_the_whole_test(opened: Opened) -> None:
    token = entered(opened)
    participant = opened.store.participant(token)
    assert participant is not None
    assert len(participant.trials) == 4
    for number, trial in enumerate(participant.trials, 1):
        page = opened.client.get(f"/t/{token}/{number}").text
        assert f"Trial {number} of 4" in page
        answer = opened.client.post(f"/t/{token}/{number}", json=message(trial.blind_ids))
        assert answer.status_code == 200, answer.text
    assert answer.json() == {"next": f"/t/{token}/finish"}
    assert "Thank you" in opened.client.get(f"/t/{token}/finish").text
    table = opened.store.table()
    assert len(table) == 16
    assert set(table["rating"]) == {50.0}


def test_no_page_names_a_system(opened: Opened) -> None:
    token = entered(opened)
    pages = [opened.client.get(path) for path in ("/", f"/t/{token}", *(f"/t/{token}/{n}" for n in (1, 2, 3, 4)))]
    names = (
        "louder",
        "violins",
        "plain",
        "mixture",
        "anchor",
        " kHz",
        "S5000",
        "L0001",
        "L0002",
        "hidden reference",
        "oracle",
    )
    for page in pages:
        assert page.status_code == 200
        told = page.text + json.dumps(dict(page.headers))
        assert not [name for name in names if name in told]
        assert not re.search(r"<script(?! src)|<style|\sstyle=|\son\w+=", page.text)


def test_sounds_of_a_page_cannot_be_told_apart_by_size_or_age(opened: Opened) -> None:
    token = entered(opened)
    participant = opened.store.participant(token)
    assert participant is not None
    blind = participant.trials[0]
    answers = [opened.client.get(f"/t/{token}/sounds/{name}") for name in (*blind.blind_ids, blind.reference_id)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({len(answer.content) for answer in answers}) == 1
    assert len({answer.content for answer in answers}) == len(answers) - 1  # the reference is there twice
    for answer in answers:
        assert answer.content[:4] == b"RIFF"
        assert not {"etag", "last-modified", "content-disposition"} & set(answer.headers)


def test_every_style_sheet_of_a_page_is_handed_out(opened: Opened) -> None:
    sheets = re.findall(r'rel="stylesheet" href="([^"]+)"', opened.client.get("/").text)
    assert sheets == ["/shared/base.css", "/assets/listening-test.css"]
    assert all(opened.client.get(sheet).headers["content-type"].startswith("text/css") for sheet in sheets)


@pytest.mark.parametrize("path", ["..%2fanswers.sqlite", "%2e%2e/answers.sqlite", "", "x", "../../../etc/passwd"])
def test_a_path_leads_to_no_other_file(opened: Opened, path: str) -> None:
    token = entered(opened)
    for address in (f"/t/{token}/sounds/{path}", f"/assets/{path}", f"/shared/{path}"):
        answer = opened.client.get(address)
        assert answer.status_code in (404, 405)
        assert b"SQLite" not in answer.content
        assert b"root:" not in answer.content


def test_a_sound_of_somebody_else_is_not_given(opened: Opened) -> None:
    first, second = entered(opened), entered(opened)
    participant = opened.store.participant(first)
    assert participant is not None
    blind_id = participant.trials[0].blind_ids[0]
    assert opened.client.get(f"/t/{first}/sounds/{blind_id}").status_code == 200
    assert opened.client.get(f"/t/{second}/sounds/{blind_id}").json() == {"error": "there is no such sound"}


def test_nobody_answers_for_somebody_else(opened: Opened) -> None:
    first, second = entered(opened), entered(opened)
    participant = opened.store.participant(first)
    assert participant is not None
    answer = opened.client.post(f"/t/{second}/1", json=message(participant.trials[0].blind_ids))
    assert answer.status_code == 422
    assert answer.json() == {"error": "trial 1: expected an answer for each of its sounds, and no other"}
    assert opened.store.table().empty


@pytest.mark.parametrize("token", ["unknown", "a" * 5000, "%00", "é"])
def test_a_code_of_nobody_is_refused(opened: Opened, token: str) -> None:
    for answer in (
        opened.client.get(f"/t/{token}"),
        opened.client.get(f"/t/{token}/1"),
        opened.client.get(f"/t/{token}/finish"),
        opened.client.get(f"/t/{token}/sounds/x"),
        opened.client.get("/resume", params={"code": token}),
        opened.client.post(f"/t/{token}/1", json=message(("x",))),
    ):
        assert answer.status_code == 404
        assert "this code belongs to nobody in this test" in answer.text


def test_a_participant_goes_on_in_the_middle(opened: Opened) -> None:
    token = entered(opened)
    participant = opened.store.participant(token)
    assert participant is not None
    opened.store.keep(participant, 0, ratings(participant.trials[0].blind_ids, *RATINGS))
    led = opened.client.get("/resume", params={"code": f" {token} "})
    assert (led.status_code, led.headers["location"]) == (303, f"/t/{token}")
    page = opened.client.get(led.headers["location"]).text
    assert "1 of 4 done" in page
    assert f'href="/t/{token}/2"' in page
    assert opened.client.get(f"/t/{token}/finish").headers["location"] == f"/t/{token}/2"
    again = opened.client.get(f"/t/{token}/1").text
    assert [float(value) for value in re.findall(r'value="(\d+)" data-rated="yes"', again)] == list(RATINGS)


@pytest.mark.parametrize(
    ("change", "message_part"),
    [
        ({"rating": 101}, "rating: expected a number from 0 to 100, got 101"),
        ({"rating": -0.5}, "rating: expected a number from 0 to 100, got -0.5"),
        ({"rating": None}, "answer: expected a rating or a choice"),
        ({"rating": None, "chosen": True}, "trial 1: expected ratings"),
        ({"rating": "loud"}, "rating"),
        ({"plays": 0}, "plays: expected every sound heard at least once, got 0"),
        ({"seconds": -1}, "seconds: expected 0 or more, got -1"),
        ({"plays": 10**12}, "plays"),
        ({"system": "oracle"}, "Extra inputs"),
    ],
)
def test_an_answer_nobody_can_give_is_refused(opened: Opened, change: dict[str, object], message_part: str) -> None:
    token = entered(opened)
    participant = opened.store.participant(token)
    assert participant is not None
    answer = opened.client.post(f"/t/{token}/1", json=message(participant.trials[0].blind_ids, **change))
    assert answer.status_code == 422
    assert message_part in answer.json()["error"]
    assert "\n" not in answer.json()["error"]
    assert opened.store.table().empty


def test_a_number_that_is_none_is_refused(opened: Opened) -> None:
    token = entered(opened)
    participant = opened.store.participant(token)
    assert participant is not None
    text = json.dumps(message(participant.trials[0].blind_ids, rating=float("nan")))
    answer = opened.client.post(f"/t/{token}/1", content=text, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert opened.store.table().empty


def test_who_does_not_agree_does_not_enter(opened: Opened) -> None:
    for said in ({"agrees": False}, {"agrees": "yes"}, {}, None):
        assert opened.client.post("/participants", json=said).status_code == 422
    assert opened.client.post("/participants", json={"agrees": False}).json() == {
        "error": "please agree to take part first"
    }


def test_pages_of_strangers_and_other_names_are_refused(opened: Opened) -> None:
    assert opened.client.get("/", headers={"host": "evil.example"}).status_code == 421
    assert opened.client.post("/participants", headers={"origin": "http://evil.example"}).status_code == 403
    policy = opened.client.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_beyond_this_machine_a_token_is_asked_for(plan_file: Callable[..., Path], sounds: Path, tmp_path: Path) -> None:
    test = settle_test(read_plan(plan_file()))
    with AnswerStore(f"sqlite:///{tmp_path / 'answers.sqlite'}", test) as store:
        app = create_test_app(test, make_stimuli(test, sounds), store, token="secret-token")
        client = TestClient(app, base_url="http://192.0.2.1", follow_redirects=False)
        assert client.post("/participants", json={"agrees": True}).status_code == 401
        assert client.get("/", params={"token": "secret-token"}).status_code == 303
        assert client.post("/participants", json={"agrees": True}).status_code == 200


@pytest.mark.parametrize(("kind", "question"), [("ab", "Closer to the reference"), ("preference", "Preferred")])
def test_two_sounds_are_compared(
    plan_file: Callable[..., Path], sounds: Path, tmp_path: Path, kind: str, question: str
) -> None:
    test = settle_test(read_plan(plan_file(kind=kind)))
    with AnswerStore(f"sqlite:///{tmp_path / 'answers.sqlite'}", test) as store:
        client = TestClient(create_test_app(test, make_stimuli(test, sounds), store), base_url="http://127.0.0.1")
        token = store.enrol()
        participant = store.participant(token)
        assert participant is not None
        page = client.get(f"/t/{token}/1").text
        assert question in page
        assert (">Reference<" in page) == (kind == "ab")
        first, second = participant.trials[0].blind_ids
        said = {first: {"chosen": True, "plays": 1, "seconds": 2}, second: {"chosen": False, "plays": 1, "seconds": 2}}
        assert client.post(f"/t/{token}/1", json={"answers": said}).status_code == 200
        assert f'value="{first}" checked' in client.get(f"/t/{token}/1").text
        both = {name: {**one, "chosen": True} for name, one in said.items()}
        assert client.post(f"/t/{token}/1", json={"answers": both}).json() == {
            "error": "trial 1: expected one choice at most"
        }
        rated = client.post(f"/t/{token}/1", json=message((first, second)))
        assert rated.json() == {"error": "trial 1: expected a choice"}
