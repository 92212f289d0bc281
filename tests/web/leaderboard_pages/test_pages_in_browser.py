"""Whole journeys through the pages in a real browser: a team's, an organiser's; every page on every screen."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.resources
import os
import re
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from scored_boards import served, set_up
from small_boards import write_archive, write_run

pytest.importorskip("playwright", reason="playwright is not installed")

from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from rebalance.web.leaderboard import Board, BoardOptions, BoardQueries, opened_board
from rebalance.web.leaderboard._board_worker import Worker

expect.set_options(timeout=60_000)

AXE = Path(str(importlib.resources.files("axe_playwright_python") / "axe.min.js"))
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SIZES = {390: 844, 768: 1024, 1440: 1000}
PUBLIC = {
    "start": "/",
    "board": "/board/validation",
    "how-it-works": "/how-it-works",
    "listeners": "/board/validation/listeners",
    "listener": "/board/validation/listeners/L0002",
    "enter": "/enter",
}
OF_TEAMS = {"team": "/team", "upload": "/team/upload"}
OF_ORGANISERS = {
    "organise": "/organise",
    "teams": "/organise/teams",
    "submissions": "/organise/submissions",
    "queue": "/organise/queue",
}
LIMITS = BoardOptions(max_chunk_bytes=100_000, guesses_per_minute=1000)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--mute-audio"])
        yield launched
        launched.close()


@contextlib.contextmanager
def new_page(browser: Browser, *, width: int = 1440, scheme: str = "light", expected: str = "^$") -> Iterator[Page]:
    """A page that may not log an error, throw, or ask any other machine for anything."""
    context = browser.new_context(viewport={"width": width, "height": SIZES[width]}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(60_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("request", lambda asked: faults.append(asked.url) if "//127.0.0.1:" not in asked.url else None)
    try:
        yield page
    finally:
        context.close()
    assert not [fault for fault in faults if not re.search(expected, fault)]


def violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("(tags) => axe.run({ runOnly: tags })", WCAG)
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def fits(page: Page) -> None:
    """Nothing is wider than the screen but what scrolls within, and nothing to press is too small."""
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, a.button, input, select")]
            .filter((one) => one.checkVisibility())
            .filter((one) => Math.max(one.getBoundingClientRect().height,
                                      one.labels?.[0]?.getBoundingClientRect().height ?? 0) < 24)
            .map((one) => one.outerHTML.slice(0, 90))"""
    )
    assert not small


def picture(page: Page, name: str) -> None:
    """With `REBALANCE_SCREENSHOTS` set to a folder, keep a picture there."""
    if folder := os.environ.get("REBALANCE_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def sign_in(page: Page, address: str, token: str) -> None:
    page.goto(f"{address}/enter")
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile("/team$|/organise$"))


@pytest.fixture(scope="module")
def shown(shown_board) -> Iterator[str]:
    with served(shown_board.board, LIMITS) as address:
        yield address


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (768, "dark"), (1440, "light"), (1440, "dark")])
def test_every_page_fits_every_screen_and_everybody(browser, shown, shown_board, width: int, scheme: str) -> None:
    with new_page(browser, width=width, scheme=scheme) as page:
        page.goto(f"{shown}/board/validation")
        system = page.locator("table.ranking a").first.get_attribute("href")
        visits = [("", {**PUBLIC, "system": system}), ("T002", OF_TEAMS), ("organiser", OF_ORGANISERS)]
        for who, pages in visits:
            if who:
                page.context.clear_cookies()
                sign_in(page, shown, shown_board.tokens[who if who == "T002" else ""])
            for name, place in pages.items():
                page.goto(f"{shown}{place}")
                fits(page)
                assert violations(page) == [], name
                picture(page, f"{name}-{width}-{scheme}")


def test_the_keyboard_reaches_the_board_and_its_systems(browser, shown) -> None:
    with new_page(browser) as page:
        page.goto(f"{shown}/board/validation")
        page.keyboard.press("Tab")
        expect(page.locator(":focus")).to_have_text("Skip to the content")
        page.keyboard.press("Enter")
        for _ in range(12):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.textContent") == "Team T002":
                break
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Team T002")


