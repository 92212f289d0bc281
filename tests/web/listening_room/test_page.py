"""The page in a real browser: what is done on it, and what is heard, measured."""

from __future__ import annotations

import base64
import importlib.resources
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from listening_rooms import QUARTET, OpenRoom, open_room

from rebalance.audio import amplitude_from_db, loudness_lufs, read_audio, remix_as_edit
from rebalance.hearing import STANDARD_AUDIOGRAMS, Audiogram, Listener, amplify, prescribe

pytest.importorskip("playwright", reason="playwright is not installed")

from playwright.sync_api import Browser, Page, expect
from room_pages import RATE, aid_settings, enter, error_db, largest_level_error_db, rendered

AXE = Path(str(importlib.resources.files("axe_playwright_python") / "axe.min.js"))
REFERENCE_LUFS = -23.0
PLAYERS = ("Violin_1", "Violin_2", "Viola", "Cello")
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def edited(room: OpenRoom, music: Path, gains_db: dict[str, float]) -> np.ndarray:
    """What the library makes of the music as the page last separated it."""
    recording = read_audio(music)
    separation = next(
        found
        for found in room.shelf._separations.values()
        if found.separator_name == "fast" and found.stored.n_samples == recording.samples.shape[1]
    )
    all_gains_db = {name: gains_db.get(name, 0.0) for name in PLAYERS}
    return remix_as_edit(recording.samples, separation.stem_by_name(), all_gains_db, shrinkage=separation.shrinkage[0])


def test_a_slider_changes_what_is_heard_as_the_library_would(page: Page, room: OpenRoom, excerpt: Path) -> None:
    enter(page, excerpt)
    cello = page.get_by_role("slider", name="Cello", exact=True)
    cello.focus()
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    expect(cello).to_have_attribute("aria-valuetext", "+6 dB")
    expected = edited(room, excerpt, {"Cello": 6.0})
    gain = amplitude_from_db(REFERENCE_LUFS - loudness_lufs(expected, RATE))
    heard = rendered(page)
    n = heard.shape[1]
    assert error_db(heard, gain * expected[:, :n]) < -60.0

    page.get_by_role("button", name="Mute Viola").click()
    expected = edited(room, excerpt, {"Cello": 6.0, "Viola": -60.0})
    gain = amplitude_from_db(REFERENCE_LUFS - loudness_lufs(expected, RATE))
    assert error_db(rendered(page), gain * expected[:, :n]) < -60.0

    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Undo").click()
    music = read_audio(excerpt).samples
    gain = amplitude_from_db(REFERENCE_LUFS - loudness_lufs(music, RATE))
    assert error_db(rendered(page), gain * music[:, :n]) < -70.0


def test_original_and_balance_are_equally_loud(page: Page, excerpt: Path) -> None:
    enter(page, excerpt)
    page.get_by_label("Bring out a player").select_option(label="the cello")
    balance = loudness_lufs(rendered(page, 0.0, 9.9), RATE)
    page.get_by_label("Original").check(force=True)
    original = loudness_lufs(rendered(page, 0.0, 9.9), RATE)
    assert balance == pytest.approx(REFERENCE_LUFS, abs=0.2)
    assert original == pytest.approx(REFERENCE_LUFS, abs=0.2)
    expect(page.get_by_text("You hear the original")).to_be_visible()


def test_one_player_alone_is_the_stem(page: Page, room: OpenRoom, excerpt: Path) -> None:
    enter(page, excerpt)
    page.get_by_role("button", name="Hear Cello alone").click()
    music = read_audio(excerpt).samples
    separation = next(found for found in room.shelf._separations.values() if found.separator_name == "fast")
    gain = amplitude_from_db(REFERENCE_LUFS - loudness_lufs(music, RATE))
    heard = rendered(page)
    assert error_db(heard, gain * separation.stem_by_name()["Cello"][:, : heard.shape[1]]) < -60.0


