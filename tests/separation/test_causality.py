"""The measurement is proven on systems whose look-ahead is known."""

import numpy as np
import pytest
import scipy.signal

from rebalance._base.errors import AudioError, ConfigError
from rebalance.separation import measure_look_ahead

RATE = 8000


@pytest.fixture
def music(rng):
    return 0.1 * rng.standard_normal((2, 4000))


def fir(taps_ahead):
    """A filter that looks some samples ahead."""
    taps = np.ones(2 * taps_ahead + 1)

    def system(signal):
        full = scipy.signal.convolve(signal, taps[None], mode="full")
        return full[..., taps_ahead : taps_ahead + signal.shape[-1]]

    return system


def blocks(size):
    """A gain that is set for a block by that block's own level."""

    def system(signal):
        padded = np.pad(signal, ((0, 0), (0, -signal.shape[-1] % size))).reshape(len(signal), -1, size)
        levels = np.sqrt(np.mean(padded**2, axis=(0, 2), keepdims=True)) + 1e-9
        return (padded / levels).reshape(len(signal), -1)[:, : signal.shape[-1]]

    return system


def recursive(signal):
    return scipy.signal.lfilter([0.1], [1.0, -0.9], signal)


def normalised(signal):
    return signal / np.max(np.abs(signal))


def delayed(n_samples):
    return lambda signal: np.pad(signal, ((0, 0), (n_samples, 0)))[:, : signal.shape[-1]]


@pytest.mark.parametrize("system", [recursive, np.tanh, lambda signal: 2 * signal])
def test_a_causal_system_looks_no_sample_ahead(system, music):
    assert measure_look_ahead(system, music, RATE).samples == 0


@pytest.mark.parametrize("taps_ahead", [1, 2, 40, 333])
def test_a_symmetric_filter_looks_ahead_by_half_its_length(taps_ahead, music):
    look_ahead = measure_look_ahead(fir(taps_ahead), music, RATE)
    assert look_ahead.samples == taps_ahead
    assert look_ahead.ms == pytest.approx(1000 * taps_ahead / RATE)
    assert not look_ahead.to_the_end


@pytest.mark.parametrize("size", [1, 7, 110, 512])
def test_a_block_looks_ahead_from_its_first_to_its_last_sample(size, music):
    assert measure_look_ahead(blocks(size), music, RATE).samples == size - 1


def test_a_delay_is_a_negative_look_ahead(music):
    assert measure_look_ahead(delayed(25), music, RATE).samples == -25
    assert measure_look_ahead(lambda signal: delayed(25)(fir(40)(signal)), music, RATE).samples == 15


def test_a_normalisation_by_the_whole_signal_is_seen_to_reach_the_end(music):
    look_ahead = measure_look_ahead(normalised, music, RATE)
    assert look_ahead.to_the_end
    assert look_ahead.samples > 1000


def test_one_channel_that_looks_ahead_is_enough(music):
    def system(signal):
        return np.stack([signal[0], fir(9)(signal)[1]])

    assert measure_look_ahead(system, music, RATE).samples == 9


def test_a_look_ahead_that_occurs_only_late_is_found(music):
    def system(signal):
        ahead = fir(60)(signal)
        ahead[:, :2500] = signal[:, :2500]
        return ahead

    assert measure_look_ahead(system, music, RATE, n_positions=3).samples == 60


def test_noise_in_the_last_digit_is_not_taken_for_dependence(music):
    def by_fourier_transform(signal):
        n_fft = 2 * signal.shape[-1]
        response = np.fft.rfft(0.9 ** np.arange(signal.shape[-1]), n_fft)
        return np.fft.irfft(np.fft.rfft(signal, n_fft) * response, n_fft)[..., : signal.shape[-1]]

    assert np.abs(by_fourier_transform(music) - by_fourier_transform(np.where(np.arange(4000) < 3000, music, 0)))[
        :, :3000
    ].any()
    assert measure_look_ahead(by_fourier_transform, music, RATE).samples == 0


def test_a_system_without_output_or_dependence_is_an_error(music):
    with pytest.raises(AudioError, match="sounds"):
        measure_look_ahead(np.zeros_like, music, RATE)
    with pytest.raises(AudioError, match="never changed"):
        measure_look_ahead(np.ones_like, music, RATE)


def test_a_system_that_changes_the_length_is_an_error(music):
    with pytest.raises(AudioError, match="4000 samples, got 3999"):
        measure_look_ahead(lambda signal: signal[:, 1:], music, RATE)


def test_no_positions_are_refused(music):
    with pytest.raises(ConfigError, match="position"):
        measure_look_ahead(recursive, music, RATE, n_positions=0)


def test_the_signal_is_left_alone(music):
    before = music.copy()

    def careless(signal):
        signal *= 2
        return signal

    measure_look_ahead(careless, music, RATE)
    assert np.array_equal(music, before)
