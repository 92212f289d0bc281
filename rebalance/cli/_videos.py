"""Videos among the recordings that commands read: their sound, and the players in view."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rebalance._base.errors import ConfigError

if TYPE_CHECKING:
    from rebalance.audio import Recording
    from rebalance.separation import Separator

_SUFFIXES = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".webm"})


def is_video(path: Path) -> bool:
    """Tell whether a file is named like a video."""
    return path.suffix.lower() in _SUFFIXES


def shown(separator: Separator, path: Path, n_players: int, *, sound_s: float) -> Separator:
    """Return a separator that looks once it is shown the players of a video; any other as it is.

    Raises
    ------
    ConfigError
        If it looks and the recording is no video.
    MetadataError
        If the video has no pictures, or they end before the sound.
    """
    from rebalance.separation import Sighted

    if not isinstance(separator, Sighted):
        return separator
    if not is_video(path):
        raise ConfigError(f"separator {separator.name!r} looks at the players: it needs a video", where=path)
    from rebalance.video import players_in_video

    return separator.shown(players_in_video(path, n_players, sound_s=sound_s))


def video_sound(path: Path) -> Recording:
    """Return the sound of a video.

    Raises
    ------
    MetadataError
        If it cannot be read or has no sound.
    """
    from rebalance.video import read_sound

    return read_sound(path)


def sound_of(path: Path, folder: Path) -> Path:
    """Return the file that the sound of a recording is read from: itself, or a copy in a folder of that of a video.

    Raises
    ------
    MetadataError
        If a video cannot be read or has no sound.
    """
    if not is_video(path) or not path.is_file():
        return path
    from rebalance.audio import output_format, writing_audio

    recording = video_sound(path)
    copy = folder / f"{len(list(folder.iterdir()))}.wav"
    n_channels = len(recording.samples)
    kind = output_format(copy, depth="float").for_length(recording.samples.shape[1], n_channels)
    with writing_audio(copy, kind, sample_rate=recording.sample_rate, n_channels=n_channels) as writer:
        writer.write(recording.samples)
    return copy
