"""Writing videos, with lossless sound."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import AudioError, ConfigError
from rebalance._base.extras import optional_packages
from rebalance._base.files import StrPath, expanded, replacing
from rebalance.audio import Audio

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.video.stream import VideoStream

_PICTURES = "mpeg4"
_SOUND = "alac"
_BIT_RATE = 4_000_000
_INT16_SCALE = 32_768.0
_SOUND_BLOCK = 4096  # samples of a packet of ALAC


def write_video(
    path: StrPath,
    frames: NDArray[np.uint8],
    *,
    frame_rate: int,
    sound: Audio | None = None,
    sample_rate: int | None = None,
) -> None:
    """Write an MP4 file, MPEG-4 pictures and lossless 16-bit sound (ALAC), whole or not at all.

    Parameters
    ----------
    path
        A name ending in ``.mp4``.
    frames
        Shape ``(n_frames, height, width, 3)``, red, green, blue; both sides even.
    frame_rate
        In frames per second.
    sound
        Shape ``(n_channels, n_samples)``, one or two channels in [-1, 1]; none when None.
    sample_rate
        Of the sound, in Hz.

    Raises
    ------
    ConfigError
        If the frames, their rate or the name cannot be used.
    AudioError
        If the sound cannot.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from rebalance.video import write_video
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_video(Path(folder, "black.mp4"), np.zeros((5, 32, 32, 3), np.uint8), frame_rate=25)
    ...     [path.name for path in Path(folder).iterdir()]
    ['black.mp4']
    """
    path = expanded(path)
    _require_frames(path, frames, frame_rate)
    if sound is not None:
        _require_sound(path, sound, sample_rate)
    with optional_packages():
        import av

    with replacing(path) as temporary, av.open(str(temporary), mode="w", format="mp4") as container:
        _write_streams(container, frames, frame_rate, sound, sample_rate)


def _write_streams(
    container: OutputContainer,
    frames: NDArray[np.uint8],
    frame_rate: int,
    sound: Audio | None,
    sample_rate: int | None,
) -> None:
    """Encode pictures, then sound; both streams must be there before the first packet is."""
    pictures = cast("VideoStream", container.add_stream(_PICTURES, rate=frame_rate))
    pictures.height, pictures.width = frames.shape[1:3]
    pictures.pix_fmt, pictures.bit_rate = "yuv420p", _BIT_RATE
    track: AudioStream | None = None
    if sound is not None and sample_rate is not None:
        track = cast("AudioStream", container.add_stream(_SOUND, rate=sample_rate))
        track.layout, track.format = ("mono" if len(sound) == 1 else "stereo"), "s16p"
    _write_pictures(container, pictures, frames, frame_rate)
    if track is not None and sound is not None and sample_rate is not None:
        _write_sound(container, track, sound, sample_rate)


def _write_pictures(
    container: OutputContainer, stream: VideoStream, frames: NDArray[np.uint8], frame_rate: int
) -> None:
    """Encode all frames."""
    import av

    for number, picture in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        frame.pts, frame.time_base = number, Fraction(1, frame_rate)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _write_sound(container: OutputContainer, stream: AudioStream, sound: Audio, sample_rate: int) -> None:
    """Encode all samples, rounded to 16 bits."""
    import av

    whole = np.clip(np.rint(sound * _INT16_SCALE), -_INT16_SCALE, _INT16_SCALE - 1).astype(np.int16)
    for start in range(0, whole.shape[1], _SOUND_BLOCK):
        block = np.ascontiguousarray(whole[:, start : start + _SOUND_BLOCK])
        piece = av.AudioFrame.from_ndarray(block, format="s16p", layout=stream.layout.name)
        piece.sample_rate, piece.pts, piece.time_base = sample_rate, start, Fraction(1, sample_rate)
        container.mux(stream.encode(piece))
    container.mux(stream.encode(None))


def _require_frames(path: Path, frames: NDArray[np.uint8], frame_rate: int) -> None:
    """Raise unless these are frames that can be written."""
    if path.suffix.lower() != ".mp4":
        raise ConfigError(where=path, expected="a name ending in .mp4", got=repr(path.suffix))
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3 or not len(frames):
        raise ConfigError(
            where=path, expected="bytes (n_frames, height, width, 3)", got=f"{frames.dtype} {frames.shape}"
        )
    if frames.shape[1] % 2 or frames.shape[2] % 2 or min(frames.shape[1:3]) < 2:
        raise ConfigError(where=path, expected="frames with even sides", got=f"{frames.shape[1:3]}")
    if frame_rate < 1:
        raise ConfigError(where=path, expected="a frame rate of at least 1", got=str(frame_rate))


def _require_sound(path: Path, sound: Audio, sample_rate: int | None) -> None:
    """Raise unless this is sound that can be written."""
    if sample_rate is None or sample_rate < 1:
        raise AudioError(where=path, expected="a sample rate beside the sound", got=str(sample_rate))
    if sound.ndim != 2 or not 1 <= len(sound) <= 2 or not sound.shape[1] or not np.isfinite(sound).all():
        raise AudioError(where=path, expected="finite samples (1 or 2 channels, n_samples)", got=str(sound.shape))
