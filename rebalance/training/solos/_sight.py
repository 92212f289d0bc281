"""Telling instruments by sight alone: where training starts, and a check that the pictures can be told apart."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from rebalance.separation.solos import VisionNetwork
from rebalance.training.solos._solo_library import SoloLibrary


class SightNetwork(nn.Module):
    """Names the instrument of a player from frames.

    Takes the place of weights from ImageNet, which do not come with this library.

    Parameters
    ----------
    vision
        The network of the frames, which is trained.
    heads
        Instruments by number.
    """

    def __init__(self, vision: VisionNetwork, heads: tuple[str, ...]) -> None:
        super().__init__()
        self.vision = vision
        self.heads = heads
        self.names = nn.Linear(vision.to_components.out_channels, len(heads))

    def forward(self, frames: Tensor) -> Tensor:
        """Return logits ``(batch, n_heads)`` of frames ``(batch, n_frames, 3, side, side)``."""
        logits: Tensor = self.names(self.vision.maps(frames).amax(dim=(-2, -1)))
        return logits


def sight_accuracy(network: SightNetwork, library: SoloLibrary) -> float:
    """Return the share of recordings whose instrument is named rightly, from three frames of each.

    Parameters
    ----------
    network
        Vision, and a name for what it sees.
    library
        Recordings with their frames.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation.solos import VisionConfig, VisionNetwork
    >>> from rebalance.training.solos import SightNetwork, SoloClip, SoloLibrary, sight_accuracy
    >>> vision = VisionNetwork(VisionConfig(widths=(4, 8), blocks=(1, 1), frame_size=16), 4)
    >>> facts = {"samples": np.ones(9, np.float32), "frames": np.zeros((4, 3, 16, 16), np.uint8)}
    >>> clips = (SoloClip(instrument="Tuba", identifier="a", **facts),)
    >>> sight_accuracy(SightNetwork(vision, ("Tuba",)), SoloLibrary(clips=clips, sample_rate=11_025))
    1.0
    """
    network.eval()
    config = network.vision.config
    right = []
    with torch.inference_mode():
        for clip in library.clips:
            times_s = config.times_s(0.0, len(clip.samples) / library.sample_rate)
            chosen = int(network(torch.from_numpy(clip.seen(times_s))[None]).argmax())
            right.append(network.heads[chosen] == clip.instrument)
    return float(np.mean(right))
