"""Orchestral data sets in the manner of SynthSOD: folders of scores to stems by microphone."""

from __future__ import annotations

from rebalance.synthesis.orchestra._orchestral_dataset import (
    AUDIO_FOLDER,
    OrchestraOutcome,
    Song,
    TrackCounts,
    read_songs,
    render_orchestra,
)
from rebalance.synthesis.orchestra._orchestral_plans import (
    Approximation,
    OrchestraSettings,
    approximations_of,
    can_play,
    choose_orchestra,
    draw_orchestral_plan,
    offered_techniques,
)
from rebalance.synthesis.orchestra._orchestral_sound import (
    MICROPHONES,
    MIXTURE_RMS,
    Microphone,
    WrittenSong,
    played_orchestra,
    write_song,
)
from rebalance.synthesis.orchestra._orchestral_statistics import (
    AnnotationPicture,
    StatisticsTable,
    annotation_picture,
    orchestra_tables,
    write_statistics,
)
from rebalance.synthesis.orchestra._orchestrating import orchestrated
from rebalance.synthesis.orchestra._score_files import SONG_SPLITS, ScoreFile, SongSplit, find_scores

__all__ = [
    "AUDIO_FOLDER",
    "MICROPHONES",
    "MIXTURE_RMS",
    "SONG_SPLITS",
    "AnnotationPicture",
    "Approximation",
    "Microphone",
    "OrchestraOutcome",
    "OrchestraSettings",
    "ScoreFile",
    "Song",
    "SongSplit",
    "StatisticsTable",
    "TrackCounts",
    "WrittenSong",
    "annotation_picture",
    "approximations_of",
    "can_play",
    "choose_orchestra",
    "draw_orchestral_plan",
    "find_scores",
    "offered_techniques",
    "orchestra_tables",
    "orchestrated",
    "played_orchestra",
    "read_songs",
    "render_orchestra",
    "write_song",
    "write_statistics",
]
