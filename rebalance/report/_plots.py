"""Plots: of means for notebooks, of audiograms as inline SVG that takes the colour of the text around it."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Mapping
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rebalance._base.bootstrap import Estimate
from rebalance.hearing import Listener

_INK = "#010203"
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
    "xtick.color": _INK,
    "ytick.color": _INK,
}
_MEAN_COLOUR = "#2f7fd6"


def draw_means(means: Mapping[str, Estimate], axes: Axes | None = None) -> Axes:
    """Plot mean scores with their intervals, one line for each name, from top to bottom."""
    if axes is None:
        from matplotlib import pyplot

        _, axes = pyplot.subplots(figsize=(7.0, 0.9 + 0.35 * len(means)), layout="constrained")
    for place, estimate in enumerate(means.values()):
        if estimate.interval is not None:
            bounds = [estimate.interval.low, estimate.interval.high]
            axes.plot(bounds, [place, place], color=_MEAN_COLOUR, linewidth=2)
        axes.plot([estimate.mean], [place], "o", color=_MEAN_COLOUR, markersize=6)
    axes.set_yticks(range(len(means)), list(means), parse_math=False)
    axes.set_ylim(len(means) - 0.5, -0.5)
    axes.set_xlabel("mean HAAQI, 95 % interval")
    axes.grid(visible=True, axis="x", alpha=0.2)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def plot_audiogram(name: str, listener: Listener) -> str:
    """Plot the audiogram of a listener as SVG: right ear red circles, left ear blue crosses."""
    with matplotlib.rc_context(_SVG_STYLE):
        figure = Figure(figsize=(2.2, 2.2), layout="constrained")
        axes = figure.subplots()
        listener.plot(axes)
        axes.set_title(f"{name}: {_loss(listener)}", fontsize=10.5)
        return _svg(
            figure, f"Audiogram of {name}, {_loss(listener)} by the code; thresholds of both ears against frequency."
        )


def _loss(listener: Listener) -> str:
    """Name the degree of loss of a listener."""
    severity = listener.severity()
    return f"{'no' if severity == 'none' else severity} loss"


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
