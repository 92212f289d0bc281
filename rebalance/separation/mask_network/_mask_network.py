"""Networks that share the bins of a mixture among its sources: features, body, masks, resynthesis."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import ConfigError
from rebalance.separation.mask_network._band_split import BandSplit, BandSplitConfig
from rebalance.separation.mask_network._features import FeatureConfig, HarmonicFeatures
from rebalance.separation.mask_network._transform import SYMMETRIC, Transform, TransformConfig
from rebalance.separation.mask_network._unet import UNet, UNetConfig
from rebalance.separation.networks import Memory, full_precision

Family: TypeAlias = Literal["u-net", "band-split"]

N_VOICES = 2
_MIN_POWER = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskNetworkConfig:
    """Everything a mask network is built from.

    Parameters
    ----------
    family
        Which body: ``"u-net"`` or ``"band-split"``.
    unet, band_split
        Sizes of the body; the other one is not used.
    features, transform
        What it sees, and what it masks.
    instruments
        Each has `N_VOICES` slots.
    sample_rate
        In Hz.
    causal
        Whether masks depend on the past only; the look-ahead is that of the transform.
    mask_every
        Frames one mask is held for; over 1 only with a causal network, whose hop is short.
    level_s
        Time constant of a causal network's running level, in seconds.

    Raises
    ------
    ConfigError
        If masks are shared by frames though the network is not causal, the level has no time constant above 0, or an
        instrument is unknown.

    Examples
    --------
    >>> from rebalance.separation.mask_network import ASYMMETRIC, MaskNetworkConfig
    >>> config = MaskNetworkConfig(causal=True, transform=ASYMMETRIC, mask_every=10)
    >>> round(1000 * config.look_ahead_samples / config.sample_rate, 2)  # ms
    4.97
    >>> MaskNetworkConfig(mask_every=10)
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: mask network: expected mask_every 1 unless causal and a positive ...
    """

    family: Family = "u-net"
    unet: UNetConfig = field(default_factory=UNetConfig)
    band_split: BandSplitConfig = field(default_factory=BandSplitConfig)
    features: FeatureConfig = field(default_factory=FeatureConfig)
    transform: TransformConfig = SYMMETRIC
    instruments: tuple[str, ...] = CAD2_TASK2.instruments
    sample_rate: int = CAD2_TASK2.mixture_sample_rate
    causal: bool = False
    mask_every: int = 1
    level_s: float = 3.0

    def __post_init__(self) -> None:
        if self.mask_every < 1 or (self.mask_every > 1 and not self.causal) or self.level_s <= 0:
            raise ConfigError(
                where="mask network", expected="mask_every 1 unless causal and a positive level_s", got=str(self)
            )
        if unknown := sorted(set(self.instruments) - set(CAD2_TASK2.instruments)):
            raise ConfigError(f"unknown instruments {unknown}", where="mask network")

    @property
    def look_ahead_samples(self) -> int | None:
        """Samples a causal network looks ahead; None for one that is not causal."""
        return self.transform.synthesis - 1 if self.causal else None

    @property
    def body(self) -> UNetConfig | BandSplitConfig:
        """The sizes of the body in use."""
        return self.unet if self.family == "u-net" else self.band_split

    @property
    def frame_alignment(self) -> int:
        """Number of frames a chunk must start at a multiple of."""
        return self.body.frame_alignment

    @property
    def reach_frames(self) -> int:
        """How many frames a mask can depend on, either way."""
        return self.body.reach_frames * self.mask_every


class MaskNetwork(nn.Module):
    """Estimates all sources of a mixture in one pass; the estimates always sum to the mixture.

    Every instrument has two voice slots. Where a network cannot tell two voices apart, the softmax gives
    each the same share, half of what the pair gets.

    Parameters
    ----------
    config
        Family, sizes and instruments.

    Raises
    ------
    ConfigError
        If the transform, the features or the sizes do not fit each other.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.mask_network import MaskNetwork, MaskNetworkConfig
    >>> network = MaskNetwork(MaskNetworkConfig()).eval()
    >>> mixture = 0.1 * torch.randn(1, 2, 8192, generator=torch.Generator().manual_seed(0))
    >>> with torch.no_grad():
    ...     estimates = network(mixture, network.slots(("Violin", "Violin", "Cello"))[None])
    >>> estimates.shape, bool(torch.allclose(estimates.sum(dim=1), mixture, atol=1e-4))
    (torch.Size([1, 3, 2, 8192]), True)
    """

    def __init__(self, config: MaskNetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.transform = Transform(config.transform)
        self.features = HarmonicFeatures(
            config.features, n_linear_bins=config.transform.n_bins, sample_rate=config.sample_rate
        )
        sizes = {
            "n_maps": config.features.n_channels,
            "n_bins": config.features.n_bins,
            "n_slots": len(config.instruments) * N_VOICES,
        }
        self.body: nn.Module
        if config.family == "u-net":
            self.body = UNet(config.unet, **sizes, causal=config.causal)
        else:
            self.body = BandSplit(config.band_split, **sizes, causal=config.causal)
        frames_per_s = config.sample_rate / (config.transform.hop * config.mask_every)
        self.running_level = RunningLevel(decay=math.exp(-1.0 / (config.level_s * frames_per_s)))

    def slots(self, instruments: Sequence[str]) -> Tensor:
        """Return the slot of every source, shape ``(n_sources,)``.

        Raises
        ------
        ConfigError
            If an instrument is not one of the network's, or has more voices than slots.
        """
        heard: Counter[str] = Counter()
        slots: list[int] = []
        for instrument in instruments:
            if instrument not in self.config.instruments:
                known = ", ".join(self.config.instruments)
                raise ConfigError(f"this network separates {known}", where=f"instrument {instrument!r}")
            if heard[instrument] == N_VOICES:
                raise ConfigError(where=f"instrument {instrument!r}", expected=f"at most {N_VOICES} voices", got="more")
            slots.append(self.config.instruments.index(instrument) * N_VOICES + heard[instrument])
            heard[instrument] += 1
        return torch.tensor(slots)

    def forward(self, mixture: Tensor, slots: Tensor, level: Tensor | None = None) -> Tensor:
        """Separate mixtures.

        Parameters
        ----------
        mixture
            Shape ``(batch, n_channels, n_samples)``.
        slots
            Slot of every source, ``(batch, n_sources)``, -1 where a mixture of the batch has fewer.
        level
            Mean power of the recordings the mixtures are cut from, ``(batch,)``; their own when None. A
            causal network does not use it.

        Returns
        -------
        Tensor
            Estimates, shape ``(batch, n_sources, n_channels, n_samples)``; nothing for a slot of -1.
        """
        if level is None:
            level = mixture.square().mean(dim=(1, 2))
        spectra = self.transform(mixture)
        masks = self.masks(self._masked(spectra), slots, level)
        held = masks.repeat_interleave(self.config.mask_every, dim=-1)[..., : spectra.shape[-1]]
        estimates: Tensor = self.transform.inverse(held[:, :, None] * spectra[:, None], mixture.shape[-1])
        return estimates

    def masked_spectra(self, signal: Tensor) -> Tensor:
        """Return the spectra of the frames of a signal that get a mask, shape ``(..., n_linear_bins, n_frames)``."""
        return self._masked(self.transform(signal))

    def _masked(self, spectra: Tensor) -> Tensor:
        """Return those of all frames that get a mask."""
        return spectra[..., :: self.config.mask_every]

    def masks(self, spectra: Tensor, slots: Tensor, level: Tensor, memory: Memory | None = None) -> Tensor:
        """Return shares in [0, 1] of every bin, ``(batch, n_sources, n_linear_bins, n_frames)``.

        Parameters
        ----------
        spectra
            Of the frames that get a mask, ``(batch, n_channels, n_linear_bins, n_frames)``.
        slots, level
            See `forward`.
        memory
            What a causal network remembers of earlier frames; it is brought up to date.
        """
        powers = self.features.powers(spectra)
        if self.config.causal:
            energy = (spectra.real.square() + spectra.imag.square()).mean(dim=(1, 2))
            reference = self.running_level(energy, memory)[:, None, None]
        else:
            reference = (level * self.transform.analysis_window.square().sum())[:, None, None, None]
        maps = self.features(powers, reference.clamp(min=_MIN_POWER))
        logits = self.body(maps, slots, memory).float()
        absent = (slots < 0)[..., None, None]
        shares = torch.softmax(logits.masked_fill(absent, -torch.inf), dim=1)
        masks: Tensor = self.features.linear_masks(shares)
        return masks


class RunningLevel(nn.Module):
    """Exponentially weighted mean of all frames so far, unbiased from the first frame on.

    Parameters
    ----------
    decay
        What is left of the weight of a frame one frame later, in (0, 1).

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.mask_network import RunningLevel
    >>> RunningLevel(decay=0.5)(torch.tensor([[3.0, 0.0]])).tolist()  # 3, then (1.5 + 0) / 1.5
    [[3.0, 1.0]]
    """

    def __init__(self, *, decay: float) -> None:
        super().__init__()
        self.decay = decay

    def forward(self, powers: Tensor, memory: Memory | None = None) -> Tensor:
        """Return the means, ``(batch, n_frames)``.

        Parameters
        ----------
        powers
            Shape ``(batch, n_frames)``.
        memory
            Carries sum and weight from one stretch to the next; it is brought up to date.
        """
        n_frames = powers.shape[-1]
        steps = torch.arange(n_frames, device=powers.device)
        ages = (steps[:, None] - steps[None]).clamp(min=0)
        kernel = torch.where(steps[:, None] >= steps[None], self.decay**ages, 0.0).to(powers.dtype)
        state = memory.get(self) if memory is not None else None
        if state is None:
            state = powers.new_zeros(2, len(powers))
        carried = self.decay ** (steps + 1)
        with full_precision(powers):
            sums = torch.matmul(powers, kernel.T) + state[0][:, None] * carried
        weights = kernel.sum(dim=1) + state[1][:, None] * carried
        if memory is not None and n_frames:
            memory[self] = torch.stack([sums[:, -1], weights[:, -1]])
        return sums / weights