def test_the_audiogram_is_dragged_and_the_music_amplified(page: Page, room: OpenRoom, excerpt: Path) -> None:
    enter(page, excerpt)
    page.get_by_label("Take an audiogram").select_option("N2")
    point = page.get_by_role("slider", name="Left ear, 4000 Hz")
    expect(point).to_have_attribute("aria-valuenow", "45")
    point.scroll_into_view_if_needed()
    page.evaluate("scrollBy(0, 200)")
    box = point.locator(".target").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 60, steps=4)
    page.mouse.up()
    dragged = int(point.get_attribute("aria-valuenow") or 0)
    assert 55 < dragged < 95
    point.press("ArrowUp")
    expect(point).to_have_attribute("aria-valuenow", str(dragged - 5))
    page.get_by_text("Type the numbers").click()
    page.get_by_label("Right ear, 500 Hz, dB HL").fill("40")
    page.keyboard.press("Enter")
    page.get_by_role("switch", name="Amplify for my hearing").check()

    frequencies_hz = (250.0, 500.0, 1000.0, 2000.0, 3000.0, 4000.0, 6000.0, 8000.0)
    standard = [round(level) for level in STANDARD_AUDIOGRAMS["N2"].at(frequencies_hz).thresholds_db_hl]
    left, right = list(standard), list(standard)
    left[5], right[1] = dragged - 5, 40
    listener = Listener(
        name="listener",
        left=Audiogram(frequencies_hz=frequencies_hz, thresholds_db_hl=tuple(left)),
        right=Audiogram(frequencies_hz=frequencies_hz, thresholds_db_hl=tuple(right)),
    )
    music = read_audio(excerpt).samples.astype(np.float64)
    levelled = music * amplitude_from_db(-40.0 - loudness_lufs(music, RATE))
    expected = amplify(levelled, prescribe(listener))
    heard = rendered(page, 0.0, 9.9)
    expected = expected[:, : heard.shape[1]]
    scale = np.sqrt(np.mean(heard**2) / np.mean(expected**2))  # what makes it as loud as without the aid
    assert largest_level_error_db(heard, scale * expected) < 0.1
    assert loudness_lufs(heard, RATE) == pytest.approx(REFERENCE_LUFS, abs=0.5)


def test_others_hear_the_loss_fainter_and_with_the_aid_louder_again(page: Page, excerpt: Path) -> None:
    enter(page, excerpt, "None, to try the page only")
    page.get_by_label("Take an audiogram").select_option("N4")
    plain = rendered(page, 1.0, 4.0)
    simulated = page.get_by_role("switch", name="Hear this loss yourself")
    with page.expect_response("**/api/simulated-loss"):
        simulated.check()
    lost = rendered(page, 1.0, 4.0)
    assert loudness_lufs(lost, RATE) < loudness_lufs(plain, RATE) - 10.0
    assert "loss=1" in page.url
    page.get_by_role("switch", name="Amplify for my hearing").check()
    aided = rendered(page, 1.0, 4.0)
    assert loudness_lufs(aided, RATE) > loudness_lufs(lost, RATE) + 6.0
    assert np.abs(aided).max() < amplitude_from_db(-1.0)
    simulated.uncheck()
    assert loudness_lufs(rendered(page, 1.0, 4.0), RATE) == pytest.approx(REFERENCE_LUFS, abs=1.0)


def test_nothing_is_louder_than_the_limit_and_loudness_is_warned_of(page: Page, excerpt: Path) -> None:
    enter(page, excerpt)
    page.get_by_label("Take an audiogram").select_option("N5")
    page.get_by_role("switch", name="Amplify for my hearing").check()
    quiet = rendered(page)
    assert np.abs(quiet).max() < amplitude_from_db(-1.0)
    page.get_by_label("equally loud").uncheck()
    page.get_by_label("Volume").fill("12")
    loud = rendered(page)
    assert amplitude_from_db(-1.5) < np.abs(loud).max() <= amplitude_from_db(-1.0) + 1e-6
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Turn the volume down")
    page.get_by_label("Volume").fill("-30")
    page.get_by_role("slider", name="Position").fill("1")
    expect(page.get_by_role("alert")).not_to_be_visible()


