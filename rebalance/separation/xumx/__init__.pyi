from ._network import Xumx as Xumx, XumxConfig as XumxConfig
from ._separator import (
    XUMX_FAMILIES as XUMX_FAMILIES,
    XumxSeparator as XumxSeparator,
    load_xumx_separator as load_xumx_separator,
    save_xumx as save_xumx,
)
from ._track_scores import (
    MAX_TRACK_S as MAX_TRACK_S,
    ROWS as ROWS,
    TargetSummary as TargetSummary,
    TrackScore as TrackScore,
    score_track as score_track,
    summarise as summarise,
)
