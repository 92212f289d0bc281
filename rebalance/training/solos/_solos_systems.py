"""The rows of the comparison: what turns a segment into estimates; see `rebalance.training.solos.score_system`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rebalance._base.errors import ConfigError
from rebalance._base.names import one_of
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

SystemName: TypeAlias = Literal[
    "mixture",
    "ideal-binary",
    "ideal-ratio",
    "pixels-other-corpus",
    "pixels-scratch",
    "pixels-fine-tuned",
    "multi-head-u-net",
]
SYSTEMS: Mapping[SystemName, str] = MappingProxyType(
    {
        "mixture": "the mixture as every estimate",
        "ideal-binary": "ideal binary masks",
        "ideal-ratio": "ideal ratio masks",
        "pixels-other-corpus": "Sound of Pixels, trained on the other corpus",
        "pixels-scratch": "Sound of Pixels, from scratch",
        "pixels-fine-tuned": "Sound of Pixels, fine-tuned",
        "multi-head-u-net": "multi-head U-Net",
    }
)
"""The rows of the comparison, and what they are called."""

UNTRAINED_SYSTEMS: tuple[SystemName, ...] = ("mixture", "ideal-binary", "ideal-ratio")
"""The rows that need no training."""

_Signals = NDArray[np.float32]


def _mixture_as_estimates(piece: EnsemblePiece, mixture: _Signals, sources: _Signals, start_s: float) -> _Signals:
    """Return the mixture for every source."""
    del piece, start_s
    return np.repeat(mixture[None], len(sources), axis=0)


def _ideal_masks(spectrum: LogSpectrumConfig, *, binary: bool) -> System:
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


def _heard_by_heads(network: MultiHeadUNet) -> System:
    """Return what gives every instrument the mask of its head."""

    def system(piece: EnsemblePiece, mixture: _Signals, sources: _Signals, start_s: float) -> _Signals:
        del sources, start_s
        return multi_head_estimates(network, mixture[None], piece.instruments, where="multi-head U-Net")[:, 0]

    return system


def _seen_by_pixels(network: SoundOfPixels) -> System:
    """Return what gives every player the mask of what is seen, players of one instrument summed."""

    def system(piece: EnsemblePiece, mixture: _Signals, sources: _Signals, start_s: float) -> _Signals:
        del sources
        by_player = pixels_estimates(
            network, mixture[None], piece.players_at, n_players=len(piece.players), start_s=start_s
        )
        return piece.merged(by_player[:, 0])

    return system


def untrained_system(name: SystemName, spectrum: LogSpectrumConfig) -> System:
    """Return a row that needs no training.

    Parameters
    ----------
    name
        One of `UNTRAINED_SYSTEMS`.
    spectrum
        Of the ideal masks: what the networks see.

    Raises
    ------
    ConfigError
        If it needs training.

    Examples
    --------
    >>> from rebalance.separation.solos import LogSpectrumConfig
    >>> from rebalance.training.solos import untrained_system
    >>> untrained_system("multi-head-u-net", LogSpectrumConfig())
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: system: expected one of mixture, ideal-binary, ideal-ratio, got ...
    """
    one_of("system", name, UNTRAINED_SYSTEMS)
    return _mixture_as_estimates if name == "mixture" else _ideal_masks(spectrum, binary=name == "ideal-binary")


def trained_system(network: nn.Module) -> System:
    """Return the row of a trained network, which is put into evaluation mode.

    Raises
    ------
    ConfigError
        If it is neither a multi-head U-Net nor The Sound of Pixels.

    Examples
    --------
    >>> from torch import nn
    >>> from rebalance.training.solos import trained_system
    >>> trained_system(nn.Identity())
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: system: expected one of the networks of Solos, got Identity
    """
    network.eval()
    if isinstance(network, MultiHeadUNet):
        return _heard_by_heads(network)
    if isinstance(network, SoundOfPixels):
        return _seen_by_pixels(network)
    raise ConfigError(where="system", expected="one of the networks of Solos", got=type(network).__name__)
