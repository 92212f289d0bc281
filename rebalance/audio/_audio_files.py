"""The only reader and writer of audio files, and the conversions a signal needs on its way in or out."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from rebalance._base.errors import AudioError
from rebalance._base.files import StrPath, expanded, replacing
from rebalance.audio._splices import Splice, opened_splice
from rebalance.audio._true_lengths import Mended, mended

Audio: TypeAlias = NDArray[np.floating]
Rounding: TypeAlias = Literal["nearest", "truncate"]

INT32_BITS = 32
_LOG = logging.getLogger(__name__)
_UNKNOWN_LENGTH = 2**62
_FORMATS = {".flac": "FLAC", ".wav": "WAV"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioHeader:
    """What a file says of itself; durations of lossy formats may be estimates.

    Parameters
    ----------
    sample_rate
        In Hz.
    n_channels
        Number of channels, from 1.
    n_samples
        Length of every channel.
    format
        Container as libsndfile names it, such as ``"WAV"``.
    subtype
        Encoding of the samples as libsndfile names it, such as ``"PCM_16"``.

    Examples
    --------
    >>> from rebalance.audio import AudioHeader
    >>> AudioHeader(sample_rate=32_000, n_channels=2, n_samples=480_000, format="FLAC", subtype="PCM_16").duration_s
    15.0
    """

    sample_rate: int
    n_channels: int
    n_samples: int
    format: str
    subtype: str

    @property
    def duration_s(self) -> float:
        """Duration in seconds."""
        return self.n_samples / self.sample_rate


def sample_span(start_s: float, duration_s: float, sample_rate: int) -> tuple[int, int]:
    """Return the first sample of a stretch and the one after its last, cut as the official evaluator cuts.

    Parameters
    ----------
    start_s
        Where the stretch begins, in seconds from 0.
    duration_s
        Its length in seconds.
    sample_rate
        In Hz.

    Examples
    --------
    >>> from rebalance.audio import sample_span
    >>> sample_span(0.5, 15.0, 44_100)
    (22050, 683550)
    """
    return int(start_s * sample_rate), int((start_s + duration_s) * sample_rate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A decoded file.

    Parameters
    ----------
    samples
        Shape ``(n_channels, n_samples)``, float32 in [-1, 1].
    sample_rate
        In Hz.
    remarks
        What was wrong with the file, or missing of it, though it could be read.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.audio import Recording
    >>> recording = Recording(samples=np.zeros((2, 32_000), dtype=np.float32), sample_rate=32_000)
    >>> recording.samples.shape, recording.remarks
    ((2, 32000), ())
    """

    samples: NDArray[np.float32]
    sample_rate: int
    remarks: tuple[str, ...] = ()

    @property
    def duration_s(self) -> float:
        """Duration in seconds."""
        return float(self.samples.shape[-1]) / self.sample_rate


def probe_audio(path: StrPath) -> AudioHeader:
    """Read the header of an audio file.

    Raises
    ------
    AudioError
        If the file is missing, empty or no audio file libsndfile knows.

    Examples
    --------
    >>> from rebalance.assets import demo_folder
    >>> from rebalance.audio import probe_audio
    >>> header = probe_audio(demo_folder() / "audio/valid/haydn-quartet/mixture.flac")
    >>> header.sample_rate, header.n_channels, header.duration_s
    (44100, 2, 15.0)
    """
    path = expanded(path)
    streams = existing_streams(path).streams or (path,)
    headers = [_header(path, stream) for stream in streams]
    return replace(headers[0], n_samples=sum(header.n_samples for header in headers))


