"""Listeners who might exist: audiograms around the standard configurations, as many of each severity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2, Split
from rebalance._base.errors import ConfigError
from rebalance._base.seeding import stream
from rebalance.hearing import STANDARD_AUDIOGRAMS, Audiogram, Listener, Severity, SeverityDefinition

DEFAULT_SEVERITIES: tuple[Severity, ...] = ("mild", "moderate", "moderately severe")

# How people differ from the standard configurations: our choice, no published fit; steep losses are the rarer ones.
_STEEP_SHARE = 0.25
_SHARED_OFFSET_DB = 5.0
_SHARED_TILT_DB_PER_OCTAVE = 1.5
_SHARED_RIPPLE_DB = 5.0
_EAR_RIPPLE_DB = 3.0
_RIPPLE_OCTAVES = 1.0
_ASYMMETRIC_SHARE = 0.1
_ASYMMETRY_DB = (15.0, 30.0)
_STEP_DB = 5.0
_THRESHOLD_RANGE_DB_HL = (0.0, 110.0)
_MAX_TRIES = 4_000
# Splits have listeners of their own: train L0001.., validation L1001.., test L2001...
_FIRST_NUMBER: dict[Split, int] = {"train": 1, "valid": 1001, "test": 2001}


def generate_listeners(
    count: int,
    *,
    seed: int,
    split: Split = "train",
    severities: Sequence[Severity] = DEFAULT_SEVERITIES,
    definition: SeverityDefinition = "site",
) -> dict[str, Listener]:
    """Draw listeners, in turn one of each severity.

    A standard audiogram is moved and bent by deviations that both ears share and smaller ones of each
    ear, smooth over frequency; one listener in ten has a worse ear. Thresholds are in steps of 5 dB at
    the challenge's frequencies. A draw of another severity than the one whose turn it is is drawn again.
    The n-th listener is the same whatever the number asked for.

    Parameters
    ----------
    count
        Number of listeners, from 1.
    seed
        Same seed, same people.
    split
        Numbers and people differ from split to split.
    severities
        Degrees of loss of the better ear, in turn; ``"none"`` is somebody without loss.
    definition
        Whose definition of the degrees.

    Raises
    ------
    ConfigError
        If fewer than one is asked for, or no listener has one of the degrees.

    Examples
    --------
    >>> from rebalance.taskmaking import generate_listeners
    >>> [listener.severity("site") for listener in generate_listeners(3, seed=1).values()]
    ['mild', 'moderate', 'moderately severe']

    Source: Bisgaard, Vlaming and Dahlquist (2010), the standard audiograms of IEC 60118-15; beyond
    6 kHz they are continued flat.
    """
    if count < 1 or not severities:
        raise ConfigError(
            where="listeners", expected="at least one, of at least one severity", got=f"{count} of {severities}"
        )
    listeners: dict[str, Listener] = {}
    for index in range(count):
        name = f"L{_FIRST_NUMBER[split] + index:04d}"
        rng = stream(seed, "listener", split, str(index))
        listeners[name] = _listener_of_severity(name, severities[index % len(severities)], definition, rng)
    return listeners


def _listener_of_severity(
    name: str, severity: Severity, definition: SeverityDefinition, rng: np.random.Generator
) -> Listener:
    """Draw until the severity is the one wanted."""
    for _ in range(_MAX_TRIES):
        listener = _draw_listener(name, rng)
        if listener.severity(definition) == severity:
            return listener
    known = ", ".join(get_args(Severity))
    raise ConfigError(
        f"no listener has it by the {definition!r} definition, which of {known}?", where=f"severity {severity!r}"
    )


def _draw_listener(name: str, rng: np.random.Generator) -> Listener:
    """Draw a listener of any severity."""
    base = _base_audiogram(rng).at(CAD2_TASK2.audiogram_frequencies_hz)
    octaves = np.log2(base.frequencies_hz)
    shared = rng.normal(0, _SHARED_OFFSET_DB) + _ripple(octaves, _SHARED_RIPPLE_DB, rng)
    shared += rng.normal(0, _SHARED_TILT_DB_PER_OCTAVE) * (octaves - octaves.mean())
    worse = rng.uniform(*_ASYMMETRY_DB) if rng.random() < _ASYMMETRIC_SHARE else 0.0
    left_share = rng.integers(2)
    ears = [
        _quantised(base, shared + share * worse + _ripple(octaves, _EAR_RIPPLE_DB, rng))
        for share in (left_share, 1 - left_share)
    ]
    return Listener(name=name, left=ears[0], right=ears[1])


def _base_audiogram(rng: np.random.Generator) -> Audiogram:
    """Draw a standard configuration, or no loss at all."""
    family = "S" if rng.random() < _STEEP_SHARE else "N"
    frequencies_hz = STANDARD_AUDIOGRAMS["N1"].frequencies_hz
    none = Audiogram(frequencies_hz=frequencies_hz, thresholds_db_hl=(0.0,) * len(frequencies_hz))
    choices = [none, *(audiogram for name, audiogram in STANDARD_AUDIOGRAMS.items() if name[0] == family)]
    return choices[rng.integers(len(choices))]


def _ripple(octaves: NDArray[np.float64], deviation_db: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw a smooth deviation over log frequency; the correlation falls to 1/e within an octave."""
    correlation = np.exp(-np.abs(octaves[:, None] - octaves[None, :]) / _RIPPLE_OCTAVES)
    deviations: NDArray[np.float64] = deviation_db * np.linalg.cholesky(correlation) @ rng.standard_normal(len(octaves))
    return deviations


def _quantised(base: Audiogram, deviations_db: NDArray[np.float64]) -> Audiogram:
    """Return the audiogram moved by deviations, in the steps an audiologist writes down."""
    moved = np.round((np.asarray(base.thresholds_db_hl) + deviations_db) / _STEP_DB) * _STEP_DB
    return Audiogram(
        frequencies_hz=base.frequencies_hz, thresholds_db_hl=tuple(np.clip(moved, *_THRESHOLD_RANGE_DB_HL) + 0.0)
    )
