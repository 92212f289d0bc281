"""Metrics beside HAAQI, from this package and from others: what a listener hears against what they should hear."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

import numpy as np

from rebalance._base.errors import AudioError, ConfigError
from rebalance._base.names import suggestion
from rebalance._base.running import one_line
from rebalance.audio import Audio
from rebalance.hearing import Audiogram, Listener
from rebalance.separation import si_sdr_db

ENTRY_POINTS = "rebalance.metrics"

_CHECK_RATE = 32_000
_CHECK_NOISES = (0.01, 0.1, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardSignals:
    """What a metric compares.

    Parameters
    ----------
    reference, processed
        The true remix and the signal of a system, both amplified for the listener; shape ``(2, n_samples)``, full
        scale 1.
    sample_rate
        Of both, in Hz.
    listener
        Whose hearing loss they were amplified for.
    scene
        Name of the scene: what a metric that draws random numbers seeds them with.

    Raises
    ------
    AudioError
        If the signals differ in shape, or are not stereo.
    """

    reference: Audio
    processed: Audio
    sample_rate: int
    listener: Listener
    scene: str

    def __post_init__(self) -> None:
        if self.reference.shape != self.processed.shape or self.reference.ndim != 2:
            expected = f"two signals of shape {self.reference.shape}"
            raise AudioError(where="metric", expected=expected, got=f"{self.processed.shape}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A number for how well a system did for one scene and one listener.

    Parameters
    ----------
    name
        Column in ``scores.csv``: small letters, digits and ``_``.
    title, unit
        As a table shows them; the unit is empty for a plain number.
    higher_is_better
        Whether the larger of two values is the better one.
    function
        A function at module level that returns a finite number, or raises `AudioError` where there is nothing to
        score. It leaves its input alone and gives the same number for the same input.
    source
        Paper and equation.

    Raises
    ------
    ConfigError
        If the name is not one of small letters, digits and ``_``.

    Examples
    --------
    >>> from rebalance.pipeline import load_metric
    >>> metric = load_metric("si_sdr")
    >>> metric.title, metric.unit, metric.higher_is_better
    ('SI-SDR', 'dB', True)
    """

    name: str
    title: str
    unit: str
    higher_is_better: bool
    function: Callable[[HeardSignals], float]
    source: str = ""

    def __post_init__(self) -> None:
        if not (self.name.isascii() and self.name.isidentifier() and self.name == self.name.lower()):
            raise ConfigError(where="metric", expected="a name of small letters, digits and _", got=repr(self.name))

    def value(self, heard: HeardSignals) -> float:
        """Return the number for two signals.

        Raises
        ------
        AudioError
            If there is nothing to score, or the function returns no finite number.
        """
        found = float(self.function(heard))
        if not math.isfinite(found):
            raise AudioError(where=f"metric {self.name}", expected="a finite number", got=f"{found}")
        return found


def heard_si_sdr_db(heard: HeardSignals) -> float:
    """Return the scale-invariant SDR of what is heard, in dB; the level of the system does not count.

    Source: see `rebalance.separation.si_sdr_db`.
    """
    return si_sdr_db(heard.reference, heard.processed)


_BUILT_IN: Mapping[str, Metric] = {
    "si_sdr": Metric(
        name="si_sdr",
        title="SI-SDR",
        unit="dB",
        higher_is_better=True,
        function=heard_si_sdr_db,
        source="Le Roux et al. 2019, equation 5",
    )
}


def list_metrics() -> tuple[str, ...]:
    """Return the names of all metrics beside HAAQI: built in, then installed by other packages.

    Examples
    --------
    >>> from rebalance.pipeline import list_metrics
    >>> "si_sdr" in list_metrics()
    True
    """
    return (*_BUILT_IN, *(name for name in sorted(_installed()) if name not in _BUILT_IN))


def load_metric(name: str) -> Metric:
    """Return a metric by its name.

    Parameters
    ----------
    name
        Built in, of an entry point of the group ``rebalance.metrics``, or ``module:metric`` for one that is not
        installed.

    Raises
    ------
    ConfigError
        If there is none, or it cannot be imported.

    Examples
    --------
    >>> from rebalance.pipeline import load_metric
    >>> load_metric("si_sdrr")
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: metric: expected one of si_sdr, ... got 'si_sdrr'; did you mean 'si_sdr'?
    """
    if name in _BUILT_IN:
        return _BUILT_IN[name]
    if (point := _installed().get(name)) is not None:
        return _imported(name, point.value)
    if ":" in name:
        return _imported(name, name)
    known = list_metrics()
    expected = f"one of {', '.join(known)}, or module:metric,"
    raise ConfigError(where="metric", expected=expected, got=repr(name), more=suggestion(name, known))