def read_audio(
    path: StrPath,
    *,
    start_s: float = 0.0,
    duration_s: float | None = None,
    expected_sample_rate: int | None = None,
    expected_channels: int | None = None,
) -> Recording:
    """Decode an audio file, or a stretch of it.

    Parameters
    ----------
    path
        Any format libsndfile reads (WAV, FLAC, OGG, MP3, AIFF ...).
    start_s, duration_s
        The stretch in seconds, cut at ``int(start * rate)`` and ``int((start + duration) * rate)`` as the
        official evaluator does; the rest of the file when the duration is None. The header of an MP3 file only
        guesses at its length; its rest is what can be decoded.
    expected_sample_rate, expected_channels
        What the file must have, where it matters.

    Raises
    ------
    AudioError
        If the file cannot be opened or decoded, is empty, shorter than the stretch, holds NaN or
        infinite samples, or differs from what is expected.

    Examples
    --------
    >>> from rebalance.assets import demo_folder
    >>> from rebalance.audio import read_audio
    >>> recording = read_audio(demo_folder() / "audio/valid/haydn-quartet/mixture.flac", start_s=1.0, duration_s=0.5)
    >>> recording.samples.shape, recording.sample_rate
    ((2, 22050), 44100)
    """
    path = expanded(path)
    holds = duration_s is not None and _says_it_holds(path, start_s + duration_s)
    source = Mended() if holds else existing_streams(path)
    if len(source.streams) > 1 and start_s == 0.0 and duration_s is None:
        whole = _chained(path, source)
        _require(path, "Hz", expected_sample_rate, whole.sample_rate)
        _require(path, "channels", expected_channels, whole.samples.shape[0])
        return whole
    with opened_audio(path, source.streams[0] if source.streams else path) as file:
        _require(path, "Hz", expected_sample_rate, file.samplerate)
        _require(path, "channels", expected_channels, file.channels)
        first, last = sample_span(start_s, duration_s or 0.0, file.samplerate)
        last = file.frames if duration_s is None else last
        if not 0 <= first < last <= file.frames:
            if not file.frames:
                raise AudioError("the file has a header but no sound", where=path)
            raise AudioError(
                where=path, expected=f"samples {first} to {last} at {file.samplerate} Hz, the file holds {file.frames}"
            )
        file.seek(first)
        samples = file.read(last - first, dtype="float32", always_2d=True)
        sample_rate = file.samplerate
        length_is_a_guess = file.format == "MP3" and duration_s is None
    if len(samples) != last - first and not (length_is_a_guess and len(samples)):
        raise AudioError(f"truncated, expected {last - first} samples, decoded {len(samples)}", where=path)
    if not np.isfinite(samples).all():
        raise AudioError(where=path, expected="finite samples", found="NaN or infinity")
    return Recording(samples=np.ascontiguousarray(samples.T), sample_rate=sample_rate, remarks=source.remarks)


def _header(path: Path, stream: Path | Splice) -> AudioHeader:
    """Return what a stream of a file says of itself."""
    with opened_audio(path, stream) as file:
        return AudioHeader(
            sample_rate=file.samplerate,
            n_channels=file.channels,
            n_samples=file.frames,
            format=file.format,
            subtype=file.subtype,
        )


def _chained(path: Path, source: Mended) -> Recording:
    """Decode streams that follow one another in a file."""
    decoded: list[NDArray[np.float32]] = []
    kinds: set[tuple[int, int]] = set()
    for stream in source.streams:
        with opened_audio(path, stream) as file:
            kinds.add((file.samplerate, file.channels))
            decoded.append(file.read(dtype="float32", always_2d=True))
    if len(kinds) > 1:
        raise AudioError(where=path, expected=f"one rate and number of channels, its streams have {sorted(kinds)}")
    samples = np.ascontiguousarray(np.concatenate(decoded).T)
    return Recording(samples=samples, sample_rate=next(iter(kinds))[0], remarks=source.remarks)


