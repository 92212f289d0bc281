"""Layers over time and between players, by distance in time rather than by place: recordings of any length."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from rebalance.separation.networks import Memory, full_precision, with_past

_MAX_SLOPE = 0.5
_NEIGHBOURS = 9


class AttentionBlock(nn.Module):
    """A convolution along time, attention over time and a pointwise network, each beside a residual path.

    Half of the heads prefer what is near, each to another degree; the others see all times alike. An untrained block
    changes nothing.
    """

    slopes: Tensor

    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.norm_near, self.norm_far, self.norm_own = (nn.LayerNorm(width) for _ in range(3))
        self.near = nn.Conv1d(width, width, _NEIGHBOURS, padding=_NEIGHBOURS // 2, groups=width)
        self.attend = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)
        last = nn.Linear(2 * width, width)
        self.own = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), last)
        _begin_with_zeros(self.near, self.merge, last)
        slopes = [_MAX_SLOPE / 4**head if 2 * head < n_heads else 0.0 for head in range(n_heads)]
        self.register_buffer("slopes", torch.tensor(slopes), persistent=False)

    def forward(self, tokens: Tensor, memory: Memory | None = None) -> Tensor:  # noqa: ARG002 - sees all frames at once
        """Mix tokens ``(batch, n_frames, width)``."""
        tokens = tokens + self.near(self.norm_near(tokens).transpose(1, 2)).transpose(1, 2)
        steps = torch.arange(tokens.shape[1], device=tokens.device)
        bias = -self.slopes[:, None, None] * (steps[:, None] - steps[None]).abs()
        attended = attention(self.attend(self.norm_far(tokens)), self.n_heads, bias)
        tokens = tokens + self.merge(attended)
        mixed: Tensor = tokens + self.own(self.norm_own(tokens))
        return mixed


class RecurrentBlock(nn.Module):
    """A convolution along time, a recurrent layer and a pointwise network, each beside a residual path.

    It sees the past alone, which a memory carries from one stretch to the next. An untrained block changes nothing.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm_near, self.norm_far, self.norm_own = (nn.LayerNorm(width) for _ in range(3))
        self.near = nn.Conv1d(width, width, _NEIGHBOURS, groups=width)
        self.recur = nn.GRU(width, width, batch_first=True)
        self.merge = nn.Linear(width, width)
        last = nn.Linear(2 * width, width)
        self.own = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), last)
        _begin_with_zeros(self.near, self.merge, last)

    def forward(self, tokens: Tensor, memory: Memory | None = None) -> Tensor:
        """Mix tokens ``(batch, n_frames, width)``; a memory is brought up to date."""
        near = with_past(self.norm_near(tokens).transpose(1, 2), _NEIGHBOURS - 1, self.near, memory)
        tokens = tokens + self.near(near).transpose(1, 2)
        before = None if memory is None else memory.get(self.recur)
        with full_precision(tokens):  # a state adds up what every frame rounds
            recurred, state = self.recur(self.norm_far(tokens).float(), before)
        if memory is not None:
            memory[self.recur] = state
        tokens = tokens + self.merge(recurred)
        mixed: Tensor = tokens + self.own(self.norm_own(tokens))
        return mixed


class PlayerBlock(nn.Module):
    """Attention between the players of a frame, then a layer of every player over time."""

    def __init__(self, width: int, n_heads: int, *, causal: bool = False) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.norm = nn.LayerNorm(width)
        self.attend = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)
        _begin_with_zeros(self.merge)
        self.along = RecurrentBlock(width) if causal else AttentionBlock(width, n_heads)

    def forward(self, tokens: Tensor, absent: Tensor, memory: Memory | None = None) -> Tensor:
        """Mix tokens ``(batch, n_players, n_frames, width)``; nobody sees the players that are absent."""
        n_batch, n_players, n_frames, width = tokens.shape
        together = tokens.transpose(1, 2).reshape(n_batch * n_frames, n_players, width)
        hidden = torch.zeros(absent.shape, device=tokens.device).masked_fill(absent, -1e4)
        bias = hidden[:, None].expand(-1, n_frames, -1).reshape(n_batch * n_frames, 1, 1, n_players)
        attended = self.merge(attention(self.attend(self.norm(together)), self.n_heads, bias))
        together = together + attended
        apart = together.reshape(n_batch, n_frames, n_players, width).transpose(1, 2).flatten(0, 1)
        mixed: Tensor = self.along(apart, memory).reshape(n_batch, n_players, n_frames, width)
        return mixed


def _begin_with_zeros(*layers: nn.Module) -> None:
    """Let layers give nothing before they are trained."""
    for layer in layers:
        for parameter in layer.parameters():
            nn.init.zeros_(parameter)


def attention(joined: Tensor, n_heads: int, bias: Tensor) -> Tensor:
    """Return what tokens see.

    Parameters
    ----------
    joined
        Queries, keys and values, shape ``(batch, n, 3 * width)``.
    n_heads
        Number of heads; divides the width.
    bias
        Added to the scores, broadcast to ``(batch, n_heads, n, n)``.
    """
    n_batch, n_tokens, n_joined = joined.shape
    parts = joined.reshape(n_batch, n_tokens, 3, n_heads, n_joined // (3 * n_heads)).permute(2, 0, 3, 1, 4)
    queries, keys, values = parts.unbind(0)
    seen = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=bias.to(queries.dtype))
    return seen.transpose(1, 2).flatten(2)
