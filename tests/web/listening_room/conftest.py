"""A short excerpt to bring to the listening room, and a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from listening_rooms import OpenRoom
    from playwright.sync_api import Browser, Page

pytest.importorskip("fastapi", reason="the extra 'web' is not installed")

from rebalance.assets import demo_folder
from rebalance.audio import read_audio, write_audio

EXCERPT_S = 10.0


@pytest.fixture(scope="session")
def excerpt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds of the embedded quartet."""
    path = tmp_path_factory.mktemp("music") / "string quartet.flac"
    music = read_audio(demo_folder() / "audio/valid/haydn-quartet/mixture.flac", duration_s=EXCERPT_S)
    write_audio(path, music.samples, music.sample_rate)
    return path


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium; without one the tests of the page are skipped."""
    pytest.importorskip("playwright", reason="playwright is not installed")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    return found


@pytest.fixture(scope="module")
def room() -> Iterator[OpenRoom]:
    from listening_rooms import open_room

    with open_room() as opened:
        yield opened


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--mute-audio"]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser, room: OpenRoom) -> Iterator[Page]:
    """A page that may not log an error, throw, or ask any other machine for anything."""
    context = browser.new_context(viewport={"width": 1200, "height": 900}, reduced_motion="reduce")
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    opened.on("request", lambda asked: faults.append(asked.url) if _leaves(asked.url, room.address) else None)
    opened.goto(room.address)
    yield opened
    context.close()
    # The browser itself logs every answer that is no success; the page shows these.
    assert not [fault for fault in faults if "Failed to load resource" not in fault]


def _leaves(address: str, home: str) -> bool:
    return not address.startswith((home, "blob:", "data:"))
