"""What a table of separators has to beat: estimates that separate nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rebalance.separation._protocol import checked_mixture


def floor_estimates(
    mixture: NDArray[np.floating], names: Sequence[str]
) -> Mapping[str, Mapping[str, NDArray[np.float32]]]:
    """Return the estimates of three rows that separate nothing: ``"silence"``, ``"x/n"`` and ``"no separation"``.

    No separation gives the whole mixture for every source, x/n an equal part. By the signal-to-distortion ratio
    silence scores 0 dB, which is more than the whole mixture does as soon as the others are louder than a source.

    Parameters
    ----------
    mixture
        Shape ``(n_channels, n_samples)``.
    names
        Names of the sources.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation import floor_estimates, sdr_db
    >>> sources = np.eye(4)[:, None]
    >>> rows = floor_estimates(sources.sum(axis=0), "abcd")
    >>> {row: round(sdr_db(sources[0], estimates["a"]), 2) for row, estimates in rows.items()}
    {'silence': 0.0, 'x/n': 1.25, 'no separation': -4.77}
    """
    whole = checked_mixture(mixture)
    shares = {"silence": 0.0, "x/n": 1.0 / len(names), "no separation": 1.0}
    return {row: {name: whole * np.float32(share) for name in names} for row, share in shares.items()}
