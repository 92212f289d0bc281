"""The argument of commands that read one file of music, and how they read it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import AudioError
from rebalance.cli._videos import is_video, video_sound

if TYPE_CHECKING:
    from rebalance.audio import Recording

FileArgument: TypeAlias = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help="Music to read: FLAC, WAV, MP3, OGG, or a video; mono or stereo.", show_default=False
    ),
]


def read_music(file: Path) -> Recording:
    """Read mono or stereo music, of a video its sound, and say what was wrong with its file.

    Raises
    ------
    AudioError, MetadataError
        If it cannot be read or has more channels, or a video has no sound.
    """
    from rebalance.audio import read_audio
    from rebalance.cli._reporting import say_remarks

    recording = video_sound(file) if is_video(file) else read_audio(file)
    n_channels = recording.samples.shape[0]
    if n_channels > CAD2_TASK2.n_channels:
        raise AudioError(where=file, expected="a mono or stereo recording", got=f"{n_channels} channels")
    say_remarks(file, recording.remarks)
    return recording
