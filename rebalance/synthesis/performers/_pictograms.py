"""Players drawn by program: a pictogram of the instrument before a figure, moving with the sound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rebalance._base.names import one_of

Scenery: TypeAlias = Literal["stripes", "checks", "speckles"]
_Plane: TypeAlias = NDArray[np.float64]
_Shape: TypeAlias = Callable[[_Plane, _Plane], NDArray[np.bool_]]


def _disc(x: float, y: float, wide: float, high: float) -> _Shape:
    return lambda across, down: ((across - x) / wide) ** 2 + ((down - y) / high) ** 2 <= 1.0


def _ring(x: float, y: float, radius: float, thickness: float) -> _Shape:
    return lambda across, down: np.abs(np.hypot(across - x, down - y) - radius) <= thickness


def _bar(x0: float, y0: float, x1: float, y1: float, thickness: float) -> _Shape:
    length = float(np.hypot(x1 - x0, y1 - y0))
    ux, uy = (x1 - x0) / length, (y1 - y0) / length

    def holds(across: _Plane, down: _Plane) -> NDArray[np.bool_]:
        along = (across - x0) * ux + (down - y0) * uy
        beside = np.abs((across - x0) * uy - (down - y0) * ux)
        return (along >= 0) & (along <= length) & (beside <= thickness)

    return holds


def _bell(x: float, y: float, towards: tuple[float, float], width: float) -> _Shape:
    """Return a cone that opens from a point by a vector."""
    length = float(np.hypot(*towards))
    ux, uy = towards[0] / length, towards[1] / length

    def holds(across: _Plane, down: _Plane) -> NDArray[np.bool_]:
        along = (across - x) * ux + (down - y) * uy
        beside = np.abs((across - x) * uy - (down - y) * ux)
        return (along >= 0) & (along <= length) & (beside <= width * along / length + 0.04)

    return holds


_WOOD, _SILVER, _BLACK, _MAROON, _GOLD = (
    (150, 85, 35),
    (200, 205, 215),
    (25, 25, 30),
    (110, 30, 30),
    (225, 180, 50),
)

# Shapes in coordinates from -1 to 1, across to the right and down.
_PICTOGRAMS: Mapping[str, tuple[tuple[int, int, int], tuple[_Shape, ...]]] = MappingProxyType(
    {
        "Violin": (
            _WOOD,
            (_disc(-0.45, 0.1, 0.28, 0.2), _disc(-0.05, 0.1, 0.24, 0.17), _bar(0.1, 0.1, 0.9, 0.1, 0.05)),
        ),
        "Viola": (
            _WOOD,
            (_disc(-0.5, 0.3, 0.42, 0.34), _disc(0.0, 0.05, 0.34, 0.28), _bar(0.1, 0.0, 0.8, -0.4, 0.07)),
        ),
        "Cello": (
            _WOOD,
            (
                _disc(0.0, 0.45, 0.36, 0.28),
                _disc(0.0, 0.05, 0.28, 0.22),
                _bar(0.0, -0.1, 0.0, -0.9, 0.06),
                _bar(0.0, 0.7, 0.0, 1.0, 0.03),
            ),
        ),
        "Bass": (
            _WOOD,
            (_bell(0.0, -0.55, (0.0, 1.4), 0.55), _disc(0.0, 0.75, 0.56, 0.24), _bar(0.0, -1.0, 0.0, -0.4, 0.08)),
        ),
        "Flute": (
            _SILVER,
            (_bar(-0.95, -0.1, 0.95, 0.0, 0.06), *(_disc(x, -0.05, 0.06, 0.1) for x in (0.1, 0.35, 0.6))),
        ),
        "Oboe": (
            _BLACK,
            (_bar(0.0, -0.7, 0.1, 0.7, 0.06), _bar(0.0, -1.0, 0.0, -0.7, 0.025), _bell(0.1, 0.6, (0.03, 0.2), 0.1)),
        ),
        "Clarinet": (_BLACK, (_bar(-0.3, -0.8, 0.3, 0.6, 0.12), _bell(0.28, 0.55, (0.18, 0.42), 0.28))),
        "Bassoon": (
            _MAROON,
            (_bar(0.35, -1.0, -0.25, 0.95, 0.11), _bar(0.6, -0.5, -0.05, 0.95, 0.07), _ring(-0.1, -0.45, 0.22, 0.04)),
        ),
        "Sax": (
            _GOLD,
            (_bar(-0.2, -0.8, -0.2, 0.5, 0.1), _disc(0.05, 0.6, 0.32, 0.22), _bell(0.2, 0.6, (0.35, -0.7), 0.3)),
        ),
        "Trumpet": (
            _GOLD,
            (
                _bar(-0.9, 0.0, 0.4, 0.0, 0.06),
                _bell(0.3, 0.0, (0.6, 0.0), 0.32),
                *(_bar(x, -0.3, x, 0.3, 0.06) for x in (-0.3, -0.1, 0.1)),
            ),
        ),
        "Horn": (_GOLD, (_ring(0.0, 0.0, 0.48, 0.11), _ring(0.0, 0.0, 0.2, 0.07), _bell(0.3, 0.3, (0.5, 0.55), 0.42))),
        "Trombone": (
            _GOLD,
            (
                _bar(-0.95, 0.25, 0.9, 0.25, 0.05),
                _bar(-0.95, -0.15, 0.5, -0.15, 0.05),
                _bar(0.88, -0.15, 0.88, 0.28, 0.05),
                _bell(-0.5, -0.15, (-0.5, 0.0), 0.3),
            ),
        ),
        "Tuba": (_GOLD, (_disc(0.0, 0.4, 0.46, 0.55), _bell(0.0, 0.2, (-0.1, -1.1), 0.62))),
    }
)
PICTURED_INSTRUMENTS = tuple(_PICTOGRAMS)
"""The instruments that can be drawn: the thirteen classes of Solos."""

_SWING_RAD = 0.12
_SWING_HZ = 0.7
_NOISE = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One player as drawn: what stays the same over a video.

    Parameters
    ----------
    instrument
        One of `PICTURED_INSTRUMENTS`.
    background, clothes, metal
        Colours, red, green, blue from 0 to 255; the last that of the instrument.
    scenery
        Texture of the background.
    centre
        Of the pictogram, across and down, each from -1 to 1.
    size
        Half its side, 1 for half of the picture.
    angle_rad
        By which it is turned.
    seed
        Of the noise of the pictures.
    """

    instrument: str
    background: tuple[float, float, float]
    clothes: tuple[float, float, float]
    metal: tuple[float, float, float]
    scenery: Scenery
    centre: tuple[float, float]
    size: float
    angle_rad: float
    seed: int

    def frames(self, levels: NDArray[np.floating], *, side: int, frame_rate: float) -> NDArray[np.uint8]:
        """Return a frame for every level of the sound, each from 0 to 1: ``(n_frames, side, side, 3)``.

        The instrument swings as far as it sounds.

        Parameters
        ----------
        levels
            Shape ``(n_frames,)``.
        side
            Of a frame, in pixels.
        frame_rate
            Frames per second.
        """
        place = np.linspace(-1.0, 1.0, side)
        across, down = np.meshgrid(place, place)
        still = self._still(across, down)
        rng = np.random.default_rng(self.seed)
        frames = np.empty((len(levels), side, side, 3), dtype=np.uint8)
        for number, level in enumerate(levels):
            swing = _SWING_RAD * float(level) * np.sin(2 * np.pi * _SWING_HZ * number / frame_rate)
            picture = np.where(self._pictogram(across, down, swing)[..., None], self.metal, still)
            noisy = picture + _NOISE * rng.standard_normal((side, side, 1))
            frames[number] = np.clip(noisy, 0, 255).astype(np.uint8)
        return frames

    def _still(self, across: _Plane, down: _Plane) -> _Plane:
        """Return what does not move: the background and the figure."""
        textures = {
            "stripes": np.sin(9.0 * across + 3.0 * down),
            "checks": np.sign(np.sin(11.0 * across) * np.sin(11.0 * down)),
            "speckles": np.random.default_rng(self.seed + 1).standard_normal(across.shape),
        }
        picture = np.asarray(self.background) + 18.0 * textures[self.scenery][..., None]
        figure = _disc(0.0, -0.55, 0.22, 0.28)(across, down) | _disc(0.0, 0.7, 0.6, 0.95)(across, down)
        return np.where(figure[..., None], np.asarray(self.clothes), picture)

    def _pictogram(self, across: _Plane, down: _Plane, swing_rad: float) -> NDArray[np.bool_]:
        """Return where the instrument is."""
        turn = self.angle_rad + swing_rad
        x, y = (across - self.centre[0]) / self.size, (down - self.centre[1]) / self.size
        turned = (np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x)
        shapes = np.stack([shape(*turned) for shape in _PICTOGRAMS[self.instrument][1]])
        holding: NDArray[np.bool_] = np.asarray(shapes.any(axis=0))
        return holding


