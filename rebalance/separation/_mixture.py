"""No separation at all: the lower bound of every table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2
from rebalance.audio import Audio
from rebalance.separation._describing import Described
from rebalance.separation._info import SeparatorInfo
from rebalance.separation._protocol import checked_mixture, source_names

_UNTRUSTED = SeparatorInfo(
    shrinkage=0.0, mixture_consistent=True, n_parameters=0, lookahead_ms=0.0, external_training_data=False
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MixtureSeparator(Described):
    """Shares the mixture equally among its sources and asks the remix not to trust it.

    With a shrinkage of 0 the remix as an edit returns the mixture itself, at its own level.
    """

    name: str = "mixture"
    sample_rate: int = CAD2_TASK2.mixture_sample_rate
    info: SeparatorInfo = _UNTRUSTED

    def __call__(self, mixture: Audio, instruments: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return an equal part of the mixture for every source; see `Separator`."""
        names = source_names(instruments)
        share = checked_mixture(mixture) / np.float32(len(names))
        return {name: share.copy() for name in names}
