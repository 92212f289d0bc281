"""What is kept of participants and answers, in SQLite and in PostgreSQL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from listening_tests import ratings
from postgres_server import postgres_folder, postgres_server
from sqlalchemy import create_engine, delete, text

from rebalance import ConfigError, RebalanceError
from rebalance.web.listening_test import (
    Answer,
    AnswerStore,
    SettledTest,
    Stimuli,
    ordered_trials,
    read_plan,
    settle_test,
)
from rebalance.web.listening_test._answer_tables import TABLES


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    folder = postgres_folder()
    if folder is None:
        pytest.skip("no PostgreSQL on this machine (Debian: apt-get install postgresql)")
    with postgres_server(folder) as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'answers.sqlite'}"
    found = str(request.getfixturevalue("postgres"))
    engine = create_engine(found.replace("postgresql:", "postgresql+psycopg:"))
    TABLES.drop_all(engine)
    engine.dispose()
    return found


@pytest.fixture
def settled(plan_file: Callable[..., Path]) -> SettledTest:
    return settle_test(read_plan(plan_file()))


def test_an_answer_is_there_when_the_database_is_opened_again(address: str, settled: SettledTest) -> None:
    with AnswerStore(address, settled) as store:
        token = store.enrol()
        participant = store.participant(token)
        assert participant is not None
        store.keep(participant, 2, ratings(participant.trials[2].blind_ids, 1, 2.5, 3, 100))
    with AnswerStore(address, settled) as store:
        again = store.participant(token)
        assert again == participant
        kept = store.answered(again)
        assert list(kept) == [2]
        assert kept[2] == ratings(participant.trials[2].blind_ids, 1, 2.5, 3, 100)
        table = store.table()
    assert table["rating"].tolist() == [1, 2.5, 3, 100]
    assert table["system"].tolist() == list(participant.trials[2].trial.systems)
    assert set(table["trial"]) == {3}
    assert set(table["scene"]) == {participant.trials[2].trial.pair.scene}


def test_of_an_answer_that_is_changed_only_the_last_is_kept(address: str, settled: SettledTest) -> None:
    with AnswerStore(address, settled) as store:
        participant = store.participant(store.enrol())
        assert participant is not None
        for values in ((10, 20, 30, 40), (50, 60, 70, 80)):
            store.keep(participant, 0, ratings(participant.trials[0].blind_ids, *values))
        assert store.table()["rating"].tolist() == [50, 60, 70, 80]


def test_participants_get_numbers_in_order_and_the_orders_of_their_number(address: str, settled: SettledTest) -> None:
    with AnswerStore(address, settled) as store:
        people = [store.participant(store.enrol()) for _ in range(3)]
    for number, person in enumerate(people, 1):
        assert person is not None
        assert person.number == number
        expected = ordered_trials(settled.trials, seed=7, participant=number)
        assert tuple(blind.trial for blind in person.trials) == expected
    names = [name for person in people if person for trial in person.trials for name in trial.blind_ids]
    assert len(set(names)) == len(names)


def test_many_may_enter_at_once(address: str, settled: SettledTest) -> None:
    with AnswerStore(address, settled) as store, ThreadPoolExecutor(8) as people:
        tokens = list(people.map(lambda _: store.enrol(), range(16)))
        numbers = sorted(person.number for token in tokens if (person := store.participant(token)))
    assert numbers == list(range(1, 17))


def test_tokens_are_not_kept(address: str, settled: SettledTest, tmp_path: Path) -> None:
    with AnswerStore(address, settled) as store:
        token = store.enrol()
        with store._engine.connect() as connection:
            rows = [str(row) for table in TABLES.sorted_tables for row in connection.execute(table.select())]
    assert rows
    assert not [row for row in rows if token in row]
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and token.encode() in path.read_bytes()]


def test_a_token_of_another_test_is_nobodys(address: str, settled: SettledTest, plan_file: Callable[..., Path]) -> None:
    other = settle_test(read_plan(plan_file(seed=8)))
    with AnswerStore(address, settled) as store, AnswerStore(address, other) as another:
        token = store.enrol()
        assert another.participant(token) is None
        assert another.enrol()
        assert another.table().empty


def test_texts_may_change_and_the_test_stays_the_same(
    address: str, settled: SettledTest, plan_file: Callable[..., Path]
) -> None:
    reworded = settle_test(read_plan(plan_file(title="Another title", instructions="Listen.")))
    with AnswerStore(address, settled) as store, AnswerStore(address, reworded) as same:
        assert same.participant(store.enrol()) is not None


def test_sounds_may_change_until_the_first_participant(address: str, settled: SettledTest, tmp_path: Path) -> None:
    first, other = (
        Stimuli(folder=tmp_path, names={("S50001", "L0001", "fast"): name}) for name in ("one.wav", "other.wav")
    )
    with AnswerStore(address, settled) as store:
        store.hold_sounds(first)
        store.hold_sounds(other)
        store.enrol()
        store.hold_sounds(other)
        with pytest.raises(ConfigError, match="a run was made again since the first participant"):
            store.hold_sounds(first)


def test_all_answers_of_a_page_are_kept_or_none(address: str, settled: SettledTest) -> None:
    with AnswerStore(address, settled) as store:
        participant = store.participant(store.enrol())
        assert participant is not None
        *first, last = participant.trials[0].blind_ids
        with store._engine.begin() as connection:
            connection.execute(delete(TABLES.tables["stimuli"]).where(TABLES.tables["stimuli"].c.blind_id == last))
        with pytest.raises(RebalanceError, match="the database failed"):
            store.keep(participant, 0, ratings((*first, last), 1, 2, 3, 4))
        assert store.table().empty


def test_the_database_itself_refuses_a_rating_that_is_none(address: str, settled: SettledTest) -> None:
    with AnswerStore(address, settled) as store:
        participant = store.participant(store.enrol())
        assert participant is not None
        blind_ids = participant.trials[0].blind_ids
        store.keep(participant, 0, ratings(blind_ids, 1, 2, 3, 4))
        for change in ("rating = 101", "rating = -1", "chosen = 2", "plays = 0"):
            with pytest.raises(RebalanceError, match="the database failed"), store._transaction() as connection:
                connection.execute(text(f"UPDATE answers SET {change}"))


def test_an_answer_for_another_page_is_refused(address: str, settled: SettledTest) -> None:
    with AnswerStore(address, settled) as store:
        participant = store.participant(store.enrol())
        assert participant is not None
        with pytest.raises(ConfigError, match="trial 2: expected an answer for each of its sounds, and no other"):
            store.keep(participant, 1, ratings(participant.trials[0].blind_ids, 1, 2, 3, 4))
        with pytest.raises(ConfigError, match="trial 1: expected an answer for each"):
            store.keep(participant, 0, ratings(participant.trials[0].blind_ids[:3], 1, 2, 3))


def test_a_process_that_is_killed_loses_no_answer(
    address: str, settled: SettledTest, plan_file: Callable[..., Path]
) -> None:
    code = f"""
