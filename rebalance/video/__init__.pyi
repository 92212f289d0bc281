from ._pictures import write_picture as write_picture
from ._players_in_view import (
    PlayersInVideo as PlayersInVideo,
    player_stripes as player_stripes,
    players_in_video as players_in_video,
)
from ._video_reading import (
    VIDEO_SUFFIXES as VIDEO_SUFFIXES,
    VideoFacts as VideoFacts,
    read_frames as read_frames,
    read_sound as read_sound,
    stream_frames as stream_frames,
    video_facts as video_facts,
)
from ._video_writing import write_video as write_video
