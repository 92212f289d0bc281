"""Two voices of one instrument, as far as they can be told apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from rebalance.separation._protocol import Separator


@runtime_checkable
class TellsVoicesApart(Protocol):
    """A separator that draws two voices of one instrument together by as much as they cannot be told apart."""

    def trusting_voices(self, trust: float) -> Separator:
        """Return the same separator with another trust, from 0, which gives every voice the mean, to 1."""


def pool_voices(estimates: NDArray[np.float32], instruments: Sequence[str], trust: float) -> NDArray[np.float32]:
    """Draw the voices of each instrument towards their mean; their sum stays.

    Parameters
    ----------
    estimates
        Shape ``(n_sources, n_channels, n_samples)``.
    instruments
        Instrument of every source.
    trust
        1 leaves them as they are, 0 gives every voice the mean.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation import pool_voices
    >>> estimates = np.array([4.0, 0.0, 7.0], dtype=np.float32)[:, None, None]
    >>> pool_voices(estimates, ("Violin", "Violin", "Cello"), 0.5)[:, 0, 0].tolist()
    [3.0, 1.0, 7.0]
    """
    pooled = estimates.copy()
    for instrument in set(instruments):
        voices = [index for index, other in enumerate(instruments) if other == instrument]
        if len(voices) > 1:
            mean = estimates[voices].mean(axis=0)
            pooled[voices] = mean + np.float32(trust) * (estimates[voices] - mean)
    return pooled
