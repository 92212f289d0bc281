from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import soundfile
import typer
from rich.console import Console
from typer.testing import CliRunner

from rebalance.cli import report
from rebalance.hearing import amplify
from rebalance.pipeline import true_remix
from rebalance.report import choose_pairs, listening_examples, read_scored_runs, render_page, summarise, terminal_tables
from rebalance.task import Pair, load_task

app = typer.Typer()
app.command()(report)
VOID = {"meta", "br", "hr", "img", "input", "link", "source"}
BUDGET_BYTES = 10_000_000


class Checker(HTMLParser):
    """Collects what matters of a page and sees that every element is closed in turn."""

    def __init__(self):
        super().__init__()
        self.open, self.attributes, self.texts = [], [], []

    def handle_starttag(self, tag, attrs):
        self.attributes.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def parsed(page: str) -> Checker:
    checker = Checker()
    checker.feed(page)
    checker.close()
    assert checker.open == []
    return checker


@pytest.fixture
def task(tiny_task_root):
    return load_task(tiny_task_root, "valid")


@pytest.fixture
def page(write_run, task):
    runs = read_scored_runs(
        [write_run("first", [0.3, 0.4, 0.5, 0.6, 0.7, 0.8], audio=True), write_run("second", [0.5] * 5, audio=True)]
    )
    listening = listening_examples(runs, task, choose_pairs(runs, 3), budget_bytes=BUDGET_BYTES)
    return render_page(summarise(runs, task), task, listening)


def test_the_page_is_well_formed_and_needs_nothing_else(page):
    checker = parsed(page)
    for tag, attributes in checker.attributes:
        for name in ("src", "href", "xlink:href", "poster", "data"):
            assert (attributes.get(name) or "#").startswith(("#", "data:audio/ogg")), (tag, attributes)
        assert tag not in {"script", "link", "iframe"}
    assert not re.search(r"https?:|url\((?!#)|@import", page)


def test_the_page_can_be_read_with_a_keyboard_and_a_screen_reader(page):
    checker = parsed(page)
    by_tag = {tag: [a for other, a in checker.attributes if other == tag] for tag, _ in checker.attributes}
    assert by_tag["html"][0]["lang"] == "en"
    assert all(svg["role"] == "img" and svg["aria-label"] for svg in by_tag["svg"])
    assert all(audio["aria-label"] and "controls" in audio for audio in by_tag["audio"])
    assert all("scope" in header for header in by_tag["th"])
    ids = [attributes["id"] for _, attributes in checker.attributes if "id" in attributes]
    targets = [link["href"][1:] for link in by_tag["a"]]
    assert set(targets) <= set(ids)


def test_the_page_has_a_dark_form_and_plots_take_the_colour_of_the_text(page):
    assert "prefers-color-scheme: dark" in page
    assert "currentColor" in page
    assert "#010203" not in page


def test_the_page_shows_the_numbers(page):
    text = " ".join(" ".join(parsed(page).texts).split())
    assert "first-separator" in text
    assert "0.5500" in text
    assert "Severity of hearing loss (code)" in text
    assert "Severity of hearing loss (site)" in text


def test_a_name_is_never_taken_for_markup(write_run, task):
    (run,) = read_scored_runs([write_run("<b>&$x$_", [0.5, 0.6])])
    summary = summarise([run], task)
    page = render_page(summary, task, listening_examples([run], task, [], budget_bytes=0))
    parsed(page)
    assert "<b>" not in page
    console = Console(file=io.StringIO(), width=100)
    for table in terminal_tables(summary):
        console.print(table)
    assert "<b>&$x$_" in console.file.getvalue()


def test_the_same_runs_give_the_same_page(write_run, task):
    runs = read_scored_runs([write_run("mine", [0.3, 0.6, 0.9])])
    silent = listening_examples(runs, task, [], budget_bytes=0)
    assert render_page(summarise(runs, task), task, silent) == render_page(summarise(runs, task), task, silent)


def test_examples_run_from_the_lowest_to_the_highest_score(write_run):
    runs = read_scored_runs([write_run("mine", [0.9, 0.1, 0.5, 0.4, 0.2, 0.3])])
    pairs = choose_pairs(runs, 3)
    assert (pairs[0], pairs[-1]) == (Pair(scene="S50001", listener="L0002"), Pair(scene="S50001", listener="L0001"))
    assert len(choose_pairs(runs, 100)) == 6
    assert choose_pairs(runs, 0) == ()
    assert len(choose_pairs(runs, 1)) == 1


def test_the_reference_heard_is_the_amplified_true_remix(write_run, task):
    runs = read_scored_runs([write_run("mine", [0.5], audio=True)])
    pair = Pair(scene="S50001", listener="L0001")
    (example,) = listening_examples(runs, task, [pair], budget_bytes=BUDGET_BYTES).examples
    assert [(player.label, player.score) for player in example.players] == [("Reference", None), ("mine", 0.5)]
    heard, rate = soundfile.read(io.BytesIO(base64.b64decode(example.players[0].uri.partition(",")[2])))
    assert (rate, heard.shape) == (32_000, (32_000, 2))
    expected = amplify(true_remix(task, task.scenes["S50001"]).remix, task.fittings["L0001"])
    np.testing.assert_allclose(np.sqrt(np.mean(heard**2, axis=0)), np.sqrt(np.mean(expected**2, axis=1)), rtol=0.1)


def test_an_example_without_its_sound_is_a_note_and_the_page_stays(write_run, task):
    runs = read_scored_runs([write_run("mine", [0.5, 0.6])])
    listening = listening_examples(runs, task, choose_pairs(runs, 2), budget_bytes=BUDGET_BYTES)
    assert listening.examples == ()
    assert all("no such audio file" in note for note in listening.notes)
    assert "no such audio file" in render_page(summarise(runs, task), task, listening)


def test_examples_stop_where_the_budget_ends(write_run, task):
    runs = read_scored_runs([write_run("mine", [0.5, 0.6, 0.7], audio=True)])
    pairs = choose_pairs(runs, 3)
    size = listening_examples(runs, task, pairs[:1], budget_bytes=BUDGET_BYTES).examples[0].n_bytes
    listening = listening_examples(runs, task, pairs, budget_bytes=int(1.5 * size))
    assert len(listening.examples) == 1
    assert len(listening.notes) == 2


def test_the_command_prints_tables_and_writes_the_page(write_run, tmp_path):
    folders = [write_run("a", [0.3, 0.4, 0.5, 0.6]), write_run("b", [0.4, 0.5, 0.6])]
    result = CliRunner().invoke(app, [*map(str, folders), "--out", str(tmp_path / "page.html"), "--examples", "0"])
    assert result.exit_code == 0
    assert "Mean HAAQI" in result.output
    assert "+0.100" in result.output
    parsed((tmp_path / "page.html").read_text(encoding="utf-8"))


def test_the_command_finds_a_task_that_has_moved(write_run, tiny_task_root):
    folder = write_run("a", [0.3, 0.4], summary={"data": "/nowhere"})
    assert CliRunner().invoke(app, [str(folder), "--examples", "0"]).exit_code != 0
    result = CliRunner().invoke(app, [str(folder), "--examples", "0", "--data", str(tiny_task_root)])
    assert result.exit_code == 0
    assert (folder / "report.html").is_file()
