"""Plots of boards as SVG: intervals of means, and a heat map of groups."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError
from rebalance._base.names import counted
from rebalance.web.board._rankings import RankedLine, Ranking
from rebalance.web.board._svg_drawing import Drawing, text_width

_FIRST, _OTHER = "#0b6470", "#7d8a90"
_HEAT = np.array([[0xF4, 0xE7, 0xC5], [0x6F, 0xB7, 0xAB], [0x0B, 0x4F, 0x66]], dtype=np.float64)
_DARK_FROM = 0.55
_ON_DARK, _ON_LIGHT = "#ffffff", "#10202a"
_MAX_NAME = 28
_MAX_LABEL = 10
_GAP = 10  # between text and what it belongs to
_ROW, _CELL, _MIN_CELLS = 30, 82, 288
_LINE = 17  # of broken labels
_PLOT_WIDTH = 720
_N_TICKS = 6


def interval_plot(board: Ranking, *, title: str, score: str = "HAAQI") -> str:
    """Draw the mean of every system with its 95 % interval, the best on top, as SVG.

    Parameters
    ----------
    board
        The ranking to draw.
    title
        Says what the plot shows to those who cannot see it.
    score
        What the means are of, with its unit.

    Raises
    ------
    ConfigError
        If the board is empty.

    Examples
    --------
    >>> from rebalance.web.board import interval_plot, rank_systems
    >>> interval_plot(rank_systems([]), title="Nothing")
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: plot: expected one or more systems, got none
    """
    _require_lines(board)
    names = _names(board)
    left, foot = text_width(names) + 2 * _GAP, _GAP + _ROW * len(board.lines)
    described = f"Mean {score} of {counted(len(board.lines), 'system')}, {board.verdict}"
    drawing = Drawing(_PLOT_WIDTH, foot + 60, title=title, description=described)
    bounds = [_bounds(line) for line in board.lines]
    ticks = round_values(min(low for low, _ in bounds), max(high for _, high in bounds))
    scale = (_PLOT_WIDTH - 2 * _GAP - left) / (ticks[-1] - ticks[0])

    def across(value: float) -> float:
        return left + scale * (value - ticks[0])

    for tick in ticks:
        drawing.line([(across(tick), _GAP), (across(tick), foot)], opacity=0.2)
        drawing.text(across(tick), foot + 15, f"{tick:.{_decimals(ticks)}f}")
    drawing.text((left + _PLOT_WIDTH) / 2, foot + 42, f"mean {score} and 95 % interval; first rank in colour")
    for place, (line, name, (low, high)) in enumerate(zip(board.lines, names, bounds, strict=True)):
        colour, height = _FIRST if line.rank == 1 else _OTHER, _GAP + _ROW * (place + 0.5)
        drawing.text(left - _GAP, height, name, anchor="end")
        drawing.line([(across(low), height), (across(high), height)], colour=colour, width=3.5)
        drawing.circle(across(line.mean.mean), height, 5, colour=colour)
    return drawing.as_svg()


def heat_map(board: Ranking, *, group: str, title: str, score: str = "HAAQI") -> str:
    """Draw the mean of every system for every group of one property, as SVG.

    Parameters
    ----------
    board
        The ranking to draw.
    group
        Title of the property, as in the summaries.
    title
        Says what the plot shows.
    score
        What the means are of.

    Raises
    ------
    ConfigError
        If the board is empty, or has no such property.

    Examples
    --------
    >>> from rebalance.web.board import heat_map, rank_systems
    >>> heat_map(rank_systems([]), group="Instrument", title="Nothing")
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: plot: expected one or more systems, got none
    """
    _require_lines(board)
    labels, values = _grid(board, group)
    names, broken = _names(board), [_broken(label) for label in labels]
    left, cell = text_width(names) + 2 * _GAP, max(_CELL, _MIN_CELLS / len(labels))
    foot = _GAP + _ROW * len(names)
    described = f"Mean {score} by {group.lower()} of {counted(len(board.lines), 'system')}."
    size = (left + cell * len(labels) + _GAP, foot + _GAP + _LINE * max(map(len, broken)))
    drawing = Drawing(*size, title=title, description=described)
    shares = (values - values.min()) / (np.ptp(values) or 1.0)
    for row, name in enumerate(names):
        top = _GAP + _ROW * row
        drawing.text(left - _GAP, top + _ROW / 2, name, anchor="end")
        for column, share in enumerate(shares[row]):
            drawing.rectangle(left + cell * column, top, cell, _ROW, colour=_heat(share))
            colour = _ON_DARK if share > _DARK_FROM else _ON_LIGHT
            text = f"{values[row, column]:.3f}".replace("0.", ".", 1)
            drawing.text(left + cell * (column + 0.5), top + _ROW / 2, text, colour=colour)
    for column, lines in enumerate(broken):
        for place, line in enumerate(lines):
            drawing.text(left + cell * (column + 0.5), foot + _GAP + _LINE * (place + 0.2), line)
    return drawing.as_svg()


def round_values(low: float, high: float) -> list[float]:
    """Return about six evenly spaced round values, the first and the last of which hold a range between them."""
    spread = (high - low) or abs(high) or 1.0
    rough = spread / _N_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [step * number for number in range(first, max(last, first + 1) + 1)]


def _decimals(ticks: list[float]) -> int:
    """Return how many decimals tell ticks apart."""
    return max(0, -math.floor(math.log10(ticks[1] - ticks[0]) + 1e-9))


def _bounds(line: RankedLine) -> tuple[float, float]:
    """Return the ends of the interval of a line; its mean where there is none."""
    if (interval := line.mean.interval) is None:
        return line.mean.mean, line.mean.mean
    return interval.low, interval.high


def _heat(share: float) -> str:
    """Return the colour of a value by where it lies between the lowest and the highest."""
    places = np.linspace(0.0, 1.0, len(_HEAT))
    red, green, blue = (round(float(np.interp(share, places, channel))) for channel in _HEAT.T)
    return f"#{red:02x}{green:02x}{blue:02x}"


def _grid(board: Ranking, group: str) -> tuple[list[str], NDArray[Any]]:
    """Return the labels of a property and the means, shape ``(n_systems, n_labels)``."""
    rows = []
    for line in board.lines:
        found = [means for means in line.entry.summary.groups if means.title == group]
        if not found:
            raise ConfigError(where="plot", expected="a property that the scores are grouped by", got=repr(group))
        rows.append([(mean.label, mean.estimate.mean) for mean in found[0].means])
    return [label for label, _ in rows[0]], np.array([[value for _, value in row] for row in rows])


def _require_lines(board: Ranking) -> None:
    if not board.lines:
        raise ConfigError(where="plot", expected="one or more systems", got="none")


def _names(board: Ranking) -> list[str]:
    """Return how the lines are called, cut where they are long."""
    names = [line.entry.name for line in board.lines]
    return [name if len(name) <= _MAX_NAME else f"{name[: _MAX_NAME - 1]}…" for name in names]


def _broken(label: str) -> list[str]:
    """Return the lines of a label, broken at spaces where it is long."""
    return label.split(" ") if len(label) > _MAX_LABEL else [label]
