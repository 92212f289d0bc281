"""The noise that stands for the threshold of hearing: drawn once per ear, added to both membrane motions.

The numbers are those of a NumPy ``RandomState``, in its order, from the same Mersenne twister and polar method. A
`NoiseTape` records them for all listeners of a scene.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError
from rebalance.haaqi._bands import N_BANDS
from rebalance.haaqi._normal_numbers import Row, fill_legacy

NumpyRng: TypeAlias = np.random.RandomState | np.random.Generator
Rows: TypeAlias = NDArray[np.float32]
Delays: TypeAlias = NDArray[np.intp]

# Level of the noise over the threshold; Kates (2013).
NOISE_DB_SL = -10.0

_TAPE_BLOCK = 2**20
# As many as ``RandomState`` has.
_N_SEEDS = 2**32


def add_noise(motion: Rows, rows: Iterable[Row], full_scale_db_spl: float, waits: Delays) -> None:
    """Add standard normal rows to a membrane motion in place, at the level of the noise.

    Source: ``basilar_membrane_add_noise`` of pyclarity, which scales the noise to the unit of the signal although the
    motion is in dB by then.

    Parameters
    ----------
    motion
        Shape ``(n_bands, n_samples)``, each band held back by its ``waits`` samples; so is its noise.
    rows
        One of ``n_samples`` numbers per band.
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
            raise ConfigError(where="HAAQI", expected="a RandomState of MT19937", got=str(state["bit_generator"]))
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


class NoiseTape:
    """The noise of a generator, drawn once and read by every listener from the start.

    Takes 4 bytes a number, 184 MB for both ears of 15 s. For one thread.

    Parameters
    ----------
    rng
        A seed, a ``RandomState`` or a ``Generator``.

    Raises
    ------
    ConfigError
        If it is given anything but a seed, a ``RandomState`` or a ``Generator``.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.haaqi import NoiseTape
    >>> tape = NoiseTape(5)
    >>> first, again = np.empty(4, dtype=np.float32), np.empty(4, dtype=np.float32)
    >>> tape.reader().fill(first)
    >>> tape.reader().fill(again)
    >>> np.array_equal(first, again)
    True
    >>> np.allclose(first, np.random.RandomState(5).standard_normal(4))
    True
    """

    def __init__(self, rng: NumpyRng | int) -> None:
        self._stream = LegacyStream(_checked(seeded(rng)))
        self._blocks: list[Row] = []

    def reader(self) -> NoiseReader:
        """Return what reads the tape from its start, in place of the generator."""
        return NoiseReader(self)

    def read(self, first: int, row: Row) -> None:
        """Write the numbers from one of them on, drawing those that nobody has asked for before.

        Parameters
        ----------
        first
            Place on the tape of the first number wanted, from 0.
        row
            Where the numbers are written, shape ``(n,)``, single precision.
        """
        done = 0
        while done < len(row):
            number, skipped = divmod(first + done, _TAPE_BLOCK)
            while len(self._blocks) <= number:
                self._blocks.append(np.empty(_TAPE_BLOCK, dtype=np.float32))
                self._stream.fill(self._blocks[-1])
            part = self._blocks[number][skipped : skipped + len(row) - done]
            row[done : done + len(part)] = part
            done += len(part)


class NoiseReader:
    """A place on a tape; it moves on as the generator would.

    Parameters
    ----------
    tape
        The recorded random numbers.
    position
        Where reading begins, in numbers from the start of the tape.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.haaqi import NoiseTape
    >>> reader = NoiseTape(5).reader()
    >>> first, second = np.empty(4, dtype=np.float32), np.empty(4, dtype=np.float32)
    >>> reader.fill(first)
    >>> reader.copy().fill(second)
    >>> np.allclose([first, second], np.random.RandomState(5).standard_normal((2, 4)))
    True
    """

    def __init__(self, tape: NoiseTape, *, position: int = 0) -> None:
        self._tape = tape
        self._position = position

    def copy(self) -> NoiseReader:
        """Return another reader at the same place."""
        return NoiseReader(self._tape, position=self._position)

    def fill(self, row: Row) -> None:
        """Write the next ``len(row)`` numbers."""
        self._tape.read(self._position, row)
        self._position += len(row)

    def finish(self, n_segments: int) -> None:
        """Move to where the next ear begins."""
        self._position += _n_discarded(n_segments)


NoiseStream: TypeAlias = LegacyStream | NoiseReader
Rng: TypeAlias = np.random.RandomState | NoiseReader
RngSeed: TypeAlias = NumpyRng | NoiseReader | int


def seeded(rng: RngSeed) -> Rng:
    """Return what draws the noise: a seed, or one drawn from a ``Generator``, becomes pyclarity's ``RandomState``.

    Raises
    ------
    ConfigError
        If it is a seed, and not a whole number from 0 to 2**32 - 1.

    Examples
    --------
    >>> from rebalance.haaqi._threshold_noise import seeded
    >>> seeded(5).randint(100) == seeded(5).randint(100)
    True
    """
    if isinstance(rng, bool):
        raise ConfigError(f"rng must be a whole number or a generator, got {rng}", where="HAAQI")
    if isinstance(rng, np.random.Generator):
        return np.random.RandomState(int(rng.integers(_N_SEEDS)))
    if not isinstance(rng, int | np.integer):
        return rng
    if not 0 <= rng < _N_SEEDS:
        raise ConfigError(f"rng as a seed must lie from 0 to {_N_SEEDS - 1}, got {rng}", where="HAAQI")
    return np.random.RandomState(int(rng))


def copied(rng: Rng) -> Rng:
    """Copy a generator, or a reader of its tape, in its present state.

    Raises
    ------
    ConfigError
        If it is neither.
    """
    return rng.copy() if isinstance(rng, NoiseReader) else _checked(rng)


def _checked(rng: object) -> np.random.RandomState:
    """Return a copy of a generator of NumPy."""
    if not isinstance(rng, np.random.RandomState):
        raise ConfigError(
            "rng must be a whole number, a numpy RandomState or Generator, or the reader() of a NoiseTape,"
            f" got {rng!r:.80}",
            where="HAAQI",
        )
    return copy.deepcopy(rng)


def noise_stream(rng: Rng) -> NoiseStream:
    """Open the stream a generator stands for; a reader is one.

    Raises
    ------
    ConfigError
        If it is a ``RandomState`` of another bit generator than NumPy's default, whose numbers cannot be repeated.
    """
    return rng if isinstance(rng, NoiseReader) else LegacyStream(rng)


def _n_discarded(n_segments: int) -> int:
    """Return how many numbers pyclarity draws for the cepstral term of one ear and multiplies by zero."""
    return 2 * N_BANDS * n_segments
