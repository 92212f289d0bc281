"""The look-ahead of the whole chain: separation, remix and hearing aid."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rebalance.audio import Audio, remix_as_edit
from rebalance.hearing import EarFitting, Fitting, amplify
from rebalance.separation._causality import LookAhead, System, measure_look_ahead
from rebalance.separation._estimates import checked_estimates
from rebalance.separation._info import info_of
from rebalance.separation._protocol import Separator, informed, known_instruments, source_names

SEPARATOR = "separator"
REMIX_AND_AID = "remix and hearing aid"
WHOLE_CHAIN = "whole chain"

_LEVEL = 0.01
_GAINS_DB = (10.0, -10.0, 3.0)
_VIBRATO_HZ = 5.5
_VIBRATO_DEPTH = 0.005
_N_HARMONICS = 8
_EXAMPLE_EAR = EarFitting(ratios=(2.1, 1.5, 1.3, 1.5, 2.4, 3.7), gains_db=(9.6, 11.9, 12.9, 16.4, 19.0, 28.0))


def measure_chain(
    separator: Separator, instruments: Sequence[str], *, duration_s: float, n_positions: int = 3
) -> dict[str, LookAhead]:
    """Measure the look-ahead of a separator, of what follows it, and of the whole chain.

    Parameters
    ----------
    separator
        An oracle sees its true sources change together with the mixture.
    instruments
        What plays in the test signal.
    duration_s
        Length of the test signal.
    n_positions
        See `measure_look_ahead`.

    Returns
    -------
    dict
        Look-ahead under `SEPARATOR`, `REMIX_AND_AID` and `WHOLE_CHAIN`.

    Examples
    --------
    >>> from rebalance.separation import WHOLE_CHAIN, load_separator, measure_chain
    >>> measured = measure_chain(load_separator("mixture"), ["Violin", "Cello"], duration_s=0.5, n_positions=1)
    >>> measured[WHOLE_CHAIN].within(5.0)
    True
    """
    sources = tone_sources(instruments, duration_s, separator.sample_rate)
    known = known_instruments(instruments)
    separate = functools.partial(_estimates, separator, known)
    stages: dict[str, System] = {
        SEPARATOR: separate,
        REMIX_AND_AID: lambda signal: _amplified_remix(signal, signal, separator, known),
        WHOLE_CHAIN: lambda signal: _amplified_remix(signal, separate(signal), separator, known),
    }
    return {
        name: measure_look_ahead(stage, sources, separator.sample_rate, n_positions=n_positions)
        for name, stage in stages.items()
    }


def tone_sources(instruments: Sequence[str], duration_s: float, sample_rate: int) -> NDArray[np.float64]:
    """Return one steady harmonic tone with vibrato and breath per player, shape ``(n_sources, 2, n_samples)``."""
    time_s = np.arange(int(duration_s * sample_rate)) / sample_rate
    sources = []
    for index, name in enumerate(source_names(instruments)):
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        pitch_hz = 196.0 * 2.0 ** (5 * index / 12)
        vibrato = _VIBRATO_DEPTH * pitch_hz / _VIBRATO_HZ * np.sin(2 * np.pi * _VIBRATO_HZ * time_s + index)
        phase = 2 * np.pi * pitch_hz * time_s + vibrato
        tone = sum((np.sin(k * phase) / k for k in range(1, _N_HARMONICS + 1)), start=np.zeros_like(time_s))
        breath = 0.05 * rng.standard_normal((2, len(time_s)))
        sources.append(_LEVEL * (np.array([[1.0], [0.8]]) * tone + breath))
    return np.stack(sources)


def _estimates(separator: Separator, instruments: Sequence[str], sources: NDArray[np.float64]) -> Audio:
    """Separate the sum of the sources; shape of the sources."""
    known = dict(zip(source_names(instruments), sources, strict=True))
    mixture = sources.sum(axis=0)
    made = informed(separator, known)(mixture, instruments)
    return np.stack(list(checked_estimates(made, tuple(known), mixture.shape).values()))


def _amplified_remix(
    sources: NDArray[np.float64], estimates: Audio, separator: Separator, instruments: Sequence[str]
) -> NDArray[np.float64]:
    """Edit the mixture with gains that all differ from none and amplify it for a listener; stereo."""
    names = source_names(instruments)
    gains_db = {name: _GAINS_DB[index % len(_GAINS_DB)] for index, name in enumerate(names)}
    by_name = dict(zip(names, estimates, strict=True))
    remixed = remix_as_edit(sources.sum(axis=0), by_name, gains_db, shrinkage=info_of(separator).shrinkage)
    return amplify(remixed, Fitting(left=_EXAMPLE_EAR, right=_EXAMPLE_EAR))
