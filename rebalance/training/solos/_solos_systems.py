"""The rows of the comparison: what turns a segment into estimates; see `rebalance.training.solos.score_system`."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from rebalance.separation.solos import (
    LogSpectrum,
    LogSpectrumConfig,
    MultiHeadUNet,
    SoundOfPixels,
    binary_masks,
    multi_head_estimates,
    pixels_estimates,
    ratio_masks,
)
from rebalance.training.solos._piece_scores import EnsemblePiece, System

_Signals = NDArray[np.float32]


def mixture_as_estimates(piece: EnsemblePiece, mixture: _Signals, sources: _Signals, start_s: float) -> _Signals:
    """Return the mixture for every source."""
    del piece, start_s
    return np.repeat(mixture[None], len(sources), axis=0)


def ideal_masks(spectrum: LogSpectrumConfig, *, binary: bool) -> System:
    """Return what masks with the true sources, on the logarithmic axis that the networks have."""
    transform = LogSpectrum(spectrum)

    def system(piece: EnsemblePiece, mixture: _Signals, sources: _Signals, start_s: float) -> _Signals:
        del piece, start_s
        with torch.inference_mode():
            spectra = transform.spectra(torch.from_numpy(np.ascontiguousarray(mixture)))
            true = transform.warp(transform.bounded(transform.spectra(torch.from_numpy(np.ascontiguousarray(sources)))))
            heard = transform.warp(transform.bounded(spectra))
            masks = binary_masks(true, heard, complementary=True) if binary else ratio_masks(true)
            made: _Signals = transform.signals(transform.unwarp(masks) * spectra, len(mixture)).numpy()
        return made

    return system


def heard_by_heads(network: MultiHeadUNet) -> System:
    """Return what gives every instrument the mask of its head."""

    def system(piece: EnsemblePiece, mixture: _Signals, sources: _Signals, start_s: float) -> _Signals:
        del sources, start_s
        return multi_head_estimates(network, mixture[None], piece.instruments, where="multi-head U-Net")[:, 0]

    return system


def seen_by_pixels(network: SoundOfPixels) -> System:
    """Return what gives every player the mask of what is seen, players of one instrument summed."""

    def system(piece: EnsemblePiece, mixture: _Signals, sources: _Signals, start_s: float) -> _Signals:
        del sources
        by_player = pixels_estimates(
            network, mixture[None], piece.players_at, n_players=len(piece.players), start_s=start_s
        )
        return piece.merged(by_player[:, 0])

    return system
