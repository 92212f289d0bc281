import threading
from itertools import pairwise

import numpy as np
import pytest

from rebalance._base.errors import AudioError, ConfigError, MetadataError
from rebalance.haaqi import haaqi, hear_reference
from rebalance.hearing import Audiogram

SAMPLE_RATE = 24_000
MILD = Audiogram(frequencies_hz=(250, 500, 1000, 2000, 4000, 6000), thresholds_db_hl=(10, 15, 20, 30, 40, 45))
FULL_SCALE_DB_SPL = 91.0


def legacy(seed=1):
    return np.random.RandomState(seed)


def sound(seconds=1.0, seed=0):
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tones = sum(
        np.sin(2 * np.pi * f * t) * (1 + np.sin(2 * np.pi * m * t)) for f, m in ((220, 3), (1310, 7), (4100, 30))
    )
    return 0.01 * tones + 0.005 * rng.standard_normal(len(t))


def score(reference, processed, rng=None, **options):
    options = {"full_scale_db_spl": FULL_SCALE_DB_SPL, "sample_rate": SAMPLE_RATE} | options
    return haaqi(reference, processed, MILD, rng=legacy() if rng is None else rng, **options)


def heard(reference, rng=None, **options):
    options = {"full_scale_db_spl": FULL_SCALE_DB_SPL, "sample_rate": SAMPLE_RATE} | options
    return hear_reference(reference, MILD, rng=legacy() if rng is None else rng, **options)


def test_the_same_signal_scores_close_to_one():
    found = score(sound(), sound())
    assert found.value > 0.99
    assert min(found.spectrum, found.loudness, found.linear) > 0.99
    assert max(found.spectrum, found.loudness, found.linear) <= 1.0


def test_terms_combine_to_the_index_as_published():
    found = score(sound(), np.clip(sound(), -0.01, 0.01))
    nonlinear = 0.754 * found.cepstral_correlation**3 + 0.246 * found.membrane_covariance
    linear = 0.329 * found.loudness + 0.671 * found.spectrum
    assert found.nonlinear == pytest.approx(nonlinear, abs=1e-15)
    assert found.linear == pytest.approx(linear, abs=1e-15)
    value = 0.336 * nonlinear + 0.001 * linear + 0.501 * nonlinear**2 + 0.161 * linear**2
    assert found.value == pytest.approx(value, abs=1e-15)


@pytest.mark.parametrize("worsen", ["noise", "clipping", "loss of treble"])
def test_more_distortion_never_scores_higher(worsen):
    reference = sound(1.5)
    noise = np.random.default_rng(5).standard_normal(len(reference))

    def processed(amount):
        if worsen == "noise":
            return reference + 0.004 * amount * noise
        if worsen == "clipping":
            return np.clip(reference, -0.03 / (1 + amount), 0.03 / (1 + amount))
        return np.convolve(reference, np.ones(1 + 2 * amount) / (1 + 2 * amount), "same")

    scores = [score(reference, processed(amount)).value for amount in range(5)]
    assert all(later < earlier for earlier, later in pairwise(scores))


def test_inputs_stay_as_they_are():
    reference, processed = sound(), sound(seed=3)
    before = reference.copy(), processed.copy()
    reference.setflags(write=False)
    processed.setflags(write=False)
    score(reference, processed, reference_amplification="nal_r")
    np.testing.assert_array_equal(reference, before[0])
    np.testing.assert_array_equal(processed, before[1])


def test_one_reference_heard_scores_many_signals_as_single_calls_do():
    reference = sound()
    kept = heard(reference)
    candidates = [
        np.clip(reference, -0.01, 0.01),
        sound(seed=4),
        np.roll(reference, 300),
        reference[: -len(reference) // 5],
    ]
    candidates.append(np.concatenate((reference, reference)))
    for candidate in [*candidates, *reversed(candidates)]:
        assert kept.score(candidate) == score(reference, candidate)


def test_a_processed_signal_that_only_lacks_silence_needs_no_second_hearing():
    reference = np.concatenate((sound(), np.zeros(5000)))
    kept = heard(reference)
    assert kept.score(reference[:-4000]) == score(reference, reference[:-4000])
    assert kept.score(reference[:-4000]).value == pytest.approx(kept.score(reference).value, abs=1e-9)


@pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng])
def test_the_same_seed_gives_the_same_score_and_another_seed_another(make):
    reference, processed = sound(), sound(seed=3)
    assert score(reference, processed, make(1)) == score(reference, processed, make(1))
    assert score(reference, processed, make(1)) != score(reference, processed, make(2))


def test_two_ears_draw_one_after_the_other():
    rng = legacy()
    first = score(sound(), sound(seed=3), rng)
    second = score(sound(), sound(seed=3), rng)
    assert first.value != second.value
    assert first.value == pytest.approx(second.value, abs=1e-2)


