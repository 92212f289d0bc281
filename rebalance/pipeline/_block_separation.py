"""Separating recordings of any length: overlapping blocks that fade into one another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import AudioError
from rebalance.audio import Audio, Block, Blocking, Stream, resample
from rebalance.separation import Separator, checked_estimates, source_names

Progress: TypeAlias = Callable[[float], None]

_BLOCK_S, _CROSSFADE_S, _MARGIN_S = 30, 1, 2


def separation_blocking(sample_rate: int) -> Blocking:
    """Return how recordings are cut to be separated: whole seconds, so that blocks begin on samples of any rate."""
    return Blocking(
        hop=_BLOCK_S * sample_rate,
        fade=_CROSSFADE_S * sample_rate,
        margin=_MARGIN_S * sample_rate,
    )


def separated_blocks(
    stream: Stream, instruments: Sequence[str], separator: Separator, on_progress: Progress | None
) -> Iterator[tuple[Block, dict[str, Audio]]]:
    """Give every block of a recording with its estimates by source name, at the recording's own rate.

    Raises
    ------
    AudioError
        If the recording has more than two channels, or an estimate is not a signal of its shape.
    ConfigError
        If an instrument is unknown, the separator needs the true sources, or it names other sources than these.
    """
    if stream.n_channels > CAD2_TASK2.n_channels:
        raise AudioError(f"expected a mono or stereo recording, got {stream.n_channels} channels")
    names = source_names(instruments)
    for block in separation_blocking(stream.sample_rate).blocks(stream):
        samples = block.samples.astype(np.float32, copy=False)
        mixture = resample(samples, stream.sample_rate, separator.sample_rate)
        estimates = checked_estimates(separator(mixture, instruments), names, mixture.shape)
        n_samples = samples.shape[1]
        yield (
            block,
            {
                name: fitted(resample(estimate, separator.sample_rate, stream.sample_rate), n_samples)
                for name, estimate in estimates.items()
            },
        )
        if on_progress is not None:
            on_progress(1.0 if block.is_last else min(1.0, block.stop / max(stream.n_samples, 1)))


def stem_pieces(
    stream: Stream, instruments: Sequence[str], separator: Separator, on_progress: Progress | None = None
) -> Iterator[NDArray[np.float64]]:
    """Give consecutive pieces of all stems, shape ``(n_sources, n_channels, n)``, in the order of the instruments."""
    blocks = separated_blocks(stream, instruments, separator, on_progress)
    stacked = ((block, np.stack(list(estimates.values()))) for block, estimates in blocks)
    for _, piece in separation_blocking(stream.sample_rate).joined(stacked):
        yield piece


def fitted(signal: Audio, n_samples: int) -> Audio:
    """Cut or pad a resampled signal to the length it came from."""
    missing = max(0, n_samples - signal.shape[-1])
    return np.pad(signal[..., :n_samples], ((0, 0), (0, missing)))
