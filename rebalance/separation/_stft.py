"""Short-time Fourier transform of the ideal masks: 4096/1024, Hann, any length, exact inverse."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.fft import irfft, rfft
from scipy.signal.windows import hann

WINDOW_SIZE = 4096
HOP_SIZE = 1024
_OVERLAP = WINDOW_SIZE // HOP_SIZE
_WINDOW: NDArray[np.float32] = hann(WINDOW_SIZE, sym=False).astype(np.float32)
_DUAL: NDArray[np.float32] = _WINDOW / np.square(_WINDOW).reshape(_OVERLAP, HOP_SIZE).sum(axis=0).mean()


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
    before, n_frames = WINDOW_SIZE - HOP_SIZE, _n_frames(signal.shape[-1])
    after = n_frames * HOP_SIZE - signal.shape[-1]
    padded = np.pad(signal, [(0, 0)] * (signal.ndim - 1) + [(before, after)])
    frames = sliding_window_view(padded, WINDOW_SIZE, axis=-1)[..., ::HOP_SIZE, :]
    spectra: NDArray[np.complex64] = rfft(frames * _WINDOW)
    return spectra


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
    frames = irfft(spectra, n=WINDOW_SIZE) * _DUAL
    parts = frames.reshape(*frames.shape[:-1], _OVERLAP, HOP_SIZE)
    n_hops = frames.shape[-2] + _OVERLAP - 1
    hops = np.zeros((*frames.shape[:-2], n_hops, HOP_SIZE), dtype=np.float32)
    for number in range(_OVERLAP):
        hops[..., number : number + frames.shape[-2], :] += parts[..., number, :]
    signal = hops.reshape(*hops.shape[:-2], -1)[..., WINDOW_SIZE - HOP_SIZE :]
    return signal[..., :n_samples]


def _n_frames(n_samples: int) -> int:
    """Return how many windows hold a sample of a signal."""
    return -(-n_samples // HOP_SIZE) + _OVERLAP - 1
