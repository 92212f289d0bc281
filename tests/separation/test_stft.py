"""The transform of the masks against scipy's, which goes frame by frame."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import ShortTimeFFT
from scipy.signal.windows import hann

from rebalance.separation import HOP_SIZE, WINDOW_SIZE, inverse_spectrogram, spectrogram

LENGTHS = (1, 1023, 1024, 1025, 4095, 4096, 4097, 30_000)


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("n_samples", LENGTHS)
@pytest.mark.parametrize("leading", [(), (2,), (3, 2)])
def test_the_inverse_is_exact_at_any_length(leading: tuple[int, ...], n_samples: int) -> None:
    signal = noise(*leading, n_samples)
    again = inverse_spectrogram(spectrogram(signal), n_samples)
    assert again.shape == signal.shape
    assert again.dtype == np.float32
    np.testing.assert_allclose(again, signal, atol=2e-6)


@pytest.mark.parametrize("n_samples", [n for n in LENGTHS if n >= WINDOW_SIZE])
def test_magnitudes_are_those_of_scipy(n_samples: int) -> None:
    signal = noise(2, n_samples)
    theirs = ShortTimeFFT(hann(WINDOW_SIZE, sym=False), HOP_SIZE, fs=1).stft(signal.astype(np.float64))
    ours = spectrogram(signal)
    assert ours.dtype == np.complex64
    n_theirs = theirs.shape[-1]  # without a last frame in which the window is 0
    assert ours.shape[1] - n_theirs in (0, 1)
    np.testing.assert_allclose(np.abs(ours[:, :n_theirs]), np.abs(theirs).swapaxes(-1, -2), atol=1e-4)


def test_masked_spectra_give_what_scipy_makes_of_them() -> None:
    signal, mask = noise(2, 20_000), np.random.default_rng(1).uniform(size=(2, 23, WINDOW_SIZE // 2 + 1))
    transform = ShortTimeFFT(hann(WINDOW_SIZE, sym=False), HOP_SIZE, fs=1)
    theirs = transform.istft(transform.stft(signal.astype(np.float64)) * mask.swapaxes(-1, -2), k1=20_000)
    ours = inverse_spectrogram((spectrogram(signal) * mask).astype(np.complex64), 20_000)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