def check_metric(metric: Metric) -> tuple[str, ...]:
    """Try whether a metric keeps its promises, on two seconds of sound.

    Parameters
    ----------
    metric
        The metric on trial.

    Returns
    -------
    tuple of str
        What is wrong, a line each; none where all promises are kept.

    Examples
    --------
    >>> from rebalance.pipeline import check_metric, load_metric
    >>> check_metric(load_metric("si_sdr"))
    ()
    """
    try:
        return tuple(line for check in _CHECKS for line in check(metric))
    except Exception as error:  # noqa: BLE001 - somebody else's function may raise anything
        return (f"raised on ordinary sound: {one_line(error)}",)


def heard_example(noise: float, *, seed: int = 0) -> HeardSignals:
    """Return two seconds of sound and the same with some noise, relative to its RMS, to try a metric with."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(2 * _CHECK_RATE) / _CHECK_RATE
    tones = sum(np.sin(2 * np.pi * 220 * partial * time_s) / partial for partial in range(1, 9))
    reference = 0.05 * np.stack([tones, 0.7 * tones]) * (0.3 + 0.7 * np.sin(3 * np.pi * time_s) ** 2)
    error = noise * float(np.sqrt(np.mean(reference**2))) * rng.standard_normal(reference.shape)
    audiogram = Audiogram(frequencies_hz=(250.0, 1000.0, 4000.0, 8000.0), thresholds_db_hl=(10.0, 20.0, 40.0, 50.0))
    listener = Listener(name="L0001", left=audiogram, right=audiogram)
    return HeardSignals(
        reference=reference,
        processed=reference + error,
        sample_rate=_CHECK_RATE,
        listener=listener,
        scene="S50001",
    )


def _is_repeatable(metric: Metric) -> list[str]:
    heard = heard_example(0.1)
    first = metric.value(heard)
    np.random.default_rng().standard_normal(3)
    second = metric.value(heard)
    return [] if first == second else [f"the same input gave {first} and then {second}"]


def _leaves_input_alone(metric: Metric) -> list[str]:
    heard = heard_example(0.1)
    before = heard.reference.copy(), heard.processed.copy()
    metric.value(heard)
    kept = np.array_equal(before[0], heard.reference) and np.array_equal(before[1], heard.processed)
    return [] if kept else ["it changed its input"]


def _prefers_less_noise(metric: Metric) -> list[str]:
    values = [metric.value(heard_example(noise)) for noise in (0.0, *_CHECK_NOISES)]
    steps = np.diff(values) * (1 if metric.higher_is_better else -1)
    shown = ", ".join(f"{value:.4g}" for value in values)
    return [] if (steps < 0).all() else [f"more noise is not always worse: {shown}"]


def _refuses_what_is_not_finite(metric: Metric) -> list[str]:
    heard = heard_example(0.1)
    heard.processed[0, 5] = np.nan
    try:
        value = metric.value(heard)
    except AudioError:
        return []
    return [f"a signal with NaN in it gave {value}"]


_CHECKS: Sequence[Callable[[Metric], list[str]]] = (
    _is_repeatable,
    _leaves_input_alone,
    _prefers_less_noise,
    _refuses_what_is_not_finite,
)


def _installed() -> dict[str, EntryPoint]:
    """Return the entry points of all installed packages, by name."""
    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}


def _imported(name: str, place: str) -> Metric:
    """Return the metric that ``module:attribute`` names."""
    module_name, _, attribute = place.partition(":")
    try:
        found = getattr(importlib.import_module(module_name), attribute)
    except Exception as error:  # somebody else's module may raise anything
        raise ConfigError(f"cannot import it: {one_line(error)}", where=f"metric {name!r}") from error
    if not isinstance(found, Metric):
        raise ConfigError(where=f"metric {name!r}", expected="a rebalance.pipeline.Metric", got=type(found).__name__)
    return found
