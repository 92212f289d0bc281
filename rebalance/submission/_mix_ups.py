"""Signals that are under the wrong name: found by how far each agrees with every name's expectation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from rebalance.submission._fingerprints import Levels, balance_movements, movements

MIN_FRAMES = 30

_SIMILAR, _SIMILARITY_MARGIN = 0.6, 0.3
_MIRRORED = -0.3
_MIN_BALANCE_STD_DB = 0.5
_MIN_MISFIT_DB = 2.0
_MISFIT_LEFT = 0.25


def similarities(signals: Sequence[Levels], references: Mapping[str, Levels]) -> NDArray[np.float64]:
    """Correlate the movements of signals with those of references.

    Parameters
    ----------
    signals
        Levels of the signals, all of one shape.
    references
        Levels by name, of any number of frames.

    Returns
    -------
    NDArray
        Shape ``(n_signals, n_references)``, in [-1, 1]; minus one where the durations differ.
    """
    table = np.full((len(signals), len(references)), -1.0)
    if not signals:
        return table
    moving = np.stack([movements(levels) for levels in signals])
    for column, reference in enumerate(references.values()):
        if reference.shape == signals[0].shape:
            table[:, column] = moving @ movements(reference)
    return table


def other_origin(similarity: NDArray[np.float64], own: int) -> int | None:
    """Return which other reference a signal plainly stems from, None if its own or none.

    Parameters
    ----------
    similarity
        With every reference, shape ``(n_references,)``.
    own
        Which reference it should stem from.
    """
    best = int(np.argmax(similarity))
    plain = similarity[best] > _SIMILAR and similarity[best] > similarity[own] + _SIMILARITY_MARGIN
    return best if plain else None


def channels_swapped(signal: Levels, mixture: Levels) -> bool:
    """Tell whether the balance of a signal moves against that of the mixture it was made from."""
    if signal.shape != mixture.shape or signal.shape[-1] < MIN_FRAMES:
        return False
    wanted, found = balance_movements(mixture), balance_movements(signal)
    if min(wanted.std(), found.std()) < _MIN_BALANCE_STD_DB:
        return False
    return float(np.corrcoef(wanted, found)[0, 1]) < _MIRRORED


def exchanged(observed: NDArray[np.floating], expected: NDArray[np.floating]) -> dict[int, int]:
    """Find signals that fit the expectations of each other plainly better than their own.

    What all signals share beyond their expectations is left aside. Signals that do not follow the
    expectations at all, such as those of a system that treats everybody alike, fit no order of them
    better than another and are left alone.

    Parameters
    ----------
    observed, expected
        Levels in dB, shape ``(n_signals, n_features)``; row by row what is and what should be.

    Returns
    -------
    dict
        By signal, whose expectations it meets.
    """
    misfit = _misfit(observed - np.median(observed - expected, axis=0), expected)
    _, assigned = linear_sum_assignment(misfit)
    found: dict[int, int] = {}
    for cycle in _cycles([int(column) for column in assigned]):
        own = sum(misfit[signal, signal] for signal in cycle)
        other = sum(misfit[signal, assigned[signal]] for signal in cycle)
        if own > len(cycle) * _MIN_MISFIT_DB**2 and other < _MISFIT_LEFT * own:
            found.update({signal: int(assigned[signal]) for signal in cycle})
    return found


def _misfit(observed: NDArray[np.floating], expected: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the mean squared difference of every row of one from every row of the other."""
    centre = expected.mean(axis=0)
    one, other = (observed - centre).astype(np.float64), (expected - centre).astype(np.float64)
    squares = np.sum(one**2, axis=1)[:, np.newaxis] + np.sum(other**2, axis=1)
    misfit: NDArray[np.float64] = np.maximum(squares - 2 * one @ other.T, 0.0) / max(observed.shape[1], 1)
    return misfit


def _cycles(permutation: Sequence[int]) -> list[list[int]]:
    """Return the cycles of a permutation that move something."""
    seen: set[int] = set()
    cycles = []
    for start in range(len(permutation)):
        cycle = []
        position = start
        while position not in seen:
            seen.add(position)
            cycle.append(position)
            position = permutation[position]
        if len(cycle) > 1:
            cycles.append(cycle)
    return cycles
