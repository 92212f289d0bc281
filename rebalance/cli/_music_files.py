"""The argument of commands that read one file of music, and how they read it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import AudioError

if TYPE_CHECKING:
    from rebalance.audio import Recording

FileArgument: TypeAlias = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="Music to read: FLAC, WAV, MP3, OGG; mono or stereo.", show_default=False),
]


def read_music(file: Path) -> Recording:
    """Read mono or stereo music, and say what was wrong with its file.

    Raises
    ------
    AudioError
        If it cannot be read or has more channels.
    """
    from rebalance.audio import read_audio
    from rebalance.cli._reporting import say_remarks

    recording = read_audio(file)
    n_channels = recording.samples.shape[0]
    if n_channels > CAD2_TASK2.n_channels:
        raise AudioError(where=file, expected="a mono or stereo recording", got=f"{n_channels} channels")
    say_remarks(file, recording.remarks)
    return recording
