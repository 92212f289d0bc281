"""HAAQI and its terms as bars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rebalance._base.extras import optional_packages

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INDEX_COLOUR, _TERM_COLOUR = "#2f7fd6", "#9aa5b1"


def draw_terms(terms: Mapping[str, float], axes: Axes | None = None) -> Axes:
    """Draw the index, which comes first, and its terms on axes of one's own or on new ones.

    Raises
    ------
    ConfigError
        If matplotlib is not installed.
    """
    if axes is None:
        with optional_packages():
            from matplotlib import pyplot
        _, axes = pyplot.subplots(figsize=(5.0, 2.6), layout="constrained")
    names = ["HAAQI", *list(terms)[1:]]
    bars = axes.barh(names, list(terms.values()), color=[_INDEX_COLOUR, *[_TERM_COLOUR] * (len(names) - 1)])
    axes.bar_label(bars, fmt="%.3f", padding=3)
    axes.set_xlim(0, 1.2)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
    axes.spines[["top", "right"]].set_visible(False)
    axes.invert_yaxis()
    return axes