def test_global_randomness_is_neither_used_nor_changed():
    np.random.seed(3)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    score(sound(), sound(seed=3))
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_threads_get_the_numbers_a_single_call_gets():
    reference, processed = sound(), sound(seed=3)
    expected = score(reference, processed)
    found = []
    threads = [threading.Thread(target=lambda: found.append(score(reference, processed))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4


def test_single_precision_input_scores_as_its_double():
    reference, processed = sound().astype(np.float32), sound(seed=3).astype(np.float32)
    assert score(reference, processed) == score(reference.astype(np.float64), processed.astype(np.float64))


def test_only_the_product_of_amplitude_and_calibration_matters_for_the_long_term_terms():
    soft = score(0.1 * sound(), 0.1 * sound(seed=3), full_scale_db_spl=FULL_SCALE_DB_SPL + 20)
    loud = score(sound(), sound(seed=3))
    assert soft.loudness == pytest.approx(loud.loudness, abs=1e-9)
    assert soft.spectrum == pytest.approx(loud.spectrum, abs=1e-9)
    assert soft.cepstral_correlation == pytest.approx(loud.cepstral_correlation, abs=1e-6)


def broken(value):
    signal = sound()
    signal[100] = value
    return signal


@pytest.mark.parametrize(
    ("signal", "words"),
    [
        (np.zeros(0), "empty"),
        (np.zeros(SAMPLE_RATE), "silent"),
        (broken(np.nan), "NaN"),
        (broken(np.inf), "NaN or infinite"),
        (np.ones(SAMPLE_RATE, dtype=np.int16), "floating-point"),
        (sound(0.1), "0.2 s"),
    ],
    ids=["empty", "silent", "NaN", "infinite", "integer", "too short"],
)
def test_what_cannot_be_scored_is_an_error_of_one_line(signal, words):
    for reference, processed in ((signal, sound()), (sound(), signal)):
        with pytest.raises(AudioError, match=words) as raised:
            score(reference, processed)
        assert "\n" not in str(raised.value)


def test_a_reference_below_the_threshold_is_an_error():
    deaf = Audiogram(frequencies_hz=(250, 6000), thresholds_db_hl=(90, 100))
    with pytest.raises(AudioError, match="below the listener's threshold"):
        haaqi(sound(), sound(), deaf, sample_rate=24_000, full_scale_db_spl=50.0, rng=legacy())


def test_an_inaudible_processed_signal_scores_low_but_is_no_error():
    found = score(sound(), 1e-4 * sound())
    assert found.cepstral_correlation == 0.0
    assert 0.0 < found.value < 0.2


@pytest.mark.parametrize(
    "options",
    [
        {"sample_rate": 0},
        {"sample_rate": np.nan},
        {"full_scale_db_spl": np.nan},
        {"reference_amplification": "nalr"},
        {"rng": np.random},
        {"rng": -7},
    ],
)
def test_options_out_of_range_are_named(options):
    name = next(iter(options))
    with pytest.raises(ConfigError, match=name):
        score(sound(), sound(), **options)


def test_an_error_leaves_the_generator_where_it_was():
    rng = legacy()
    before = rng.get_state()[1].copy()
    with pytest.raises(AudioError):
        haaqi(sound(), sound(), MILD, sample_rate=24_000, full_scale_db_spl=-60.0, rng=rng)
    np.testing.assert_array_equal(rng.get_state()[1], before)


def test_an_audiogram_without_thresholds_is_refused_before_anything_is_heard():
    with pytest.raises(MetadataError):
        Audiogram(frequencies_hz=(), thresholds_db_hl=())


@pytest.mark.parametrize("function", [haaqi, hear_reference])
def test_the_sample_rate_must_be_said(function):
    signals = (sound(),) if function is hear_reference else (sound(), sound())
    with pytest.raises(TypeError, match="sample_rate"):
        function(*signals, MILD, rng=legacy())


@pytest.mark.parametrize("seed", [0, np.int64(0), 7])
def test_a_seed_draws_what_the_random_state_of_that_seed_draws(seed):
    processed = np.where(np.arange(SAMPLE_RATE) % 4000 < 2000, sound(), 0.0)
    expected = score(sound(), processed, np.random.RandomState(int(seed)))
    assert score(sound(), processed, seed) == expected
    assert heard(sound(), seed).score(processed) == expected


def test_without_a_generator_the_score_is_that_of_seed_zero():
    found = haaqi(sound(), 0.5 * sound(), MILD, sample_rate=SAMPLE_RATE, full_scale_db_spl=FULL_SCALE_DB_SPL)
    assert found == score(sound(), 0.5 * sound(), legacy(0))
    again = hear_reference(sound(), MILD, sample_rate=SAMPLE_RATE, full_scale_db_spl=FULL_SCALE_DB_SPL).score(
        0.5 * sound()
    )
    assert again == found


@pytest.mark.parametrize("rng", [-1, 2**32, True, 1.5, None, "1", np.random.seed])
def test_what_is_no_seed_and_no_generator_is_refused(rng):
    with pytest.raises(ConfigError, match="rng") as raised:
        haaqi(sound(), sound(), MILD, sample_rate=SAMPLE_RATE, rng=rng)
    assert "\n" not in str(raised.value)


def test_a_rate_in_khz_is_refused_before_anything_is_resampled():
    music = np.random.default_rng(1).standard_normal(30_000)
    with pytest.raises(ConfigError, match="24; is it kHz"):
        haaqi(music, music, MILD, sample_rate=24)
