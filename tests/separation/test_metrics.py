import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from rebalance._base.errors import AudioError
from rebalance.separation import bss_eval, frame_median_db, is_silent, sdr_db, si_sdr_db
from rebalance.separation._metrics import LIMIT_DB

RATE = 8000


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture
def sources(rng):
    """Three coloured stereo noises of one second."""
    noise = rng.standard_normal((3, 2, RATE))
    return 0.1 * np.stack([np.apply_along_axis(np.convolve, -1, n, np.ones(k), "same") for k, n in enumerate(noise, 1)])


@pytest.fixture
def estimates(sources, rng):
    mixing = np.array([[0.9, 0.2, 0.0], [0.1, 1.1, 0.3], [0.05, 0.1, 0.8]])
    mixed = np.einsum("ij,jcn->icn", mixing, sources) + 0.02 * rng.standard_normal(sources.shape)
    return np.roll(mixed, 3, axis=-1)


def test_sdr_of_a_known_error():
    reference = np.array([[3.0, 4.0], [0.0, 0.0]])
    assert sdr_db(reference, reference * 0.9) == pytest.approx(20.0)
    assert sdr_db(reference, reference + np.array([[0.0, 0.0], [5.0, 0.0]])) == pytest.approx(0.0)


def test_si_sdr_equals_torchmetrics(sources, estimates):
    torch = pytest.importorskip("torch")
    audio = pytest.importorskip("torchmetrics.functional.audio")
    for source, estimate in zip(sources[:, 0], estimates[:, 0], strict=True):
        pair = torch.from_numpy(estimate), torch.from_numpy(source)
        expected = float(audio.scale_invariant_signal_distortion_ratio(*pair))
        assert si_sdr_db(source, estimate) == pytest.approx(expected, abs=1e-6)


def test_si_sdr_ignores_the_level_of_the_estimate_and_sdr_does_not(sources, estimates):
    assert si_sdr_db(sources[0], 7 * estimates[0]) == pytest.approx(si_sdr_db(sources[0], estimates[0]))
    assert sdr_db(sources[0], 7 * estimates[0]) < sdr_db(sources[0], estimates[0]) - 10


@pytest.mark.filterwarnings("ignore:.*bss_eval_sources.*:FutureWarning")
def test_bss_eval_equals_mir_eval(sources, estimates):
    separation = pytest.importorskip("mir_eval.separation")
    expected = [
        separation.bss_eval_sources(sources[:, channel], estimates[:, channel], compute_permutation=False)[:3]
        for channel in range(2)
    ]
    found = np.array([[score.sdr_db, score.sir_db, score.sar_db] for score in bss_eval(sources, estimates)])
    np.testing.assert_allclose(found.T, np.mean(expected, axis=0), atol=1e-3)


def test_bss_eval_forgives_a_short_delay_and_sdr_does_not(sources):
    delayed = np.roll(sources, 20, axis=-1)
    assert bss_eval(sources, delayed)[0].sdr_db > 20.0
    assert sdr_db(sources[0], delayed[0]) < 0.0


def test_interference_lowers_sir_and_noise_lowers_sar(sources, rng):
    leaking = sources + 0.3 * sources[::-1]
    noisy = sources + 0.03 * rng.standard_normal(sources.shape)
    assert bss_eval(sources, leaking)[0].sir_db < bss_eval(sources, noisy)[0].sir_db - 10
    assert bss_eval(sources, noisy)[0].sar_db < bss_eval(sources, leaking)[0].sar_db - 10


@given(gain=st.floats(0.01, 100), seed=st.integers(0, 50))
@settings(max_examples=30, deadline=None)
def test_a_common_gain_changes_no_metric(gain, seed):
    rng = np.random.default_rng(seed)
    reference, estimate = rng.standard_normal((2, 2, 500))
    for metric in (sdr_db, si_sdr_db):
        assert metric(gain * reference, gain * estimate) == pytest.approx(metric(reference, estimate), abs=1e-6)


@pytest.mark.parametrize("metric", [sdr_db, si_sdr_db])
def test_a_larger_error_never_scores_higher(metric, sources, rng):
    noise = rng.standard_normal(sources[0].shape)
    ladder = [metric(sources[0], sources[0] + level * noise) for level in (0.0, 0.001, 0.01, 0.1, 1.0)]
    assert ladder == sorted(ladder, reverse=True)
    assert ladder[0] == LIMIT_DB


