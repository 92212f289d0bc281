"""Separating recordings of any length: overlapping blocks that fade into one another."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import AudioError
from rebalance.audio import Audio, Block, Blocking, ResampledStream, Stream, aligned_pieces, resampled_pieces
from rebalance.separation import Levelled, Separator, checked_estimates, instruments_of, placed_at, source_names

Progress: TypeAlias = Callable[[float], None]

# In samples at the rate of the separator. Blocks begin on multiples of the hop, which the frames of all networks
# divide, so that frames lie where they would without blocks.
SEPARATION_BLOCKING = Blocking(hop=55 * 2**14, fade=44_100, margin=88_200)

_LEVEL = 0.01  # mean square that long recordings are brought to, piece by piece, for separators that ask for a level
_LEVEL_REACH_S = 16  # to either side
_MIN_RELATIVE_POWER = 1e-4  # of the mean power: what is softer is not made louder still


def separated_blocks(
    stream: Stream, instruments: Sequence[str], separator: Separator, on_progress: Progress | None
) -> Iterator[tuple[Block, dict[str, Audio]]]:
    """Give every block of a recording with its estimates by source name, at the separator's rate.

    Raises
    ------
    AudioError
        If the recording has more than two channels, or an estimate is not a signal of its shape.
    ConfigError
        If an instrument is unknown, the separator needs the true sources, or it names other sources than these.
    """
    if stream.n_channels > CAD2_TASK2.n_channels:
        raise AudioError(expected="a mono or stereo recording", got=f"{stream.n_channels} channels")
    names = source_names(instruments, also=instruments_of(separator))
    resampled = ResampledStream(stream, separator.sample_rate)
    level = _running_level(resampled) if isinstance(separator, Levelled) else None
    for block in SEPARATION_BLOCKING.blocks(resampled):
        mixture = block.samples.astype(np.float32, copy=False)
        here = placed_at(separator, block.start / separator.sample_rate)
        if level is None or (block.is_last and not block.start):
            estimates = checked_estimates(here(mixture, instruments), names, mixture.shape)
        else:
            estimates = _levelled_estimates(block.start, mixture, instruments, here, level)
        done = 1.0 if block.is_last else min(1.0, block.stop / max(resampled.n_samples, 1))
        yield block, dict(estimates)
        del block, mixture, estimates  # not held while the next block is made
        if on_progress is not None:
            on_progress(done)


def _levelled_estimates(
    start: int, mixture: NDArray[np.float32], instruments: Sequence[str], separator: Separator, level: RunningLevel
) -> dict[str, NDArray[np.float32]]:
    """Return the estimates of one of several blocks, each of which is heard at the same level wherever it begins."""
    gains = level.levelling(start, mixture.shape[1])
    levelled = separator.at_level(_LEVEL) if isinstance(separator, Levelled) else separator
    estimates = levelled(mixture * gains, instruments)
    names = source_names(instruments, also=instruments_of(separator))
    checked = checked_estimates(estimates, names, mixture.shape)
    return {name: estimate / gains for name, estimate in checked.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningLevel:
    """How loud the music is around every second.

    Parameters
    ----------
    levels_db
        Mean power in dB around the middle of every second.
    sample_rate
        In Hz.
    """

    levels_db: NDArray[np.float64]
    sample_rate: int

    def levelling(self, start: int, n_samples: int) -> NDArray[np.float32]:
        """Return the gain of every sample from one on that makes the music around it have the mean square `_LEVEL`."""
        seconds = (np.arange(start, start + n_samples) + 0.5) / self.sample_rate - 0.5
        level_db = np.interp(seconds, np.arange(len(self.levels_db)), self.levels_db)
        gains: NDArray[np.float64] = np.sqrt(_LEVEL) * 10.0 ** (-level_db / 20.0)
        return gains.astype(np.float32)


def _running_level(stream: Stream) -> RunningLevel:
    """Measure how loud the music is around every second: the power under a Hann window."""
    seconds = Blocking(hop=stream.sample_rate, fade=0).blocks(stream)
    powers = [float(np.mean(np.square(second.samples, dtype=np.float64))) for second in seconds]
    window = np.hanning(2 * _LEVEL_REACH_S + 1)
    reach = min(_LEVEL_REACH_S, len(powers) - 1)
    window = window[_LEVEL_REACH_S - reach : _LEVEL_REACH_S + reach + 1]
    summed = np.convolve(powers, window, mode="full")[reach : reach + len(powers)]
    weights = np.convolve(np.ones(len(powers)), window, mode="full")[reach : reach + len(powers)]
    smooth = summed / weights
    floor = max(float(np.mean(powers)) * _MIN_RELATIVE_POWER, np.finfo(np.float64).tiny)
    return RunningLevel(levels_db=10.0 * np.log10(np.maximum(smooth, floor)), sample_rate=stream.sample_rate)


def stem_pieces(
    stream: Stream, instruments: Sequence[str], separator: Separator, on_progress: Progress | None = None
) -> Iterator[NDArray[np.float32]]:
    """Give consecutive pieces of all stems, shape ``(n_sources, n_channels, n)``, in the order of the instruments.

    Parameters
    ----------
    stream
        A recording of any length, rate, one or two channels.
    instruments, separator
        As for `separate_recording`.
    on_progress
        Called with the fraction done, in (0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.audio import Recording, RecordingStream
    >>> from rebalance.pipeline import stem_pieces
    >>> from rebalance.separation import load_separator
    >>> stream = RecordingStream(Recording(samples=np.ones((1, 8), dtype=np.float32), sample_rate=44_100))
    >>> [piece.shape for piece in stem_pieces(stream, ("flute", "cello"), load_separator("mixture"))]
    [(2, 1, 8)]
    """
    blocks = separated_blocks(stream, instruments, separator, on_progress)
    stacked = map(_stacked, blocks)
    for original, piece in _beside(stream, separator.sample_rate, stacked):
        yield piece.reshape(-1, *original.shape).astype(np.float32, copy=False)


def _stacked(separated: tuple[Block, dict[str, Audio]]) -> tuple[Block, Audio]:
    """Return the estimates of a block as so many channels."""
    block, estimates = separated
    return block, np.concatenate(list(estimates.values()))


def edited_pieces(
    stream: Stream, separator_rate: int, changes: Iterable[tuple[Block, Audio]]
) -> Iterator[tuple[Audio, Audio]]:
    """Give consecutive pieces of a recording, before and after what is made of its blocks is added.

    Parameters
    ----------
    stream
        The recording.
    separator_rate
        Of the blocks, in Hz.
    changes
        Every block of it with what is to be added, in order.
    """
    for original, change in _beside(stream, separator_rate, changes):
        yield original, original + change


def _beside(
    stream: Stream, separator_rate: int, processed: Iterable[tuple[Block, Audio]]
) -> Iterator[tuple[Audio, Audio]]:
    """Give pieces of a recording beside what was made of its blocks, joined and back at its own rate."""
    joined = map(operator.itemgetter(1), SEPARATION_BLOCKING.joined(processed))
    return aligned_pieces(stream.pieces(), resampled_pieces(joined, separator_rate, stream.sample_rate))
