"""Audiograms as audiologists draw them: right ear red circles, left ear blue crosses, loss downwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rebalance._base.challenge import Ear
from rebalance._base.extras import optional_packages

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_EAR_STYLES: Mapping[Ear, tuple[str, str]] = {"right": ("o", "#d9423a"), "left": ("x", "#2f7fd6")}
_NO_EAR_STYLE = ("s", "#7f7f7f")
_TICKS_KHZ = {0.125: "⅛", 0.25: "¼", 0.5: "½", 1: "1", 2: "2", 4: "4", 8: "8"}
_MIN_USUAL_KHZ = 0.25
_MIN_DB_HL, _MAX_DB_HL = -15, 120


def new_axes() -> Axes:
    """Return the axes of a new figure, shown by a notebook at the end of its cell.

    Raises
    ------
    ConfigError
        If matplotlib is not installed.
    """
    with optional_packages():
        from matplotlib import pyplot
    _, axes = pyplot.subplots(figsize=(4.2, 3.6), layout="constrained")
    return axes


def draw_ear(
    axes: Axes, frequencies_hz: Sequence[float], thresholds_db_hl: Sequence[float], ear: Ear | None = None
) -> None:
    """Draw the thresholds of one ear; of a neutral colour where it is not said which."""
    marker, colour = _NO_EAR_STYLE if ear is None else _EAR_STYLES[ear]
    axes.plot(
        [frequency / 1000 for frequency in frequencies_hz],
        list(thresholds_db_hl),
        marker=marker,
        color=colour,
        label=None if ear is None else f"{ear} ear",
        markersize=5,
        fillstyle="none",
        linewidth=1.2,
    )


def finish_audiogram(axes: Axes, title: str) -> None:
    """Give axes the scales of an audiogram, a title, and a legend where ears are named."""
    lowest_khz = min(float(np.min(line.get_xdata())) for line in axes.lines)
    ticks_khz = {khz: text for khz, text in _TICKS_KHZ.items() if khz >= min(_MIN_USUAL_KHZ, lowest_khz)}
    axes.set_xscale("log", base=2)
    axes.set_xticks(list(ticks_khz), list(ticks_khz.values()))
    axes.set_ylim(_MAX_DB_HL, _MIN_DB_HL)
    axes.set_yticks(range(0, _MAX_DB_HL + 1, 20))
    axes.set_xlabel("frequency, kHz")
    axes.set_ylabel("threshold, dB HL")
    axes.grid(visible=True, alpha=0.15)
    axes.set_title(title, fontsize=10)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=8, loc="lower left")
