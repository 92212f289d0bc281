"""HAAQI, the hearing-aid audio quality index, equal to pyclarity's to six decimals and an order of magnitude faster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebalance._base.lazy import lazy_names

if TYPE_CHECKING:
    from rebalance.haaqi._accumulating import HAAQI
    from rebalance.haaqi._batches import HaaqiScores, haaqi
    from rebalance.haaqi._binaural import BinauralScore, EarReference, SceneNoise, binaural_scores
    from rebalance.haaqi._index import HaaqiScore
    from rebalance.haaqi._metric import HeardReference, hear_reference
    from rebalance.haaqi._threshold_noise import NoiseReader, NoiseTape

__all__ = [
    "HAAQI",
    "BinauralScore",
    "EarReference",
    "HaaqiScore",
    "HaaqiScores",
    "HeardReference",
    "NoiseReader",
    "NoiseTape",
    "SceneNoise",
    "binaural_scores",
    "haaqi",
    "hear_reference",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "_accumulating": ("HAAQI",),
        "_batches": ("HaaqiScores", "haaqi"),
        "_binaural": ("BinauralScore", "EarReference", "SceneNoise", "binaural_scores"),
        "_index": ("HaaqiScore",),
        "_metric": ("HeardReference", "hear_reference"),
        "_threshold_noise": ("NoiseReader", "NoiseTape"),
    },
)
