"""Batches and both ears in one call: every number that of a single call."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch

from rebalance import Audiogram, Listener
from rebalance._base.errors import AudioError, ConfigError
from rebalance.haaqi import HAAQI, HaaqiScores, haaqi, hear_reference

RATE = 24_000
LEVEL = 85.0
LEFT = Audiogram(frequencies_hz=(250.0, 1000.0, 4000.0), thresholds_db_hl=(20.0, 30.0, 50.0))
RIGHT = Audiogram(frequencies_hz=(250.0, 1000.0, 4000.0), thresholds_db_hl=(10.0, 40.0, 70.0))
ME = Listener(name="me", left=LEFT, right=RIGHT)


def sounds(*shape, seed=0):
    return 0.1 * np.random.default_rng(seed).standard_normal((*shape, RATE // 4))


def worse(signals, share=0.3):
    return signals + share * sounds(*signals.shape[:-1], seed=9)


def single(reference, processed, ear, **options):
    return haaqi(reference, processed, ear, sample_rate=RATE, full_scale_db_spl=LEVEL, **options)


def test_a_batch_of_ears_equals_single_calls():
    references = sounds(3)
    found = single(references, worse(references), LEFT, rng=5)
    assert isinstance(found, HaaqiScores)
    pairs = zip(references, worse(references), strict=True)
    assert list(found) == [single(ours, theirs, LEFT, rng=5) for ours, theirs in pairs]


def test_both_ears_of_a_batch_equal_single_calls_and_share_a_reference():
    reference = sounds(2)
    batch = np.stack([worse(reference, share) for share in (0.1, 0.5, 1.0)])
    found = single(reference, batch, ME)
    assert found.value.shape == (3, 2)
    for item, signals in enumerate(batch):
        for ear, audiogram in enumerate((LEFT, RIGHT)):
            assert found[item, ear] == single(reference[ear], signals[ear], audiogram)


def test_levels_may_differ_from_ear_to_ear():
    reference = sounds(2)
    found = haaqi(reference, worse(reference), ME, sample_rate=RATE, full_scale_db_spl=[85.0, 70.0])
    ours, theirs = reference[1], worse(reference)[1]
    assert found[1] == haaqi(ours, theirs, RIGHT, sample_rate=RATE, full_scale_db_spl=70.0)


def test_a_generator_goes_on_from_ear_to_ear_as_in_single_calls():
    reference = sounds(2)
    together = single(reference, worse(reference), ME, rng=np.random.RandomState(3))
    rng = np.random.RandomState(3)
    apart = [single(reference[n], worse(reference)[n], ear, rng=rng) for n, ear in enumerate((LEFT, RIGHT))]
    assert list(together) == apart


def test_signals_of_a_sequence_may_differ_in_length():
    reference = sounds()
    processed = [worse(reference), worse(reference)[:5500], np.append(worse(reference), sounds())]
    found = single(reference, processed, LEFT)
    assert list(found) == [single(reference, signal, LEFT) for signal in processed]


def test_tensors_are_taken():
    reference = sounds(2)
    tensor = torch.tensor(worse(reference), requires_grad=True)
    assert np.array_equal(single(reference, tensor, ME).value, single(reference, worse(reference), ME).value)


def test_the_fault_of_a_batch_names_its_place():
    batch = worse(sounds(3, 2))
    batch[1, 0] = 0.0
    with pytest.raises(AudioError, match=r"silent.*at \(1, 0\) of the batch"):
        single(sounds(2), batch, ME)


@pytest.mark.parametrize(
    ("reference", "processed", "listener", "message"),
    [
        (sounds(3), sounds(3), ME, "both ears"),
        (sounds(), sounds(), ME, "both ears"),
        (sounds(3), sounds(2), LEFT, "references for a batch"),
        (sounds(2), sounds(), LEFT, "must be one ear"),
        (sounds(), [], LEFT, "expected processed signals"),
        (sounds(), [sounds(), sounds(2)], LEFT, "nothing but their length"),
        (sounds(0), sounds(0), LEFT, "got a batch of shape"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(reference, processed, listener, message):
    with pytest.raises(AudioError, match=message):
        single(reference, processed, listener)
    with pytest.raises(AudioError, match="full_scale_db_spl"):
        haaqi(sounds(2), sounds(2), ME, sample_rate=RATE, full_scale_db_spl=[1.0, 2.0, 3.0])


def test_scores_are_a_table_and_short_in_print():
    reference = sounds(2)
    scores = single(reference, worse(reference), ME)
    assert list(scores.table()["value"]) == list(scores.value)
    assert "<table" in scores._repr_html_()
    assert "<table" in scores[0]._repr_html_()
    heard = hear_reference(reference[0], LEFT, sample_rate=RATE, full_scale_db_spl=LEVEL)
    assert max(map(len, map(repr, (scores, scores[0], heard)))) < 250


def test_the_metric_is_the_mean_of_all_its_batches_until_it_is_reset():
    metric = HAAQI(ME, sample_rate=RATE, full_scale_db_spl=LEVEL)
    with pytest.raises(ConfigError, match="no score yet"):
        metric.compute()
    batches = [sounds(2, seed=1), sounds(2, 2, seed=2)]
    for target in batches:
        metric.update(worse(target), target)
    expected = [single(target, worse(target), ME).value for target in batches]
    assert metric.compute() == pytest.approx(np.mean(np.concatenate([values.ravel() for values in expected])))
    assert pickle.loads(pickle.dumps(metric)).compute() == metric.compute()
    assert list(metric.table()["value"]) == [value for values in expected for value in values.ravel()]
    metric.reset()
    assert metric(worse(batches[0]), batches[0]) == pytest.approx(expected[0].mean())
    assert repr(metric) == f"HAAQI(2 scores, mean {expected[0].mean():.3f})"


def test_the_metric_takes_what_torchmetrics_takes_and_needs_no_torch():
    """Predictions first, target second, by those names."""
    target = sounds()
    metric = HAAQI(LEFT, sample_rate=RATE, full_scale_db_spl=LEVEL, seed=4)
    metric.update(preds=torch.tensor(worse(target)), target=torch.tensor(target))
    assert metric.compute() == single(target, worse(target), LEFT, rng=4).value
