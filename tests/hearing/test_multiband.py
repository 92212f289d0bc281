from __future__ import annotations

import numpy as np
import pytest
from clarity.enhancer.multiband_compressor import MultibandCompressor as ClarityCompressor

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import AudioError, ConfigError
from rebalance.hearing import AidSettings, EarFitting, Fitting, MultibandCompressor, amplify

EXAMPLE = EarFitting(ratios=(2.1, 1.5, 1.3, 1.5, 2.4, 3.7), gains_db=(9.6, 11.9, 12.9, 16.4, 19.0, 28.0))
NEUTRAL = EarFitting(ratios=(1.0,) * 6, gains_db=(0.0,) * 6)
STRONG = EarFitting(ratios=(6.0,) * 6, gains_db=(0.0, 40.0, 0.0, 40.0, 0.0, 40.0))


def music_like(*, rms_db: float, duration_s: float = 1.0, seed: int = 0) -> np.ndarray:
    """Tones that start and stop, over a little noise; shape (n_samples,)."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(int(44_100 * duration_s)) / 44_100
    tones = [
        np.sin(2 * np.pi * f * time_s) * (np.sin(2 * np.pi * f / 200 * time_s) > 0) for f in (196, 660, 2600, 9000)
    ]
    signal = sum(tones) + 0.1 * rng.standard_normal(len(time_s))
    return signal * 10 ** (rms_db / 20) / np.sqrt(np.mean(signal**2))


def official(signal: np.ndarray, fitting: EarFitting, sample_rate: float = 44_100) -> np.ndarray:
    aid = ClarityCompressor(
        crossover_frequencies=list(CAD2_TASK2.crossover_frequencies_hz),
        sample_rate=sample_rate,
        compressors_params={
            "attack": list(CAD2_TASK2.compressor_attack_ms),
            "release": list(CAD2_TASK2.compressor_release_ms),
            "threshold": list(CAD2_TASK2.compressor_threshold_db),
            "ratio": list(fitting.ratios),
            "makeup_gain": list(fitting.gains_db),
        },
    )
    return aid(signal.copy())[0]


def aid_of(fitting: EarFitting, sample_rate: float = 44_100) -> MultibandCompressor:
    return MultibandCompressor(ratios=fitting.ratios, gains_db=fitting.gains_db, sample_rate=sample_rate)


@pytest.mark.parametrize("fitting", [EXAMPLE, NEUTRAL, STRONG], ids=["example", "neutral", "strong"])
@pytest.mark.parametrize("rms_db", [-60.0, -40.0, -15.0])
def test_the_compressor_is_pyclaritys(fitting, rms_db):
    signal = music_like(rms_db=rms_db)
    np.testing.assert_allclose(aid_of(fitting)(signal), official(signal, fitting), rtol=0, atol=1e-9)


@pytest.mark.parametrize("sample_rate", [32_000, 48_000])
def test_the_compressor_is_pyclaritys_at_other_rates(sample_rate):
    signal = music_like(rms_db=-30.0)
    expected = official(signal, EXAMPLE, sample_rate)
    np.testing.assert_allclose(aid_of(EXAMPLE, sample_rate)(signal), expected, rtol=0, atol=1e-9)


def test_noise_is_compressed_as_by_pyclarity():
    signal = 0.05 * np.random.default_rng(3).standard_normal(50_001)
    np.testing.assert_allclose(aid_of(EXAMPLE)(signal), official(signal, EXAMPLE), rtol=0, atol=1e-9)


def test_stretches_of_silence_are_handled_as_by_pyclarity():
    signal = music_like(rms_db=-30.0)
    signal[:3000] = 0.0
    signal[20_000:30_000] = 0.0
    np.testing.assert_allclose(aid_of(EXAMPLE)(signal), official(signal, EXAMPLE), rtol=0, atol=1e-9)


def test_silence_stays_silent():
    np.testing.assert_array_equal(aid_of(EXAMPLE)(np.zeros(2000)), np.zeros(2000))


@pytest.mark.parametrize("n_samples", [1, 2, 127, 128, 129, 1024])
def test_any_length_is_amplified_as_the_start_of_a_longer_signal(n_samples):
    signal = music_like(rms_db=-25.0)[5000:8000]
    aid = aid_of(EXAMPLE)
    np.testing.assert_array_equal(aid(signal[:n_samples]), aid(signal)[:n_samples])


def test_no_output_depends_on_later_input():
    signal = music_like(rms_db=-25.0)[:6000]
    changed = signal.copy()
    changed[3000:] = 0.7
    aid = aid_of(EXAMPLE)
    np.testing.assert_array_equal(aid(changed)[:3000], aid(signal)[:3000])
    assert aid(changed)[3000] != aid(signal)[3000]


def test_the_input_is_never_written_into():
    signal = np.zeros(5000)
    signal[100:] = music_like(rms_db=-20.0)[:4900]
    before = signal.copy()
    aid_of(EXAMPLE)(signal)
    np.testing.assert_array_equal(signal, before)


def test_read_only_strided_single_precision_input_is_accepted():
    signal = np.repeat(music_like(rms_db=-25.0)[:4000].astype(np.float32), 2)[::2]
    signal.flags.writeable = False
    expected = aid_of(EXAMPLE)(signal.astype(np.float64))
    np.testing.assert_array_equal(aid_of(EXAMPLE)(signal), expected)


def test_a_steady_level_above_the_threshold_is_reduced_by_the_ratio_and_amplified_by_the_gain():
    aid = MultibandCompressor(
        ratios=(4.0, 4.0),
        gains_db=(6.0, 6.0),
        crossover_frequencies_hz=(20_000.0,),
        thresholds_db=(-20.0, -20.0),
        attacks_ms=(10.0, 10.0),
        releases_ms=(500.0, 500.0),
    )
    constant = np.ones(44_100)  # the one signal whose level is the same at every sample
    level_db = 20 * np.log10(aid(constant)[-1])
    assert level_db == pytest.approx(-20 + 20 / 4 + 6, abs=1e-6)


def test_both_ears_are_amplified_apart_and_their_order_is_irrelevant():
    stereo = np.stack([music_like(rms_db=-25.0), music_like(rms_db=-30.0, seed=1)])
    fitting = Fitting(left=EXAMPLE, right=STRONG)
    amplified = amplify(stereo, fitting)
    np.testing.assert_array_equal(amplified[0], aid_of(EXAMPLE)(stereo[0]))
    np.testing.assert_array_equal(amplified[1], aid_of(STRONG)(stereo[1]))
    swapped = amplify(stereo[::-1], Fitting(left=STRONG, right=EXAMPLE))
    np.testing.assert_array_equal(swapped[::-1], amplified)


def test_both_ears_have_the_sample_rate_and_all_the_settings_that_were_asked_for():
    stereo = np.stack([music_like(rms_db=-25.0), music_like(rms_db=-30.0, seed=1)])
    settings = AidSettings(
        crossover_frequencies_hz=(300.0, 700.0, 1300.0, 2900.0, 6100.0),
        thresholds_db=(-30.0, -31.0, -32.0, -33.0, -34.0, -35.0),
        attacks_ms=(3.0, 4.0, 5.0, 6.0, 7.0, 8.0),
        releases_ms=(40.0, 50.0, 60.0, 70.0, 80.0, 90.0),
    )
    one_by_one = MultibandCompressor(
        ratios=EXAMPLE.ratios,
        gains_db=EXAMPLE.gains_db,
        sample_rate=22_050,
        crossover_frequencies_hz=settings.crossover_frequencies_hz,
        thresholds_db=settings.thresholds_db,
        attacks_ms=settings.attacks_ms,
        releases_ms=settings.releases_ms,
    )
    amplified = amplify(stereo, Fitting(left=EXAMPLE, right=EXAMPLE), sample_rate=22_050, settings=settings)
    np.testing.assert_array_equal(amplified, np.stack([one_by_one(ear) for ear in stereo]))


@pytest.mark.parametrize("signal", [np.zeros(100), np.zeros((1, 100)), np.zeros((100, 2))])
def test_amplifying_anything_but_stereo_is_refused(signal):
    with pytest.raises(AudioError, match="stereo"):
        amplify(signal, Fitting(left=NEUTRAL, right=NEUTRAL))


@pytest.mark.parametrize("signal", [np.array([]), np.array([0.0, np.inf]), np.array([np.nan]), np.zeros((2, 10))])
def test_what_is_not_one_finite_ear_is_refused(signal):
    with pytest.raises(AudioError, match="expected"):
        aid_of(EXAMPLE)(signal)


def test_settings_for_another_number_of_bands_are_refused():
    with pytest.raises(ConfigError, match="expected 6 ratios, one per band, got 5"):
        MultibandCompressor(ratios=(1.0,) * 5, gains_db=(0.0,) * 6)


@pytest.mark.parametrize(
    ("setting", "values", "message"),
    [
        ("ratios", (1.0,) * 5 + (0.9,), "ratios of at least 1"),
        ("gains_db", (0.0,) * 5 + (float("nan"),), "gains_db"),
        ("thresholds_db", (-130.0,) * 6, "thresholds_db of at least -120"),
        ("attacks_ms", (0.0,) * 6, "attacks_ms"),
    ],
)
def test_settings_out_of_range_are_refused(setting, values, message):
    settings = {"ratios": NEUTRAL.ratios, "gains_db": NEUTRAL.gains_db, setting: values}
    with pytest.raises(ConfigError, match=message):
        MultibandCompressor(**settings)


def test_another_number_of_bands_works():
    signal = music_like(rms_db=-20.0)[:5000]
    aid = MultibandCompressor(
        ratios=(2.0, 3.0),
        gains_db=(3.0, 6.0),
        crossover_frequencies_hz=(1000.0,),
        thresholds_db=(-40.0,) * 2,
        attacks_ms=(5.0,) * 2,
        releases_ms=(50.0,) * 2,
    )
    settings = {"attack": 5.0, "release": 50.0, "threshold": -40.0, "ratio": [2, 3], "makeup_gain": [3, 6]}
    expected = ClarityCompressor([1000.0], 44_100, settings)(signal.copy())[0]
    np.testing.assert_allclose(aid(signal), expected, rtol=0, atol=1e-9)
