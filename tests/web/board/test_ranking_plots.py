"""Plots of boards: whole SVG without a style within, with a title, and the systems in it."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from made_rankings import entry_of, run_of, task_of

pytest.importorskip("matplotlib", reason="the extra 'web' is not installed")

from rebalance._base.errors import ConfigError
from rebalance.hearing import Listener
from rebalance.web.board import Ranking, audiogram_plot, heat_map, interval_plot, rank_systems

SVG = "{http://www.w3.org/2000/svg}"


def ranking_of(n_systems: int) -> Ranking:
    task = task_of(6)
    names = ["$x$ <b>", *(f"T{place}" for place in range(1, n_systems))]
    return rank_systems([entry_of(task, run_of(task, name, 0.5 + 0.01 * place)) for place, name in enumerate(names)])


def plots() -> dict[str, str]:
    board = ranking_of(3)
    return {
        "intervals": interval_plot(board, title="Means & intervals"),
        "heat": heat_map(board, group="Instrument", title="Means & intervals"),
        "audiogram": audiogram_plot(Listener.of("L0001", left=[20] * 8, right=[35] * 8)),
    }


@pytest.mark.parametrize("name", ["intervals", "heat", "audiogram"])
def test_a_plot_is_whole_svg_that_a_strict_page_shows(name: str) -> None:
    text = plots()[name]
    root = ET.fromstring(text)
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text in ("Means & intervals", "Audiogram of L0001")
    assert len(root.find(f"{SVG}desc").text) > 20
    assert not [node for node in root.iter() if "style" in node.attrib or node.tag in (f"{SVG}style", f"{SVG}script")]
    assert "currentColor" in text


def test_names_are_shown_as_they_are() -> None:
    root = ET.fromstring(plots()["intervals"])
    texts = ["".join(node.itertext()) for node in root.iter(f"{SVG}text")]
    assert "$x$ <b>" in texts
    assert {"T1", "T2"} <= set(texts)


def test_a_heat_map_shows_the_mean_of_every_group() -> None:
    root = ET.fromstring(heat_map(ranking_of(2), group="Gain size", title="any"))
    texts = {"".join(node.itertext()) for node in root.iter(f"{SVG}text")}
    assert {"3 dB", "6 dB", "T1"} <= texts
    for line in ranking_of(2).lines:
        (gains,) = [group for group in line.entry.summary.groups if group.title == "Gain size"]
        assert {f"{mean.estimate.mean:.3f}"[1:] for mean in gains.means} <= texts


def test_the_same_board_gives_the_same_bytes() -> None:
    assert plots() == plots()


def test_an_unknown_property_is_an_error() -> None:
    with pytest.raises(ConfigError, match="a property that the scores are grouped by, got 'Weather'"):
        heat_map(ranking_of(2), group="Weather", title="any")
