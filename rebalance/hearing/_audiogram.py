"""Audiograms, listeners and the fitting of their hearing aids: values only."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2, EARS, Ear
from rebalance._base.errors import MetadataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SeverityDefinition: TypeAlias = Literal["code", "site"]
Severity: TypeAlias = Literal["none", "mild", "moderate", "moderately severe", "severe"]

# (exclusive lower bound in dB HL, name) from the highest; first match wins.
_CODE_SEVERITY: tuple[tuple[float, Severity], ...] = ((56.0, "severe"), (35.0, "moderate"), (15.0, "mild"))
_CODE_SEVERITY_BAND_HZ = (2000.0, 8000.0)
# (inclusive lower bound in dB HL, name) from the highest; first match wins.
_SITE_SEVERITY: tuple[tuple[float, Severity], ...] = (
    (65.0, "severe"),
    (50.0, "moderately severe"),
    (35.0, "moderate"),
    (20.0, "mild"),
)
SITE_SEVERITY_FREQUENCIES_HZ = (500.0, 1000.0, 2000.0, 4000.0)


# Nobody hears below it, and no audiometer reaches beyond so many kHz.
_MIN_HEARD_HZ = 20.0
_NOT_IN_A_NAME = "/\\\0"


def looks_like_khz(frequencies_hz: Sequence[float]) -> bool:
    """Tell whether frequencies that should be in Hz all lie below what can be heard, as those in kHz do.

    Examples
    --------
    >>> from rebalance.hearing import looks_like_khz
    >>> looks_like_khz((0.25, 1.0, 8.0)), looks_like_khz((250.0, 1000.0, 8000.0))
    (True, False)
    """
    return bool(len(frequencies_hz)) and max(frequencies_hz) < _MIN_HEARD_HZ


@dataclass(frozen=True, slots=True, kw_only=True)
class Audiogram:
    """Hearing thresholds of one ear.

    Parameters
    ----------
    frequencies_hz
        Audiometric frequencies in Hz, positive and strictly increasing.
    thresholds_db_hl
        One threshold per frequency in dB HL; 0 is normal hearing, larger is worse.

    Raises
    ------
    MetadataError
        If lengths differ, nothing is given, a frequency does not increase or a value is not finite, or the frequencies
        look like kHz.

    Examples
    --------
    >>> from rebalance import Audiogram
    >>> Audiogram(frequencies_hz=(500.0, 4000.0), thresholds_db_hl=(20.0, 50.0)).at([1000.0]).thresholds_db_hl
    (30.0,)
    """

    frequencies_hz: tuple[float, ...]
    thresholds_db_hl: tuple[float, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "frequencies_hz", _finite_floats("frequencies_hz", self.frequencies_hz))
        object.__setattr__(self, "thresholds_db_hl", _finite_floats("thresholds_db_hl", self.thresholds_db_hl))
        if len(self.frequencies_hz) != len(self.thresholds_db_hl):
            raise MetadataError(
                where="audiogram",
                expected="one threshold per frequency",
                got=f"{len(self.thresholds_db_hl)} thresholds for {len(self.frequencies_hz)} frequencies",
            )
        if self.frequencies_hz[0] <= 0 or any(np.diff(self.frequencies_hz) <= 0):
            raise MetadataError(
                f"frequencies must be positive and increase, got {list(self.frequencies_hz)}", where="audiogram"
            )
        if looks_like_khz(self.frequencies_hz):
            raise MetadataError(
                f"frequencies must be in Hz, {list(self.frequencies_hz)} looks like kHz", where="audiogram"
            )

    def at(self, frequencies_hz: Sequence[float] | NDArray[np.float64]) -> Audiogram:
        """Return the audiogram at other frequencies, linear in dB over log frequency, flat beyond its ends.

        Source: ``Audiogram.resample`` of pyclarity.
        """
        wanted_hz = np.asarray(frequencies_hz, dtype=np.float64)
        thresholds = np.interp(np.log(wanted_hz), np.log(self.frequencies_hz), self.thresholds_db_hl)
        return Audiogram(frequencies_hz=tuple(wanted_hz), thresholds_db_hl=tuple(thresholds))

    def mean_threshold_db_hl(self, frequencies_hz: Sequence[float]) -> float:
        """Return the mean threshold over some frequencies, interpolated where they were not measured, in dB HL."""
        return float(np.mean(self.at(frequencies_hz).thresholds_db_hl))

    def severity(self, definition: SeverityDefinition = "code") -> Severity:
        """Name the degree of loss.

        Parameters
        ----------
        definition
            ``"code"``: pyclarity's, the mean of the measured thresholds from 2 to 8 kHz: above 15 dB HL
            mild, above 35 moderate, above 56 severe. ``"site"``: the challenge site's, the mean at 0.5,
            1, 2 and 4 kHz: from 20 mild, from 35 moderate, from 50 moderately severe, from 65 severe.
        """
        if definition == "site":
            mean = self.mean_threshold_db_hl(SITE_SEVERITY_FREQUENCIES_HZ)
            return next((name for bound, name in _SITE_SEVERITY if mean >= bound), "none")
        low_hz, high_hz = _CODE_SEVERITY_BAND_HZ
        measured = [
            threshold
            for frequency, threshold in zip(self.frequencies_hz, self.thresholds_db_hl, strict=True)
            if low_hz <= frequency <= high_hz
        ]
        mean = float(np.mean(measured)) if measured else 0.0
        return next((name for bound, name in _CODE_SEVERITY if mean > bound), "none")

    def plot(self, axes: Axes | None = None) -> Axes:
        """Plot the audiogram on axes of one's own, or on new ones; needs matplotlib.

        Raises
        ------
        ConfigError
            If matplotlib is not installed.
        """
        from rebalance.hearing._audiogram_plots import draw_ear, finish_audiogram, new_axes

        axes = axes or new_axes()
        draw_ear(axes, self.frequencies_hz, self.thresholds_db_hl)
        finish_audiogram(axes, f"{_loss(self.severity())}, by the code")
        return axes

    def _repr_html_(self) -> str:
        return _html_table(self.frequencies_hz, {"dB HL": self})


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A person: a name and one audiogram per ear.

    Parameters
    ----------
    name
        What the person is called; it may become part of the name of a file.
    left, right
        Audiogram of each ear.

    Raises
    ------
    MetadataError
        If the name is empty or files cannot be called by it.

    Examples
    --------
    >>> from rebalance import Listener
    >>> Listener.of("me", left=[20, 25, 30, 40, 45, 50, 60, 65], right=[15, 20, 25, 30, 35, 45, 55, 60])
    Listener('me', left: moderate loss, right: moderate loss, by the code)
    """

    name: str
    left: Audiogram
    right: Audiogram

    def __post_init__(self) -> None:
        if not self.name.strip() or self.name in (".", "..") or any(sign in _NOT_IN_A_NAME for sign in self.name):
            raise MetadataError(
                where="listener", expected="a name that files can be called by, without slashes", got=repr(self.name)
            )

    @classmethod
    def of(
        cls,
        name: str,
        *,
        left: Sequence[float],
        right: Sequence[float],
        frequencies_hz: Sequence[float] = CAD2_TASK2.audiogram_frequencies_hz,
    ) -> Listener:
        """Make a listener from the thresholds of both ears.

        Parameters
        ----------
        name
            What to call the person.
        left, right
            One threshold per frequency in dB HL.
        frequencies_hz
            At which they were measured, in Hz; those of the challenge's audiograms when left out.

        Raises
        ------
        MetadataError
            If these make no audiogram, or the name holds a slash.
        """
        ears = {}
        for ear, thresholds in (("left", left), ("right", right)):
            try:
                ears[ear] = Audiogram(frequencies_hz=frequencies_hz, thresholds_db_hl=thresholds)  # type: ignore[arg-type]
            except MetadataError as error:
                raise MetadataError(error, where=f"listener {name}, {ear} ear") from error
        return cls(name=name, **ears)

    def audiogram(self, ear: Ear) -> Audiogram:
        """Return the audiogram of one ear."""
        return self.left if ear == "left" else self.right

    def severity(self, definition: SeverityDefinition = "code") -> Severity:
        """Name the degree of loss of the better ear (the lower mean threshold).

        Parameters
        ----------
        definition
            ``"code"`` or ``"site"``; see `Audiogram.severity`. What is printed of a listener goes by the code.
        """
        better = min((self.left, self.right), key=lambda ear: float(np.mean(ear.thresholds_db_hl)))
        return better.severity(definition)

    def plot(self, axes: Axes | None = None) -> Axes:
        """Plot both ears on axes of one's own, or on new ones: right red circles, left blue crosses; needs matplotlib.

        Raises
        ------
        ConfigError
            If matplotlib is not installed.
        """
        from rebalance.hearing._audiogram_plots import draw_ear, finish_audiogram, new_axes

        axes = axes or new_axes()
        for ear in reversed(EARS):
            draw_ear(axes, self.audiogram(ear).frequencies_hz, self.audiogram(ear).thresholds_db_hl, ear)
        finish_audiogram(axes, f"{self.name}: {_loss(self.severity())}, by the code")
        return axes

    def __repr__(self) -> str:
        ears = ", ".join(f"{ear}: {_loss(self.audiogram(ear).severity())}" for ear in EARS)
        return f"{type(self).__name__}({self.name!r}, {ears}, by the code)"

    def _repr_html_(self) -> str:
        frequencies_hz = sorted({*self.left.frequencies_hz, *self.right.frequencies_hz})
        table = _html_table(frequencies_hz, {f"{ear} ear, dB HL": self.audiogram(ear) for ear in EARS})
        return f"<p>{escape(self.name)}: {_loss(self.severity())} of the better ear, by the code</p>{table}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EarFitting:
    """Compressor settings of one ear, one entry per band from low to high.

    Parameters
    ----------
    ratios
        Compression ratios, at least 1.
    gains_db
        Make-up gains in dB.

    Raises
    ------
    MetadataError
        If there is not one gain per ratio, a value is not finite or a ratio is below 1.

    Examples
    --------
    >>> from rebalance import EarFitting
    >>> EarFitting(ratios=(1.0, 1.2, 1.5), gains_db=(0.0, 4.0, 12.0)).gains_db
    (0.0, 4.0, 12.0)
    >>> EarFitting(ratios=(0.5,), gains_db=(0.0,))
    Traceback (most recent call last):
        ...
    rebalance._base.errors.MetadataError: fitting: compression ratios must be at least 1, got [0.5]
    """

    ratios: tuple[float, ...]
    gains_db: tuple[float, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "ratios", _finite_floats("ratios", self.ratios))
        object.__setattr__(self, "gains_db", _finite_floats("gains_db", self.gains_db))
        if len(self.ratios) != len(self.gains_db):
            raise MetadataError(
                where="fitting",
                expected="one gain per ratio",
                got=f"{len(self.ratios)} ratios and {len(self.gains_db)} gains",
            )
        if min(self.ratios) < 1:
            raise MetadataError(f"compression ratios must be at least 1, got {list(self.ratios)}", where="fitting")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """Compressor settings of both ears.

    Parameters
    ----------
    left, right
        Settings of each ear.

    Examples
    --------
    >>> from rebalance import EarFitting, Fitting
    >>> better = EarFitting(ratios=(1.0,) * 6, gains_db=(0.0, 0.0, 2.0, 4.0, 8.0, 10.0))
    >>> worse = EarFitting(ratios=(1.5,) * 6, gains_db=(3.0, 4.0, 6.0, 9.0, 14.0, 18.0))
    >>> Fitting(left=better, right=worse).ear("right").gains_db[-1]
    18.0
    """

    left: EarFitting
    right: EarFitting

    def ear(self, ear: Ear) -> EarFitting:
        """Return the settings of one ear."""
        return self.left if ear == "left" else self.right