@pytest.mark.parametrize("metric", [sdr_db, si_sdr_db])
def test_a_silent_source_cannot_be_scored(metric, sources):
    with pytest.raises(AudioError, match="silent"):
        metric(np.zeros_like(sources[0]), sources[0])


def test_a_silent_estimate_is_scored_by_rule(sources):
    nothing = np.zeros_like(sources[0])
    assert sdr_db(sources[0], nothing) == 0.0
    assert si_sdr_db(sources[0], nothing) == -LIMIT_DB
    scores = bss_eval(sources, np.stack([sources[0], nothing, sources[2]]))
    assert scores[1].sdr_db == scores[1].sir_db == scores[1].sar_db == -LIMIT_DB
    assert scores[0].sdr_db > 50


def test_silent_estimates_of_all_sources_are_the_worst_there_is(sources):
    assert {score.sir_db for score in bss_eval(sources, np.zeros_like(sources))} == {-LIMIT_DB}


def test_a_source_silent_in_one_channel_is_scored_in_the_other(sources, estimates):
    one_sided = sources.copy()
    one_sided[1, 0] = 0.0
    found = bss_eval(one_sided, estimates)
    alone = bss_eval(sources[:, 1:], estimates[:, 1:])
    assert found[1] == alone[1]
    assert found[0] != alone[0]


def test_identical_sources_are_an_error_and_not_a_number(sources):
    with pytest.raises(AudioError, match="told apart"):
        bss_eval(np.stack([sources[0], sources[0]]), sources[:2])


@pytest.mark.parametrize("spoilt", [np.nan, np.inf])
def test_samples_that_are_not_finite_are_refused(sources, spoilt):
    estimate = sources[0].copy()
    estimate[0, 3] = spoilt
    with pytest.raises(AudioError, match="finite"):
        sdr_db(sources[0], estimate)


def test_signals_of_different_shapes_are_refused(sources):
    with pytest.raises(AudioError, match="one shape"):
        sdr_db(sources[0], sources[0][:, :-1])


def test_the_frame_median_takes_the_middle_of_the_sounding_frames(rng):
    reference = rng.standard_normal((2, 5 * RATE))
    reference[:, 3 * RATE : 4 * RATE] = 0.0
    estimate = reference.copy()
    for second, error in enumerate([0.5, 0.1, 0.01, 0.0, 0.1]):
        estimate[:, second * RATE : (second + 1) * RATE] *= 1 - error
    expected = np.median([-20 * np.log10(error) for error in (0.5, 0.1, 0.01, 0.1)])
    assert frame_median_db(sdr_db, reference, estimate, RATE) == pytest.approx(expected)


def test_the_frame_median_leaves_out_frames_too_soft_to_be_scored(rng):
    reference = 10 ** (-60 / 20) * rng.standard_normal((2, 3 * RATE))
    reference[:, RATE : 2 * RATE] *= 10 ** (-45 / 20)
    estimate = reference.copy()
    estimate[:, RATE : 2 * RATE] = 0.0
    estimate[:, 2 * RATE :] *= 0.9
    assert frame_median_db(sdr_db, reference, estimate, RATE) == pytest.approx((LIMIT_DB + 20) / 2)


def test_a_signal_shorter_than_a_frame_is_one_frame(sources, estimates):
    short = sources[0][:, :100], estimates[0][:, :100]
    assert frame_median_db(sdr_db, *short, RATE) == pytest.approx(sdr_db(*short))


def test_inputs_are_left_alone(sources, estimates):
    before = sources.copy(), estimates.copy()
    bss_eval(sources, estimates)
    sdr_db(sources[0], estimates[0])
    si_sdr_db(sources[0], estimates[0])
    assert np.array_equal(sources, before[0])
    assert np.array_equal(estimates, before[1])


def test_silence_is_a_matter_of_level(rng):
    assert is_silent(1e-6 * rng.standard_normal((2, 1000)))
    assert not is_silent(1e-4 * rng.standard_normal((2, 1000)))
