"""A tracker and a refiner that learn together."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from rebalance.separation.player_tracker import Refiner, TrackerNetwork


class JointNetwork(nn.Module):
    """A tracker and the refiner of masks that goes on from its pitches.

    Parameters
    ----------
    tracker, refiner
        The two networks.
    tracker_rate
        What the learning rate is multiplied by for the tracker.
    """

    def __init__(self, tracker: TrackerNetwork, refiner: Refiner, tracker_rate: float) -> None:
        super().__init__()
        self.tracker = tracker
        self.refiner = refiner
        self.tracker_rate = tracker_rate

    def learning_rate_scales(self) -> Mapping[str, float]:
        """Return what the learning rates are multiplied by; see `ScaledRates`."""
        return {"tracker.": self.tracker_rate}
