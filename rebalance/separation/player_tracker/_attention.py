"""Attention over time and between players, by distance in time rather than by place: recordings of any length."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

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
        for parameter in (*self.near.parameters(), *self.merge.parameters(), *last.parameters()):
            nn.init.zeros_(parameter)
        slopes = [_MAX_SLOPE / 4**head if 2 * head < n_heads else 0.0 for head in range(n_heads)]
        self.register_buffer("slopes", torch.tensor(slopes), persistent=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """Mix tokens ``(batch, n_frames, width)``."""
        tokens = tokens + self.near(self.norm_near(tokens).transpose(1, 2)).transpose(1, 2)
        steps = torch.arange(tokens.shape[1], device=tokens.device)
        bias = -self.slopes[:, None, None] * (steps[:, None] - steps[None]).abs()
        attended = attention(self.attend(self.norm_far(tokens)), self.n_heads, bias)
        tokens = tokens + self.merge(attended)
        mixed: Tensor = tokens + self.own(self.norm_own(tokens))
        return mixed


class PlayerBlock(nn.Module):
    """Attention between the players of a frame, then that of every player over time."""

    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.norm = nn.LayerNorm(width)
        self.attend = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)
        for parameter in self.merge.parameters():
            nn.init.zeros_(parameter)
        self.along = AttentionBlock(width, n_heads)

    def forward(self, tokens: Tensor, absent: Tensor) -> Tensor:
        """Mix tokens ``(batch, n_players, n_frames, width)``; nobody sees the players that are absent."""
        n_batch, n_players, n_frames, width = tokens.shape
        together = tokens.transpose(1, 2).reshape(n_batch * n_frames, n_players, width)
        hidden = torch.zeros(absent.shape, device=tokens.device).masked_fill(absent, -1e4)
        bias = hidden[:, None].expand(-1, n_frames, -1).reshape(n_batch * n_frames, 1, 1, n_players)
        attended = self.merge(attention(self.attend(self.norm(together)), self.n_heads, bias))
        together = together + attended
        apart = together.reshape(n_batch, n_frames, n_players, width).transpose(1, 2).flatten(0, 1)
        mixed: Tensor = self.along(apart).reshape(n_batch, n_players, n_frames, width)
        return mixed


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
