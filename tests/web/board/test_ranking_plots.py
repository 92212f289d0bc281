"""Plots of boards: whole SVG without a style within, with a title, and the systems in it."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from made_rankings import entry_of, run_of, task_of

from rebalance._base.errors import ConfigError
from rebalance.hearing import Listener
from rebalance.web.board import Ranking, audiogram_plot, heat_map, interval_plot, rank_systems
from rebalance.web.board._ranking_plots import round_values

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


def test_intervals_lie_where_the_axis_says() -> None:
    board = ranking_of(5)
    root = ET.fromstring(interval_plot(board, title="any"))
    texts = [(float(node.get("x")), node.text) for node in root.iter(f"{SVG}text")]
    ticks = [(x, float(text)) for x, text in texts if text.replace(".", "", 1).isdigit()]
    (first_x, first), (last_x, last) = ticks[0], ticks[-1]
    circles = list(root.iter(f"{SVG}circle"))
    means = [first + (float(node.get("cx")) - first_x) / (last_x - first_x) * (last - first) for node in circles]
    assert means == pytest.approx([line.mean.mean for line in board.lines], abs=2e-4)
    ends = [
        [float(point.split(",")[0]) for point in node.get("points").split()]
        for node in root.iter(f"{SVG}polyline")
        if node.get("stroke-width") == "3.5"
    ]
    for line, (low, high), node in zip(board.lines, ends, circles, strict=True):
        assert first_x <= low < float(node.get("cx")) < high <= last_x, line


def test_a_system_without_an_interval_is_drawn() -> None:
    board = rank_systems([entry_of(task := task_of(1), run_of(task, "T1", 0.5))])
    assert board.lines[0].mean.interval is None
    assert len(list(ET.fromstring(interval_plot(board, title="any")).iter(f"{SVG}circle"))) == 1


def test_the_darkest_cell_is_the_best() -> None:
    root = ET.fromstring(heat_map(ranking_of(3), group="Instrument", title="any"))
    colours = [node.get("fill") for node in root.iter(f"{SVG}rect")]
    assert (colours[0], colours[-1]) == ("#0b4f66", "#f4e7c5")


def test_a_greater_loss_lies_lower_and_what_is_beyond_the_scale_at_its_end() -> None:
    listener = Listener.of("L0001", left=[-20, 0, 20, 40, 60, 80, 100, 130], right=[20] * 8)
    root = ET.fromstring(audiogram_plot(listener))
    (blue,) = [line for line in root.iter(f"{SVG}polyline") if len(line.get("points").split()) == 8][:1]
    points = [[float(value) for value in point.split(",")] for point in blue.get("points").split()]
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert [y for _, y in points] == sorted(y for _, y in points)
    assert (points[0][1], points[-1][1]) == (12, 252)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 1.0, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.513, 0.549, [0.51, 0.52, 0.53, 0.54, 0.55]),
        (-3.0, 21.0, [-5.0, 0.0, 5.0, 10.0, 15.0, 20.0, 25.0]),
        (0.5, 0.5, [0.5, 0.6]),
        (0.0, 0.0, [0.0, 0.2]),
    ],
)
def test_an_axis_has_round_values_around_a_range(low: float, high: float, expected: list[float]) -> None:
    assert round_values(low, high) == pytest.approx(expected)


def test_an_unknown_property_is_an_error() -> None:
    with pytest.raises(ConfigError, match="a property that the scores are grouped by, got 'Weather'"):
        heat_map(ranking_of(2), group="Weather", title="any")
