"""Audio files of any length: read and written piece by piece, with what they say of the music kept."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from rebalance._base.errors import AudioError, ConfigError
from rebalance._base.files import StrPath, expanded, replacing
from rebalance.audio._audio_files import (
    INT32_BITS,
    Audio,
    AudioHeader,
    check_written,
    existing_streams,
    opened_audio,
    probe_audio,
    quantised,
    system_name,
)
from rebalance.audio._file_formats import AudioFormat
from rebalance.audio._splices import Splice
from rebalance.audio._streams import PIECE_SAMPLES

# What libsndfile calls the tags of a file; its name of the program that wrote it is not handed on.
TAGS = ("title", "copyright", "artist", "comment", "date", "album", "license", "tracknumber", "genre")

_PRECISE = ("PCM_32", "DOUBLE")
_COMPRESSION_LEVEL: Mapping[str, float] = {"OGG": 0.2, "MP3": 0.0}  # 0 is the best libsndfile offers, 1 the smallest


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioFile:
    """A file to read piece by piece; see `open_audio`.

    Parameters
    ----------
    path
        Path of the file.
    header
        What it says of itself, all its channels included.
    channels
        Which are read, from 0.
    tags
        Title, artist and the like, by the names of `TAGS`.
    remarks
        What was wrong with the file, or missing of it, though it can be read.
    streams
        Where the music lies when not in the file as a whole: stretches of it, or files, one after another.
    """

    path: Path
    header: AudioHeader
    channels: tuple[int, ...]
    tags: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    streams: tuple[Path | Splice, ...] = ()

    @property
    def sample_rate(self) -> int:
        """Rate in Hz."""
        return self.header.sample_rate

    @property
    def n_channels(self) -> int:
        """Number of channels that are read."""
        return len(self.channels)

    @property
    def n_samples(self) -> int:
        """Length in samples; that of a lossy file may be a guess."""
        return self.header.n_samples

    @property
    def is_precise(self) -> bool:
        """Whether its samples need double precision."""
        return self.header.subtype in _PRECISE

    def pieces(self) -> Iterator[Audio]:
        """Decode it from the beginning to the end of what it holds.

        Raises
        ------
        AudioError
            If it cannot be decoded, ends before its header says, or holds NaN or infinite samples.
        """
        n_decoded = 0
        for stream in self.streams:
            with opened_audio(self.path, stream) as file:
                while True:
                    decoded = file.read(PIECE_SAMPLES, dtype=self._dtype, always_2d=True)
                    if not len(decoded):
                        break
                    if not np.isfinite(decoded).all():
                        raise AudioError(where=self.path, expected="finite samples", found="NaN or infinity")
                    n_decoded += len(decoded)
                    yield np.ascontiguousarray(decoded.T[list(self.channels)])
        length_is_a_guess = self.header.format == "MP3" and n_decoded
        if n_decoded != self.n_samples and not length_is_a_guess:
            raise AudioError(f"truncated, expected {self.n_samples} samples, decoded {n_decoded}", where=self.path)

    @property
    def _dtype(self) -> str:
        return "float64" if self.is_precise else "float32"


def open_audio(path: StrPath, *, channels: Sequence[int] | None = None, most_channels: int | None = None) -> AudioFile:
    """Look at a file that is to be read piece by piece.

    Parameters
    ----------
    path
        Any format libsndfile reads.
    channels
        Which channels to read, from 1, in this order; all when None.
    most_channels
        More are refused, with the way to choose.

    Raises
    ------
    AudioError
        If it is missing, empty, no audio file, or has too many channels.
    ConfigError
        If it has no such channel.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.audio import open_audio
    >>> file = open_audio(Path("metadata/demo/audio/valid/haydn-quartet/mixture.flac"), channels=(1,))
    >>> file.n_channels, sum(piece.shape[1] for piece in file.pieces())
    (1, 661500)
    """
    path = expanded(path)
    source = existing_streams(path)
    streams = source.streams or (path,)
    header = probe_audio(path)
    if not header.n_samples:
        raise AudioError("the file has a header but no sound", where=path)
    with opened_audio(path, streams[0]) as file:
        tags = {name: text for name, text in file.copy_metadata().items() if name in TAGS and text}
        kinds = {(file.samplerate, file.channels)}
    for stream in streams[1:]:
        with opened_audio(path, stream) as file:
            kinds.add((file.samplerate, file.channels))
    if len(kinds) > 1:
        raise AudioError(where=path, expected=f"one rate and number of channels, its streams have {sorted(kinds)}")
    return AudioFile(
        path=path,
        header=header,
        channels=_chosen(path, header.n_channels, channels, most_channels),
        tags=tags,
        remarks=source.remarks,
        streams=streams,
    )


def _chosen(path: Path, n_channels: int, channels: Sequence[int] | None, most: int | None) -> tuple[int, ...]:
    """Return the channels to read, from 0."""
    if channels is None:
        if most is not None and n_channels > most:
            raise AudioError(
                where=path,
                expected="a mono or stereo recording",
                got=f"{n_channels} channels; --channels 1,2 takes the first two, --channels 3 one alone",
            )
        return tuple(range(n_channels))
    if not channels or len(set(channels)) != len(channels) or (most is not None and len(channels) > most):
        raise ConfigError(
            where="channels", expected="one or two different numbers such as 1,2", got=f"{list(channels)}"
        )
    if absent := [channel for channel in channels if not 1 <= channel <= n_channels]:
        raise ConfigError(where=path, expected=f"channels from 1 to {n_channels}", got=str(absent[0]))
    return tuple(channel - 1 for channel in channels)


@dataclass(slots=True, kw_only=True)
class AudioWriter:
    """A file being written; see `writing_audio`.

    Parameters
    ----------
    format
        Container and encoding.
    file
        Where the samples go, open for writing.
    n_samples
        How many every channel has been given so far.
    """

    format: AudioFormat
    file: soundfile.SoundFile
    n_samples: int = 0

    def write(self, piece: Audio) -> None:
        """Add samples of shape ``(n_channels, n)``, full scale 1; what lies beyond is clipped unless it can be kept.

        Raises
        ------
        AudioError
            If they are not finite.
        """
        if not np.isfinite(piece).all():
            raise AudioError(expected="finite samples", found="NaN or infinity")
        self.file.write(_encodable(piece, self.format))
        self.n_samples += piece.shape[1]


@contextlib.contextmanager
def writing_audio(
    path: StrPath,
    audio_format: AudioFormat,
    *,
    sample_rate: int,
    n_channels: int,
    tags: Mapping[str, str] | None = None,
) -> Iterator[AudioWriter]:
    """Write a file piece by piece: first under a temporary name, renamed once it has been read back.

    Parameters
    ----------
    path
        Where to; its folder is made when missing.
    audio_format
        See `output_format`.
    sample_rate
        In Hz.
    n_channels
        Number of channels of every piece.
    tags
        By the names of `TAGS`; what the container has no place for is left out.

    Raises
    ------
    AudioError
        If the file cannot be encoded, is empty, or cannot be read back whole.
    RebalanceError
        If the operating system refuses to write.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from rebalance.audio import output_format, probe_audio, writing_audio
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.flac"
    ...     with writing_audio(path, output_format(path, depth="24"), sample_rate=44_100, n_channels=1) as writer:
    ...         writer.write(np.zeros((1, 100)))
    ...         writer.write(np.ones((1, 100)) / 2)
    ...     probe_audio(path).n_samples
    200
    """
    path = expanded(path)
    with replacing(path) as temporary:
        try:
            with soundfile.SoundFile(
                system_name(temporary),
                "w",
                sample_rate,
                n_channels,
                format=audio_format.container,
                subtype=audio_format.subtype,
                compression_level=_COMPRESSION_LEVEL.get(audio_format.container),
            ) as file:
                for name, text in (tags or {}).items():
                    with contextlib.suppress(soundfile.SoundFileError):
                        setattr(file, name, text)
                writer = AudioWriter(format=audio_format, file=file)
                yield writer
        except soundfile.SoundFileError as error:
            raise AudioError(f"cannot write: {error}", where=path) from error
        check_written(temporary, n_samples=writer.n_samples, path=path)


def _encodable(piece: Audio, audio_format: AudioFormat) -> NDArray[np.generic]:
    """Return samples as libsndfile is handed them, shape ``(n, n_channels)``: integers fill their type from the top."""
    if audio_format.holds_any_level:
        return piece.T.astype(np.float32)
    if audio_format.bits is None:
        return np.clip(piece, -1.0, 1.0).T.astype(np.float32)
    return quantised(piece, audio_format.bits).T << (INT32_BITS - audio_format.bits)  # libsndfile keeps the upper bits
