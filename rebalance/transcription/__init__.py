"""Who plays which pitch when: trackers, their posteriors, notes, activity, and scores that sharpen them.

Start with `load_tracker`, `transcribe` or `separate_by_pitch`.
"""

from rebalance.separation.player_tracker import (
    CombSettings,
    PitchSeparator,
    Posteriors,
    Tracker,
    load_tracker,
    separate_by_pitch,
)
from rebalance.transcription._accuracy import (
    Agreement,
    FrameShares,
    frame_shares,
    multipitch_agreement,
    note_agreement,
)
from rebalance.transcription._activity import (
    ActivitySettings,
    Stretch,
    activity_of,
    activity_table,
    write_activity_table,
)
from rebalance.transcription._decoding import DecodingSettings, PitchTrack, decode
from rebalance.transcription._detected_instruments import detect_instruments
from rebalance.transcription._note_files import notes_table, write_notes_as_midi, write_notes_table
from rebalance.transcription._onset_evidence import onset_rises_db
from rebalance.transcription._presence import DOUBTFUL, Alternative, Presence, better_ensemble, presence_of
from rebalance.transcription._rolls import draw_activity, draw_piano_roll
from rebalance.transcription._score_alignment import Alignment, align
from rebalance.transcription._score_informed import (
    ScoreInformedSeparator,
    ScoreReading,
    by_pitch,
    read_along,
    score_informed,
)
from rebalance.transcription._score_parts import Casting, cast
from rebalance.transcription._score_sharpening import MISMATCH_COST, SharpeningSettings, sharpen
from rebalance.transcription._tracking_whole import track_players
from rebalance.transcription._transcribed_notes import NoteSettings, TranscribedNote, notes_of, tuning_cents
from rebalance.transcription._transcription import Transcription, transcribe

__all__ = [
    "DOUBTFUL",
    "MISMATCH_COST",
    "ActivitySettings",
    "Agreement",
    "Alignment",
    "Alternative",
    "Casting",
    "CombSettings",
    "DecodingSettings",
    "FrameShares",
    "NoteSettings",
    "PitchSeparator",
    "PitchTrack",
    "Posteriors",
    "Presence",
    "ScoreInformedSeparator",
    "ScoreReading",
    "SharpeningSettings",
    "Stretch",
    "Tracker",
    "TranscribedNote",
    "Transcription",
    "activity_of",
    "activity_table",
    "align",
    "better_ensemble",
    "by_pitch",
    "cast",
    "decode",
    "detect_instruments",
    "draw_activity",
    "draw_piano_roll",
    "frame_shares",
    "load_tracker",
    "multipitch_agreement",
    "note_agreement",
    "notes_of",
    "notes_table",
    "onset_rises_db",
    "presence_of",
    "read_along",
    "score_informed",
    "separate_by_pitch",
    "sharpen",
    "track_players",
    "transcribe",
    "tuning_cents",
    "write_activity_table",
    "write_notes_as_midi",
    "write_notes_table",
]
