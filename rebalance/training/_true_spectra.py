"""Spectra of the true sources of a batch, made once for all that masks are compared with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from rebalance.training._losses import edit_gains
from rebalance.training.data import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueSpectra:
    """Spectra of sources, the mean of both channels, and what a remix adds of each.

    Parameters
    ----------
    sources
        Shape ``(batch, n, n_bins, n_frames)``, complex.
    mixture
        Their sum and the background, shape ``(batch, n_bins, n_frames)``.
    remix
        The remix of them, same shape.
    change
        What the remix adds of every source, as amplitudes, shape ``(batch, n)``; see `rebalance.remix_as_edit`.
    present
        Whether there is a source, shape ``(batch, n)``.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.mask_network import SYMMETRIC, Transform
    >>> from rebalance.training import TrueSpectra
    >>> from rebalance.training.data import Batch
    >>> sources = 0.1 * torch.randn(1, 2, 2, 8192, generator=torch.Generator().manual_seed(0))
    >>> batch = Batch(sources=sources, slots=torch.tensor([[0, 2]]), gains_db=torch.tensor([[6.0, 6.0]]))
    >>> true = TrueSpectra.of(batch, Transform(SYMMETRIC))
    >>> torch.equal(true.remix, true.mixture)  # equal gains change nothing
    True
    """

    sources: Tensor
    mixture: Tensor
    remix: Tensor
    change: Tensor
    present: Tensor

    @classmethod
    def of(cls, batch: Batch, transform: Callable[[Tensor], Tensor]) -> TrueSpectra:
        """Return the spectra of a batch, without gradients.

        Parameters
        ----------
        batch
            True sources and gains.
        transform
            Gives the spectra ``(..., n_bins, n_frames)`` of signals ``(..., n_samples)``.
        """
        present = batch.slots >= 0
        with torch.no_grad():
            change = edit_gains(batch.gains_db, present)
            sources = transform(batch.sources.mean(dim=2))
            mixture = sources.sum(dim=1)
            if batch.background is not None:
                mixture = mixture + transform(batch.background.mean(dim=1))
            remix = mixture + (change[:, :, None, None] * sources).sum(dim=1)
        return cls(sources=sources, mixture=mixture, remix=remix, change=change, present=present)

    def remixed(self, masks: Tensor) -> Tensor:
        """Return the remix that masks ``(batch, n, n_bins, n_frames)`` give, ``(batch, n_bins, n_frames)``."""
        return self.mixture * (1 + (self.change[:, :, None, None] * masks).sum(dim=1))
