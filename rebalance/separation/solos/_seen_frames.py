"""From the frames of a video to what a network sees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


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
    planes = torch.from_numpy(np.ascontiguousarray(square)).float().movedim(-1, -3).reshape(-1, 3, side, side) / 255.0
    resized = torch.nn.functional.interpolate(planes, size=(size, size), mode="bilinear", antialias=True)
    seen: NDArray[np.float32] = resized.clamp(0.0, 1.0).reshape(*frames.shape[:-3], 3, size, size).numpy()
    return seen
