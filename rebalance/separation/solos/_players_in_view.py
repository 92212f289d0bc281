"""From the frames of a video to what a network sees of every player."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError


def player_stripes(frames: NDArray[np.uint8], n_players: int) -> NDArray[np.uint8]:
    """Cut frames into upright stripes of one width, one for every player, from left to right.

    Parameters
    ----------
    frames
        Shape ``(n_frames, height, width, 3)``.
    n_players
        Who sit side by side.

    Returns
    -------
    NDArray
        Shape ``(n_players, n_frames, height, width // n_players, 3)``.

    Raises
    ------
    ConfigError
        If the frames are narrower than there are players.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation.solos import player_stripes
    >>> player_stripes(np.zeros((3, 32, 64, 3), np.uint8), 2).shape
    (2, 3, 32, 32, 3)
    """
    width = frames.shape[2] // max(n_players, 1)
    if n_players < 1 or not width:
        raise ConfigError(where="video", expected="a pixel or more for every player", got=f"{frames.shape[2]} in all")
    return np.stack([frames[:, :, place * width : (place + 1) * width] for place in range(n_players)])


def framed(frames: NDArray[np.uint8], size: int) -> NDArray[np.float32]:
    """Return frames as a network sees them: the middle square, resized, in [0, 1].

    Parameters
    ----------
    frames
        Shape ``(..., height, width, 3)``.
    size
        Side of the result in pixels.

    Returns
    -------
    NDArray
        Shape ``(..., 3, size, size)``.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation.solos import framed
    >>> seen = framed(np.full((3, 60, 80, 3), 255, np.uint8), 32)
    >>> seen.shape, round(float(seen.min()), 3)
    ((3, 3, 32, 32), 1.0)
    """
    import torch

    height, width = frames.shape[-3:-1]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = frames[..., top : top + side, left : left + side, :]
    planes = torch.from_numpy(np.ascontiguousarray(square)).float().movedim(-1, -3).flatten(0, -4) / 255.0
    resized = torch.nn.functional.interpolate(planes, size=(size, size), mode="bilinear", antialias=True)
    seen: NDArray[np.float32] = resized.clamp(0.0, 1.0).reshape(*frames.shape[:-3], 3, size, size).numpy()
    return seen
