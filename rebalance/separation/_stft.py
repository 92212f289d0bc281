"""Short-time Fourier transform of the ideal masks: 4096/1024, Hann, any length, exact inverse."""

from __future__ import annotations

import numpy as np
import scipy.fft
import scipy.signal
from numpy.typing import NDArray

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
    """
    n_samples = signal.shape[-1]
    before = WINDOW_SIZE - HOP_SIZE
    after = before + -n_samples % HOP_SIZE
    padded = np.pad(signal, [(0, 0)] * (signal.ndim - 1) + [(before, after)])
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_SIZE, axis=-1)[..., ::HOP_SIZE, :]
    return np.asarray(scipy.fft.rfft(frames * _window(), axis=-1), dtype=np.complex64)


def inverse_spectrogram(spectra: NDArray[np.complex64], n_samples: int) -> NDArray[np.float32]:
    """Return the signal of a spectrogram, shape ``(..., n_samples)``; the exact inverse of `spectrogram`."""
    frames = scipy.fft.irfft(spectra, n=WINDOW_SIZE, axis=-1) * _window()
    n_frames = spectra.shape[-2]
    total = np.zeros((*spectra.shape[:-2], (n_frames - 1) * HOP_SIZE + WINDOW_SIZE), dtype=np.float64)
    for index in range(n_frames):
        start = index * HOP_SIZE
        total[..., start : start + WINDOW_SIZE] += frames[..., index, :]
    before = WINDOW_SIZE - HOP_SIZE
    squares = np.square(_window().astype(np.float64)).reshape(-1, HOP_SIZE).sum(axis=0)
    gain = np.tile(squares, -(-n_samples // HOP_SIZE))[:n_samples]
    return np.asarray(total[..., before : before + n_samples] / gain, dtype=np.float32)


def _window() -> NDArray[np.float32]:
    """Return the periodic Hann window."""
    return np.asarray(scipy.signal.get_window("hann", WINDOW_SIZE), dtype=np.float32)
