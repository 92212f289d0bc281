"""What holds for every metric of an estimated source. A new metric gets a line in `METRICS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from rebalance._base.errors import AudioError
from rebalance.separation import bss_eval, frame_median_db, sdr_db, si_sdr_db
from rebalance.separation._metrics import LIMIT_DB

N_SAMPLES = 2000
SAMPLE_RATE = 1000
FILTER_LENGTH = 16  # of BSS Eval; 512 makes every case slow and changes no promise
OTHER = 0.1 * np.random.default_rng(8).standard_normal((2, N_SAMPLES))


def beside_another(score: str) -> Callable[[np.ndarray, np.ndarray], float]:
    """Return one of the BSS scores of a source that plays together with a second one, estimated without fault."""

    def metric(reference: np.ndarray, estimate: np.ndarray) -> float:
        other = OTHER[..., : reference.shape[-1]].astype(reference.dtype)
        return getattr(bss_eval([reference, other], [estimate, other], filter_length=FILTER_LENGTH)[0], score)

    return metric


def frame_sdr_db(reference: np.ndarray, estimate: np.ndarray) -> float:
    return frame_median_db(sdr_db, reference, estimate, SAMPLE_RATE)


@dataclass(frozen=True, kw_only=True)
class MetricUnderTest:
    """A metric of true and estimated source, and what it promises beyond the contract.

    Parameters
    ----------
    score
        The metric; better is higher.
    best, of_silence
        Its value for the true source, and for a silent estimate.
    ignores_level
        Whether the level of the estimate leaves it as it is.
    takes_mono
        Whether it takes arrays of shape ``(n_samples,)``, too.
    """

    score: Callable[[np.ndarray, np.ndarray], float]
    best: float = LIMIT_DB
    of_silence: float = -LIMIT_DB
    ignores_level: bool = False
    takes_mono: bool = True


METRICS = {
    "sdr_db": MetricUnderTest(score=sdr_db, of_silence=0.0),
    "si_sdr_db": MetricUnderTest(score=si_sdr_db, ignores_level=True),
    "frame_median_db": MetricUnderTest(score=frame_sdr_db, of_silence=0.0),
    "bss_eval sdr_db": MetricUnderTest(score=beside_another("sdr_db"), ignores_level=True, takes_mono=False),
    "bss_eval sir_db": MetricUnderTest(score=beside_another("sir_db"), ignores_level=True, takes_mono=False),
    "bss_eval sar_db": MetricUnderTest(score=beside_another("sar_db"), ignores_level=True, takes_mono=False),
}


@pytest.fixture(params=METRICS)
def metric(request):
    return METRICS[request.param]


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def reference(rng):
    return 0.1 * rng.standard_normal((2, N_SAMPLES))


@pytest.fixture
def error(reference, rng):
    """A fault that has nothing in common with the source, neither in a channel nor in a frame of 1 s."""
    noise = 0.02 * rng.standard_normal(reference.shape)
    for channel in range(2):
        for start in range(0, N_SAMPLES, SAMPLE_RATE):
            part = (channel, slice(start, start + SAMPLE_RATE))
            noise[part] -= reference[part] * (noise[part] @ reference[part]) / (reference[part] @ reference[part])
    return noise


def test_a_score_is_a_finite_number_within_the_limits(metric, reference, error):
    score = metric.score(reference, reference + error)
    assert isinstance(score, float)
    assert -LIMIT_DB <= score <= LIMIT_DB


def test_the_true_source_gets_the_best_score_there_is(metric, reference):
    assert metric.score(reference, reference.copy()) == pytest.approx(metric.best)


def test_a_silent_estimate_gets_the_value_of_the_rule(metric, reference):
    assert metric.score(reference, np.zeros_like(reference)) == pytest.approx(metric.of_silence, abs=1e-9)


def test_a_silent_source_cannot_be_scored(metric, reference):
    with pytest.raises(AudioError, match="silent"):
        metric.score(np.zeros_like(reference), reference)


def test_one_level_for_both_changes_nothing(metric, reference, error):
    if metric.score is METRICS["bss_eval sir_db"].score:
        pytest.skip("the second source keeps its level")
    expected = metric.score(reference, reference + error)
    assert metric.score(0.5 * reference, 0.5 * (reference + error)) == pytest.approx(expected, abs=1e-6)


def test_the_level_of_the_estimate_counts_unless_the_metric_says_otherwise(metric, reference, error):
    score, softer = (metric.score(reference, level * (reference + error)) for level in (1.0, 0.5))
    assert (softer == pytest.approx(score, abs=1e-6)) == metric.ignores_level


def test_an_error_of_either_sign_scores_the_same(metric, reference, error):
    scores = [metric.score(reference, reference + sign * error) for sign in (1, -1)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-6)


def test_a_larger_error_never_scores_higher(metric, reference, error):
    ladder = [metric.score(reference, reference + level * error) for level in (0.0, 0.01, 0.1, 1.0, 10.0)]
    assert ladder == sorted(ladder, reverse=True)


def test_the_order_of_the_channels_changes_nothing(metric, reference, error):
    if metric.score.__qualname__.startswith("beside_another"):
        pytest.skip("the second source keeps its channels")
    estimate = reference + error
    expected = metric.score(reference, estimate)
    assert metric.score(reference[::-1], estimate[::-1]) == pytest.approx(expected, abs=1e-9)


def test_mono_and_the_same_in_stereo_agree(metric, reference, error):
    if not metric.takes_mono:
        pytest.skip("it takes (n_sources, n_channels, n_samples) only")
    mono, estimate = reference[0], reference[0] + error[0]
    expected = metric.score(mono, estimate)
    assert metric.score(np.stack([mono, mono]), np.stack([estimate, estimate])) == pytest.approx(expected, abs=1e-9)


def test_single_precision_agrees_with_double(metric, reference, error):
    pair = reference, reference + error
    single = metric.score(*(signal.astype(np.float32) for signal in pair))
    assert single == pytest.approx(metric.score(*pair), abs=1e-3)


@pytest.mark.parametrize("spoilt", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("which", [0, 1])
def test_samples_that_are_not_finite_are_refused_on_either_side(metric, reference, error, spoilt, which):
    pair = [reference, reference + error]
    pair[which][1, 7] = spoilt
    with pytest.raises(AudioError, match="finite"):
        metric.score(*pair)


@pytest.mark.parametrize("which", [0, 1])
def test_signals_of_different_shapes_are_refused_on_either_side(metric, reference, which):
    pair = [reference, reference]
    pair[which] = reference[:, :-1]
    with pytest.raises(AudioError, match="one shape"):
        metric.score(*pair)


def test_signals_without_samples_are_refused(metric, reference):
    with pytest.raises(AudioError, match="one shape"):
        metric.score(reference[:, :0], reference[:, :0])


def test_the_inputs_are_left_alone(metric, reference, error):
    estimate = reference + error
    before = reference.copy(), estimate.copy()
    metric.score(reference, estimate)
    assert np.array_equal(reference, before[0])
    assert np.array_equal(estimate, before[1])
