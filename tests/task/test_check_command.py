from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner, Result

from rebalance.cli import check

if TYPE_CHECKING:
    from conftest import SpoiltTask


@pytest.fixture(scope="module")
def command() -> typer.Typer:
    app = typer.Typer()
    app.command()(check)
    return app


def run(command: typer.Typer, *arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_a_sound_task_ends_with_status_0(command: typer.Typer, tiny_task_root: Path) -> None:
    result = run(command, tiny_task_root)
    assert result.exit_code == 0
    assert result.stdout == "valid: no errors, no warnings; sources add up to their mixtures exactly\n"


def test_problems_are_listed_by_file_and_end_with_status_1(command: typer.Typer, task: SpoiltTask) -> None:
    task.edit("scenes.valid", lambda scenes: scenes["S50003"].update(gain="gain_0007"))
    task.edit("music.valid", lambda music: music["garden_002"]["source_1"].update(instrument="Fluet"))
    result = run(command, task.root, "--no-audio")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "metadata/music.valid.json",
        "  error segment 'garden_002': source_1: unknown instrument 'Fluet'; did you mean 'Flute'?",
        "      key      garden_002.source_1.instrument",
        "      expected Bassoon, Cello, Clarinet, Flute, Oboe, Sax, Viola, Violin",
        "      got      'Fluet'",
        "metadata/scenes.valid.json",
        "  error scene S50003: gain 'gain_0007' names 4 sources, segment 'garden_002' has 2",
        "      key      S50003.gain",
        "      expected gains for source_1, source_2",
        "      got      gains for source_1, source_2, source_3, source_4",
        "valid: 2 errors, no warnings",
    ]


def test_names_that_look_like_markup_are_shown_as_they_are(command: typer.Typer, task: SpoiltTask) -> None:
    task.edit("scenes.valid", lambda scenes: scenes["S50003"].update(music="[bold]x[/bold]"))
    assert "music '[bold]x[/bold]' is not in music.valid.json" in run(command, task.root, "--no-audio").stdout


def test_warnings_count_only_when_strict(command: typer.Typer, task: SpoiltTask) -> None:
    task.edit("gains", lambda gains: gains["gain_0001"].update(source_1=4))
    assert run(command, task.root).exit_code == 0
    assert "valid: no errors, 1 warning" in run(command, task.root).stdout
    assert run(command, task.root, "--strict").exit_code == 1


def test_the_findings_can_be_had_as_json(command: typer.Typer, task: SpoiltTask) -> None:
    (task.root / "audio/valid/garden_002/Flute.flac").unlink()
    result = run(command, task.root, "--json", "--split", "valid")
    assert result.exit_code == 1
    (report,) = json.loads(result.stdout)
    (problem,) = report["problems"]
    assert report["split"] == "valid"
    assert report["residuals_db"] == {"beach_000": None}
    assert problem == {
        "severity": "error",
        "file": "audio/valid/garden_002/Flute.flac",
        "key": "",
        "message": "no such file",
        "expected": "an audio file",
        "got": "no such file",
        "suggestion": "",
    }


def test_every_split_there_is_is_checked(command: typer.Typer, task: SpoiltTask) -> None:
    task.file("scenes.train").write_text("{}")
    result = run(command, task.root)
    assert result.exit_code == 1
    assert "train: 4 errors, no warnings" in result.stdout
    assert "metadata/music.train.json\n  error no such file" in result.stdout
    assert "valid: no errors, no warnings" in result.stdout
    assert run(command, task.root, "--split", "valid").exit_code == 0
