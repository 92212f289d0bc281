"""The page in a real browser: sounds in step, nothing wider than the screen, keys."""

from __future__ import annotations

import shutil

import pytest

from rebalance.report import Listening, choose_pairs, listening_examples, make_report, read_scored_runs, write_page
from rebalance.task import load_task

pytest.importorskip("playwright", reason="playwright is not installed")
from playwright.sync_api import expect, sync_playwright

WIDTHS = (390, 768, 1440)
# The table of components of many systems may be scrolled; no other.
WIDER_TABLES = """[...document.querySelectorAll("table:not(.components)")]
  .filter((table) => table.scrollWidth > table.parentElement.clientWidth + 1)
  .map((table) => `${table.getAttribute("aria-label") ?? table.className}: ${table.scrollWidth}`)"""


@pytest.fixture(scope="module")
def browser():
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        )
        yield launched
        launched.close()


@pytest.fixture
def written(write_run, tiny_task_root, tmp_path):
    """Write the page of some runs, with or without sound."""
    import datetime as dt

    def write(names, *, audio):
        folders = [
            write_run(name, [0.3 + 0.01 * n, 0.4, 0.5, 0.6, 0.7, 0.8], audio=audio) for n, name in enumerate(names)
        ]
        report = make_report(read_scored_runs(folders), load_task(tiny_task_root, "valid"))
        heard = Listening(examples=(), notes=())
        if audio:
            pairs = choose_pairs(report.runs, 2)
            heard = listening_examples(report.runs, report.task, pairs, budget_bytes=10_000_000)
        write_page(tmp_path / "page.html", report, heard, written_on=dt.date(2026, 11, 26))
        return (tmp_path / "page.html").as_uri()

    return write


@pytest.fixture
def opened(browser):
    """Open a page at a width; whatever goes wrong in its script fails the test."""
    pages = []

    def open_page(uri, width=1440, scheme="light"):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        faults = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "request",
            lambda request: None if request.url.startswith(("file:", "data:")) else faults.append(request.url),
        )
        page.goto(uri)
        pages.append((page, faults))
        return page

    yield open_page
    for page, faults in pages:
        page.close()
        assert faults == []


@pytest.mark.parametrize("n_runs", [1, 3, 20])
def test_no_page_is_wider_than_its_screen(written, opened, n_runs):
    uri = written([f"a-system-with-a-long-name_{number:02d}" for number in range(n_runs)], audio=False)
    for width in WIDTHS:
        page = opened(uri, width)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.evaluate(WIDER_TABLES) == []


def test_sounds_keep_their_place_and_play_one_at_a_time(written, opened):
    page = opened(written(["first", "second"], audio=True))
    first, other = page.locator(".example").nth(0), page.locator(".example").nth(1)
    first.locator("[data-loop]").check()
    first.locator("[data-play]").click()
    expect(first.locator("[data-play]")).to_have_text("Pause")
    page.wait_for_function("Number(document.querySelector('[data-place]').value) > 300")
    before = float(first.locator("[data-place]").input_value())
    first.locator("input[type=radio]").nth(2).check()
    page.wait_for_timeout(100)
    after = float(first.locator("[data-place]").input_value())
    assert after > before or after < 200  # went on from where it was, or around the loop; never back to the start
    other.locator("[data-play]").click()
    expect(other.locator("[data-play]")).to_have_text("Pause")
    expect(first.locator("[data-play]")).to_have_text("Play")


def test_digits_choose_the_sound_and_space_plays_it(written, opened):
    page = opened(written(["first", "second"], audio=True))
    card = page.locator(".example").nth(0)
    card.locator("input[type=radio]").nth(0).focus()
    page.keyboard.press("3")
    assert card.locator("input[type=radio]").nth(2).is_checked()
    page.keyboard.press(" ")
    expect(card.locator("[data-play]")).to_have_text("Pause")
    page.keyboard.press(" ")
    expect(card.locator("[data-play]")).to_have_text("Play")
    assert card.locator("audio").nth(0).is_hidden()


def test_without_a_script_every_sound_has_the_player_of_the_browser(written, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(written(["first", "second"], audio=True))
    assert page.locator("audio").nth(0).is_visible()
    assert page.locator(".transport").nth(0).is_hidden()
    context.close()
