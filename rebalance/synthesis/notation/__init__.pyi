from ._arranging import arrange as arrange, ensemble_named as ensemble_named, parse_ensemble as parse_ensemble
from ._curated_pieces import (
    TEXTURES as TEXTURES,
    Piece as Piece,
    is_composed as is_composed,
    select_pieces as select_pieces,
    texture_of as texture_of,
)
from ._instruments import (
    MUTED_TRUMPET_PROGRAM as MUTED_TRUMPET_PROGRAM,
    PIZZICATO_PROGRAM as PIZZICATO_PROGRAM,
    TREMOLO_PROGRAM as TREMOLO_PROGRAM,
    Family as Family,
    Instrument as Instrument,
    chair_labelled as chair_labelled,
)
from ._orchestra import (
    ORCHESTRA as ORCHESTRA,
    PUBLISHED_STEMS as PUBLISHED_STEMS,
    OrchestraTrack as OrchestraTrack,
    is_outside_the_orchestra as is_outside_the_orchestra,
    track_named as track_named,
    track_of_program as track_of_program,
)
from ._orchestral_repair import (
    OrchestralScore as OrchestralScore,
    PartRepair as PartRepair,
    read_orchestral_score as read_orchestral_score,
)
from ._repair import excerpt as excerpt
from ._score_reading import (
    read_corpus_score as read_corpus_score,
    read_note_table as read_note_table,
    read_score as read_score,
    read_score_variants as read_score_variants,
    safe_name as safe_name,
    write_note_table as write_note_table,
)
from ._scores import (
    MAX_MIDI_PITCH as MAX_MIDI_PITCH,
    Note as Note,
    Part as Part,
    Score as Score,
    TempoChange as TempoChange,
)
