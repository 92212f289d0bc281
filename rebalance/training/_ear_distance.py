"""How far a remix is from the true one to a damaged ear: errors in bands of hearing, against what is heard there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rebalance._base.challenge import CAD2_TASK2
from rebalance.haaqi import centre_frequencies_hz, filter_widths_hz
from rebalance.hearing import STANDARD_AUDIOGRAMS, prescribe
from rebalance.training._losses import power
from rebalance.training._true_spectra import TrueSpectra

_ORDER = 4
_LEVEL_SCALE_DB = 10.0
_TINY = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class EarBank:
    """Bands of hearing, and how loud a sound must be in each of them to be heard by damaged ears with a hearing aid.

    Parameters
    ----------
    weights
        Power response of fourth-order gammatone filters at the bins of a transform, ``(n_bands, n_bins)``.
    floors
        Power at the threshold of ears, that of the whole mixture being 1, ``(n_ears, n_bands)``.

    Examples
    --------
    >>> from rebalance.training import EarBank
    >>> bank = EarBank.of(n_bins=2049, sample_rate=44_100)
    >>> bank.weights.shape, bank.floors.shape
    (torch.Size([32, 2049]), torch.Size([10, 32]))
    """

    weights: Tensor
    floors: Tensor

    @classmethod
    def of(cls, *, n_bins: int, sample_rate: int) -> EarBank:
        """Return the bands of a transform, and the thresholds of the standard audiograms, fitted with a hearing aid.

        Parameters
        ----------
        n_bins
            Of the transform.
        sample_rate
            In Hz.
        """
        centres_hz, widths_hz = centre_frequencies_hz(), filter_widths_hz()
        bins_hz = np.linspace(0, sample_rate / 2, n_bins)
        weights = (1 + np.square((bins_hz - centres_hz[:, None]) / widths_hz[:, None])) ** -_ORDER
        floors = 10 ** ((_thresholds_db_spl(centres_hz) - CAD2_TASK2.reference_level_db_spl) / 10)
        return cls(weights=torch.from_numpy(weights).float(), floors=torch.from_numpy(floors).float())


def ear_distance(masks: Tensor, true: TrueSpectra, bank: EarBank) -> Tensor:
    """Return how different the remixes of masks and of the true sources are to an ear drawn for every mixture.

    In every band and frame the error is taken relative to what is there and can be heard; half of the distance is the
    magnitude of that error, the other half the difference of the levels in units of 10 dB. Errors of all bands count
    the same, as they do in HAAQI (Kates and Arehart, 2016), however little power they have.

    Parameters
    ----------
    masks
        Shape ``(batch, n, n_bins, n_frames)``.
    true
        What they are compared with.
    bank
        Bands and ears; the ears are drawn from torch's random numbers.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.mask_network import SYMMETRIC, Transform
    >>> from rebalance.training import EarBank, TrueSpectra, ear_distance
    >>> from rebalance.training.data import Batch
    >>> sources = 0.1 * torch.randn(1, 2, 2, 8192, generator=torch.Generator().manual_seed(0))
    >>> batch = Batch(sources=sources, slots=torch.tensor([[0, 2]]), gains_db=torch.tensor([[6.0, -6.0]]))
    >>> true = TrueSpectra.of(batch, Transform(SYMMETRIC))
    >>> halves = torch.full(true.sources.shape, 0.5)
    >>> bank = EarBank.of(n_bins=SYMMETRIC.n_bins, sample_rate=44_100)
    >>> _ = torch.manual_seed(0)  # draws the ear
    >>> bool(ear_distance(halves, true, bank) > 0)
    True
    """
    with torch.no_grad():
        whole = power(true.mixture).sum(dim=1).mean(dim=1).clamp_min(_TINY)
        ears = torch.randint(len(bank.floors), (len(whole),), device="cpu")
        floor = (bank.floors[ears].to(whole.device) * whole[:, None])[..., None]
        true_remix = true.remix
        there = _in_bands(true_remix, bank) + floor
    remixed = true.remixed(masks)
    error = (_in_bands(remixed - true_remix, bank) / there + _TINY).sqrt()
    levels_db = 10 * torch.log10((_in_bands(remixed, bank) + floor) / there)
    return (error.mean() + levels_db.abs().mean() / _LEVEL_SCALE_DB) / 2


def _in_bands(spectra: Tensor, bank: EarBank) -> Tensor:
    """Return the power of spectra ``(batch, n_bins, n_frames)`` in the bands of an ear."""
    return torch.matmul(bank.weights.to(spectra.device), power(spectra))


def _thresholds_db_spl(centres_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what ears just hear with a hearing aid, in dB of sound pressure before it, ``(n_ears, n_bands)``."""
    edges_hz = np.array(CAD2_TASK2.crossover_frequencies_hz)
    thresholds = []
    for audiogram in STANDARD_AUDIOGRAMS.values():
        gains_db = np.asarray(prescribe(audiogram).gains_db)[np.searchsorted(edges_hz, centres_hz)]
        thresholds.append(audiogram.at(centres_hz).thresholds_db_hl - gains_db)
    return np.stack(thresholds)