def test_a_slider_is_heard_within_50_ms_and_without_a_click(page: Page) -> None:
    tone = page.evaluate(
        """async (aid) => {
            const rate = 44100, n = rate * 2;
            const signal = Float32Array.from({ length: n }, (_, i) => 0.25 * Math.sin(2 * Math.PI * 200 * i / rate));
            const levels = { plain: 1, aidInput: 1, aidOutput: 1, volume: 1 };
            const commands = [
                { kind: "music", nSignals: 2, nChannels: 1, nSamples: n, blockLength: n, aid },
                { kind: "block", index: 0, signals: [signal, signal], scales: [1, 1] },
                { kind: "mix", weights: [1, 0], levels },
                { kind: "play", on: true },
            ];
            const context = new OfflineAudioContext(2, n, rate);
            await context.audioWorklet.addModule("/engine.js");
            const options = { numberOfInputs: 0, outputChannelCount: [2], processorOptions: { commands } };
            const node = new AudioWorkletNode(context, "rebalance-engine", options);
            node.connect(context.destination);
            context.suspend(1).then(async () => {
                node.port.postMessage({ kind: "mix", weights: [1, 1], levels });
                await new Promise((resolve) => setTimeout(resolve, 200));
                await context.resume();
            });
            return Array.from((await context.startRendering()).getChannelData(0));
        }""",
        aid_settings(),
    )
    heard = np.array(tone)
    assert np.abs(np.diff(heard)).max() < 1.1 * 0.5 * 2 * np.pi * 200 / RATE  # never steeper than the louder tone
    assert heard[:2000].max() < 0.05  # the first sound fades in
    before, after = heard[int(0.9 * RATE) : RATE], heard[int(1.055 * RATE) : int(1.2 * RATE)]
    assert np.abs(before).max() == pytest.approx(0.25, abs=0.002)
    assert np.abs(after).max() == pytest.approx(0.5, abs=0.01)


def test_what_is_saved_is_what_the_command_makes(page: Page, excerpt: Path, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from rebalance.cli import app

    enter(page, excerpt)
    page.get_by_role("slider", name="Cello", exact=True).fill("6")
    page.get_by_role("slider", name="Viola", exact=True).fill("-3.5")
    with page.expect_download() as saving:
        page.get_by_role("button", name="Save my balance").click()
    assert saving.value.suggested_filename == "string quartet rebalanced.flac"
    saving.value.save_as(tmp_path / "page.flac")
    page.get_by_text("The same on the command line").click()
    shown = page.locator("pre").inner_text()
    gains = re.findall(r"--gain \S+", shown)
    assert sorted(gains) == ["--gain cello=+6", "--gain viola=-3.5"]
    command = ["remix", str(excerpt), "--instruments", ",".join(QUARTET), "--separator", "fast", "--device", "cpu"]
    result = CliRunner().invoke(app, [*command, *" ".join(gains).split(), "--out", str(tmp_path / "command.flac")])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "page.flac").read_bytes() == (tmp_path / "command.flac").read_bytes()


def test_music_plays_pauses_jumps_and_repeats(page: Page, excerpt: Path) -> None:
    enter(page, excerpt, "None, to try the page only")
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.wait_for_timeout(1200)
    assert page.evaluate("listeningRoom.report().position") > 0.4 * RATE
    position = page.get_by_role("slider", name="Position")
    position.fill("5")
    page.wait_for_timeout(400)
    assert page.evaluate("listeningRoom.report().position") > 4.9 * RATE
    page.get_by_role("button", name="Repeat up to here").click()
    page.wait_for_timeout(600)
    assert page.evaluate("listeningRoom.report().position") < 4.0 * RATE  # back at the beginning
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


