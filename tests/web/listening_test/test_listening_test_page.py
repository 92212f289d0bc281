"""A participant's whole way through a listening test, in a real browser, by keyboard alone."""

from __future__ import annotations

import importlib.resources
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from listening_tests import OpenTest, open_test, ratings

pytest.importorskip("playwright", reason="playwright is not installed")

from playwright.sync_api import Browser, Page, expect, sync_playwright

expect.set_options(timeout=30_000)

AXE = Path(str(importlib.resources.files("axe_playwright_python") / "axe.min.js"))
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SIZES = {390: 844, 768: 1024, 1440: 1000}


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--mute-audio"]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield launched
        launched.close()


@pytest.fixture
def opened(plan_file: Callable[..., Path], tmp_path: Path) -> Iterator[OpenTest]:
    with open_test(plan_file(scenes=2), tmp_path) as found:
        yield found


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that may not log an error, throw, or ask any other machine for anything."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(30_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("request", lambda asked: faults.append(asked.url) if "//127.0.0.1:" not in asked.url else None)
    yield page
    context.close()
    assert not [fault for fault in faults if not fault.startswith("data:")]


def violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("(tags) => axe.run({ runOnly: tags })", WCAG)
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def tab_to(page: Page, name: str, kind: str = "*") -> None:
    """Press Tab until what is called so has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        told = page.evaluate("(document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim()")
        if told == name and page.evaluate("(kind) => document.activeElement.matches(kind)", kind):
            return
    raise AssertionError(f"no way to {name!r} by Tab")


def hear(page: Page, letter: str) -> None:
    page.keyboard.press(letter)
    expect(page.locator(f"[data-judged={letter.upper()}]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(f"[data-judged={letter.upper()}].heard")).to_be_visible()


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, a.button, input")].filter((one) => one.checkVisibility())
            .filter((one) => {
                const box = (one.labels?.[0] ?? one).getBoundingClientRect();
                const own = one.getBoundingClientRect();
                return Math.max(box.height, own.height) < 24 || own.left < 0 || own.right > innerWidth + 0.5;
            }).map((one) => one.outerHTML.slice(0, 90))"""
    )
    assert not small


def test_a_participant_takes_the_test_by_keyboard_on_a_phone(opened: OpenTest, page: Page) -> None:
    page.goto(opened.address)
    assert violations(page) == []
    fits(page)
    tab_to(page, "I have read this and take part")
    page.keyboard.press("Space")
    tab_to(page, "Begin")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your code")).to_be_visible()
    token = page.locator(".code").inner_text()
    assert violations(page) == []
    fits(page)
    tab_to(page, "To the first page")
    page.keyboard.press("Enter")
    for number, values in enumerate(((55, 40, 51, 49), (52, 53, 54, 48)), 1):
        expect(page.locator("#count")).to_have_text(f"Trial {number} of 2")
        expect(page.locator("#play")).to_be_enabled()
        expect(page.locator("#status")).to_have_text("Please listen to A, B, C and D.")
        page.keyboard.press("r")
        expect(page.get_by_role("button", name="Reference")).to_have_attribute("aria-pressed", "true")
        for letter, value in zip("abcd", values, strict=True):
            hear(page, letter)
            for _ in range(abs(value - 50)):
                page.keyboard.press("ArrowRight" if value > 50 else "ArrowLeft")
            expect(page.locator(f"#said-{letter.upper()}")).to_contain_text(f"{value}, ")
        expect(page.locator("#status")).to_have_text("All done on this page.")
        assert violations(page) == []
        fits(page)
        page.keyboard.press("Space")
        expect(page.locator("#play")).to_have_text("Play")
        tab_to(page, "Next" if number == 1 else "Finish")
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert violations(page) == []
    table = opened.store.table()
    assert table["rating"].tolist() == [55, 40, 51, 49, 52, 53, 54, 48]
    assert (table["plays"] >= 1).all()
    assert (table["seconds"] > 2).all()
    assert opened.store.participant(token) is not None


def test_a_page_is_not_left_before_every_sound_was_heard_and_rated(opened: OpenTest, page: Page) -> None:
    page.goto(f"{opened.address}t/{opened.store.enrol()}/1")
    expect(page.locator("#play")).to_be_enabled()
    for letter in "abc":
        hear(page, letter)
        page.keyboard.press("ArrowRight")
    page.locator("#next").press("Enter")
    expect(page.locator("#status")).to_have_text("Please listen to D.")
    hear(page, "d")
    page.locator("#next").press("Enter")
    expect(page.locator("#status")).to_have_text("Please rate D.")
    assert opened.store.table().empty


def test_switching_keeps_the_place_and_one_sound_is_heard_at_a_time(opened: OpenTest, page: Page) -> None:
    page.goto(f"{opened.address}t/{opened.store.enrol()}/1")
    expect(page.locator("#play")).to_be_enabled()
    page.keyboard.press("a")
    page.wait_for_timeout(300)
    before, after, gains = page.evaluate(
        """async () => {
            const before = position();
            choose(judged[1].dataset.sound);
            const after = position();
            await new Promise((resolve) => setTimeout(resolve, 100));
            return [before, after, judged.map((one) => running.nodes.get(one.dataset.sound).gain.gain.value)];
        }"""
    )
    assert before > 0.1
    assert after == pytest.approx(before, abs=0.05)
    assert [round(gain, 2) for gain in gains] == [0, 1, 0, 0]


def test_letter_keys_can_be_switched_off(opened: OpenTest, page: Page) -> None:
    page.goto(f"{opened.address}t/{opened.store.enrol()}/1")
    expect(page.locator("#play")).to_be_enabled()
    page.get_by_text("Keys", exact=True).click()
    page.get_by_label("Use these keys").uncheck()
    page.keyboard.press("a")
    expect(page.locator("[aria-pressed=true]")).to_have_count(0)


@pytest.mark.parametrize("kind", ["ab", "preference"])
def test_two_sounds_are_compared_by_keyboard(
    plan_file: Callable[..., Path], tmp_path: Path, page: Page, kind: str
) -> None:
    with open_test(plan_file(kind=kind, scenes=1), tmp_path) as opened:
        page.goto(f"{opened.address}t/{opened.store.enrol()}/1")
        expect(page.locator("#play")).to_be_enabled()
        hear(page, "a")
        hear(page, "b")
        expect(page.locator("#status")).to_have_text("Please choose.")
        assert violations(page) == []
        fits(page)
        tab_to(page, "A", "[type=radio]")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
        assert opened.store.table()["chosen"].tolist() == [0, 1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", SIZES)
def test_the_page_fits_any_screen(opened: OpenTest, page: Page, width: int, scheme: str) -> None:
    """With `REBALANCE_SCREENSHOTS` set to a folder, a picture of every size is kept there."""
    token = opened.store.enrol()
    participant = opened.store.participant(token)
    assert participant is not None
    opened.store.keep(participant, 0, ratings(participant.trials[0].blind_ids, 86, 31, 97, 64))
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": SIZES[width]})
    for name, address in (("trial", f"t/{token}/1"), ("start", ""), ("code", f"t/{token}")):
        page.goto(f"{opened.address}{address}")
        if name == "trial":
            expect(page.locator("#status")).to_have_text("All done on this page.")
        fits(page)
        assert violations(page) == []
        if folder := os.environ.get("REBALANCE_SCREENSHOTS"):
            page.screenshot(path=f"{folder}/{name}-{width}-{scheme}.png", full_page=True)
