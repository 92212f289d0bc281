"""Signals too long to hold: read piece by piece, kept on disk, cut into overlapping blocks and joined again."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol, Self

import numpy as np
import soxr

from rebalance._base.errors import AudioError, ConfigError, RebalanceError
from rebalance.audio._audio_files import Audio, Recording

PIECE_SAMPLES = 1 << 18


class Stream(Protocol):
    """A signal that can be read from its beginning as often as needed, a piece at a time."""

    @property
    def sample_rate(self) -> int:
        """Rate in Hz."""

    @property
    def n_channels(self) -> int:
        """Number of channels."""

    @property
    def n_samples(self) -> int:
        """Length in samples; that of a lossy file may be a guess."""

    def pieces(self) -> Iterator[Audio]:
        """Give consecutive pieces of shape ``(n_channels, n)``, each n from 1 on."""


@dataclass(frozen=True, slots=True)
class RecordingStream:
    """A recording in memory, as a stream.

    Parameters
    ----------
    recording
        What is streamed; stays as it is.
    """

    recording: Recording

    @property
    def sample_rate(self) -> int:
        """Rate in Hz."""
        return self.recording.sample_rate

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return int(self.recording.samples.shape[0])

    @property
    def n_samples(self) -> int:
        """Length in samples."""
        return int(self.recording.samples.shape[1])

    def pieces(self) -> Iterator[Audio]:
        """Give consecutive pieces."""
        for start in range(0, self.n_samples, PIECE_SAMPLES):
            yield self.recording.samples[:, start : start + PIECE_SAMPLES]


@dataclass(frozen=True, slots=True)
class ResampledStream:
    """A stream at another rate, as `resample` would give the whole of it.

    Parameters
    ----------
    stream
        Where samples come from.
    sample_rate
        In Hz.
    """

    stream: Stream
    sample_rate: int

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return self.stream.n_channels

    @property
    def n_samples(self) -> int:
        """Length in samples, as far as that of the stream is known."""
        return round(self.stream.n_samples * self.sample_rate / self.stream.sample_rate)

    def pieces(self) -> Iterator[Audio]:
        """Give consecutive pieces."""
        return resampled_pieces(self.stream.pieces(), self.stream.sample_rate, self.sample_rate)


def resampled_pieces(pieces: Iterable[Audio], sample_rate: int, new_sample_rate: int) -> Iterator[Audio]:
    """Resample consecutive pieces of shape ``(n_channels, n)``; together they are what `resample` gives of all.

    Parameters
    ----------
    pieces
        Consecutive pieces of one signal, all with the same number of channels, in single or double precision.
    sample_rate, new_sample_rate
        Rates before and after, in Hz.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.audio import resampled_pieces
    >>> pieces = resampled_pieces([np.zeros((2, 24_000)), np.zeros((2, 24_000))], 48_000, 44_100)
    >>> sum(piece.shape[1] for piece in pieces)
    44100
    """
    if sample_rate == new_sample_rate:
        yield from pieces
        return
    resampler: soxr.ResampleStream | None = None
    dtype = np.dtype(np.float32)
    n_channels = 0
    for piece in pieces:
        if resampler is None:
            n_channels, dtype = piece.shape[0], piece.dtype
            resampler = soxr.ResampleStream(sample_rate, new_sample_rate, n_channels, dtype=dtype, quality="HQ")
        made = resampler.resample_chunk(np.ascontiguousarray(piece.T, dtype=dtype))
        if len(made):
            yield np.ascontiguousarray(made.T)
    if resampler is not None:
        made = resampler.resample_chunk(np.zeros((0, n_channels), dtype=dtype), last=True)
        if len(made):
            yield np.ascontiguousarray(made.T)


def aligned_pieces(leading: Iterable[Audio], following: Iterable[Audio]) -> Iterator[tuple[Audio, Audio]]:
    """Give pieces of two signals side by side, those of the second as long as those of the first.

    The second may have another number of channels. It is followed by silence where it ends too early, and cut where it
    is too long, as a signal is that was resampled there and back.

    Parameters
    ----------
    leading
        Consecutive pieces of the first signal, each of shape ``(n_channels, n)``.
    following
        Consecutive pieces of the second signal, of the same rate; their lengths may differ from the first's.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.audio import aligned_pieces
    >>> leading = [np.zeros((1, 3)), np.zeros((1, 2))]
    >>> [second.tolist() for _, second in aligned_pieces(leading, [np.array([[1.0, 2.0, 3.0, 4.0]])])]
    [[[1.0, 2.0, 3.0]], [[4.0, 0.0]]]
    """
    rest = iter(following)
    held: Audio | None = None
    for piece in leading:
        n_samples = piece.shape[1]
        while held is None or held.shape[1] < n_samples:
            more = next(rest, None)
            if more is None:
                break
            held = more if held is None else np.concatenate([held, more], axis=1)
        if held is None:
            raise AudioError(expected="a signal of at least one sample", got="none")
        own, held = held[:, :n_samples], held[:, n_samples:].copy()
        yield piece, np.pad(own, ((0, 0), (0, n_samples - own.shape[1])))
        del own
    for _ in rest:  # whoever makes it may have something to do at its end
        pass


@dataclass(slots=True, kw_only=True)
class Spool:
    """A signal that is written once, piece by piece, and then read as a stream.

    Parameters
    ----------
    sample_rate
        In Hz.
    n_channels
        Of what is appended.
    folder
        Where it is kept on disk, in a file without a name: four bytes a sample and channel. In memory when None.
    double
        Whether samples have eight bytes.
    n_samples
        How many every channel has been given so far.

    Raises
    ------
    RebalanceError
        If no file can be made in the folder.
    """

    sample_rate: int
    n_channels: int
    folder: Path | None = None
    double: bool = False
    n_samples: int = 0
    _file: IO[bytes] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.folder is None:
            self._file = io.BytesIO()
            return
        try:
            self._file = tempfile.TemporaryFile(dir=self.folder)  # noqa: SIM115 - closed with the spool
        except OSError as error:
            raise RebalanceError(f"cannot write: {error.strerror or error}", where=self.folder) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Forget what was kept."""
        self._file.close()

    def append(self, piece: Audio) -> None:
        """Add samples of shape ``(n_channels, n)`` to the end.

        Raises
        ------
        RebalanceError
            If the operating system refuses, because the disk is full.
        """
        try:
            self._file.write(np.ascontiguousarray(piece.T, dtype=self._dtype).tobytes())
            self._file.flush()
        except OSError as error:
            raise RebalanceError(f"cannot write: {error.strerror or error}", where=self.folder) from error
        self.n_samples += piece.shape[1]

    def pieces(self) -> Iterator[Audio]:
        """Give consecutive pieces."""
        frame_bytes = self._dtype.itemsize * self.n_channels
        for start in range(0, self.n_samples, PIECE_SAMPLES):
            n_samples = min(PIECE_SAMPLES, self.n_samples - start)
            self._file.seek(start * frame_bytes)
            content = self._file.read(n_samples * frame_bytes)
            yield np.frombuffer(content, dtype=self._dtype).reshape(n_samples, self.n_channels).T

    @property
    def _dtype(self) -> np.dtype[np.floating]:
        return np.dtype(np.float64 if self.double else np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One of the overlapping blocks a stream is cut into.

    Parameters
    ----------
    start
        Its first sample within the stream.
    samples
        Shape ``(n_channels, n)``.
    is_last
        Whether the stream ends with it.
    """

    start: int
    samples: Audio
    is_last: bool

    @property
    def stop(self) -> int:
        """The sample after its last."""
        return self.start + int(self.samples.shape[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocking:
    """How a stream is cut into blocks that are processed one by one and joined by cross-fades, in samples.

    Parameters
    ----------
    hop
        From the beginning of a block to that of the next.
    fade
        How long two neighbours fade into each other.
    margin
        At each inner edge of a block, what serves as context only. What looks no further gives the same result wherever
        the blocks begin.

    Raises
    ------
    ConfigError
        If a length is negative, or the hop shorter than the fade or than one sample.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.audio import Blocking, Recording, RecordingStream
    >>> stream = RecordingStream(Recording(samples=np.ones((1, 10), dtype=np.float32), sample_rate=1))
    >>> [block.samples.shape[1] for block in Blocking(hop=4, fade=1, margin=1).blocks(stream)]
    [7, 6]
    """

    hop: int
    fade: int
    margin: int = 0

    def __post_init__(self) -> None:
        if self.fade < 0 or self.margin < 0 or self.hop < max(self.fade, 1):
            raise ConfigError(
                where="blocks", expected="hops no shorter than fades, and no negative length", got=str(self)
            )

    def blocks(self, stream: Stream) -> Iterator[Block]:
        """Cut a stream into blocks; only the last is shorter than the others."""
        length = self.hop + self.fade + 2 * self.margin
        held: list[Audio] = []
        n_held = start = 0
        for piece in stream.pieces():
            held.append(piece)
            n_held += piece.shape[1]
            while n_held > length:
                joined = np.concatenate(held, axis=1)
                held = [joined[:, self.hop :].copy()]
                yield Block(start=start, samples=joined[:, :length], is_last=False)
                start, n_held = start + self.hop, n_held - self.hop
                del joined
        if not n_held:
            raise AudioError(expected="a signal of at least one sample", got="none")
        yield Block(start=start, samples=np.concatenate(held, axis=1), is_last=True)

    def joined(self, processed: Iterable[tuple[Block, Audio]]) -> Iterator[tuple[Block, Audio]]:
        """Fade processed blocks into one another; give the pieces of the whole, each once nothing more adds to it.

        Parameters
        ----------
        processed
            Every block of `blocks`, in order, with what was made of it, shape ``(..., n)`` with its length.

        Returns
        -------
        iterator
            For every block, itself and the finished samples of the stretch that `unshared` gives of it, in the
            precision of what was made.
        """
        rise = (np.arange(self.fade) + 0.5) / max(self.fade, 1)
        pending: Audio | None = None
        for block, result in processed:
            own = np.array(self.own(block, result))
            if pending is not None:
                own[..., : self.fade] = pending + rise * own[..., : self.fade]
            n_done = own.shape[-1] - (0 if block.is_last else self.fade)
            pending = rise[::-1] * own[..., n_done:] if not block.is_last else None
            yield block, own[..., :n_done]
            del block, result, own  # not held while the next block is made

    def own(self, block: Block, result: Audio) -> Audio:
        """Return what a block contributes, the context at its inner edges left out.

        Parameters
        ----------
        block
            Where the block lies in the signal.
        result
            What was made of the block, context included, shape ``(..., n_samples)``.
        """
        first = self.margin if block.start else 0
        return result[..., first : result.shape[-1] - (0 if block.is_last else self.margin)]

    def unshared(self, block: Block, result: Audio) -> Audio:
        """Return what a block contributes up to where the next begins to: these parts of all blocks make the whole.

        Parameters
        ----------
        block
            Where the block lies in the signal.
        result
            What was made of the block, context included, shape ``(..., n_samples)``.
        """
        own = self.own(block, result)
        return own if block.is_last else own[..., : own.shape[-1] - self.fade]
