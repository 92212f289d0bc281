"""Separators whose rate is not that of the recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rebalance.audio import Audio, resample
from rebalance.separation._estimates import checked_estimates
from rebalance.separation._protocol import Separator, instruments_of, source_names


def separate_at_rate(
    separator: Separator, mixture: Audio, instruments: Sequence[str], *, sample_rate: int
) -> Mapping[str, object]:
    """Let a separator work at its own rate, and return its estimates at that of the mixture.

    Parameters
    ----------
    separator
        A separator that works at any sample rate.
    mixture
        Shape ``(n_channels, n_samples)``.
    instruments
        Instrument of every source; see `Separator`.
    sample_rate
        Of the mixture, in Hz.

    Returns
    -------
    Mapping
        Estimates by source name, of the mixture's shape; where the rates are the same, what the separator returned.

    Raises
    ------
    ConfigError, AudioError
        As the separator does; where the rates differ, also as `checked_estimates`.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation import load_separator, separate_at_rate
    >>> estimates = separate_at_rate(load_separator("mixture"), np.zeros((1, 999)), ["Cello"], sample_rate=48_000)
    >>> estimates["Cello"].shape
    (1, 999)
    """
    if separator.sample_rate == sample_rate:
        return separator(mixture, instruments)
    own = resample(mixture, sample_rate, separator.sample_rate)
    made = checked_estimates(
        separator(own, instruments), source_names(instruments, also=instruments_of(separator)), own.shape
    )
    return {
        name: _fitted(resample(estimate, separator.sample_rate, sample_rate), mixture.shape[1])
        for name, estimate in made.items()
    }


def _fitted(signal: Audio, n_samples: int) -> NDArray[np.float32]:
    """Return a signal cut, or followed by silence, to a length."""
    missing = max(n_samples - signal.shape[1], 0)
    return np.pad(signal[:, :n_samples], ((0, 0), (0, missing))).astype(np.float32)
