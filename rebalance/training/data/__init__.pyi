from ._band_music import BandSettings as BandSettings, compose_band as compose_band
from ._band_rendering import BandLibrary as BandLibrary, render_band as render_band
from ._corpus_stems import write_corpus_stems as write_corpus_stems
from ._dry_rendering import Library as Library, Material as Material, prepare_material as prepare_material
from ._mixing import Mixer as Mixer
from ._mixing_settings import MixingSettings as MixingSettings
from ._mixture_batches import Batch as Batch
from ._piece_library import write_piece_library as write_piece_library
from ._plain_mixing import PlainMixer as PlainMixer, PlainMixingSettings as PlainMixingSettings
from ._resting import RestSettings as RestSettings, rest_gains as rest_gains, write_rested_stems as write_rested_stems
from ._room_bank import open_rooms as open_rooms
from ._scored_clips import (
    ClipMaker as ClipMaker,
    ClipSettings as ClipSettings,
    JoinedClips as JoinedClips,
    clips_at as clips_at,
)
from ._scored_preparing import (
    TrackInstruments as TrackInstruments,
    prepare_library_tracks as prepare_library_tracks,
    prepare_scored_tracks as prepare_scored_tracks,
    scored_track as scored_track,
)
from ._scored_tracks import (
    ScoredTrack as ScoredTrack,
    clip_activity_shares as clip_activity_shares,
    clip_starts as clip_starts,
    frame_activity as frame_activity,
    read_scored_tracks as read_scored_tracks,
    write_scored_track as write_scored_track,
)
from ._stem_library import StemLibrary as StemLibrary, open_library as open_library
from ._tone_library import write_tones as write_tones
