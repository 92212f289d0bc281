"""Plots of a listening test."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from rebalance._base.files import replacing

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "rebalance",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
}
_BLUE, _GREY = "#2f7fd6", "#8a8f94"
_COLOURS = ("#2f7fd6", "#c2571a", "#2b7058", "#94384d", "#7a4b8c", "#86610f", "#1f6b86", "#4f6f2c")
_MARKERS = "osD^vP<>"
_SCALE = ("Bad", "Poor", "Fair", "Good", "Excellent")


def draw_ratings(means: pd.DataFrame, ratings: pd.DataFrame) -> Figure:
    """Draw the mean rating of every system with its interval over all single ratings, on the scale of the page."""
    with matplotlib.rc_context(_STYLE):
        figure, axes = _rows(means["system"])
        for place, system in enumerate(means["system"]):
            own = ratings.loc[ratings["system"] == system, "rating"].to_numpy(np.float64)
            spread = np.random.default_rng(place).uniform(-0.18, 0.18, len(own))
            axes.plot(own, place + spread, ".", color=_GREY, alpha=0.4, markersize=4)
        _mark(axes, means[["mean", "low", "high"]].to_numpy(np.float64))
        axes.set_xlim(-2, 102)
        axes.set_xlabel("rating; mean and 95 % interval")
        for edge in (20, 40, 60, 80):
            axes.axvline(edge, color=_GREY, linewidth=0.5, alpha=0.5)
        for place, name in enumerate(_SCALE):
            axes.text(10 + 20 * place, 1.01, name, transform=axes.get_xaxis_transform(), ha="center", color=_GREY)
        return figure


def draw_worths(worths: pd.DataFrame) -> Figure:
    """Draw the Bradley-Terry worth of every system with its interval."""
    with matplotlib.rc_context(_STYLE):
        figure, axes = _rows(worths["system"])
        _mark(axes, worths[["worth", "low", "high"]].to_numpy(np.float64))
        axes.axvline(0.0, color=_GREY, linewidth=0.6)
        axes.set_xlabel("worth, log odds against the average; 95 % interval")
        return figure


def draw_relation(points: pd.DataFrame, *, x_label: str, y_label: str) -> Figure:
    """Draw answers against HAAQI, a point for each signal, or each two signals, of a scene."""
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(6.0, 4.2), layout="constrained")
        axes = figure.subplots()
        for place, (system, own) in enumerate(points.groupby("system", sort=False)):
            colour, marker = _COLOURS[place % len(_COLOURS)], _MARKERS[place % len(_MARKERS)]
            axes.plot(own["haaqi"], own["answer"], marker, color=colour, alpha=0.8, label=str(system))
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.grid(visible=True, alpha=0.2)
        figure.legend(loc="outside right upper", frameon=False)
        return figure


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as SVG and, beside it, as PNG."""
    with matplotlib.rc_context(_STYLE):
        for suffix, metadata in ((".svg", {"Date": None}), (".png", {})):
            content = io.BytesIO()
            figure.savefig(content, format=suffix[1:], dpi=150, metadata=metadata)
            with replacing(path.with_suffix(suffix)) as temporary:
                temporary.write_bytes(content.getvalue())


def _rows(systems: pd.Series[Any]) -> tuple[Figure, Axes]:
    """Return axes with a row for every system, from top to bottom."""
    figure = Figure(figsize=(7.0, 1.1 + 0.45 * len(systems)), layout="constrained")
    axes = figure.subplots()
    axes.set_yticks(range(len(systems)), list(systems))
    axes.set_ylim(len(systems) - 0.5, -0.5)
    axes.grid(visible=True, axis="x", alpha=0.2)
    return figure, axes


def _mark(axes: Axes, estimates: NDArray[np.float64]) -> None:
    """Draw estimates with their intervals, where there are any; shape ``(n, 3)``."""
    for place, (middle, low, high) in enumerate(estimates):
        if np.isfinite(low):
            axes.plot([low, high], [place, place], color=_BLUE, linewidth=2)
        axes.plot([middle], [place], "o", color=_BLUE, markersize=6)
