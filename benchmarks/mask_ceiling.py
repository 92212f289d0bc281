"""Measure what the resolution of masks allows at best: ideal ratio masks on the embedded task, by resolution.

    python benchmarks/mask_ceiling.py

Prints a table of docs/separation.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from rebalance import load_task
from rebalance.separation import sdr_db
from rebalance.separation.mask_network import (
    ASYMMETRIC,
    HALF_RATE,
    SYMMETRIC,
    FeatureConfig,
    HarmonicFeatures,
    Transform,
    TransformConfig,
)
from rebalance.task import read_source

ROOT = Path(__file__).parents[1] / "metadata" / "demo"
OCTAVES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """A transform, log bins per octave (None for linear bins), and how many frames share a mask."""

    transform: TransformConfig
    bins_per_octave: int | None = None
    mask_every: int = 1


RESOLUTIONS = (
    Resolution(transform=SYMMETRIC),
    *(Resolution(transform=SYMMETRIC, bins_per_octave=bins) for bins in (36, 48, 60)),
    *(Resolution(transform=HALF_RATE, bins_per_octave=bins) for bins in (None, 36)),
    Resolution(transform=ASYMMETRIC),
    *(Resolution(transform=ASYMMETRIC, bins_per_octave=36, mask_every=every) for every in (1, 4, 8)),
)


def main() -> None:
    """Print one row per resolution."""
    task = load_task(ROOT, "valid")
    segments = [np.stack([read_source(task, source) for source in s.sources]) for s in task.segments.values()]
    print("| window / synthesis / hop | masks | frames per mask | SDR |\n|---|---|---|---|")
    for resolution in RESOLUTIONS:
        ratios = [ratio for sources in segments for ratio in ceiling_db(torch.from_numpy(sources), resolution)]
        sizes = resolution.transform
        bins = "linear bins" if resolution.bins_per_octave is None else f"{resolution.bins_per_octave} per octave"
        shape = f"{sizes.window} / {sizes.synthesis} / {sizes.hop}"
        print(f"| {shape} | {bins} | {resolution.mask_every} | {np.mean(ratios):.1f} dB |", flush=True)


def ceiling_db(sources: torch.Tensor, resolution: Resolution) -> list[float]:
    """Return the SDR of every source under masks from the true sources, one for both channels."""
    transform = Transform(resolution.transform)
    spectra, mixture = transform(sources), transform(sources.sum(dim=0))
    powers = (spectra.real.square() + spectra.imag.square()).sum(dim=1)
    if resolution.bins_per_octave is None:
        shares = shared(powers)
    else:
        config = FeatureConfig(bins_per_octave=resolution.bins_per_octave, n_bins=OCTAVES * resolution.bins_per_octave)
        features = HarmonicFeatures(config, n_linear_bins=resolution.transform.n_bins, sample_rate=44_100)
        shares = features.linear_masks(shared(torch.matmul(features.to_log, powers)[..., :: resolution.mask_every]))
    held = shares.repeat_interleave(resolution.mask_every, dim=-1)[..., : mixture.shape[-1]]
    estimates = transform.inverse(held[:, None] * mixture, sources.shape[-1])
    return [sdr_db(s.numpy(), e.numpy()) for s, e in zip(sources, estimates, strict=True)]


def shared(powers: torch.Tensor) -> torch.Tensor:
    """Return every source's share of the power."""
    return powers / powers.sum(dim=0).clamp(min=1e-20)


if __name__ == "__main__":
    main()
