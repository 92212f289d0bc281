"""The noise that stands for the threshold of hearing: drawn once per ear, added to both membrane motions.

Two streams of standard normal numbers in single precision. `LegacyStream` gives those of a NumPy ``RandomState``, in
its order, from the same Mersenne twister and polar method; `CounterStream` hashes a counter and is faster. A
`NoiseTape` records either for all listeners of a scene.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError
from rebalance.haaqi._bands import N_BANDS
from rebalance.haaqi._normal_numbers import COUNTER_BLOCK, Row, fill_counter, fill_legacy

NumpyRng: TypeAlias = np.random.RandomState | np.random.Generator
Rows: TypeAlias = NDArray[np.float32]
Delays: TypeAlias = NDArray[np.intp]

# Level of the noise over the threshold; Kates (2013).
NOISE_DB_SL = -10.0

_TAPE_BLOCK = 2**20


class NoiseStream(Protocol):
    """A source of standard normal noise, row after row."""

    def fill(self, row: Row) -> None:
        """Write the next ``len(row)`` numbers."""

    def finish(self, n_segments: int) -> None:
        """Leave the generator as one ear of pyclarity with so many audible segments leaves it."""


def add_noise(motion: Rows, rows: Iterable[Row], full_scale_db_spl: float, waits: Delays) -> None:
    """Add standard normal rows to a membrane motion in place, at the level of the noise.

    Parameters
    ----------
    motion
        Shape ``(n_bands, n_samples)``, each band held back by its ``waits`` samples; so is its noise.
    rows
        One of ``n_samples`` numbers per band.

    Source: ``basilar_membrane_add_noise`` of pyclarity, which scales the noise to the unit of the signal although the
    motion is in dB by then.
    """
    gain = np.float32(10 ** ((NOISE_DB_SL - full_scale_db_spl) / 20))
    for band, row, wait in zip(motion, rows, waits, strict=True):
        band[wait:] += gain * row[: len(row) - wait]


def drawn_rows(stream: NoiseStream, n_samples: int) -> Iterator[Row]:
    """Draw one row per band, each into the same array."""
    row = np.empty(n_samples, dtype=np.float32)
    for _ in range(N_BANDS):
        stream.fill(row)
        yield row


class LegacyStream:
    """The numbers of ``RandomState.standard_normal``; the generator moves on when the stream is finished."""

    def __init__(self, rng: np.random.RandomState) -> None:
        self._rng = rng
        state = rng.get_state(legacy=False)
        if state["bit_generator"] != "MT19937":
            raise ConfigError(f"HAAQI: expected a RandomState of MT19937, got {state['bit_generator']}")
        self._words = np.array(state["state"]["key"], dtype=np.uint32)
        self._counts = np.array([state["state"]["pos"], state["has_gauss"]], dtype=np.int64)
        self._spare = np.array([state["gauss"]], dtype=np.float64)

    def fill(self, row: Row) -> None:
        """Write the next ``len(row)`` numbers."""
        fill_legacy(self._words, self._counts, self._spare, row)

    def finish(self, n_segments: int) -> None:
        """Move the generator on, past what pyclarity draws for the cepstral term and multiplies by zero."""
        position, has_spare = (int(count) for count in self._counts)
        self._rng.set_state(("MT19937", self._words, position, has_spare, float(self._spare[0])))
        self._rng.standard_normal(_n_discarded(n_segments))


class CounterStream:
    """Normal numbers from a hashed counter, seeded by one draw from a ``Generator``."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._key = rng.integers(2**64, dtype=np.uint64)
        self._position = 0

    def fill(self, row: Row) -> None:
        """Write the next ``len(row)`` numbers."""
        first, skipped = divmod(self._position, COUNTER_BLOCK)
        n_blocks = -(-(skipped + len(row)) // COUNTER_BLOCK)
        blocks = np.empty(n_blocks * COUNTER_BLOCK, dtype=np.float32)
        fill_counter(self._key, np.uint64(first), blocks)
        row[:] = blocks[skipped : skipped + len(row)]
        self._position += len(row)

    def finish(self, n_segments: int) -> None:
        """Do nothing: there is no other program to keep in step with."""


class NoiseTape:
    """The noise of a generator, drawn once and read by every listener from the start.

    Takes 4 bytes a number, 184 MB for both ears of 15 s. For one thread.

    Raises
    ------
    ConfigError
        If it is given anything but a ``RandomState`` or a ``Generator``.
    """

    def __init__(self, rng: NumpyRng) -> None:
        self._rng = _checked(rng)
        self._tracks: list[_Track] = []

    @property
    def is_one_stream(self) -> bool:
        """Whether the ears follow each other in one stream, as pyclarity's do; else each has its own."""
        return isinstance(self._rng, np.random.RandomState)

    def reader(self) -> NoiseReader:
        """Return what reads the tape from its start, in place of the generator."""
        return NoiseReader(self)

    def read(self, track: int, first: int, row: Row) -> None:
        """Write the numbers of a track from one of them on."""
        while len(self._tracks) <= track:
            self._tracks.append(_Track(_opened(self._rng)))
        self._tracks[track].read(first, row)


class NoiseReader:
    """A place on a tape; it moves on as the generator would. A ``Generator`` seeds a track for each ear."""

    def __init__(self, tape: NoiseTape, *, track: int = 0, position: int = 0) -> None:
        self._tape = tape
        self._track = track
        self._position = position

    def copy(self) -> NoiseReader:
        """Return another reader at the same place."""
        return NoiseReader(self._tape, track=self._track, position=self._position)

    def fill(self, row: Row) -> None:
        """Write the next ``len(row)`` numbers."""
        self._tape.read(self._track, self._position, row)
        self._position += len(row)

    def finish(self, n_segments: int) -> None:
        """Move to where the next ear begins."""
        if self._tape.is_one_stream:
            self._position += _n_discarded(n_segments)
        else:
            self._track, self._position = self._track + 1, 0


class _Track:
    """What has been drawn of one stream so far."""

    def __init__(self, stream: NoiseStream) -> None:
        self._stream = stream
        self._blocks: list[Row] = []

    def read(self, first: int, row: Row) -> None:
        """Write the numbers from one of them on, drawing those that nobody has asked for before."""
        done = 0
        while done < len(row):
            number, skipped = divmod(first + done, _TAPE_BLOCK)
            while len(self._blocks) <= number:
                self._blocks.append(np.empty(_TAPE_BLOCK, dtype=np.float32))
                self._stream.fill(self._blocks[-1])
            part = self._blocks[number][skipped : skipped + len(row) - done]
            row[done : done + len(part)] = part
            done += len(part)


Rng: TypeAlias = NumpyRng | NoiseReader


def copied(rng: Rng) -> Rng:
    """Copy a generator, or a reader of its tape, in its present state.

    Raises
    ------
    ConfigError
        If it is neither.
    """
    return rng.copy() if isinstance(rng, NoiseReader) else _checked(rng)


def _checked(rng: NumpyRng) -> NumpyRng:
    """Return a copy of a generator of NumPy."""
    if not isinstance(rng, np.random.RandomState | np.random.Generator):
        raise ConfigError(
            f"HAAQI: rng must be a numpy RandomState or Generator, or the reader() of a NoiseTape, got {rng!r:.80}"
        )
    return copy.deepcopy(rng)


def noise_stream(rng: Rng) -> NoiseStream:
    """Open the stream a generator stands for; a reader is one.

    Raises
    ------
    ConfigError
        If it is a ``RandomState`` of another bit generator than NumPy's default, whose numbers cannot be repeated.
    """
    return rng if isinstance(rng, NoiseReader) else _opened(rng)


def _opened(rng: NumpyRng) -> NoiseStream:
    """Open the stream of a generator of NumPy."""
    return LegacyStream(rng) if isinstance(rng, np.random.RandomState) else CounterStream(rng)


def _n_discarded(n_segments: int) -> int:
    """Return how many numbers pyclarity draws for the cepstral term of one ear and multiplies by zero."""
    return 2 * N_BANDS * n_segments
