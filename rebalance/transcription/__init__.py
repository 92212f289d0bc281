"""Who plays which pitch when: trackers, their posteriors, the paths through them, and separation by them.

>>> from rebalance.transcription import decode, load_tracker, separate_by_pitch  # doctest: +SKIP
>>> posteriors = load_tracker()(mixture, ["Violin", "Cello"], 44_100)  # doctest: +SKIP
>>> tracks = decode(posteriors)  # doctest: +SKIP
>>> estimates = separate_by_pitch(mixture, posteriors, sample_rate=44_100)  # doctest: +SKIP
"""

from rebalance.separation.player_tracker import (
    CombSettings,
    PitchSeparator,
    Posteriors,
    Tracker,
    load_tracker,
    separate_by_pitch,
)
from rebalance.transcription._decoding import DecodingSettings, PitchTrack, decode

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
