"""Applying a function to signals of any length, chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError

_OFFICIAL_CHUNK_S = 10.0
_OFFICIAL_OVERLAP = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunking:
    """How a long signal is cut, in samples.

    Parameters
    ----------
    length
        Length of one chunk, in samples.
    overlap
        Between consecutive chunks, below `length`.
    margin
        At each inner edge of a chunk, how much serves as context only; twice this stays below `overlap`.
        A function that looks no further than this gives the same result whatever the chunks.
    alignment
        Chunks start at multiples of this, so that frames fall where they would without chunks; it must
        divide `length - overlap`. The last chunk may be longer by less than this.

    Raises
    ------
    ConfigError
        If not 0 <= 2 margin < overlap < length, or the alignment does not divide length - overlap.

    Examples
    --------
    >>> from rebalance.separation import Chunking
    >>> Chunking(length=300, overlap=100).starts(1000)
    (0, 200, 400, 600, 700)
    >>> Chunking(length=100, overlap=100)
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: chunking: expected 0 <= 2 margin < overlap < length, got ...
    """

    length: int
    overlap: int
    margin: int = 0
    alignment: int = 1

    def __post_init__(self) -> None:
        fits = 0 <= self.overlap < self.length and self.margin >= 0
        if not fits or 2 * self.margin > max(self.overlap - 1, 0):
            raise ConfigError(where="chunking", expected="0 <= 2 margin < overlap < length", got=str(self))
        if self.alignment < 1 or (self.length - self.overlap) % self.alignment:
            raise ConfigError(where="chunking", expected="an alignment that divides length - overlap", got=str(self))

    @classmethod
    def of_seconds(cls, sample_rate: int, *, length_s: float, overlap_s: float, margin_s: float = 0.0) -> Chunking:
        """Return chunks whose sizes are given in seconds, each cut to whole samples.

        Parameters
        ----------
        sample_rate
            In Hz.
        length_s, overlap_s, margin_s
            See the class.

        Raises
        ------
        ConfigError
            As the class does.

        Examples
        --------
        >>> from rebalance.separation import Chunking
        >>> chunking = Chunking.of_seconds(16_000, length_s=4.0, overlap_s=0.5)
        >>> chunking.length, chunking.overlap, chunking.margin
        (64000, 8000, 0)
        """
        return cls(
            length=int(length_s * sample_rate), overlap=int(overlap_s * sample_rate), margin=int(margin_s * sample_rate)
        )

    def starts(self, n_samples: int) -> tuple[int, ...]:
        """Return where the chunks of a signal begin; the last is moved back so that it is whole."""
        if n_samples <= self.length:
            return (0,)
        hop = self.length - self.overlap
        n_chunks = -(-(n_samples - self.overlap) // hop)
        last = (n_samples - self.length) // self.alignment * self.alignment
        return tuple(sorted({min(index * hop, last) for index in range(n_chunks)}))

    def halved(self, n_samples: int) -> Chunking | None:
        """Return chunks that halve what a signal was cut into, or None where the overlap leaves no room."""
        hop = (min(self.length, n_samples) // 2 - self.overlap) // self.alignment * self.alignment
        return replace(self, length=hop + self.overlap) if hop > 0 else None


def overlap_add(
    process: Callable[[NDArray[np.float32]], NDArray[np.float32]], signal: NDArray[np.float32], chunking: Chunking
) -> NDArray[np.float32]:
    """Apply a function to overlapping chunks of a signal, fade between them and divide by the summed weights.

    Parameters
    ----------
    process
        Takes ``(n_channels, n)`` and returns ``(..., n)``.
    signal
        Shape ``(n_channels, n_samples)``.
    chunking
        How to cut it; a signal no longer than one chunk is processed whole.

    Returns
    -------
    NDArray
        Shape ``(..., n_samples)``.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation import Chunking, overlap_add
    >>> signal = np.random.default_rng(0).standard_normal((2, 5000)).astype(np.float32)
    >>> chunking = Chunking(length=1000, overlap=200, margin=50, alignment=1)
    >>> bool(np.allclose(overlap_add(lambda chunk: 2 * chunk[None], signal, chunking)[0], 2 * signal, atol=1e-5))
    True

    Source: the weighted overlap-add of Demucs (Défossez et al. 2021), with linear fades.
    """
    n_samples = signal.shape[-1]
    if n_samples <= chunking.length:
        return np.asarray(process(signal), dtype=np.float32)
    starts = chunking.starts(n_samples)
    total: NDArray[np.float32] | None = None
    weights = np.zeros(n_samples, dtype=np.float32)
    for start in starts:
        is_last = start == starts[-1]
        part = slice(start, n_samples if is_last else start + chunking.length)
        weight = _weight(chunking, part.stop - start, is_first=start == 0, is_last=is_last)
        result = process(signal[..., part])
        if total is None:
            total = np.zeros((*result.shape[:-1], n_samples), dtype=np.float32)
        total[..., part] += weight * result
        weights[part] += weight
    assert total is not None
    total /= weights
    return total


def official_chunks(
    process: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    signal: NDArray[np.float32],
    sample_rate: int,
    n_outputs: int,
) -> NDArray[np.float32]:
    """Apply a function in the chunks of the official baseline, its quirks included.

    The first chunk lasts 11 s, the following 11.1 s; linear fades of 0.1 s are not divided by their sum; a
    signal shorter than a chunk fades out at its end, one of at most 0.1 s comes out silent.

    Parameters
    ----------
    process
        Takes ``(n_channels, n)`` and returns ``(n_outputs, n_channels, n)``.
    signal
        Shape ``(n_channels, n_samples)``.
    sample_rate
        In Hz.
    n_outputs
        How many signals `process` returns.

    Returns
    -------
    NDArray
        Shape ``(n_outputs, n_channels, n_samples)``.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation import official_chunks
    >>> signal = np.ones((1, 2000), dtype=np.float32)  # 20 s at 100 Hz
    >>> result = official_chunks(lambda chunk: chunk[None], signal, 100, 1)
    >>> result.shape, float(result[0, 0, 500]), float(result[0, 0, -1])
    ((1, 1, 2000), 1.0, 1.0)

    Source: ``separate_sources`` of pyclarity's ``recipes/cad2/task2/baseline/enhance.py``.
    """
    n_samples = signal.shape[-1]
    length = int(sample_rate * _OFFICIAL_CHUNK_S * (1 + _OFFICIAL_OVERLAP))
    fade = int(_OFFICIAL_OVERLAP * sample_rate)
    ramp = np.linspace(0.0, 1.0, fade, dtype=np.float32)
    total = np.zeros((n_outputs, *signal.shape), dtype=np.float32)
    start, end = 0, length
    while start < n_samples - _OFFICIAL_OVERLAP * sample_rate:
        result = np.array(process(signal[..., start:end]), dtype=np.float32)
        if start > 0:
            result[..., :fade] *= ramp
        if start == 0 or end < n_samples:
            result[..., -fade:] *= 1 - ramp
        total[..., start:end] += result
        start, end = (start + length if start else length - fade), end + length
    return total


def _weight(chunking: Chunking, length: int, *, is_first: bool, is_last: bool) -> NDArray[np.float32]:
    """Return a chunk's weights: one, with ramps from nothing inside the overlap at its inner edges."""
    n_ramp = chunking.overlap - 2 * chunking.margin
    ramp = (np.arange(n_ramp, dtype=np.float32) + 1) / (n_ramp + 1)
    weight = np.ones(length, dtype=np.float32)
    rise = np.concatenate([np.zeros(chunking.margin, dtype=np.float32), ramp])
    if not is_first:
        weight[: len(rise)] = rise
    if not is_last:
        weight[length - len(rise) :] = rise[::-1]
    return weight
