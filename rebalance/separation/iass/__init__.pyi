from ._iass_models import (
    IassReading as IassReading,
    load_iass_models as load_iass_models,
    read_through as read_through,
    save_iass as save_iass,
)
from ._iass_network import Iass as Iass, IassConfig as IassConfig, IassOutput as IassOutput
from ._iass_separator import IassSeparator as IassSeparator, load_iass_separator as load_iass_separator
from ._instrument_weight import (
    ACTIVITY_DB as ACTIVITY_DB,
    WEIGHT_FRAMES as WEIGHT_FRAMES,
    WEIGHT_THRESHOLD as WEIGHT_THRESHOLD,
    ActivityScores as ActivityScores,
    active_frames as active_frames,
    activity_scores as activity_scores,
    frame_rms as frame_rms,
    instrument_weight as instrument_weight,
)
