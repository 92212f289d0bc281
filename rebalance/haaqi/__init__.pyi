from ._accumulating import HAAQI as HAAQI
from ._bands import centre_frequencies_hz as centre_frequencies_hz, filter_widths_hz as filter_widths_hz
from ._batches import HaaqiScores as HaaqiScores, haaqi as haaqi
from ._binaural import (
    BinauralScore as BinauralScore,
    EarReference as EarReference,
    SceneNoise as SceneNoise,
    binaural_scores as binaural_scores,
)
from ._index import HaaqiScore as HaaqiScore
from ._metric import HeardReference as HeardReference, hear_reference as hear_reference
from ._threshold_noise import NoiseReader as NoiseReader, NoiseTape as NoiseTape
