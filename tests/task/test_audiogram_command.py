"""Listener files from thresholds that are typed, and from tables."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from rebalance._base.errors import ConfigError, MetadataError
from rebalance.cli import audiogram
from rebalance.hearing import Listener
from rebalance.task import listener_of, read_audiogram_table, read_listeners, write_listeners

app = typer.Typer()
app.command()(audiogram)
LEFT, RIGHT = "20,25,30,40,45,50,60,65", "15,20,25,30,35,45,55,60"


def typed(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def numbers(text):
    return [float(number) for number in text.split(",")]


def test_typed_thresholds_become_a_listener_file_and_a_plot(tmp_path):
    out, plot = tmp_path / "me.json", tmp_path / "me.svg"
    done = typed("--left", LEFT, "--right", RIGHT, "--out", out, "--plot", plot)
    assert done.exit_code == 0
    assert read_listeners(out) == {"me": Listener.of("me", left=numbers(LEFT), right=numbers(RIGHT))}
    assert json.loads(out.read_text())["audiogram_levels_l"] == [20, 25, 30, 40, 45, 50, 60, 65]
    assert "<svg" in plot.read_text()
    assert "moderate" in done.stdout


def test_an_ear_alone_leaves_the_other_without_loss_and_says_so(tmp_path):
    done = typed("--left", "-5,25,30,40,45,50,60,65", "--out", tmp_path / "me.json")
    assert done.exit_code == 0
    assert "the right ear is taken to have no loss" in done.stderr
    (me,) = read_listeners(tmp_path / "me.json").values()
    assert me.right.thresholds_db_hl == (0.0,) * 8
    assert me.left.thresholds_db_hl[0] == -5.0
    assert typed("--both", LEFT, "--out", tmp_path / "both.json").exit_code == 0
    (me,) = read_listeners(tmp_path / "both.json").values()
    assert me.left == me.right


def test_other_frequencies_are_named_or_paired(tmp_path):
    assert typed("--left", "10,20", "--frequencies", "500,2000", "--out", tmp_path / "a.json").exit_code == 0
    assert typed("--left", "500:10, 2000:20", "--right", "1000:30", "--out", tmp_path / "b.json").exit_code == 0
    with pytest.warns(UserWarning, match="interpolated"):
        (me,) = read_listeners(tmp_path / "b.json").values()
    (other,) = read_listeners(tmp_path / "a.json").values()
    assert me.left.at([500, 2000]) == other.left
    assert me.right.at([500]).thresholds_db_hl == (30.0,)


def test_people_are_added_to_a_file_and_nobody_is_replaced_unasked(tmp_path):
    out = tmp_path / "family.json"
    assert typed("--both", LEFT, "--name", "mum", "--out", out).exit_code == 0
    assert isinstance(typed("--both", RIGHT, "--name", "dad", "--out", out).exception, ConfigError)
    assert typed("--both", RIGHT, "--name", "dad", "--out", out, "--add").exit_code == 0
    assert list(read_listeners(out)) == ["mum", "dad"]
    assert "'mum' is in it already" in str(typed("--both", RIGHT, "--name", "mum", "--out", out, "--add").exception)
    shown = typed(out)
    assert shown.exit_code == 0
    assert "mum" in shown.stdout
    assert "dad" in shown.stdout


WIDE = "name,ear,250,500,4000 Hz\nMum,left,20,30,50\nMum,right,10,,40\nDad,both,5,5,5\n"
LONG = "Person;Ear;Frequency;Threshold\nMum;L;250;20,5\nMum;l;500;30\n\nMum;R;250;10\n"


def test_tables_hold_several_people_in_either_form(tmp_path):
    (tmp_path / "wide.csv").write_text(WIDE, encoding="utf-8-sig")
    people = read_audiogram_table(str(tmp_path / "wide.csv"))
    assert list(people) == ["Mum", "Dad"]
    assert people["Mum"].left.frequencies_hz == (250.0, 500.0, 4000.0)
    assert people["Mum"].right.frequencies_hz == (250.0, 4000.0)
    assert people["Dad"].left == people["Dad"].right
    (tmp_path / "long.csv").write_text(LONG)
    assert read_audiogram_table(tmp_path / "long.csv") == {
        "Mum": listener_of("Mum", {"left": {250.0: 20.5, 500.0: 30.0}, "right": {250.0: 10.0}})
    }
    (tmp_path / "me.csv").write_text("ear\t500\t1000\nleft\t10\t20\n")
    assert list(read_audiogram_table(tmp_path / "me.csv")) == ["me"]
    done = typed(tmp_path / "wide.csv", "--out", tmp_path / "people.json", "--plot", tmp_path / "people.png")
    assert done.exit_code == 0
    assert (tmp_path / "people.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("", "expected the columns name, ear"),
        ("name,500\nMum,20\n", "expected the columns name, ear"),
        ("name,ear,500\n", "a line for each ear"),
        ("name,ear,500\nMum,middle,20\n", "line 2: expected left, right or both as the ear, got 'middle'"),
        ("name,ear,500\nMum,left,loud\n", "line 2: expected a number, got 'loud'"),
        ("name,ear,500\nMum,left,20,30\n", "line 2: expected 3 cells, got 4"),
        ("name,ear,500\nMum,left,20\nMum,both,30\n", "line 3: Mum, left ear: expected every frequency once"),
        ("name,ear,0.5,1\nMum,left,20,30\n", "looks like kHz"),
        ("name,ear,500\nMum,left,\n", "expected the thresholds of one ear"),
        ("name,ear,500\n,left,20\n", "expected a name"),
    ],
)
def test_a_table_that_is_none_is_refused_with_its_line(tmp_path, table, message):
    (tmp_path / "table.csv").write_text(table)
    with pytest.raises(MetadataError, match=message):
        read_audiogram_table(tmp_path / "table.csv")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "either --left, --right or --both"),
        (("--left", LEFT, "--both", LEFT), "not all of them"),
        (("--left", "20,25"), "expected 8, one for each of 250, 500"),
        (("--left", "20,x,30,40,45,50,60,65"), "expected a number, got 'x'"),
        (("--both", "-20,-25,-30,-40,-45,-50,-60,-65"), "a loss being positive, got -20"),
        (("--left", "500:20,500:30"), "every frequency once"),
        (("--left", ",,,,,,,"), "expected the thresholds of one ear"),
        (("--left", "0.5:20,1:30"), "looks like kHz"),
        (("--left", LEFT, "--frequencies", "low"), "--frequencies: expected numbers"),
        (("--left", LEFT, "--add"), "--out"),
        (("--left", LEFT, "--plot", "me.bmp"), "ending in .png, .svg or .pdf"),
        (("--left", LEFT, "--name", "../me", "--out", "me.json"), "name"),
    ],
)
def test_what_makes_no_audiogram_is_refused_in_one_line(tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    done = typed(*words)
    assert isinstance(done.exception, MetadataError | ConfigError)
    assert message in str(done.exception)
    assert not list(tmp_path.iterdir())


def test_nobody_and_namesakes_are_not_written(tmp_path):
    me = Listener.of("me", left=[10] * 8, right=[10] * 8)
    for people in ([], [me, me]):
        with pytest.raises(MetadataError):
            write_listeners(tmp_path / "me.json", people)
    assert not list(tmp_path.iterdir())
