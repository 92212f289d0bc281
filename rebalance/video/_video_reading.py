"""What is in a video file: facts, frames at given times, sound."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError, MetadataError
from rebalance._base.extras import optional_packages
from rebalance._base.files import StrPath, expanded
from rebalance._base.running import one_line
from rebalance.audio import Recording

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

VIDEO_SUFFIXES = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".webm"})
_MAX_SIDE = 8192
_MAX_SOUND_S = 4 * 3600
_SLACK_FRAMES = 1.5  # how far beyond the last frame a time may lie
_GAP_S = 0.5  # neighbouring frames that are farther apart have others missing between them


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFacts:
    """What a video says of itself.

    Parameters
    ----------
    width, height
        In pixels.
    frame_rate
        Mean, in frames per second.
    duration_s
        Of the pictures, as the header says.
    has_sound
        Whether there is a sound track.
    """

    width: int
    height: int
    frame_rate: float
    duration_s: float
    has_sound: bool


def video_facts(path: StrPath) -> VideoFacts:
    """Return what a video file says of itself; no frame is decoded.

    Raises
    ------
    MetadataError
        If the file cannot be read, has no pictures, or they are too large.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from rebalance.video import video_facts, write_video
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_video(Path(folder, "grey.mp4"), np.full((25, 32, 48, 3), 128, np.uint8), frame_rate=25)
    ...     facts = video_facts(Path(folder, "grey.mp4"))
    >>> facts.width, facts.height, facts.frame_rate, facts.duration_s, facts.has_sound
    (48, 32, 25.0, 1.0, False)
    """
    path = expanded(path)
    with _opened(path) as container:
        return _facts(path, container)


def read_frames(path: StrPath, times_s: Sequence[float]) -> NDArray[np.uint8]:
    """Return the frame that is shown at every one of some times.

    Parameters
    ----------
    path
        The video file.
    times_s
        In seconds, from 0, in any order.

    Returns
    -------
    NDArray
        Shape ``(n_times, height, width, 3)``, red, green, blue.

    Raises
    ------
    MetadataError
        If the file cannot be read or has no pictures, the pictures end before one of the times, or frames are missing
        there: those before and after it are more than half a second apart, and more than a frame and a half at the
        video's mean rate.
    ConfigError
        If there is no time, or one is negative or not finite.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from rebalance.video import read_frames, write_video
    >>> brighter = np.arange(0, 250, 10, dtype=np.uint8)[:, None, None, None] * np.ones((1, 32, 32, 3), np.uint8)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_video(Path(folder, "brighter.mp4"), brighter, frame_rate=25)
    ...     frames = read_frames(Path(folder, "brighter.mp4"), [0.8, 0.4])
    >>> frames.shape, [int(round(frame.mean(), -1)) for frame in frames]
    ((2, 32, 32, 3), [200, 100])
    """
    wanted = _checked_times(times_s)
    order = np.argsort(wanted, kind="stable")
    shown = list(stream_frames(path, wanted[order].tolist()))
    frames = np.empty((len(shown), *shown[0].shape), dtype=np.uint8)
    for place, frame in zip(order, shown, strict=True):
        frames[place] = frame
    return frames


def stream_frames(path: StrPath, times_s: Sequence[float]) -> Iterator[NDArray[np.uint8]]:
    """Give the frame that is shown at every one of some times, one after the other; memory does not grow with them.

    Parameters
    ----------
    path
        The video file.
    times_s
        In seconds, from 0, none before the one it follows.

    Raises
    ------
    MetadataError, ConfigError
        As `read_frames`, or if a time lies before the one it follows.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from rebalance.video import stream_frames, write_video
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_video(Path(folder, "grey.mp4"), np.full((25, 32, 48, 3), 128, np.uint8), frame_rate=25)
    ...     [frame.shape for frame in stream_frames(Path(folder, "grey.mp4"), [0.0, 0.8])]
    [(32, 48, 3), (32, 48, 3)]
    """
    path = expanded(path)
    wanted = _checked_times(times_s)
    if (np.diff(wanted) < 0).any():
        raise ConfigError(where="times", expected="none before the one it follows", got=str(list(times_s)))
    with _opened(path) as container:
        facts = _facts(path, container)
        size: tuple[int, ...] | None = None
        for frame in _shown_at(path, container, wanted.tolist(), facts.frame_rate):
            if frame.shape != (size := size or frame.shape):
                raise MetadataError(where=path, expected="frames of one size", found=f"{frame.shape[:2]}")
            yield frame


def _checked_times(times_s: Sequence[float]) -> NDArray[np.float64]:
    """Return times once it is known that they are some."""
    wanted = np.asarray(times_s, dtype=np.float64)
    if wanted.ndim != 1 or not wanted.size or not np.isfinite(wanted).all() or (wanted < 0).any():
        raise ConfigError(where="times", expected="one or more times from 0 s", got=str(list(times_s)))
    return wanted


def read_sound(path: StrPath) -> Recording:
    """Return the sound track of a video.

    Returns
    -------
    Recording
        Samples ``(n_channels, n_samples)`` in float32 at the rate of the track.

    Raises
    ------
    MetadataError
        If the file cannot be read, has no sound track, or one that is longer than four hours.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from rebalance.video import read_sound, write_video
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     black = np.zeros((25, 32, 32, 3), np.uint8)
    ...     tone = 0.1 * np.sin(np.arange(8_000.0))[None]
    ...     write_video(Path(folder, "tone.mp4"), black, frame_rate=25, sound=tone, sample_rate=8_000)
    ...     recording = read_sound(Path(folder, "tone.mp4"))
    >>> recording.samples.shape, recording.sample_rate
    ((1, 8000), 8000)
    """
    path = expanded(path)
    with _opened(path) as container:
        if not container.streams.audio:
            raise MetadataError(where=path, expected="a sound track", found="none")
        stream = container.streams.audio[0]
        rate = int(stream.rate)
        pieces: list[NDArray[np.float32]] = []
        n_samples = 0
        for frame in container.decode(stream):
            piece = _in_floats(frame.to_ndarray(), frame.layout.nb_channels, is_planar=frame.format.is_planar)
            n_samples += piece.shape[1]
            if n_samples > _MAX_SOUND_S * rate:
                raise MetadataError(where=path, expected=f"at most {_MAX_SOUND_S} s of sound", found="more")
            pieces.append(piece)
    if not n_samples:
        raise MetadataError(where=path, expected="a sound track with samples", found="an empty one")
    return Recording(samples=np.concatenate(pieces, axis=1), sample_rate=rate)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[InputContainer]:
    """Open a container; whatever its library raises within is an error that names the file."""
    with optional_packages():
        import av

    if not path.is_file():
        raise MetadataError("no such file", where=path)
    try:
        with av.open(str(path), mode="r", metadata_errors="ignore") as container:
            yield container
    except (av.FFmpegError, EOFError) as error:
        reason = getattr(error, "strerror", None) or one_line(error)
        raise MetadataError(f"cannot be read as a video: {reason}", where=path) from error


def _facts(path: Path, container: InputContainer) -> VideoFacts:
    """Return the facts of an open container."""
    if not container.streams.video:
        raise MetadataError(where=path, expected="a stream of pictures", found="none")
    stream = container.streams.video[0]
    if not 0 < stream.width <= _MAX_SIDE or not 0 < stream.height <= _MAX_SIDE:
        raise MetadataError(
            where=path,
            expected=f"pictures of at most {_MAX_SIDE} pixels a side",
            found=f"{stream.width}x{stream.height}",
        )
    rate = stream.average_rate
    if not rate:
        raise MetadataError(where=path, expected="a frame rate", found="none")
    return VideoFacts(
        width=stream.width,
        height=stream.height,
        frame_rate=float(rate),
        duration_s=_duration_s(container, stream),
        has_sound=bool(container.streams.audio),
    )


def _duration_s(container: InputContainer, stream: VideoStream) -> float:
    """Return how long the pictures last, or the file where its pictures do not say."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return (container.duration or 0) / 1_000_000