def _finite_floats(name: str, values: Sequence[float]) -> tuple[float, ...]:
    """Return the values as a tuple of finite floats, at least one of them."""
    try:
        floats = tuple(float(value) for value in values)
    except (TypeError, ValueError):
        raise MetadataError(where=name, expected="one or more finite numbers", got=f"{values!r}") from None
    if not floats or not all(math.isfinite(value) for value in floats):
        raise MetadataError(where=name, expected="one or more finite numbers", got=f"{list(values)}")
    return floats


def _loss(severity: Severity) -> str:
    """Return a degree of loss in words: ``no loss``."""
    return f"{'no' if severity == 'none' else severity} loss"


def _html_table(frequencies_hz: Sequence[float], ears: Mapping[str, Audiogram]) -> str:
    """Return thresholds as a table for a notebook, a line for each ear; a dash where none was measured."""
    rows = {"Hz": [f"{frequency:g}" for frequency in frequencies_hz]}
    for label, audiogram in ears.items():
        measured = dict(zip(audiogram.frequencies_hz, audiogram.thresholds_db_hl, strict=True))
        rows[label] = [f"{measured[each]:g}" if each in measured else "–" for each in frequencies_hz]
    lines = (
        f"<tr><th>{label}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>" for label, cells in rows.items()
    )
    return f"<table>{''.join(lines)}</table>"
