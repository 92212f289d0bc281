"""Answers that many read: made once, given while they are looked up anew, forgotten when they are gone."""

from __future__ import annotations

import asyncio
import threading

import pytest

pytest.importorskip("fastapi", reason="the extra 'web' is not installed")

from fastapi import Request

from rebalance.web.leaderboard_pages._cached_answers import CachedAnswers, Made

REQUEST = Request({"type": "http", "headers": []})


class Source:
    """Finds an answer, and counts how often it was looked for and made."""

    def __init__(self) -> None:
        self.digest, self.n_found, self.n_made = "first", 0, 0
        self.free = threading.Event()
        self.free.set()

    def find(self) -> Made:
        self.n_found += 1
        self.free.wait(10)
        if self.digest == "gone":
            raise KeyError(self.digest)
        return Made(digest=self.digest, make=self.make)

    def make(self) -> str:
        self.n_made += 1
        return self.digest


async def ask(answers: CachedAnswers, source: Source) -> str:
    return bytes((await answers.answer(REQUEST, "key", source.find)).body).decode()


def test_many_who_ask_at_a_time_have_it_made_once() -> None:
    async def many() -> list[str]:
        answers = CachedAnswers()
        return list(await asyncio.gather(*(ask(answers, source) for _ in range(50))))

    source = Source()
    assert asyncio.run(many()) == ["first"] * 50
    assert (source.n_found, source.n_made) == (1, 1)


def test_what_has_not_changed_is_not_made_again() -> None:
    async def twice() -> None:
        answers = CachedAnswers(max_age_s=-1, max_stale_s=-1)
        assert [await ask(answers, source), await ask(answers, source)] == ["first", "first"]
        source.digest = "second"
        assert await ask(answers, source) == "second"

    source = Source()
    asyncio.run(twice())
    assert (source.n_found, source.n_made) == (3, 2)


def test_nobody_waits_while_an_answer_is_looked_up_anew() -> None:
    async def while_blocked() -> None:
        answers = CachedAnswers(max_age_s=-1, max_stale_s=100)
        await ask(answers, source)
        source.free.clear()
        source.digest = "second"
        assert await asyncio.wait_for(ask(answers, source), 5) == "first"
        source.free.set()
        for _ in range(500):
            await asyncio.sleep(0.01)
            if source.n_made == 2:
                break
        assert await ask(answers, source) == "second"

    source = Source()
    asyncio.run(while_blocked())


def test_what_is_gone_is_not_given_again() -> None:
    async def until_gone() -> None:
        answers = CachedAnswers(max_age_s=-1, max_stale_s=100)
        await ask(answers, source)
        source.digest = "gone"
        await ask(answers, source)
        for _ in range(500):
            await asyncio.sleep(0.01)
            if source.n_found == 2:
                break
        await asyncio.sleep(0.05)
        with pytest.raises(KeyError, match="gone"):
            await ask(answers, source)

    source = Source()
    asyncio.run(until_gone())
