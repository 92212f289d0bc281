from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from rebalance._base.challenge import CAD2_TASK2
from rebalance.hearing import Audiogram, Listener, prescribe
from rebalance.hearing._prescriptions import _BANDS

FREQUENCIES_HZ = CAD2_TASK2.audiogram_frequencies_hz
LOSSES = st.lists(st.floats(min_value=-10, max_value=120), min_size=8, max_size=8)

# Byrne et al. (1994), third octaves from 63 Hz, dB SPL for speech of 70 dB overall.
THIRD_OCTAVES_HZ = [63, 80, 100, 125, 160, 200, 250, 315, 400, 500, 630, 800, 1000, 1250, 1600, 2000, 2500]
THIRD_OCTAVES_HZ += [3150, 4000, 5000, 6300, 8000, 10000, 12500, 16000]
SPEECH_DB_SPL = [38.6, 43.5, 54.4, 57.7, 56.8, 60.2, 60.3, 59.0, 62.1, 62.1, 60.5, 56.8, 53.7, 53.0, 52.0, 48.7]
SPEECH_DB_SPL += [48.1, 46.8, 45.6, 44.5, 44.3, 43.7, 43.4, 41.3, 40.7]


def ear(*thresholds_db_hl: float) -> Audiogram:
    return Audiogram(frequencies_hz=FREQUENCIES_HZ, thresholds_db_hl=thresholds_db_hl)


@given(losses=LOSSES)
def test_every_audiogram_gets_gains_and_ratios_in_range(losses):
    fitting = prescribe(ear(*losses))
    assert len(fitting.ratios) == len(fitting.gains_db) == 6
    assert all(0 <= gain <= 35 for gain in fitting.gains_db)
    assert all(1 <= ratio <= CAD2_TASK2.compressor_ratio_limit for ratio in fitting.ratios)


@given(losses=LOSSES, more=st.lists(st.floats(min_value=0, max_value=60), min_size=8, max_size=8))
def test_more_loss_never_means_less_gain_or_a_lower_ratio(losses, more):
    milder = prescribe(ear(*losses))
    worse = prescribe(ear(*np.add(losses, more)))
    assert all(np.array(worse.gains_db) >= np.array(milder.gains_db) - 1e-9)
    assert all(np.array(worse.ratios) >= np.array(milder.ratios) - 1e-9)


@given(losses=LOSSES)
def test_no_band_gets_more_gain_than_its_loss(losses):
    audiogram = ear(*losses)
    at_bands = np.array(audiogram.at(CAD2_TASK2.compressor_band_frequencies_hz).thresholds_db_hl)
    assert all(np.array(prescribe(audiogram).gains_db) <= np.maximum(at_bands, 0) + 1e-9)


@pytest.mark.parametrize("threshold_db_hl", [0.0, -10.0])
def test_no_loss_is_left_alone(threshold_db_hl):
    fitting = prescribe(ear(*[threshold_db_hl] * 8))
    assert fitting.gains_db == (0.0,) * 6
    assert fitting.ratios == (1.0,) * 6


def test_a_moderate_loss_at_1_khz_worked_by_hand():
    # Minima of speech 54.7 - 38 = 16.7 dB SPL, threshold 40 + 2.4: 25.7 dB make them heard; mean gain 0.48 * 40 = 19.2.
    # 38 dB of speech become 38 + 19.2 - 25.7 = 31.5; at 65 dB, 48.3 above the minima, 25.7 - 48.3 * 6.5 / 38 are left.
    fitting = prescribe(ear(*[40] * 8))
    assert fitting.gains_db[2] == pytest.approx(25.7 - 48.3 * 6.5 / 38)
    assert fitting.ratios[2] == pytest.approx(38 / 31.5)


def test_a_slight_loss_at_250_hz_worked_by_hand():
    # Minima 23.3 dB SPL, threshold 15 + 11.4: 3.1 dB for them; 0.48 * 15 - 10 < 0, hence none for the mean.
    # At 55 dB, 31.7 above the minima, 3.1 - 31.7 * 3.1 / 38 dB are left; at 65 and 85 dB nothing.
    fitting = prescribe(ear(*[15] * 8))
    assert fitting.gains_db[0] == 0.0
    assert fitting.ratios[0] == pytest.approx(30 / (30 - 3.1 * 6.3 / 38))


def test_no_output_beyond_100_db_spl_makes_the_largest_ratio_of_a_profound_loss():
    # At 8 kHz 55 dB would need 68 dB of gain, 65 dB 62, 85 dB 49: 45, 35 and 15 reach 100 dB SPL.
    fitting = prescribe(ear(*[100] * 8))
    assert fitting.gains_db[5] == 35.0
    assert fitting.ratios[5] == 6.0


def test_the_documented_example_listener_is_met_closely():
    fitting = prescribe(ear(45, 45, 35, 45, 60, 65, 70, 65))
    np.testing.assert_allclose(fitting.gains_db, [9.6, 11.9, 12.9, 16.4, 19.0, 28.0], atol=3.0)
    np.testing.assert_allclose(fitting.ratios, [2.1, 1.5, 1.3, 1.5, 2.4, 3.7], atol=0.8)
    assert np.mean(np.abs(np.subtract(fitting.gains_db, [9.6, 11.9, 12.9, 16.4, 19.0, 28.0]))) < 1.5


def test_both_ears_of_a_listener_are_prescribed_apart():
    listener = Listener(name="L1", left=ear(*[20] * 8), right=ear(*[60] * 8))
    fitting = prescribe(listener)
    assert fitting.left == prescribe(listener.left)
    assert fitting.right == prescribe(listener.right)
    assert fitting.left != fitting.right


def test_the_speech_levels_are_the_third_octaves_between_the_crossovers():
    centres_hz = np.array(THIRD_OCTAVES_HZ, dtype=float)
    edges_hz = np.append(np.append(0, np.sqrt(centres_hz[:-1] * centres_hz[1:])), 16_000 * 2 ** (1 / 6))
    cumulated = np.append(0, np.cumsum(10 ** (np.array(SPEECH_DB_SPL) / 10)))
    limits_hz = (0, *CAD2_TASK2.crossover_frequencies_hz, CAD2_TASK2.mixture_sample_rate / 2)
    levels = 10 * np.log10(np.diff(np.interp(limits_hz, edges_hz, cumulated))) - 5
    np.testing.assert_allclose(_BANDS.speech_levels_db_spl, levels, atol=0.06)