def _shown_at(
    path: Path, container: InputContainer, times_s: Sequence[float], frame_rate: float
) -> Iterator[NDArray[np.uint8]]:
    """Give the frames shown at increasing times."""
    waiting = list(times_s)
    before: VideoFrame | None = None
    slack_s = _SLACK_FRAMES / frame_rate
    last_s = 0.0
    for frame in container.decode(video=0):
        previous_s, last_s = last_s, float(frame.time or 0.0)
        is_gap = last_s - previous_s > max(_GAP_S, slack_s)
        while waiting and waiting[0] < last_s - 1e-6:
            if is_gap and (before is None or waiting[0] > previous_s + slack_s):
                raise MetadataError(f"frames missing from {previous_s:.2f} to {last_s:.2f} s", where=path)
            yield _picture(before or frame)
            waiting.pop(0)
        if not waiting:
            return
        before = frame
    for time_s in waiting:
        if before is None or time_s > last_s + slack_s:
            raise MetadataError(
                where=path, expected=f"pictures up to {time_s:.2f} s", found=f"none after {last_s:.2f} s"
            )
        yield _picture(before)


def _picture(frame: VideoFrame) -> NDArray[np.uint8]:
    """Return a frame as bytes ``(height, width, 3)``."""
    return np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)


def _in_floats(samples: NDArray[Any], n_channels: int, *, is_planar: bool) -> NDArray[np.float32]:
    """Return decoded samples as floats ``(n_channels, n)``."""
    planes = samples if is_planar else samples.reshape(-1, n_channels).T
    if np.issubdtype(planes.dtype, np.floating):
        return planes.astype(np.float32)
    kind = np.iinfo(planes.dtype)
    centre = 0.0 if kind.min else (kind.max + 1) / 2
    scale = (kind.max + 1.0) if kind.min else centre
    return ((planes.astype(np.float64) - centre) / scale).astype(np.float32)
