from ._orchestral_dataset import (
    AUDIO_FOLDER as AUDIO_FOLDER,
    OrchestraOutcome as OrchestraOutcome,
    Song as Song,
    TrackCounts as TrackCounts,
    read_songs as read_songs,
    render_orchestra as render_orchestra,
)
from ._orchestral_plans import (
    Approximation as Approximation,
    OrchestraSettings as OrchestraSettings,
    approximations_of as approximations_of,
    can_play as can_play,
    choose_orchestra as choose_orchestra,
    draw_orchestral_plan as draw_orchestral_plan,
    offered_techniques as offered_techniques,
)
from ._orchestral_sound import (
    MICROPHONES as MICROPHONES,
    MIXTURE_RMS as MIXTURE_RMS,
    Microphone as Microphone,
    WrittenSong as WrittenSong,
    played_orchestra as played_orchestra,
    write_song as write_song,
)
from ._orchestral_statistics import (
    AnnotationPicture as AnnotationPicture,
    StatisticsTable as StatisticsTable,
    annotation_picture as annotation_picture,
    orchestra_tables as orchestra_tables,
    write_statistics as write_statistics,
)
from ._orchestrating import orchestrated as orchestrated
from ._score_files import (
    SONG_SPLITS as SONG_SPLITS,
    ScoreFile as ScoreFile,
    SongSplit as SongSplit,
    find_scores as find_scores,
)
