"""Conversions between amplitude ratios and decibels."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

_GATING_BLOCK_S = 0.4


def amplitude_from_db(level_db: float) -> float:
    """Return the amplitude ratio of a level in dB: ``10 ** (level / 20)``.

    Examples
    --------
    >>> from rebalance.audio import amplitude_from_db
    >>> round(amplitude_from_db(6.0), 3)
    1.995
    """
    return float(10.0 ** (level_db / 20.0))


def db_from_amplitude(amplitude: float) -> float:
    """Return the level in dB of an amplitude ratio, minus infinity for zero.

    Examples
    --------
    >>> from rebalance.audio import db_from_amplitude
    >>> round(db_from_amplitude(0.5), 2), db_from_amplitude(0.0)
    (-6.02, -inf)
    """
    return float(20.0 * np.log10(amplitude)) if amplitude > 0 else -np.inf


def rms(signal: NDArray[np.floating]) -> float:
    """Return the root mean square over all samples; 0 for an empty signal.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.audio import rms
    >>> rms(np.array([3.0, -3.0]))
    3.0
    """
    return float(np.sqrt(np.mean(np.square(signal)))) if signal.size else 0.0


def loudness_lufs(samples: NDArray[np.floating], sample_rate: int) -> float:
    """Return the integrated loudness of a signal, minus infinity for silence.

    Parameters
    ----------
    samples
        Shape ``(n_channels, n_samples)``, at least one sample. A sound shorter than one gating block of 0.4 s is
        measured as if it went on repeating to the end of the block.
    sample_rate
        In Hz.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.audio import loudness_lufs
    >>> tone = 0.1 * np.sin(2 * np.pi * 1000 * np.arange(44_100) / 44_100)
    >>> round(loudness_lufs(np.stack([tone, tone]), 44_100))
    -20

    Source: ITU-R BS.1770-4, as pyloudnorm computes it.
    """
    import pyloudnorm

    block = int(np.ceil(_GATING_BLOCK_S * sample_rate)) + 1
    n_samples = samples.shape[1]
    whole = samples if n_samples >= block else np.tile(samples, -(-block // n_samples))[:, :block]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(pyloudnorm.Meter(sample_rate).integrated_loudness(whole.T.astype(np.float64)))
