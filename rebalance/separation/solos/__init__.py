"""The two systems of Solos: the multi-head U-Net, and The Sound of Pixels, which also looks at the players."""

from __future__ import annotations

from rebalance.separation.solos._activation_maps import activation_maps, over_frame
from rebalance.separation.solos._log_frequency import (
    LogSpectrum,
    LogSpectrumConfig,
    binary_masks,
    normalised_levels,
    ratio_masks,
)
from rebalance.separation.solos._multi_head_separator import MultiHeadSeparator, multi_head_estimates
from rebalance.separation.solos._multi_head_unet import (
    MULTI_HEAD_WIDTHS,
    SOLOS_INSTRUMENTS,
    MultiHeadConfig,
    MultiHeadUNet,
)
from rebalance.separation.solos._pixels_separator import PixelsSeparator, pixels_estimates
from rebalance.separation.solos._seen_frames import framed
from rebalance.separation.solos._solos_checkpoints import load_solos_separator, save_solos_network
from rebalance.separation.solos._sound_of_pixels import PIXELS_WIDTHS, AudioUNet, PixelsConfig, SoundOfPixels
from rebalance.separation.solos._vision import VisionConfig, VisionNetwork

__all__ = [
    "MULTI_HEAD_WIDTHS",
    "PIXELS_WIDTHS",
    "SOLOS_INSTRUMENTS",
    "AudioUNet",
    "LogSpectrum",
    "LogSpectrumConfig",
    "MultiHeadConfig",
    "MultiHeadSeparator",
    "MultiHeadUNet",
    "PixelsConfig",
    "PixelsSeparator",
    "SoundOfPixels",
    "VisionConfig",
    "VisionNetwork",
    "activation_maps",
    "binary_masks",
    "framed",
    "load_solos_separator",
    "multi_head_estimates",
    "normalised_levels",
    "over_frame",
    "pixels_estimates",
    "ratio_masks",
    "save_solos_network",
]