def write_audio(path: StrPath, samples: Audio, sample_rate: int, *, rounding: Rounding = "nearest") -> None:
    """Write a 16-bit file whose suffix names its format: first under a temporary name, then renamed.

    `writing_audio` writes other depths and formats, and music that is too long to hold.

    Parameters
    ----------
    path
        Where to, ending in ``.flac`` or ``.wav``; its folder is made when missing.
    samples
        Shape ``(n_channels, n_samples)``, full scale 1; what lies beyond is clipped.
    sample_rate
        In Hz.
    rounding
        ``"nearest"``, or ``"truncate"`` towards zero as the official recipe does.

    Raises
    ------
    AudioError
        If the suffix is another, the samples are not finite, not two-dimensional or empty, or the
        file cannot be encoded.
    RebalanceError
        If the operating system refuses to write.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from rebalance.audio import write_audio, probe_audio
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_audio(f"{folder}/tone.flac", np.zeros((2, 480)), 48_000)
    ...     probe_audio(f"{folder}/tone.flac").n_samples
    480
    """
    path = expanded(path)
    format_name = _FORMATS.get(path.suffix.lower())
    if format_name is None:
        raise AudioError(where=path, expected=f"a name ending in {' or '.join(_FORMATS)}", got=repr(path.suffix))
    quantised = quantise_int16(samples, rounding=rounding)
    with replacing(path) as temporary:
        try:
            soundfile.write(system_name(temporary), quantised.T, sample_rate, format=format_name, subtype="PCM_16")
        except soundfile.SoundFileError as error:
            raise AudioError(f"cannot write: {error}", where=path) from error
        check_written(temporary, n_samples=quantised.shape[1], path=path)


def check_written(temporary: StrPath, *, n_samples: int, path: StrPath) -> None:
    """Raise unless a file just written holds its last sample: no error is told when a disk fills up as a file closes.

    Parameters
    ----------
    temporary
        The file as it was written.
    n_samples
        Length it must have, from 1.
    path
        What the file is to be called, for the message.

    Raises
    ------
    AudioError
        Naming `path`, what the file is to be called.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import soundfile
    >>> from rebalance.audio import check_written
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     temporary = Path(folder) / "remix.part"
    ...     soundfile.write(temporary, np.zeros((300, 2)), 32_000, format="WAV", subtype="PCM_16")
    ...     check_written(temporary, n_samples=320, path=Path("remix.wav"))
    Traceback (most recent call last):
        ...
    rebalance._base.errors.AudioError: remix.wav: cannot write: it cannot be read back, is the disk full? ...
    """
    temporary = expanded(temporary)
    path = expanded(path)
    try:
        with soundfile.SoundFile(system_name(temporary)) as file:
            file.seek(n_samples - 1)
            n_last = len(file.read(2, dtype="int16"))
            complete = (file.frames, n_last) == (n_samples, 1)
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise AudioError(f"cannot write: it cannot be read back, is the disk full? ({error})", where=path) from error
    if not complete:
        raise AudioError("cannot write: its end is missing, is the disk full?", where=path)


def write_flac(path: StrPath, samples: Audio, sample_rate: int, *, rounding: Rounding = "nearest") -> None:
    """Write a 16-bit FLAC file; see `write_audio`.

    Parameters
    ----------
    path
        Where to; the ending becomes ``.flac``.
    samples
        Shape ``(n_channels, n_samples)``, full scale 1.
    sample_rate
        In Hz.
    rounding
        ``"nearest"``, or ``"truncate"`` towards 0 as the official code does.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from rebalance.audio import write_flac, probe_audio
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_flac(f"{folder}/tone.flac", np.zeros((2, 480)), 48_000)
    ...     probe_audio(f"{folder}/tone.flac").n_samples
    480
    """
    path = expanded(path)
    write_audio(path.with_suffix(".flac"), samples, sample_rate, rounding=rounding)


def quantise_int16(samples: Audio, *, rounding: Rounding = "nearest") -> NDArray[np.int16]:
    """Return the 16-bit form of samples in [-1, 1], clipped where they are not; same shape.

    Parameters
    ----------
    samples
        Shape ``(n_channels, n_samples)``, full scale 1.
    rounding
        ``"nearest"``, or ``"truncate"`` towards 0 as the official code does.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.audio import quantise_int16
    >>> quantise_int16(np.array([[0.0, 0.5, 2.0]])).tolist()
    [[0, 16384, 32767]]

    Source: ``to_16bit`` of pyclarity, which truncates; rounding to nearest halves the error.
    """
    return quantised(samples, 16, rounding).astype(np.int16)


