"""Plots of boards as SVG without a style within, so that a strict page shows them: intervals, heat map, audiogram."""

from __future__ import annotations

import html
import io
import re
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from rebalance._base.errors import ConfigError
from rebalance._base.names import counted
from rebalance.hearing import Listener
from rebalance.web.board._rankings import Ranking

_INK = "#010203"  # becomes the colour of the text around a plot
_PAPER_INK = "#1b2126"
_FIRST, _OTHER = "#0b6470", "#7d8a90"
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "rebalance",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.size": 11,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
}
_HEAT = LinearSegmentedColormap.from_list("heat", ["#f4e7c5", "#6fb7ab", "#0b4f66"])
_DARK_FROM = 0.55
_MAX_NAME = 28
_MAX_LABEL = 10
_STYLED = re.compile(r'style="([^"]*)"')
_FONT = re.compile(r"font:\s*(?:(?P<weight>bold|\d+)\s+)?(?P<size>[\d.]+px)\s+(?P<family>.+)")


def interval_plot(board: Ranking, *, title: str, score: str = "HAAQI") -> str:
    """Draw the mean of every system with its 95 % interval, the best on top, as SVG.

    Parameters
    ----------
    board
        What to draw.
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
    with rc_context(_STYLE):
        figure = Figure(figsize=(7.5, 0.9 + 0.3 * len(board.lines)), layout="constrained")
        axes = figure.subplots()
        for place, line in enumerate(board.lines):
            colour = _FIRST if line.rank == 1 else _OTHER
            if (interval := line.mean.interval) is not None:
                axes.plot([interval.low, interval.high], [place, place], color=colour, linewidth=2.5)
            axes.plot([line.mean.mean], [place], "o", color=colour, markersize=6)
        axes.set_yticks(range(len(board.lines)), _names(board))
        axes.set_ylim(len(board.lines) - 0.5, -0.5)
        axes.set_xlabel(f"mean {score} and 95 % interval; first rank in colour")
        axes.grid(visible=True, axis="x", alpha=0.2)
        return _svg(figure, title, f"Mean {score} of {counted(len(board.lines), 'system')}, {board.verdict}")


def heat_map(board: Ranking, *, group: str, title: str, score: str = "HAAQI") -> str:
    """Draw the mean of every system for every group of one property, as SVG.

    Parameters
    ----------
    board
        What to draw.
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
    spread = np.ptp(values) or 1.0
    with rc_context(_STYLE):
        figure = Figure(
            figsize=(2.2 + max(0.85 * len(labels), 3.0), 1.1 + 0.32 * len(board.lines)), layout="constrained"
        )
        axes = figure.subplots()
        axes.pcolormesh(values, cmap=_HEAT, edgecolors="none", linewidth=0)
        for (row, column), value in np.ndenumerate(values):
            is_dark = (value - values.min()) / spread > _DARK_FROM
            text = f"{value:.3f}".replace("0.", ".", 1)
            colour = "#ffffff" if is_dark else "#10202a"
            axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", color=colour)
        broken = [label.replace(" ", "\n") if len(label) > _MAX_LABEL else label for label in labels]
        axes.set_xticks(np.arange(len(labels)) + 0.5, broken)
        axes.set_yticks(np.arange(len(board.lines)) + 0.5, _names(board))
        axes.invert_yaxis()
        axes.spines[["left", "bottom"]].set_visible(False)
        axes.tick_params(length=0)
        return _svg(figure, title, f"Mean {score} by {group.lower()} of {counted(len(board.lines), 'system')}.")


def audiogram_plot(listener: Listener) -> str:
    """Draw the audiogram of a listener as SVG: right ear red circles, left ear blue crosses.

    Parameters
    ----------
    listener
        With both ears.

    Examples
    --------
    >>> from rebalance import Listener
    >>> from rebalance.web.board import audiogram_plot
    >>> plot = audiogram_plot(Listener.of("me", left=[20] * 8, right=[30] * 8))
    >>> plot[:4], "style=" in plot
    ('<svg', False)
    """
    with rc_context(_STYLE):
        figure = Figure(figsize=(3.6, 3.2), layout="constrained")
        axes = figure.subplots()
        listener.plot(axes)
        axes.set_title("")
        ears = "; ".join(
            f"{ear} ear "
            + ", ".join(
                f"{threshold:g} dB at {frequency:g} Hz"
                for frequency, threshold in zip(
                    listener.audiogram(ear).frequencies_hz, listener.audiogram(ear).thresholds_db_hl, strict=True
                )
            )
            for ear in ("left", "right")
        )
        return _svg(figure, f"Audiogram of {listener.name}", f"Hearing thresholds: {ears}.")


def _grid(board: Ranking, group: str) -> tuple[list[str], np.ndarray[Any, Any]]:
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


def _svg(figure: Figure, title: str, description: str) -> str:
    """Return a figure as an SVG element with title and description, styles turned to attributes."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>", "", text, flags=re.DOTALL)
    text = _STYLED.sub(lambda match: _attributes(html.unescape(match[1])), text)
    label = html.escape(title)
    opening = re.compile(r'<svg [^>]*?width="([\d.]+)pt"[^>]*?>', re.DOTALL)
    found = opening.search(text)
    assert found is not None
    box = re.search(r'viewBox="[^"]*"', found[0])
    assert box is not None
    height = re.search(r'height="([\d.]+)pt"', found[0])
    assert height is not None
    size = f'width="{float(found[1]) / 0.75:.0f}" height="{float(height[1]) / 0.75:.0f}"'
    start = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {box[0]} {size}'
        f' role="img" aria-label="{label}" color="{_PAPER_INK}" stroke-linejoin="round" stroke-linecap="butt">'
        f"<title>{label}</title><desc>{html.escape(description)}</desc>"
    )
    return (text[: found.start()] + start + text[found.end() :]).replace(_INK, "currentColor").strip()


def _attributes(style: str) -> str:
    """Return a style of CSS as attributes of SVG."""
    found = []
    for declaration in filter(None, (part.strip() for part in style.split(";"))):
        if (font := _FONT.match(declaration)) is not None:
            found += [f'font-size="{font["size"]}"', 'font-family="system-ui, sans-serif"']
            continue
        name, _, value = declaration.partition(":")
        if name.strip() not in ("font-family",):
            found.append(f'{name.strip()}="{html.escape(value.strip())}"')
    return " ".join(found)
