"""The list of separators: what ships, what is built in, what other packages offer."""

from __future__ import annotations

import math
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import numpy as np
import pytest

from rebalance._base.errors import ConfigError
from rebalance.separation import (
    OWN_MODELS,
    SEPARATORS,
    installed_separators,
    list_separators,
    load_separator,
    measure_cost,
    shipped_weights,
    source_digest,
)
from rebalance.separation._kinds import CONVTASNETS, IASS, OF_A_FOLDER

HALVES = """
from rebalance.separation import load_separator

def halves():
    return load_separator("mixture")
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a_package_of_halves.py").write_text(HALVES)
    monkeypatch.syspath_prepend(tmp_path)
    points = [
        EntryPoint(name="halves", value="a_package_of_halves:halves", group="rebalance.separators"),
        EntryPoint(name="broken", value="no_such_package:x", group="rebalance.separators"),
        EntryPoint(name="mixture", value="a_package_of_halves:halves", group="rebalance.separators"),
    ]
    monkeypatch.setattr(
        "rebalance.separation._overview.entry_points", lambda *, group: EntryPoints(points).select(group=group)
    )


def test_every_name_that_loads_is_listed_once() -> None:
    names = [entry.name for entry in list_separators()]
    assert set(names) == {*SEPARATORS, *shipped_weights(), *installed_separators()}
    assert names[0] == "default"


def test_weights_tell_what_their_card_does() -> None:
    entries = {entry.name: entry for entry in list_separators()}
    for name, path in shipped_weights().items():
        separator = load_separator(name, device="cpu")
        assert entries[name].n_bytes == path.stat().st_size
        assert entries[name].worth
        expected = separator.info.lookahead_ms
        assert entries[name].look_ahead == ("the whole recording" if math.isinf(expected) else f"{expected:.1f} ms")


@pytest.mark.usefixtures("installed")
def test_what_another_package_installs_is_listed_and_loads_by_name() -> None:
    entries = {entry.name: entry for entry in list_separators() if entry.origin == "installed"}
    assert entries["halves"].about == "a_package_of_halves:halves"
    assert load_separator("halves").name == "mixture"
    assert len(str(source_digest("halves"))) == 64


@pytest.mark.usefixtures("installed")
def test_a_broken_package_is_named_only_when_it_is_used_and_takes_no_name_of_ours() -> None:
    with pytest.raises(ConfigError, match="no_such_package"):
        load_separator("broken")
    assert source_digest("mixture") is None
    with pytest.raises(ConfigError, match="did you mean 'halves'"):
        load_separator("halve")


def test_the_cost_is_a_time_for_a_second_of_music() -> None:
    assert 0 <= measure_cost(load_separator("mixture"), ("Flute",), duration_s=0.5, turns=1) < 1


def test_every_kind_of_model_of_ones_own_is_listed_and_can_be_asked_for() -> None:
    kinds = [name.removesuffix(":FOLDER") for name in OWN_MODELS if name.endswith(":FOLDER") and "@" not in name]
    assert sorted(kinds) == sorted([*CONVTASNETS, *IASS, *OF_A_FOLDER])
    for name in OWN_MODELS:
        asked = name.replace("NAME", "mixture").replace("FOLDER", "nowhere").replace("FILE", "nowhere")
        with pytest.raises(ConfigError, match="nowhere") as caught:
            load_separator(asked, device="cpu")(np.zeros((1, 44_100), np.float32), ("Flute",))
        assert "module:callable" not in str(caught.value), "a name that is not known"