def quantised(samples: Audio, bits: int, rounding: Rounding = "nearest") -> NDArray[np.int32]:
    """Return samples as integers of so many bits, clipped where they are beyond full scale."""
    if samples.ndim != 2 or not samples.size:
        raise AudioError(expected="samples of shape (n_channels, n_samples)", got=str(samples.shape))
    if not np.isfinite(samples).all():
        raise AudioError(expected="finite samples", found="NaN or infinity")
    scale = 2.0 ** (bits - 1)
    scaled = np.clip(samples.astype(np.float64), -1.0, 1.0) * scale
    rounded = np.rint(scaled) if rounding == "nearest" else scaled
    limited: NDArray[np.float64] = np.clip(rounded, -scale, scale - 1)
    return limited.astype(np.int32)


def resample(samples: Audio, sample_rate: float, new_sample_rate: float) -> Audio:
    """Resample along the last axis with soxr's HQ recipe; the input itself when the rates agree.

    Parameters
    ----------
    samples
        Shape ``(n_samples,)`` or ``(n_channels, n_samples)``.
    sample_rate, new_sample_rate
        In Hz.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.audio import resample
    >>> resample(np.zeros((2, 44_100)), 44_100, 32_000).shape
    (2, 32000)

    Source: ``resample`` of pyclarity, which the challenge scores with.
    """
    if sample_rate == new_sample_rate:
        return samples
    resampled: Audio = soxr.resample(samples.T, sample_rate, new_sample_rate, quality="HQ").T
    return np.ascontiguousarray(resampled)


def _says_it_holds(path: Path, end_s: float) -> bool:
    """Tell whether a file says that it is long enough: a stretch of it is read without counting all of it."""
    try:
        with soundfile.SoundFile(system_name(path)) as file:
            return bool(int(end_s * file.samplerate) <= file.frames < _UNKNOWN_LENGTH)
    except (soundfile.SoundFileError, RuntimeError, OSError):
        return False


def existing_streams(path: Path) -> Mended:
    """Return what a file holds, if it is there and can be audio."""
    if not path.is_file():
        raise AudioError("no such audio file", where=path)
    if path.stat().st_size == 0:
        raise AudioError("the file is empty", where=path)
    try:
        return mended(path)
    except OSError as error:
        raise AudioError(f"cannot read: {error.strerror}", where=path) from error


@contextlib.contextmanager
def opened_audio(path: Path, stream: Path | Splice) -> Iterator[soundfile.SoundFile]:
    """Open a file, or a stream of it, for reading: every failure of it or of its block as one `AudioError`."""
    _LOG.debug("%s: reading", path)
    try:
        if isinstance(stream, Path):
            with soundfile.SoundFile(system_name(stream)) as file:
                yield file
        else:
            with opened_splice(stream) as spliced, soundfile.SoundFile(spliced) as file:
                yield file
    except (soundfile.SoundFileError, RuntimeError, OSError) as error:
        reason = getattr(error, "error_string", None) or str(error)  # without the name that is in front already
        if "not exist" in reason and path.is_file():  # what libsndfile says where no decoder of it takes the file
            reason = "the file is not audio, or of an unknown kind"
        raise AudioError(f"cannot decode: {reason}", where=path) from error


def system_name(path: Path) -> str | bytes:
    """Return a name as soundfile opens it: as bytes where names are bytes, for they need not be text."""
    return str(path) if os.name == "nt" else os.fsencode(path)


def _require(path: Path, unit: str, expected: int | None, got: int) -> None:
    """Raise unless nothing is expected or just that was found."""
    if expected is not None and got != expected:
        raise AudioError(where=path, expected=f"{expected} {unit}", got=f"{got} {unit}")
