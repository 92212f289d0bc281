"""Who plays which pitch when: trackers, their posteriors, the paths through them, and separation by them.

>>> from rebalance.transcription import decode, load_tracker, separate_by_pitch  # doctest: +SKIP
>>> posteriors = load_tracker()(mixture, ["Violin", "Cello"], 44_100)  # doctest: +SKIP
>>> tracks = decode(posteriors)  # doctest: +SKIP
>>> estimates = separate_by_pitch(mixture, posteriors, sample_rate=44_100)  # doctest: +SKIP
"""

from rebalance.separation.by_pitch import PitchSeparator, separate_by_pitch
from rebalance.separation.combs import CombSettings
from rebalance.separation.player_tracking import Tracker, load_tracker
from rebalance.separation.posteriors import Posteriors
from rebalance.transcription.decoding import DecodingSettings, PitchTrack, decode

__all__ = [
    "CombSettings",
    "DecodingSettings",
    "PitchSeparator",
    "PitchTrack",
    "Posteriors",
    "Tracker",
    "decode",
    "load_tracker",
    "separate_by_pitch",
]
