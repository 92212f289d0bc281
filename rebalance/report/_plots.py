"""Plots as inline SVG that takes the colour of the text around it, so that it is read on light and dark pages."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterable, Mapping
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rebalance.hearing import Listener
from rebalance.report._summary import Summary

SERIES_COLOURS = ("#2f7fd6", "#d0621f", "#2b9466", "#9c5fd0", "#b07d10", "#d6457f", "#0f93a8", "#7f7f7f")
"""One colour per run, in turn; each at a contrast of at least 3 on white and on near black."""

_INK = "#010203"
_EAR_STYLES = {"right": ("o", "#d9423a", "right ear"), "left": ("x", "#2f7fd6", "left ear")}
_AUDIOGRAM_COLUMNS = 4
_HISTOGRAM_BIN = 0.025
_SVG_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "grid.color": _INK,
    "grid.alpha": 0.15,
    "xtick.color": _INK,
    "ytick.color": _INK,
}


def series_colour(number: int) -> str:
    """Return the colour of a run by its place in the report."""
    return SERIES_COLOURS[number % len(SERIES_COLOURS)]


def plot_means(summary: Summary) -> str:
    """Plot the mean score of every run with its interval, as SVG."""
    with matplotlib.rc_context(_SVG_STYLE):
        figure, axes = _figure(7.0, 0.6 + 0.45 * len(summary.runs))
        for place, estimate in enumerate(summary.means):
            colour = series_colour(place)
            if estimate.interval is not None:
                axes.plot([estimate.interval.low, estimate.interval.high], [place, place], color=colour, linewidth=2)
            axes.plot([estimate.mean], [place], "o", color=colour, markersize=7)
        axes.set_yticks(range(len(summary.runs)), [run.name for run in summary.runs])
        axes.set_ylim(len(summary.runs) - 0.5, -0.5)
        axes.set_xlabel("mean HAAQI, 95 % interval")
        axes.grid(visible=True, axis="x")
        return _svg(figure, "Mean HAAQI of every run with its confidence interval; the numbers are in the first table.")


def plot_histogram(summary: Summary) -> str:
    """Plot how the scores of every run are spread, as SVG."""
    scores = [run.scores["avg_haaqi"].to_numpy() for run in summary.runs]
    lowest, highest = min(values.min() for values in scores), max(values.max() for values in scores)
    first = np.floor(lowest / _HISTOGRAM_BIN)
    edges = _HISTOGRAM_BIN * np.arange(first, max(np.ceil(highest / _HISTOGRAM_BIN), first + 1) + 1)
    with matplotlib.rc_context(_SVG_STYLE):
        figure, axes = _figure(7.0, 2.8)
        for number, values in enumerate(scores):
            counts = np.histogram(values, edges)[0]
            axes.stairs(counts, edges, color=series_colour(number), linewidth=1.6)
            axes.stairs(counts, edges, color=series_colour(number), alpha=0.15, fill=True)
        axes.set_xlabel("HAAQI, mean of both ears")
        axes.set_ylabel("pairs")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        return _svg(figure, "Histogram of the scores of all pairs, one outline for every run in its colour.")


def plot_audiograms(listeners: Mapping[str, Listener]) -> str:
    """Plot the audiograms of listeners side by side, as SVG: right ear red circles, left ear blue crosses."""
    n_rows = -(-len(listeners) // _AUDIOGRAM_COLUMNS)
    n_columns = min(len(listeners), _AUDIOGRAM_COLUMNS)
    with matplotlib.rc_context(_SVG_STYLE):
        figure = Figure(figsize=(2.5 * n_columns + 0.4, 2.4 * n_rows + 0.3), layout="constrained")
        panels: Iterable[Axes] = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True).flat
        for panel, item in zip(
            panels, [*listeners.items(), *[None] * (n_rows * n_columns - len(listeners))], strict=True
        ):
            if item is None:
                panel.set_visible(False)
            else:
                _draw_audiogram(panel, *item)
        figure.supxlabel("frequency, kHz", fontsize=10)
        figure.supylabel("threshold, dB HL", fontsize=10)
        return _svg(figure, f"Audiograms of {', '.join(listeners)}; thresholds of both ears against frequency.")


def _draw_audiogram(axes: Axes, name: str, listener: Listener) -> None:
    """Draw both ears of a listener."""
    for ear, audiogram in (("right", listener.right), ("left", listener.left)):
        marker, colour, label = _EAR_STYLES[ear]
        kilohertz = np.array(audiogram.frequencies_hz) / 1000
        axes.plot(
            kilohertz,
            audiogram.thresholds_db_hl,
            marker=marker,
            color=colour,
            label=label,
            markersize=5,
            fillstyle="none",
            linewidth=1.2,
        )
    axes.set_xscale("log", base=2)
    axes.set_xticks([0.25, 0.5, 1, 2, 4, 8], ["¼", "½", "1", "2", "4", "8"])
    axes.set_ylim(120, -15)
    axes.set_yticks(range(0, 121, 20))
    axes.grid(visible=True)
    severity = listener.severity()
    axes.set_title(f"{name}: {'no' if severity == 'none' else severity} loss", fontsize=10)
    axes.legend(frameon=False, fontsize=7, loc="lower left")


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure of some inches with one plot."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _svg(figure: Figure, description: str) -> str:
    """Return a figure as an inline SVG element, named for those who cannot see it."""
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": description}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r' xmlns(:\w+)?="[^"]*"', "", text)
    text = re.sub(r' id="[a-zA-Z0-9.]+_\d+"', "", text)
    width = re.search(r'width="([\d.]+)pt"', text)
    size = f'style="max-width: {float(width[1]) / 72 * 96:.0f}px"' if width else ""
    label = html.escape(description)
    start = re.compile(r'<svg [^>]*?(viewBox="[^"]*")[^>]*>')
    text = start.sub(lambda match: f'<svg {match[1]} role="img" aria-label="{label}" {size}>', text, count=1)
    return text.replace(_INK, "currentColor")
