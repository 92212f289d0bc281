from __future__ import annotations

import base64
import datetime as dt
import io
import json
import re
import zipfile
from html.parser import HTMLParser

import numpy as np
import pytest
import soundfile
import typer
from matplotlib.figure import Figure
from rich.console import Console
from typer.testing import CliRunner

from rebalance.cli import report
from rebalance.hearing import amplify
from rebalance.pipeline import true_remix
from rebalance.report import (
    Listening,
    choose_pairs,
    listening_examples,
    make_report,
    read_scored_runs,
    render_page as render,
    terminal_tables,
)
from rebalance.task import Pair, load_task, read_source

app = typer.Typer()
app.command()(report)
DATE = dt.date(2026, 11, 26)
VOID = {"meta", "br", "wbr", "hr", "img", "input", "link", "source"}
BUDGET_BYTES = 10_000_000


def render_page(report, listening):
    return render(report, listening, written_on=DATE)


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
    return render_page(make_report(runs, task), listening)


def test_the_page_is_well_formed_and_needs_nothing_else(page):
    checker = parsed(page)
    for tag, attributes in checker.attributes:
        for name in ("src", "href", "xlink:href", "poster", "data"):
            assert (attributes.get(name) or "#").startswith(("#", "data:audio/ogg")), (tag, attributes)
        assert tag not in {"link", "iframe"}
    assert not re.search(r"https?:|url\((?!#)|@import|fetch\(|XMLHttpRequest", page)


def test_the_page_can_be_read_with_a_keyboard_and_a_screen_reader(page):
    checker = parsed(page)
    by_tag = {tag: [a for other, a in checker.attributes if other == tag] for tag, _ in checker.attributes}
    assert by_tag["html"][0]["lang"] == "en"
    assert all(svg["role"] == "img" and svg["aria-label"] for svg in by_tag["svg"])
    assert all(audio["aria-label"] and "controls" in audio for audio in by_tag["audio"])
    assert all("scope" in header for header in by_tag["th"])
    assert all(
        field.get("aria-label") or field["type"] in {"radio", "checkbox"} or "data-volume" in field
        for field in by_tag["input"]
    )
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
    assert "0.500" in text
    assert "26 November 2026" in text
    assert "the highest mean HAAQI" in text
    assert "Pairs left out" in text
    assert "Severity of hearing loss (code)" in text
    assert "Severity of hearing loss (site)" in text


def test_a_name_is_never_taken_for_markup(write_run, task):
    (run,) = read_scored_runs([write_run("<b>&$x$_", [0.5, 0.6])])
    report = make_report([run], task)
    page = render_page(report, listening_examples([run], task, [], budget_bytes=0))
    parsed(page)
    assert "<b>" not in page
    console = Console(file=io.StringIO(), width=100)
    for table in terminal_tables(report):
        console.print(table)
    assert "<b>&$x$_" in console.file.getvalue()


def test_the_same_runs_give_the_same_page(write_run, task):
    runs = read_scored_runs([write_run("mine", [0.3, 0.6, 0.9])])
    silent = listening_examples(runs, task, [], budget_bytes=0)
    assert render_page(make_report(runs, task), silent) == render_page(make_report(runs, task), silent)


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
    labels = [(player.label, player.score) for player in example.players]
    assert labels == [("Original", None), ("Reference", None), ("mine", 0.5)]
    scene = task.scenes["S50001"]
    unamplified = (read_source(task, scene.segment.mixture), true_remix(task, scene).remix)
    for player, signal in zip(example.players, unamplified, strict=False):
        heard, rate = soundfile.read(io.BytesIO(base64.b64decode(player.uri.partition(",")[2])))
        assert (rate, heard.shape) == (32_000, (32_000, 2))
        expected = amplify(signal, task.fittings["L0001"])
        np.testing.assert_allclose(np.sqrt(np.mean(heard**2, axis=0)), np.sqrt(np.mean(expected**2, axis=1)), rtol=0.1)


def test_an_example_without_its_sound_is_a_note_and_the_page_stays(write_run, task):
    runs = read_scored_runs([write_run("mine", [0.5, 0.6])])
    listening = listening_examples(runs, task, choose_pairs(runs, 2), budget_bytes=BUDGET_BYTES)
    assert listening.examples == ()
    assert all("no such audio file" in note for note in listening.notes)
    assert "no such audio file" in render_page(make_report(runs, task), listening)


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
    assert "Ranking on 3 common pairs" in result.output
    assert "+0.100" in result.output
    parsed((tmp_path / "page.html").read_text(encoding="utf-8"))


def test_the_command_finds_a_task_that_has_moved(write_run, tiny_task_root):
    folder = write_run("a", [0.3, 0.4], summary={"data": "/nowhere"})
    assert CliRunner().invoke(app, [str(folder), "--examples", "0"]).exit_code != 0
    result = CliRunner().invoke(app, [str(folder), "--examples", "0", "--data", str(tiny_task_root)])
    assert result.exit_code == 0
    assert (folder / "report.html").is_file()


