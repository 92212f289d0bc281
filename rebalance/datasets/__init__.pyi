from ._corpus import (
    Corpus as Corpus,
    CorpusInfo as CorpusInfo,
    NoteFile as NoteFile,
    Notes as Notes,
    Part as Part,
    Piece as Piece,
)
from ._loaders import LOADERS as LOADERS, load_corpus as load_corpus
from ._preparing import prepare_downloads as prepare_downloads
from ._recorded_notes import read_notes as read_notes
from ._slakh_lists import (
    WRONG_STEMS as WRONG_STEMS,
    resplit_slakh as resplit_slakh,
    with_programs as with_programs,
    without_wrong_stems as without_wrong_stems,
)
from ._solos import (
    SOLOS_FRAME_RATE as SOLOS_FRAME_RATE,
    SOLOS_INFO as SOLOS_INFO,
    Solo as Solo,
    read_skeletons as read_skeletons,
    read_solos as read_solos,
    solo_frames as solo_frames,
    solo_sound as solo_sound,
)
