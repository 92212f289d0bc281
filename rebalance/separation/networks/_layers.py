"""Layers both network families are made of; each looks only back in time where asked to, with a memory for streams."""

from __future__ import annotations

from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

Memory: TypeAlias = dict[nn.Module, Tensor]

_EPSILON = 1e-3


class TimeConv(nn.Module):
    """Convolution over ``(batch, channels, bins, frames)`` that keeps bins and frames.

    A causal one pads the past only; given a memory, it takes the past from there and leaves its own.

    Parameters
    ----------
    n_in, n_out
        Channels before and after.
    kernel
        Size in bins and frames, both odd unless causal.
    dilation
        Between the frames of the kernel, from 1.
    groups
        Into which the channels are divided.
    causal
        Whether the future is left alone.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.networks import TimeConv
    >>> convolution = TimeConv(1, 1, kernel=(1, 3), causal=True)
    >>> maps = torch.zeros(1, 1, 1, 6)
    >>> maps[..., 3] = 1.0
    >>> (convolution(maps)[0, 0, 0].abs() > 0).tolist()  # nothing before the frame that sounds
    [False, False, False, True, True, True]
    """

    def __init__(
        self, n_in: int, n_out: int, *, kernel: tuple[int, int], dilation: int = 1, groups: int = 1, causal: bool
    ) -> None:
        super().__init__()
        self.causal = causal
        self.reach = (kernel[1] - 1) * dilation
        time_padding = 0 if causal else self.reach // 2
        self.convolution = nn.Conv2d(
            n_in,
            n_out,
            kernel,
            dilation=(1, dilation),
            padding=(kernel[0] // 2, time_padding),
            groups=groups,
            bias=False,
        )

    def forward(self, maps: Tensor, memory: Memory | None = None) -> Tensor:
        """Convolve; same bins and frames out as in.

        Parameters
        ----------
        maps
            Shape ``(batch, n_in, bins, frames)``.
        memory
            Where a causal one keeps its past between two calls; the past is silence when None.
        """
        if self.causal:
            maps = with_past(maps, self.reach, self, memory)
        result: Tensor = self.convolution(maps)
        return result


def with_past(values: Tensor, reach: int, layer: nn.Module, memory: Memory | None) -> Tensor:
    """Put the frames before these in front of them, silence where nothing is known of those.

    Parameters
    ----------
    values
        Shape ``(..., n_frames)``.
    reach
        How many frames to put in front.
    layer
        Whose past it is.
    memory
        Where its past is taken from, and its new past left; None where there is neither.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.networks import with_past
    >>> layer, memory = torch.nn.Identity(), {}
    >>> [with_past(torch.tensor([value, value]), 1, layer, memory).tolist() for value in (1.0, 2.0)]
    [[0.0, 1.0, 1.0], [1.0, 2.0, 2.0]]
    """
    if memory is None or layer not in memory:
        values = functional.pad(values, (reach, 0))
    else:
        values = torch.cat([memory[layer], values], dim=-1)
    if memory is not None:
        memory[layer] = values[..., values.shape[-1] - reach :]
    return values


class ConditionedNorm(nn.Module):
    """Normalises every frame over channels and bins, then scales and shifts channels as the ensemble asks (FiLM).

    Parameters
    ----------
    n_channels
        Number of channels of the maps.
    n_conditions
        Length of the vector that conditions them.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.networks import ConditionedNorm
    >>> norm = ConditionedNorm(4, 8)
    >>> maps = norm(10 * torch.randn(1, 4, 16, 3, generator=torch.Generator().manual_seed(0)), torch.zeros(1, 8))
    >>> bool(torch.allclose(maps.square().mean(dim=(1, 2)), torch.ones(1, 3), atol=1e-2))
    True

    Source: FiLM, Perez et al. 2018. A frame's statistics are its own, so that neither chunks nor streams
    change them.
    """

    def __init__(self, n_channels: int, n_conditions: int) -> None:
        super().__init__()
        self.film = nn.Linear(n_conditions, 2 * n_channels)
        nn.init.normal_(self.film.weight, std=0.02)
        nn.init.zeros_(self.film.bias)

    def forward(self, maps: Tensor, condition: Tensor) -> Tensor:
        """Normalise ``(batch, channels, bins, frames)`` as ``(batch, n_conditions)`` asks.

        Parameters
        ----------
        maps
            Shape ``(batch, channels, bins, frames)``.
        condition
            Shape ``(batch, n_conditions)``, as `Ensemble` gives it.
        """
        scale, shift = self.film(condition)[..., None, None].chunk(2, dim=1)
        exact = maps.float()
        mean = exact.mean(dim=(1, 2), keepdim=True)
        # three times as fast as torch.var_mean, and no worse at the size of these numbers
        variance = (exact.square().mean(dim=(1, 2), keepdim=True) - mean.square()).clamp(min=0.0)
        gain = (1.0 + scale) * torch.rsqrt(variance + _EPSILON)
        return torch.addcmul(shift - mean * gain, maps, gain)


class Ensemble(nn.Module):
    """Turns the slots that are present into the vector that conditions every layer.

    Parameters
    ----------
    n_slots
        Instruments times voices.
    n_conditions
        Length of the vector.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.networks import Ensemble
    >>> ensemble = Ensemble(n_slots=16, n_conditions=8)
    >>> trio, reordered = ensemble(torch.tensor([[0, 2, 14, -1], [14, 0, 2, -1]]))
    >>> bool(torch.allclose(trio, reordered))
    True
    """

    def __init__(self, n_slots: int, n_conditions: int) -> None:
        super().__init__()
        self.n_slots = n_slots
        self.layers = nn.Sequential(
            nn.Linear(n_slots, n_conditions), nn.ReLU(), nn.Linear(n_conditions, n_conditions), nn.ReLU()
        )

    def forward(self, slots: Tensor) -> Tensor:
        """Map slots ``(batch, n_sources)``, -1 where there is none, to ``(batch, n_conditions)``."""
        one_hot = functional.one_hot(slots.clamp(min=0), self.n_slots) * (slots >= 0)[..., None]
        result: Tensor = self.layers(one_hot.sum(dim=1).float())
        return result


def full_precision(tensor: Tensor) -> torch.autocast:
    """Keep automatic mixed precision away from powers and shares, which need all their digits.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.networks import full_precision
    >>> spectra = torch.ones(2, 2)
    >>> with torch.autocast("cpu", dtype=torch.bfloat16):
    ...     half = spectra @ spectra
    ...     with full_precision(spectra):
    ...         full = spectra @ spectra
    >>> half.dtype, full.dtype
    (torch.bfloat16, torch.float32)
    """
    return torch.autocast(tensor.device.type, enabled=False)