def test_the_sound_of_an_archive_is_heard_without_unpacking_it(write_run, task, tmp_path):
    folder = write_run("mine", [0.5, 0.6], audio=True)
    with zipfile.ZipFile(tmp_path / "submission.zip", "w") as archive:
        for path in sorted((folder / "enhanced_signals").rglob("*.flac")):
            archive.write(path, path.relative_to(folder).as_posix())
            path.unlink()
    scored = json.loads((folder / "scores.json").read_text())
    scored["configuration"] = {"submission": "submission.zip"}
    (folder / "scores.json").write_text(json.dumps(scored))
    runs = read_scored_runs([folder])
    listening = listening_examples(runs, task, choose_pairs(runs, 2), budget_bytes=BUDGET_BYTES)
    assert (len(listening.examples), listening.notes) == (2, ())
    rng = np.random.default_rng(1)
    heard, _ = soundfile.read(io.BytesIO(base64.b64decode(listening.examples[0].players[-1].uri.partition(",")[2])))
    assert np.sqrt(np.mean(heard**2)) == pytest.approx(0.01 * np.std(rng.standard_normal(64_000)), rel=0.1)


def luminance(colour):
    """Relative luminance of #rrggbb, as WCAG 2 defines it."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def over(ground, tint, alpha):
    mixed = [
        round((1 - alpha) * int(ground[place : place + 2], 16) + alpha * tint[n]) for n, place in enumerate((1, 3, 5))
    ]
    return "#" + "".join(f"{value:02x}" for value in mixed)


def test_text_has_the_contrast_wcag_asks_for_on_light_and_dark_grounds(page):
    from rebalance.report._page import SERIES_COLOURS

    schemes = [
        dict(re.findall(r"--([\w-]+): ([^;]+);", block))
        for block in re.findall(r":root \{(.*?)\}", page, flags=re.DOTALL)
    ]
    assert len(schemes) == 2
    for colours in schemes:
        tint = [int(value) for value in colours["tint"].split(",")]
        grounds = [
            colours["ground"],
            colours["panel"],
            over(colours["ground"], tint, 0.18),
            over(colours["panel"], tint, 0.16),
        ]
        for ground in grounds:
            assert contrast(colours["ink"], ground) >= 4.5
            assert contrast(colours["soft"], ground) >= 4.5
        assert contrast(colours["accent"], colours["ground"]) >= 4.5
        assert contrast(colours["on-accent"], colours["accent"]) >= 4.5
        assert all(contrast(colours["ink"], colours[name]) >= 4.5 for name in ("better", "worse"))
        assert all(contrast(colour, colours["ground"]) >= 3 for colour in SERIES_COLOURS)


def test_many_systems_are_one_matrix_and_no_name_is_cropped(write_run, task):
    names = [f"a-system-with-a-name-longer-than-most-terminals-give-it_{number:02d}" for number in range(20)]
    runs = read_scored_runs([write_run(name, [0.3 + 0.01 * number, 0.5, 0.4]) for number, name in enumerate(names)])
    report = make_report(runs, task)
    page = parsed(render_page(report, Listening(examples=(), notes=())))
    headings = [
        attributes for tag, attributes in page.attributes if tag == "table" and "matrix" in attributes.get("class", "")
    ]
    assert len(headings) == 1
    cells = [
        attributes
        for tag, attributes in page.attributes
        if tag == "td" and attributes.get("class") in {"better", "worse", "level"}
    ]
    assert len(cells) == 20 * 19
    console = Console(file=io.StringIO(), width=80)
    for table in terminal_tables(report):
        console.print(table)
    printed = console.file.getvalue()
    assert "…" not in printed
    assert max(map(len, printed.splitlines())) <= 80
    assert [run.name for run in report.runs] == names[::-1]


def test_a_report_is_a_table_and_a_line_in_python(write_run, task):
    report = make_report(read_scored_runs([write_run("a", [0.3, 0.4, 0.5]), write_run("b", [0.5, 0.6, 0.7])]), task)
    table = report.table()
    assert list(table.index) == ["b", "a"]
    assert table.loc["b", "mean"] == pytest.approx(0.6)
    assert list(table["rank"]) == [1, 1]
    verdict = "b has the highest mean HAAQI, 0.600, 0.200 above a; 1 piece is too few for tests to tell the two apart."
    assert repr(report) == f"Report({verdict!r})"
    assert "<table" in report._repr_html_()
    assert [label.get_text() for label in report.plot(Figure().subplots()).get_yticklabels()] == ["b", "a"]


def test_runs_without_a_common_pair_have_a_page_but_no_ranks(write_run, task):
    runs = [write_run("a", {("S50001", "L0001"): 0.5}), write_run("b", {("S50003", "L0002"): 0.5})]
    report = make_report(read_scored_runs(runs), task)
    text = " ".join(parsed(render_page(report, Listening(examples=(), notes=()))).texts)
    assert "no scored pair in common" in report.verdict
    assert "there is nothing to compare" in text
    assert report.table()["rank"].isna().all()
