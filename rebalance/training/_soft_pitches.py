"""What separators make of posteriors, for tensors with gradients: release, and a finer grid of pitches."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

_PEAK = 2  # as in `rebalance.separation.player_tracker.finer_pitches`
_TINY = 1e-12


def lingering(pitched: Tensor, release: Sequence[float]) -> Tensor:
    """Return shares of pitches that linger; see `rebalance.separation.player_tracker.released`.

    Parameters
    ----------
    pitched
        Shape ``(..., n_frames, n_pitches)``.
    release
        Share that is left of a pitch one frame after it ended, after two, and so on.
    """
    parts = [pitched]
    for delay, share in enumerate(release[: max(pitched.shape[-2] - 1, 0)], start=1):
        parts.append(functional.pad(share * pitched[..., :-delay, :], (0, 0, delay, 0)))
    return torch.stack(parts).amax(dim=0)


def on_finer_grid(pitched: Tensor, n_steps: int) -> Tensor:
    """Return shares on a finer grid; see `rebalance.separation.player_tracker.finer_pitches`.

    How much goes to a place has gradients; which place it is has none.

    Parameters
    ----------
    pitched
        Shape ``(..., n_pitches)``.
    n_steps
        Of the new grid for each pitch.
    """
    n_pitches = pitched.shape[-1]
    places = pitched.argmax(dim=-1, keepdim=True) + torch.arange(-_PEAK, _PEAK + 1, device=pitched.device)
    within = (places >= 0) & (places < n_pitches)
    places = places.clamp(0, n_pitches - 1)
    near = pitched.gather(-1, places) * within
    mass = near.sum(dim=-1, keepdim=True)
    mean = ((near * places).sum(dim=-1, keepdim=True) / mass.clamp(min=_TINY)).detach()
    index = torch.round(n_steps * mean).long().clamp(0, n_pitches * n_steps - 1)
    rest = pitched.scatter(-1, places, 0.0)
    coarse = functional.pad(rest[..., None], (0, n_steps - 1)).flatten(-2)
    return coarse.scatter_add(-1, index, mass)
