"""Short-time Fourier transform of the ideal masks: 4096/1024, Hann, any length, exact inverse."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray
from scipy.signal import ShortTimeFFT
from scipy.signal.windows import hann

WINDOW_SIZE = 4096
HOP_SIZE = 1024


def spectrogram(signal: NDArray[np.float32]) -> NDArray[np.complex64]:
    """Return the spectrogram of a signal, padded with silence so that every sample has full overlap.

    Parameters
    ----------
    signal
        Shape ``(..., n_samples)``, at least one sample.

    Returns
    -------
    NDArray
        Shape ``(..., n_frames, WINDOW_SIZE // 2 + 1)``.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation import inverse_spectrogram, spectrogram
    >>> signal = np.random.default_rng(0).standard_normal((2, 9999)).astype(np.float32)
    >>> bool(np.allclose(inverse_spectrogram(spectrogram(signal), 9999), signal, atol=1e-5))
    True
    """
    n_samples = signal.shape[-1]
    padded = np.pad(signal, [(0, 0)] * (signal.ndim - 1) + [(0, max(0, WINDOW_SIZE - n_samples))])
    return np.swapaxes(_transform().stft(padded), -1, -2).astype(np.complex64)


def inverse_spectrogram(spectra: NDArray[np.complex64], n_samples: int) -> NDArray[np.float32]:
    """Return the signal of a spectrogram, shape ``(..., n_samples)``; the exact inverse of `spectrogram`.

    Parameters
    ----------
    spectra
        As `spectrogram` gives them, shape ``(..., n_frames, n_bins)``.
    n_samples
        Length of the signal they were made of.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation import inverse_spectrogram, spectrogram
    >>> inverse_spectrogram(spectrogram(np.zeros((1, 5000), dtype=np.float32)), 5000).shape
    (1, 5000)
    """
    padded = _transform().istft(np.swapaxes(spectra, -1, -2), k1=max(n_samples, WINDOW_SIZE))
    return np.asarray(padded[..., :n_samples], dtype=np.float32)


@functools.cache
def _transform() -> ShortTimeFFT:
    """Return the transform with the periodic Hann window."""
    return ShortTimeFFT(hann(WINDOW_SIZE, sym=False), HOP_SIZE, fs=1)
