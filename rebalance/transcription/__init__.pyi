from ._accuracy import (
    FRAME_KINDS as FRAME_KINDS,
    Agreement as Agreement,
    FrameShares as FrameShares,
    frame_kinds as frame_kinds,
    frame_shares as frame_shares,
    multipitch_agreement as multipitch_agreement,
    note_agreement as note_agreement,
)
from ._activity import (
    ActivitySettings as ActivitySettings,
    Stretch as Stretch,
    activity_of as activity_of,
    activity_table as activity_table,
    write_activity_table as write_activity_table,
)
from ._decoding import DecodingSettings as DecodingSettings, PitchTrack as PitchTrack, decode as decode
from ._detected_instruments import detect_instruments as detect_instruments
from ._note_files import (
    notes_table as notes_table,
    write_notes_as_midi as write_notes_as_midi,
    write_notes_table as write_notes_table,
)
from ._onset_evidence import onset_rises_db as onset_rises_db
from ._presence import (
    DOUBTFUL as DOUBTFUL,
    Alternative as Alternative,
    Presence as Presence,
    better_ensemble as better_ensemble,
    presence_of as presence_of,
)
from ._rolls import draw_activity as draw_activity, draw_piano_roll as draw_piano_roll
from ._score_alignment import Alignment as Alignment, align as align
from ._score_informed import (
    ScoreInformedSeparator as ScoreInformedSeparator,
    ScoreReading as ScoreReading,
    by_pitch as by_pitch,
    read_along as read_along,
    score_informed as score_informed,
)
from ._score_parts import Casting as Casting, cast as cast
from ._score_sharpening import (
    MISMATCH_COST as MISMATCH_COST,
    SharpeningSettings as SharpeningSettings,
    sharpen as sharpen,
)
from ._trackers import (
    CombSettings as CombSettings,
    PitchSeparator as PitchSeparator,
    Posteriors as Posteriors,
    Tracker as Tracker,
    load_tracker as load_tracker,
    separate_by_pitch as separate_by_pitch,
)
from ._tracking_whole import track_players as track_players
from ._transcribed_notes import (
    NoteSettings as NoteSettings,
    TranscribedNote as TranscribedNote,
    notes_of as notes_of,
    tuning_cents as tuning_cents,
)
from ._transcription import Transcription as Transcription, transcribe as transcribe