import sys, time
from rebalance.web.listening_test import Answer, AnswerStore, read_plan, settle_test
store = AnswerStore({address!r}, settle_test(read_plan({str(plan_file())!r})))
participant = store.participant(store.enrol())
for place, blind in enumerate(participant.trials):
    store.keep(participant, place, {{name: Answer(rating=place, plays=1, seconds=1) for name in blind.blind_ids}})
    print(place, flush=True)
time.sleep(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env={**os.environ}
    ) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in settled.trials]
        process.send_signal(signal.SIGKILL)
    assert told == [f"{place}\n" for place in range(4)]
    with AnswerStore(address, settled) as store:
        assert len(store.table()) == 16


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("mysql://somewhere/x", "database: expected sqlite or postgresql, got 'mysql'"),
        ("no address", "database: expected an address such as postgresql://"),
        ("sqlite:////nowhere/at/all/x.sqlite", "the database cannot be reached: unable to open database file"),
        ("postgresql://me:secret@127.0.0.1:1/x", "the database cannot be reached"),
    ],
)
def test_a_database_that_cannot_be_used_is_told(settled: SettledTest, address: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        AnswerStore(address, settled)
    assert "\n" not in str(raised.value)
    assert "secret" not in str(raised.value)


def test_an_answer_is_a_rating_or_a_choice() -> None:
    for wrong in ({}, {"rating": 50, "chosen": True}):
        with pytest.raises(ConfigError, match="expected a rating or a choice"):
            Answer(plays=1, seconds=1, **wrong)
