"""What separators learn from: dry stems, rooms, and mixtures made on the fly."""

from __future__ import annotations

from rebalance.training.data._band_music import BandSettings, compose_band
from rebalance.training.data._band_rendering import BandLibrary, render_band
from rebalance.training.data._corpus_stems import write_corpus_stems
from rebalance.training.data._dry_rendering import Library, Material, prepare_material
from rebalance.training.data._mixing import Batch, Mixer, MixingSettings
from rebalance.training.data._piece_library import write_piece_library
from rebalance.training.data._plain_mixing import PlainMixer, PlainMixingSettings
from rebalance.training.data._resting import RestSettings, rest_gains, write_rested_stems
from rebalance.training.data._room_bank import open_rooms
from rebalance.training.data._scored_clips import ClipMaker, ClipSettings, JoinedClips, clips_at
from rebalance.training.data._scored_preparing import (
    TrackInstruments,
    prepare_library_tracks,
    prepare_scored_tracks,
    scored_track,
)
from rebalance.training.data._scored_tracks import (
    ScoredTrack,
    clip_activity_shares,
    clip_starts,
    frame_activity,
    read_scored_tracks,
    write_scored_track,
)
from rebalance.training.data._stem_library import StemLibrary, open_library
from rebalance.training.data._tone_library import write_tones

__all__ = [
    "BandLibrary",
    "BandSettings",
    "Batch",
    "ClipMaker",
    "ClipSettings",
    "JoinedClips",
    "Library",
    "Material",
    "Mixer",
    "MixingSettings",
    "PlainMixer",
    "PlainMixingSettings",
    "RestSettings",
    "ScoredTrack",
    "StemLibrary",
    "TrackInstruments",
    "clip_activity_shares",
    "clip_starts",
    "clips_at",
    "compose_band",
    "frame_activity",
    "open_library",
    "open_rooms",
    "prepare_library_tracks",
    "prepare_material",
    "prepare_scored_tracks",
    "read_scored_tracks",
    "render_band",
    "rest_gains",
    "scored_track",
    "write_corpus_stems",
    "write_piece_library",
    "write_rested_stems",
    "write_scored_track",
    "write_tones",
]
