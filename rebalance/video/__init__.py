"""Video files: their frames, their sound, and pictures. Needs the extra `video`."""

from __future__ import annotations

from rebalance.video._pictures import write_picture
from rebalance.video._players_in_view import PlayersInVideo, player_stripes, players_in_video
from rebalance.video._video_reading import VIDEO_SUFFIXES, VideoFacts, read_frames, read_sound, video_facts
from rebalance.video._video_writing import write_video

__all__ = [
    "VIDEO_SUFFIXES",
    "PlayersInVideo",
    "VideoFacts",
    "player_stripes",
    "players_in_video",
    "read_frames",
    "read_sound",
    "video_facts",
    "write_picture",
    "write_video",
]