@pytest.mark.parametrize("n_bytes", [0, 55, 56, 64, 119, 120, 30_001])
def test_the_digest_of_the_upload_page_is_sha_256(browser, shown, n_bytes: int) -> None:
    content = np.random.default_rng(n_bytes).integers(0, 256, n_bytes, dtype=np.uint8)
    with new_page(browser) as page:
        page.goto(f"{shown}/enter")
        found = page.evaluate(
            """async (values) => {
                const { Sha256 } = await import("/assets/leaderboard-sha256.js");
                const bytes = Uint8Array.from(values);
                const digest = new Sha256();
                for (let from = 0; from < bytes.length; from += 37) digest.update(bytes.subarray(from, from + 37));
                return digest.hex();
            }""",
            content.tolist(),
        )
    assert found == hashlib.sha256(content.tobytes()).hexdigest()


@pytest.fixture(scope="module")
def archives(tiny_task_root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An archive that is accepted, and one that lacks a file and has another damaged."""
    folder = tmp_path_factory.mktemp("archives")
    write_run(tiny_task_root, folder / "run")
    whole = write_archive(folder / "run", folder / "submission_T002_causal.zip", 1)
    broken = folder / "submission_T002_noncausal.zip"
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(broken, "w") as target:
        for name in source.namelist()[1:]:
            target.writestr(name, source.read(name) if "S50004" not in name else b"no music")
    return {"whole": whole, "broken": broken}


@pytest.fixture
def working(tiny_task_root: Path, tmp_path: Path) -> Iterator[tuple[str, Board, dict[str, str]]]:
    """A served board of the tiny task with a worker."""
    stop = threading.Event()
    with opened_board(tmp_path / "board", check_revision=False) as board:
        tokens = set_up(board, tiny_task_root, teams=["T002"])
        worker = threading.Thread(target=Worker(board=board).run, args=(stop,))
        worker.start()
        try:
            with served(board, LIMITS) as address:
                yield address, board, dict(tokens)
        finally:
            stop.set()
            worker.join()


def send(page: Page, address: str, archive: Path | list[Path]) -> None:
    page.goto(f"{address}/team")
    page.get_by_role("link", name="Submit to Validation").click()
    page.get_by_label("Archive").set_input_files(archive)
    page.get_by_role("button", name="Send").click()


def test_a_team_signs_in_uploads_and_sees_itself_ranked(working, archives, browser) -> None:
    address, board, tokens = working
    dropped: list[str] = []

    def drop_once(route: Route) -> None:
        """Lose the third chunk on its way."""
        if len(dropped) == 2:
            dropped.append(route.request.url)
            route.abort()
            return
        dropped.append(route.request.url)
        route.continue_()

    with new_page(browser, expected="net::ERR_FAILED|status of 4") as page:
        page.goto(f"{address}/team")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        page.get_by_label("Token").fill("a guess")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("this token is not valid")
        sign_in(page, address, tokens["T002"])

        send(page, address, archives["broken"])
        expect(page.locator("#status")).to_contain_text("Refused: ")
        expect(page.get_by_role("heading", name="Verdict: refused")).to_be_visible()
        expect(page.locator("table").first).to_contain_text("S50004_L0003_remix.flac")
        assert violations(page) == []
        picture(page, "verdict-refused")

        page.route("**/api/uploads/*?offset=*", drop_once)
        send(page, address, archives["whole"])
        expect(page).to_have_url(re.compile("/submissions/[0-9a-f]{32}$"))
        assert len(dropped) > 3
        expect(page.locator("#status")).to_contain_text("Scored: mean 0.", timeout=120_000)
        expect(page.locator("#status")).to_contain_text("rank 1.")
        expect(page.get_by_text("No problem was found.")).to_be_visible()
        assert violations(page) == []
        picture(page, "submission-scored")

        page.goto(f"{address}/board/validation")
        expect(page.locator("table.ranking")).to_contain_text("Team T002")
        page.goto(f"{address}/team")
        page.locator("tbody a").first.click()
        page.get_by_text("Withdraw this submission").click()
        page.get_by_role("button", name="Withdraw").click()
        expect(page.locator("#status")).to_contain_text("Withdrawn on")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("link", name="For teams")).to_be_visible()
        page.goto(f"{address}/team")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    with board.reading() as session:
        states = {one.state for one in BoardQueries(session=session).submissions()}
    assert states == {"refused", "withdrawn"}


def test_an_upload_that_was_stopped_goes_on_where_it_was(working, archives, browser) -> None:
    address, _, tokens = working
    sent: list[int] = []

    def slow(route: Route) -> None:
        """Let two chunks through and hold the third until the page gives up."""
        sent.append(int(re.search(r"offset=(\d+)", route.request.url)[1]))
        if len(sent) != 3:
            route.continue_()

    with new_page(browser, expected="ERR_ABORTED|ERR_FAILED") as page:
        sign_in(page, address, tokens["T002"])
        page.route("**/api/uploads/*?offset=*", slow)
        send(page, address, archives["whole"])
        expect(page.locator("#status")).to_contain_text("Sent: ")
        page.wait_for_function("Number(document.getElementById('bar').value) > 0.2")
        while len(sent) < 3:
            page.wait_for_timeout(50)
        page.get_by_role("button", name="Stop").click()
        expect(page.locator("#status")).to_have_text("Stopped. Send the same file again to go on.")
        page.get_by_role("button", name="Send").click()
        expect(page).to_have_url(re.compile("/submissions/[0-9a-f]{32}$"))
    assert sent[:4] == [0, 100_000, 200_000, 200_000]


def test_the_parts_of_an_archive_are_sent_as_one(working, archives, browser, tmp_path: Path) -> None:
    address, board, tokens = working
    content = archives["whole"].read_bytes()
    parts = [tmp_path / f"submission_T002_causal.zip.{number:03}" for number in (1, 2, 3)]
    for number, part in enumerate(parts):
        part.write_bytes(content[number * 70_001 : (number + 1) * 70_001 if number < 2 else None])
    other = tmp_path / "notes.txt"
    other.write_text("nothing")
    with new_page(browser) as page:
        sign_in(page, address, tokens["T002"])
        send(page, address, [parts[2], parts[0]])
        refused = "Refused: part submission_T002_causal.zip.002 is missing; choose all parts at once"
        expect(page.locator("#status")).to_have_text(refused)
        send(page, address, [*parts, other])
        expect(page.locator("#status")).to_contain_text("Refused: notes.txt: expected one archive")
        send(page, address, [parts[2], parts[0], parts[1]])
        expect(page).to_have_url(re.compile("/submissions/[0-9a-f]{32}$"))
    with board.reading() as session:
        (found,) = BoardQueries(session=session).submissions()
    assert (found.file_name, found.file.digest) == ("submission_T002_causal.zip", hashlib.sha256(content).hexdigest())


def test_an_organiser_opens_a_phase_and_publishes_its_board(own_board, browser) -> None:
    with served(own_board.board, LIMITS) as address, new_page(browser, width=768) as page:
        sign_in(page, address, own_board.tokens[""])
        form = page.locator("form[action='/organise/phases']")
        form.get_by_label("Short name").fill("final")
        form.get_by_label("Title").fill("Final round")
        form.get_by_label("Closes (UTC)").fill("2099-12-24T18:00")
        form.get_by_label("Most in 24 hours").fill("2")
        form.get_by_role("button", name="Add").click()
        expect(page.get_by_role("heading", name="Final round")).to_be_visible()
        page.get_by_role("button", name="Freeze Validation").click()
        expect(page.get_by_role("button", name="Unfreeze Validation")).to_be_visible()
        page.get_by_role("button", name="Publish Validation").click()
        expect(page.get_by_role("heading", name="Validation")).to_be_visible()

        page.goto(f"{address}/organise/teams")
        team = page.locator("form[action='/organise/teams']")
        team.get_by_label("Name").fill("E55")
        team.get_by_label("Title").fill("The new ones")
        team.get_by_role("button", name="Add").click()
        page.get_by_role("button", name="New token for E55").click()
        token = page.locator(".token").inner_text()
        assert violations(page) == []
        fits(page)
        picture(page, "token-once")
        page.goto(f"{address}/organise/teams")
        expect(page.locator(".token")).to_have_count(0)

        with new_page(browser, width=390) as other:
            sign_in(other, address, token)
            expect(other.get_by_role("heading", name="The new ones")).to_be_visible()
            expect(other.get_by_text("24 Dec 2099, 18:00 UTC")).to_be_visible()
            page.get_by_role("button", name="Revoke the token of E55").click()
            expect(page.get_by_text("revoked")).to_be_visible()
            other.goto(f"{address}/team")
            expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
        page.goto(f"{address}/organise/queue")
        expect(page.locator("#content")).to_contain_text("revoke token")
