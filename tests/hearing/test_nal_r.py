from __future__ import annotations

import numpy as np
import pytest
from clarity.enhancer.nalr import NALR
from clarity.utils.audiogram import Audiogram as ClarityAudiogram

from rebalance._base.errors import AudioError, ConfigError
from rebalance.hearing import Audiogram, NalR, nal_r_filter
from rebalance.hearing._nal_r import nal_r_gains_db

FREQUENCIES_HZ = (250, 500, 1000, 2000, 3000, 4000, 6000, 8000)
SLOPING = Audiogram(frequencies_hz=FREQUENCIES_HZ, thresholds_db_hl=(45, 45, 35, 45, 60, 65, 70, 65))
MILD = Audiogram(frequencies_hz=FREQUENCIES_HZ, thresholds_db_hl=(0, 5, 5, 10, 15, 20, 25, 30))
SEVERE = Audiogram(frequencies_hz=FREQUENCIES_HZ, thresholds_db_hl=(60, 65, 70, 75, 80, 85, 90, 95))
NONE = Audiogram(frequencies_hz=FREQUENCIES_HZ, thresholds_db_hl=(0, -5, 0, 0, 0, -10, 0, 0))


def official_filter(audiogram: Audiogram, *, sample_rate: float, order: int) -> np.ndarray:
    levels = ClarityAudiogram(
        levels=np.array(audiogram.thresholds_db_hl), frequencies=np.array(audiogram.frequencies_hz)
    )
    return NALR(order, sample_rate).build(levels)[0]


@pytest.mark.parametrize("audiogram", [SLOPING, MILD, SEVERE, NONE], ids=["sloping", "mild", "severe", "none"])
@pytest.mark.parametrize(("sample_rate", "order"), [(24_000, 140), (44_100, 220), (32_000, 64), (44_100, 600)])
def test_the_filter_is_pyclaritys(audiogram, sample_rate, order):
    ours = nal_r_filter(audiogram, sample_rate=sample_rate, n_taps=order + 1)
    np.testing.assert_allclose(ours, official_filter(audiogram, sample_rate=sample_rate, order=order), atol=1e-13)


def test_long_filters_follow_the_prescribed_gains():
    response = nal_r_filter(SLOPING, sample_rate=44_100, n_taps=2047)
    frequencies_hz = np.array([500.0, 1000.0, 2000.0, 4000.0])
    phases = np.exp(-2j * np.pi * np.outer(frequencies_hz / 44_100, np.arange(2047)))
    measured_db = 20 * np.log10(np.abs(phases @ response))
    np.testing.assert_allclose(measured_db, nal_r_gains_db(SLOPING)[1:5], atol=0.5)


def test_gains_follow_the_published_formula_by_hand():
    flat_40 = Audiogram(frequencies_hz=FREQUENCIES_HZ, thresholds_db_hl=(40,) * 8)
    # X = 0.05 * 120 = 6, 0.31 * 40 = 12.4
    np.testing.assert_allclose(nal_r_gains_db(flat_40), [1.4, 10.4, 19.4, 17.4, 16.4, 16.4])


def test_an_ear_without_loss_is_left_alone():
    signal = np.random.default_rng(1).standard_normal(1000)
    np.testing.assert_array_equal(NalR(audiogram=NONE)(signal), signal)


def test_the_amplified_ear_stays_aligned_with_its_input():
    impulse = np.zeros(2000)
    impulse[1000] = 1.0
    amplified = NalR(audiogram=SLOPING)(impulse)
    assert amplified.shape == impulse.shape
    assert np.argmax(np.abs(amplified)) == 1000
    np.testing.assert_allclose(amplified[700:1000], amplified[1300:1000:-1], atol=1e-12)


def test_the_input_is_never_written_into():
    signal = np.random.default_rng(2).standard_normal(500)
    before = signal.copy()
    NalR(audiogram=SLOPING)(signal)
    np.testing.assert_array_equal(signal, before)


def test_an_even_number_of_taps_is_refused():
    with pytest.raises(ConfigError, match="odd number, got 140"):
        nal_r_filter(SLOPING, sample_rate=24_000, n_taps=140)


def test_a_rate_below_the_audiogram_is_refused():
    with pytest.raises(ConfigError, match="above 12000 Hz, got 8000"):
        nal_r_filter(SLOPING, sample_rate=8_000, n_taps=141)


@pytest.mark.parametrize("signal", [np.zeros((2, 100)), np.array([]), np.array([0.0, np.nan])])
def test_what_is_not_one_ear_is_refused(signal):
    with pytest.raises(AudioError, match="expected one ear"):
        NalR(audiogram=SLOPING)(signal)


def test_a_loss_too_slight_for_any_gain_is_left_alone():
    slight = Audiogram(frequencies_hz=FREQUENCIES_HZ, thresholds_db_hl=(5, 5, -15, 0, 0, 0, 0, 0))
    ours = nal_r_filter(slight, sample_rate=24_000, n_taps=141)
    assert np.argmax(ours) == 70
    np.testing.assert_allclose(ours, official_filter(slight, sample_rate=24_000, order=140), atol=1e-13)
