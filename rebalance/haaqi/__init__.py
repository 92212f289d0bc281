"""HAAQI, the hearing-aid audio quality index, equal to pyclarity's to six decimals and an order of magnitude faster."""

from __future__ import annotations

from rebalance.haaqi.index import HaaqiScore
from rebalance.haaqi.metric import HeardReference, haaqi, hear_reference
from rebalance.haaqi.threshold_noise import NoiseReader, NoiseTape

__all__ = ["HaaqiScore", "HeardReference", "NoiseReader", "NoiseTape", "haaqi", "hear_reference"]
