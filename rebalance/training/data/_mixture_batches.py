"""A batch of mixtures with all that is known of their sources."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from rebalance.training.data._stem_library import SAMPLE_RATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch of mixtures; `n` is the largest number of sources in it.

    Parameters
    ----------
    sources
        Shape ``(batch, n, 2, crop_samples)``, silent where a mixture has fewer than `n` sources.
    slots
        Index into the network's voices, shape ``(batch, n)``, -1 where there is no source.
    gains_db
        Gains of a random remix, shape ``(batch, n)``, 0 where there is no source.
    background
        What sounds in a mixture and belongs to no source, shape ``(batch, 2, crop_samples)``; None for nothing.
    notes
        Of every source of every mixture: shape ``(n_notes, 3)``, onset and end in samples of the crop and MIDI pitch as
        tuned; None where unknown.
    loudest_rms
        Of the loudest frame of the track each source is a part of, at its gain here, shape ``(batch, n)``; for a source
        of several stems that of the loudest. None where unknown.
    sample_rate
        Of sources and notes, in Hz.

    Examples
    --------
    >>> import torch
    >>> from rebalance.training.data import Batch
    >>> sources = torch.ones(1, 3, 2, 100)
    >>> slots, gains_db = torch.tensor([[4, 2, -1]]), torch.zeros(1, 3)
    >>> Batch(sources=sources, slots=slots, gains_db=gains_db).mixture[0, 0, 0].item()
    3.0
    """

    sources: torch.Tensor
    slots: torch.Tensor
    gains_db: torch.Tensor
    background: torch.Tensor | None = None
    notes: tuple[tuple[NDArray[np.float32] | None, ...], ...] = ()
    loudest_rms: torch.Tensor | None = None
    sample_rate: int = SAMPLE_RATE

    @property
    def mixture(self) -> torch.Tensor:
        """The sum of the sources and the background, shape ``(batch, 2, crop_samples)``."""
        summed = self.sources.sum(dim=1)
        return summed if self.background is None else summed + self.background
