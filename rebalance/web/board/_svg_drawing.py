"""SVG written element by element, without a style within, so that a page with a strict policy shows it.

matplotlib draws the same in a few tenths of a second, longer than a page of the leaderboard may take at its first view
(`benchmarks/leaderboard.py`).
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence

INK = "currentColor"
"""The colour of the text around a drawing, so that it can be read in the dark."""

FONT_SIZE = 14
_PAPER_INK = "#1b2126"  # where nothing is around it
_CHARACTER_EM = 0.58  # mean width of a character of a sans-serif font
_BASELINE_EM = 0.35  # from the middle of a line of text to its baseline


class Drawing:
    """An SVG drawing in the making; lengths are in CSS pixels from its upper left corner.

    Parameters
    ----------
    width, height
        Of the drawing.
    title, description
        Tell those who cannot see it what it shows.
    """

    def __init__(self, width: float, height: float, *, title: str, description: str) -> None:
        size = {"width": _number(width), "height": _number(height), "viewBox": f"0 0 {width:.0f} {height:.0f}"}
        facts = {"role": "img", "aria-label": title, "color": _PAPER_INK}
        font = {"font-family": "system-ui, sans-serif", "font-size": f"{FONT_SIZE}px"}
        self._root = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **size, **facts, **font, "fill": INK})
        ET.SubElement(self._root, "title").text = title
        ET.SubElement(self._root, "desc").text = description

    def line(
        self, points: Sequence[tuple[float, float]], *, colour: str = INK, width: float = 1.0, opacity: float = 1.0
    ) -> None:
        """Draw a line through points."""
        places = " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
        stroke = {"fill": "none", "stroke": colour, "stroke-width": _number(width)}
        self._add("polyline", {"points": places, **stroke}, opacity)

    def circle(self, x: float, y: float, radius: float, *, colour: str, is_filled: bool = True) -> None:
        """Draw a circle, or a ring."""
        look = {"fill": colour} if is_filled else {"fill": "none", "stroke": colour, "stroke-width": "1.5"}
        self._add("circle", {"cx": _number(x), "cy": _number(y), "r": _number(radius), **look})

    def cross(self, x: float, y: float, radius: float, *, colour: str) -> None:
        """Draw a diagonal cross."""
        for sign in (-1, 1):
            self.line([(x - radius, y - sign * radius), (x + radius, y + sign * radius)], colour=colour, width=1.5)

    def rectangle(self, x: float, y: float, width: float, height: float, *, colour: str) -> None:
        """Draw a filled rectangle."""
        place = {"x": _number(x), "y": _number(y), "width": _number(width), "height": _number(height)}
        self._add("rect", {**place, "fill": colour, "shape-rendering": "crispEdges"})  # no seams between neighbours

    def text(
        self,
        x: float,
        y: float,
        content: str,
        *,
        anchor: str = "middle",
        colour: str = INK,
        size: float = FONT_SIZE,
        is_upright: bool = False,
    ) -> None:
        """Write text whose middle line is at `y`, around, from or up to `x`; bottom to top where it is upright."""
        place = {"x": _number(x), "y": _number(y + _BASELINE_EM * size), "text-anchor": anchor}
        turn = {"transform": f"rotate(-90 {_number(x)} {_number(y)})"} if is_upright else {}
        own = {} if size == FONT_SIZE else {"font-size": f"{_number(size)}px"}
        self._add("text", {**place, **turn, **own, "fill": colour}).text = content

    def as_svg(self) -> str:
        """Return the drawing."""
        return ET.tostring(self._root, encoding="unicode")

    def _add(self, kind: str, attributes: dict[str, str], opacity: float = 1.0) -> ET.Element:
        faint = {} if opacity == 1.0 else {"opacity": _number(opacity)}
        return ET.SubElement(self._root, kind, {**attributes, **faint})


def text_width(texts: Sequence[str], *, size: float = FONT_SIZE) -> float:
    """Return about how wide the longest of some texts is."""
    return _CHARACTER_EM * size * max(map(len, texts), default=0)


def _number(value: float) -> str:
    """Return a number with two decimals at most."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
