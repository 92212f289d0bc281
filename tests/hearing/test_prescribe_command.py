from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from rebalance._base.errors import MetadataError
from rebalance.cli import prescribe
from rebalance.task import read_fittings

app = typer.Typer()
app.command()(prescribe)

PERSON = {
    "audiogram_cfs": [250, 500, 1000, 2000, 3000, 4000, 6000, 8000],
    "audiogram_levels_l": [45, 45, 35, 45, 60, 65, 70, 65],
    "audiogram_levels_r": [0, 0, 0, 0, 0, 0, 0, 0],
}


def test_settings_are_printed_in_the_challenges_form(tmp_path):
    (tmp_path / "listeners.json").write_text(json.dumps({"L0001": {"name": "L0001", **PERSON}}))
    result = CliRunner().invoke(app, [str(tmp_path / "listeners.json")])
    assert result.exit_code == 0
    settings = json.loads(result.output)["L0001"]
    assert settings["frequencies"] == [250, 500, 1000, 2000, 4000, 8000]
    assert settings["gain_r"] == [0.0] * 6
    assert settings["cr_r"] == [1.0] * 6
    assert all(gain == round(gain, 1) > 0 for gain in settings["gain_l"])


def test_written_settings_load_again(tmp_path):
    (tmp_path / "me.json").write_text(json.dumps({"name": "me", **PERSON}))
    result = CliRunner().invoke(app, [str(tmp_path / "me.json"), "--out", str(tmp_path / "settings.json")])
    assert result.exit_code == 0
    fittings = read_fittings(tmp_path / "settings.json")
    assert list(fittings) == ["me"]
    assert fittings["me"].right.gains_db == (0.0,) * 6


def test_an_audiogram_without_an_ear_is_refused_and_nothing_written(tmp_path):
    person = {key: value for key, value in PERSON.items() if key != "audiogram_levels_r"}
    (tmp_path / "me.json").write_text(json.dumps(person))
    arguments = [str(tmp_path / "me.json"), "--out", str(tmp_path / "settings.json")]
    with pytest.raises(MetadataError, match="audiogram_levels_r"):
        CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert not (tmp_path / "settings.json").exists()
