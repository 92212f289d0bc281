"""An audiogram as SVG, drawn as audiologists do: right ear red circles, left ear blue crosses, loss downwards."""

from __future__ import annotations

import math

from rebalance._base.challenge import EARS, Ear
from rebalance.hearing import Listener
from rebalance.web.board._svg_drawing import Drawing

_COLOURS: dict[Ear, str] = {"right": "#d9423a", "left": "#2f7fd6"}
_WIDTH, _HEIGHT = 346, 307
_LEFT, _RIGHT, _TOP, _FOOT = 62, 330, 12, 252
_TICKS_KHZ = {0.25: "¼", 0.5: "½", 1: "1", 2: "2", 4: "4", 8: "8"}
_MIN_KHZ, _MAX_KHZ = 0.2, 10.0
_MIN_DB_HL, _MAX_DB_HL, _STEP_DB = -15, 120, 20


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
    described = f"Hearing thresholds: {'; '.join(_told(listener, ear) for ear in EARS)}."
    drawing = Drawing(_WIDTH, _HEIGHT, title=f"Audiogram of {listener.name}", description=described)
    _scales(drawing)
    for place, ear in enumerate(EARS):
        for x, y in (points := _points(listener, ear)):
            _mark(drawing, x, y, ear)
        drawing.line(points, colour=_COLOURS[ear], width=1.5)
        height = _FOOT - 14 - 18 * place
        _mark(drawing, _LEFT + 14, height, ear)
        drawing.text(_LEFT + 26, height, f"{ear} ear", anchor="start", size=12)
    return drawing.as_svg()


def _scales(drawing: Drawing) -> None:
    """Draw the lines of a grid and what they stand for."""
    for khz, text in _TICKS_KHZ.items():
        drawing.line([(_across(khz), _TOP), (_across(khz), _FOOT)], opacity=0.15)
        drawing.text(_across(khz), _FOOT + 14, text)
    for db_hl in range(0, _MAX_DB_HL + 1, _STEP_DB):
        drawing.line([(_LEFT, _down(db_hl)), (_RIGHT, _down(db_hl))], opacity=0.15)
        drawing.text(_LEFT - 8, _down(db_hl), f"{db_hl}", anchor="end")
    drawing.line([(_LEFT, _TOP), (_LEFT, _FOOT), (_RIGHT, _FOOT)], width=0.8)
    drawing.text((_LEFT + _RIGHT) / 2, _FOOT + 40, "frequency, kHz")
    drawing.text(14, (_TOP + _FOOT) / 2, "threshold, dB HL", is_upright=True)


def _points(listener: Listener, ear: Ear) -> list[tuple[float, float]]:
    """Return where the thresholds of an ear lie; what is beyond a scale lies at its end."""
    audiogram = listener.audiogram(ear)
    return [
        (_across(frequency_hz / 1000), _down(threshold_db_hl))
        for frequency_hz, threshold_db_hl in zip(audiogram.frequencies_hz, audiogram.thresholds_db_hl, strict=True)
    ]


def _mark(drawing: Drawing, x: float, y: float, ear: Ear) -> None:
    if ear == "right":
        drawing.circle(x, y, 4.5, colour=_COLOURS[ear], is_filled=False)
    else:
        drawing.cross(x, y, 4, colour=_COLOURS[ear])


def _across(khz: float) -> float:
    share = math.log2(min(max(khz, _MIN_KHZ), _MAX_KHZ) / _MIN_KHZ) / math.log2(_MAX_KHZ / _MIN_KHZ)
    return _LEFT + share * (_RIGHT - _LEFT)


def _down(threshold_db_hl: float) -> float:
    held = min(max(threshold_db_hl, _MIN_DB_HL), _MAX_DB_HL)
    return _TOP + (held - _MIN_DB_HL) / (_MAX_DB_HL - _MIN_DB_HL) * (_FOOT - _TOP)


def _told(listener: Listener, ear: Ear) -> str:
    """Return the thresholds of an ear in words."""
    audiogram = listener.audiogram(ear)
    thresholds = ", ".join(
        f"{threshold_db_hl:g} dB at {frequency_hz:g} Hz"
        for frequency_hz, threshold_db_hl in zip(audiogram.frequencies_hz, audiogram.thresholds_db_hl, strict=True)
    )
    return f"{ear} ear {thresholds}"
