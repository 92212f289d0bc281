"""Masking a signal of any length in consecutive blocks of a segment each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rebalance.separation.solos._log_frequency import LogSpectrum

BlockMasks = Callable[[Tensor, float], Tensor]
"""From bounded magnitudes ``(1, n_bins, n_frames)`` and where they begin, in seconds, to masks
``(n_sources, n_bins, n_frames)``."""


def masked_in_blocks(transform: LogSpectrum, mixture: NDArray[np.float32], masks_of: BlockMasks) -> NDArray[np.float32]:
    """Return estimates ``(n_sources, n_channels, n_samples)`` of a mixture ``(n_channels, n_samples)``.

    Masks come from the mean of the channels, and are applied to each. Frames beyond the end are silent.
    """
    n_samples, n_frames = mixture.shape[1], transform.config.n_frames
    with torch.inference_mode():
        signal = torch.from_numpy(np.ascontiguousarray(mixture)).to(transform.window.device)
        spectra = transform.spectra(signal)
        magnitudes = transform.bounded(transform.spectra(signal.mean(dim=0, keepdim=True)))
        missing = -magnitudes.shape[-1] % n_frames
        blocks = torch.split(torch.nn.functional.pad(magnitudes, (0, missing)), n_frames, dim=-1)
        block_s = n_frames * transform.config.hop / transform.config.sample_rate
        masks = torch.cat([masks_of(block, number * block_s) for number, block in enumerate(blocks)], dim=-1)
        masked = masks[:, None, :, : spectra.shape[-1]] * spectra
        estimates: NDArray[np.float32] = transform.signals(masked, n_samples).cpu().numpy().astype(np.float32)
    return estimates