SLOW_TO_OPEN = """
const open = AudioWorklet.prototype.addModule;
AudioWorklet.prototype.addModule = async function (...what) {
    await new Promise((resolve) => setTimeout(resolve, 2000));
    return open.apply(this, what);
};
"""


def test_what_is_played_before_the_sound_is_open_plays_once_it_is(page: Page, excerpt: Path) -> None:
    page.add_init_script(SLOW_TO_OPEN)
    page.reload()
    enter(page, excerpt, "None, to try the page only")
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible(timeout=8_000)
    page.wait_for_timeout(1200)
    assert page.evaluate("listeningRoom.report().position") > 0.4 * RATE


def test_a_link_brings_the_page_back(page: Page, excerpt: Path) -> None:
    enter(page, excerpt, "None, to try the page only")
    page.get_by_role("slider", name="Viola", exact=True).fill("4.5")
    page.get_by_label("Take an audiogram").select_option("N4")
    address = page.url
    other = page.context.new_page()
    other.goto(address)
    expect(other.get_by_role("slider", name="Viola", exact=True)).to_have_attribute("aria-valuetext", "+4.5 dB")
    expect(other.get_by_role("slider", name="Right ear, 1000 Hz")).to_have_attribute("aria-valuenow", "55")


def tab_to(page: Page, name: str) -> None:
    """Press the tabulator until something of this name has the focus."""
    for _ in range(90):
        page.keyboard.press("Tab")
        if (
            page.evaluate(
                """() => {
                const at = document.activeElement;
                const by = at.getAttribute("aria-labelledby");
                const label = at.labels?.[0]?.innerText;
                const said = by ? document.getElementById(by).innerText : label || at.innerText;
                return at.getAttribute("aria-label") ?? said ?? "";
            }"""
            )
            .strip()
            .startswith(name)
        ):
            return
    raise AssertionError(f"{name!r} cannot be reached by the keyboard")


def test_the_keyboard_is_enough(page: Page) -> None:
    expect(page.get_by_role("button", name="Choose a file")).to_be_enabled()
    tab_to(page, "Mozart")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Who plays?")).to_be_visible()
    tab_to(page, "Best quality")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    tab_to(page, "Enter the room")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Balance")).to_be_visible()
    page.locator(".progress").wait_for(state="detached")
    page.locator("#content").focus()
    tab_to(page, "Oboe")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("slider", name="Oboe")).to_have_attribute("aria-valuetext", "+0.5 dB")
    tab_to(page, "Mute Oboe")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Mute Oboe")).to_have_attribute("aria-pressed", "true")
    tab_to(page, "Amplify for my hearing")
    page.keyboard.press("Space")
    tab_to(page, "Right ear, 250 Hz")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("PageDown")
    expect(page.get_by_role("slider", name="Right ear, 250 Hz")).to_have_attribute("aria-valuenow", "25")
    page.keyboard.press("Control+z")
    expect(page.get_by_role("slider", name="Right ear, 250 Hz")).to_have_attribute("aria-valuenow", "0")
    tab_to(page, "Play")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    tab_to(page, "My balance")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_label("Original")).to_be_checked()


def violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("(tags) => axe.run({ runOnly: tags })", WCAG)
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_complain_of(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    expect(page.get_by_role("button", name="Choose a file")).to_be_enabled()
    assert violations(page) == []
    page.get_by_role("button", name="Haydn").click()
    expect(page.get_by_role("heading", name="Who plays?")).to_be_visible()
    assert violations(page) == []
    page.get_by_label("None, to try the page only").check()
    page.get_by_role("button", name="Enter the room").click()
    expect(page.get_by_role("heading", name="Balance")).to_be_visible()
    page.locator(".progress").wait_for(state="detached")
    page.get_by_role("button", name="Mute Viola").click()
    for title in ("Type the numbers", "What is prescribed", "The same on the command line"):
        page.get_by_text(title).click()
    assert violations(page) == []


def test_a_narrow_screen_holds_everything(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.get_by_role("button", name="Haydn").click()
    page.get_by_label("None, to try the page only").check()
    page.get_by_role("button", name="Enter the room").click()
    expect(page.get_by_role("heading", name="Balance")).to_be_visible()
    page.locator(".progress").wait_for(state="detached")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    boxes = page.evaluate(
        """() => [...document.querySelectorAll("button, select, input[type=range], [role=slider]")]
            .filter((element) => element.checkVisibility())
            .map((element) => {
                const box = element.getBoundingClientRect().toJSON();
                return { name: element.outerHTML.slice(0, 80), box };
            })"""
    )
    assert len(boxes) > 40
    outside = [item["name"] for item in boxes if item["box"]["left"] < 0 or item["box"]["right"] > 360.5]
    small = [item["name"] for item in boxes if min(item["box"]["width"], item["box"]["height"]) < 24]
    assert not outside
    assert not small


@pytest.mark.parametrize(
    ("name", "samples", "message"),
    [
        ("silence.wav", np.zeros((RATE * 2, 2)), "found silence"),
        ("short.wav", np.full((RATE // 4, 1), 0.1), "expected 1 s"),
        ("broken.flac", None, "broken.flac: cannot decode"),
        ("song.m4a", None, "cannot decode"),
    ],
)
def test_music_that_cannot_be_used_is_explained(page: Page, tmp_path: Path, name: str, samples, message: str) -> None:
    path = tmp_path / name
    if samples is None:
        path.write_bytes(b"this is no music")
    else:
        soundfile.write(path, samples, RATE)
    page.get_by_label("Music file").set_input_files(path)
    expect(page.locator(".notice.warn")).to_contain_text(message)
    expect(page.get_by_role("button", name="Choose a file")).to_be_enabled()


def test_music_only_the_browser_can_decode_is_decoded_there(page: Page, tmp_path: Path) -> None:
    content = page.evaluate(
        """async () => {
            const context = new AudioContext();
            const tone = new OscillatorNode(context, { frequency: 440 });
            const taken = new MediaStreamAudioDestinationNode(context);
            tone.connect(taken);
            tone.start();
            const recorder = new MediaRecorder(taken.stream, { mimeType: "audio/webm;codecs=opus" });
            const parts = [];
            recorder.ondataavailable = (event) => parts.push(event.data);
            const stopped = new Promise((resolve) => (recorder.onstop = resolve));
            recorder.start();
            await new Promise((resolve) => setTimeout(resolve, 2000));
            recorder.stop();
            await stopped;
            const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
            return btoa(String.fromCharCode(...bytes));
        }"""
    )
    (tmp_path / "tone.webm").write_bytes(base64.b64decode(content))
    page.get_by_label("Music file").set_input_files(tmp_path / "tone.webm")
    expect(page.get_by_role("heading", name="Who plays?")).to_be_visible()
    expect(page.get_by_text("tone.wav ·")).to_be_visible()


def test_a_player_who_hardly_plays_is_named(page: Page, tmp_path: Path) -> None:
    from rebalance.assets import demo_folder

    music = read_audio(demo_folder() / "audio/valid/haydn-quartet/Cello.flac", duration_s=6.0)
    path = tmp_path / "solo.wav"
    soundfile.write(path, music.samples.T, music.sample_rate)
    page.get_by_label("Music file").set_input_files(path)
    page.get_by_role("button", name="Cello", exact=True).click()
    page.get_by_role("button", name="Flute", exact=True).click()
    page.get_by_label("Quick").check()
    page.get_by_role("button", name="Enter the room").click()
    page.locator(".progress").wait_for(state="detached")
    expect(page.get_by_role("heading", name="Balance")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="hardly plays")).to_contain_text("Flute")


def test_listener_files_are_loaded_and_faults_told(page: Page, excerpt: Path, tmp_path: Path) -> None:
    enter(page, excerpt, "None, to try the page only")
    entry = {"audiogram_cfs": [250, 8000], "audiogram_levels_l": [10, 60], "audiogram_levels_r": [5, 70]}
    (tmp_path / "me.json").write_text(json.dumps(entry), encoding="utf-8")
    page.get_by_label("Listener file").set_input_files(tmp_path / "me.json")
    expect(page.get_by_role("slider", name="Left ear, 8000 Hz")).to_have_attribute("aria-valuenow", "60")
    (tmp_path / "odd.json").write_text("{]", encoding="utf-8")
    page.get_by_label("Listener file").set_input_files(tmp_path / "odd.json")
    expect(page.locator(".notice.warn")).to_contain_text("odd.json")
    expect(page.get_by_role("slider", name="Left ear, 8000 Hz")).to_have_attribute("aria-valuenow", "60")


def test_a_room_that_was_closed_and_opened_again_goes_on(browser: Browser) -> None:
    page = browser.new_page()
    page.set_default_timeout(60_000)
    with open_room() as first:
        page.goto(first.address)
        page.get_by_role("button", name="Haydn").click()
        page.get_by_label("None, to try the page only").check()
        page.get_by_role("button", name="Enter the room").click()
        page.get_by_role("slider", name="Viola", exact=True).fill("4")
        page.locator(".progress").wait_for(state="detached")
    expect(page.get_by_text("The room does not answer")).to_be_visible()
    with open_room(int(first.address.rstrip("/").rpartition(":")[2])):
        expect(page.get_by_text("The room does not answer")).not_to_be_visible()
        expect(page.get_by_role("slider", name="Viola", exact=True)).to_have_attribute("aria-valuetext", "+4 dB")
        expect(page.get_by_role("button", name="Play", exact=True)).to_be_enabled()
        page.close()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(390, 844), (768, 1024), (1440, 900)])
def test_the_page_is_photographed(browser: Browser, room: OpenRoom, tmp_path: Path, width, height, scheme) -> None:
    """Screenshots of the documentation: `REBALANCE_SCREENSHOTS=docs/images/listening pytest -m slow` of this file."""
    folder = Path(os.environ.get("REBALANCE_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(room.address)
    expect(page.get_by_role("button", name="Choose a file")).to_be_enabled()
    page.screenshot(path=folder / f"choose-{width}-{scheme}.png")
    page.get_by_role("button", name="Haydn").click()
    expect(page.get_by_role("heading", name="Who plays?")).to_be_visible()
    page.get_by_label("Quick").check()
    page.screenshot(path=folder / f"players-{width}-{scheme}.png")
    page.get_by_role("button", name="Enter the room").click()
    expect(page.get_by_role("heading", name="Balance")).to_be_visible()
    page.locator(".progress").wait_for(state="detached")
    page.get_by_label("Bring out a player").select_option(label="the cello")
    page.get_by_label("Take an audiogram").select_option("N3")
    page.get_by_role("switch", name="Amplify for my hearing").check()
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_timeout(4000)
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.screenshot(path=folder / f"balance-{width}-{scheme}.png")
    page.get_by_role("heading", name="Your ears").scroll_into_view_if_needed()
    page.evaluate("document.querySelector('.ears').scrollIntoView()")
    page.screenshot(path=folder / f"ears-{width}-{scheme}.png")
    page.get_by_role("switch", name="Hear this loss yourself").check()
    page.evaluate("document.querySelector('.simulated').scrollIntoView({ block: 'center' })")
    page.screenshot(path=folder / f"simulated-{width}-{scheme}.png")
    context.close()
    assert len(list(folder.glob(f"*-{width}-{scheme}.png"))) == 5