def draw_stage(instrument: str, scenery: Scenery, rng: np.random.Generator) -> Stage:
    """Draw how a player looks: colours, place, size and angle.

    Parameters
    ----------
    instrument
        One of the thirteen of Solos.
    scenery
        Background of the corpus.
    rng
        Where the draws come from.

    Raises
    ------
    ConfigError
        If there is no pictogram of the instrument.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.synthesis.performers import draw_stage
    >>> stage = draw_stage("Tuba", "stripes", np.random.default_rng(0))
    >>> stage.frames(np.zeros(5), side=32, frame_rate=25.0).shape
    (5, 32, 32, 3)
    """
    one_of("instrument", instrument, tuple(_PICTOGRAMS))
    metal = np.clip(np.array(_PICTOGRAMS[instrument][0]) + rng.uniform(-25, 25, 3), 0, 255)
    background, clothes = rng.uniform(60, 200, 3), rng.uniform(20, 160, 3)
    return Stage(
        instrument=instrument,
        background=_colour(background),
        clothes=_colour(clothes),
        metal=_colour(metal),
        scenery=scenery,
        centre=(float(rng.uniform(-0.25, 0.25)), float(rng.uniform(-0.2, 0.3))),
        size=float(rng.uniform(0.5, 0.8)),
        angle_rad=float(rng.uniform(-0.25, 0.25)),
        seed=int(rng.integers(2**31)),
    )


def _colour(values: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return three numbers as a colour."""
    red, green, blue = values.tolist()
    return red, green, blue
