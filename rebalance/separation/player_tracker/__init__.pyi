from ._by_pitch import (
    PitchSeparator as PitchSeparator,
    load_pitch_separator as load_pitch_separator,
    separate_by_pitch as separate_by_pitch,
)
from ._combs import (
    PLAIN_COMBS as PLAIN_COMBS,
    CombSettings as CombSettings,
    finer_pitches as finer_pitches,
    finer_shares as finer_shares,
    released as released,
)
from ._pitch_stream import PitchStream as PitchStream, TrackerStream as TrackerStream
from ._posteriors import Posteriors as Posteriors
from ._refiner import Refiner as Refiner, RefinerConfig as RefinerConfig
from ._tracker import Tracker as Tracker, load_tracker as load_tracker, mean_of_shares as mean_of_shares
from ._tracker_checkpoints import (
    SecondTracker as SecondTracker,
    is_tracker_checkpoint as is_tracker_checkpoint,
    load_tracker_checkpoint as load_tracker_checkpoint,
    read_second_tracker as read_second_tracker,
    save_tracker_checkpoint as save_tracker_checkpoint,
)
from ._tracker_config import TrackerConfig as TrackerConfig
from ._tracker_network import TrackerNetwork as TrackerNetwork
