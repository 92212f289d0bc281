"""What an estimate leaves in the silence of its source, which ratios to the source's energy never see."""

from __future__ import annotations

import math

import numpy as np

from rebalance._base.errors import AudioError
from rebalance.audio import Audio
from rebalance.separation._metrics import LIMIT_DB

_SILENT_DB = -60.0


def silent_energy_db(reference: Audio, estimate: Audio, *, frame_samples: int = 4096) -> float | None:
    """Return the mean power of an estimate where its source is silent, relative to that of the source where it is not.

    The rules of museval leave out frames in which the source is exactly silent, and with them all that a separator
    leaks there.

    Parameters
    ----------
    reference, estimate
        True and estimated source, both ``(n_samples,)`` or ``(n_channels, n_samples)``.
    frame_samples
        Length of a frame; what is left at the end is dropped. A frame is silent 60 dB below the loudest.

    Returns
    -------
    float or None
        In dB, from -100; None where the source has no silent frame.

    Raises
    ------
    AudioError
        If the shapes differ, a sample is not finite, or the source is silent throughout or shorter than a frame.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation import silent_energy_db
    >>> source = np.concatenate([np.ones(8), np.zeros(8)])
    >>> round(silent_energy_db(source, np.full(16, 0.1), frame_samples=4), 6)
    -20.0
    """
    if reference.shape != estimate.shape:
        raise AudioError(where="estimate", expected=f"shape {reference.shape}", got=str(estimate.shape))
    if not (np.isfinite(reference).all() and np.isfinite(estimate).all()):
        raise AudioError(where="signals", expected="finite samples", found="NaN or infinity")
    true, estimated = (_frame_powers(signal, frame_samples) for signal in (reference, estimate))
    loudest = true.max(initial=0.0)
    if not loudest:
        raise AudioError(where="reference", expected="a source that sounds for a frame", got="silence")
    silent = true <= loudest * 10.0 ** (_SILENT_DB / 10.0)
    if not silent.any():
        return None
    left = float(estimated[silent].mean() / true[~silent].mean())
    return max(10.0 * math.log10(left), -LIMIT_DB) if left > 0 else -LIMIT_DB


def _frame_powers(signal: Audio, length: int) -> Audio:
    """Return the mean power of consecutive frames, all channels together."""
    n_frames = signal.shape[-1] // length
    frames = np.asarray(signal[..., : n_frames * length], dtype=np.float64).reshape(-1, n_frames, length)
    return np.asarray(np.square(frames).mean(axis=(0, 2)))
